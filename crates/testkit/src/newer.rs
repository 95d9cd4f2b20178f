//! A newer program on the same store: it writes events that this one does not know, sealed and appended as all are.

use std::sync::Arc;

use anamnesis_kernel::{Actor, Instant, Source, StreamName};
use anamnesis_seal::{
    Bound, Clear, EpochKey, MasterKey, Sealer, StoreKeys, SubjectKey, SubjectNumber, SystemRandom, Tag,
    sha256,
};
use anamnesis_store::{Appended, Commit, Expected, KeyRow, Keys, Log, SealedEvent, StreamAppend};
use uuid::Uuid;

const EPOCH: u32 = 1;
const EPOCH_NAME: &str = "epoch-1";

/// The program, with the keys of its store.
pub struct NewerProgram {
    log: Arc<dyn Log>,
    keys: Arc<dyn Keys>,
    epoch: EpochKey,
    store: StoreKeys,
}

/// An event of it.
#[derive(Clone, Copy)]
pub struct NewerEvent<'a> {
    /// Its type.
    pub kind: &'a str,
    /// The shape of its data.
    pub schema_version: u16,
    /// Whether the data is the whole resource.
    pub whole: bool,
    /// JSON text.
    pub data: &'a str,
}

impl NewerProgram {
    /// Opens the keys of a store that has some.
    ///
    /// # Panics
    ///
    /// When it has none, or they are wrapped by another master key.
    pub async fn open(log: Arc<dyn Log>, keys: Arc<dyn Keys>, master: &MasterKey) -> Self {
        let secrets = keys.secrets().await.expect("the keys are read");
        let wrapped = |name: &str| {
            let secret = secrets.iter().find(|secret| secret.name == name);
            secret.expect("the store has its keys").wrapped.as_slice()
        };
        let epoch = master.unwrap_epoch(EPOCH, wrapped(EPOCH_NAME)).expect("the master key fits");
        let clear = StoreKeys::NAMES
            .map(|name| *epoch.unwrap_secret(name, wrapped(name)).expect("the epoch's key fits"));
        Self { log, keys, epoch, store: StoreKeys::from_secrets(&clear) }
    }

    /// Appends an event to a stream, wherever that stands.
    ///
    /// # Panics
    ///
    /// When it is not taken.
    pub async fn append(&self, stream: &StreamName, event: NewerEvent<'_>, now: Instant) -> Appended {
        let (number, key) = self.key_of(stream).await;
        self.append_under(number, &key, stream, event, now).await
    }

    /// The same, but sealed with a key that is nobody's.
    ///
    /// # Panics
    ///
    /// When it is not taken.
    pub async fn append_unopenable(
        &self,
        stream: &StreamName,
        event: NewerEvent<'_>,
        now: Instant,
    ) -> Appended {
        let (number, _) = self.key_of(stream).await;
        self.append_under(number, &SubjectKey::generate(&SystemRandom), stream, event, now).await
    }

    async fn append_under(
        &self,
        subject: SubjectNumber,
        key: &SubjectKey,
        stream: &StreamName,
        event: NewerEvent<'_>,
        now: Instant,
    ) -> Appended {
        let event_id = Uuid::new_v4();
        let (actor, source) = (Actor::default(), Source { door: "newer".into(), ..Source::default() });
        let clear = Clear {
            stream,
            occurred_at: None,
            subject: None,
            actor: &actor,
            source: &source,
            correlation_id: None,
            causation_id: None,
            reason: None,
            metadata: None,
            whole: event.whole,
            data: event.data.as_bytes(),
        };
        let bound = Bound { event_id, subject, kind: event.kind, schema_version: event.schema_version };
        let sealed = Sealer::new().seal(key, &bound, &clear, &SystemRandom);
        let sealed = SealedEvent {
            event_id,
            chosen_id: false,
            subject,
            kind: event.kind.to_owned(),
            schema_version: event.schema_version,
            sealed_hash: sha256(&sealed),
            sealed,
        };
        let stream = self.store.stream_tag(stream);
        let streams = vec![StreamAppend { stream, expected: Expected::Any, events: vec![sealed] }];
        let commit =
            Commit { commit_id: Uuid::new_v4(), now, streams, claims: Vec::new(), idempotency: None };
        self.log.append(commit).await.expect("the event is taken")
    }

    async fn key_of(&self, subject: &StreamName) -> (SubjectNumber, SubjectKey) {
        let tag = self.store.subject_tag(subject);
        let found = self.keys.find_by_tag(&[tag]).await.expect("the keys are read");
        let row = match found.into_iter().flatten().next() {
            Some(row) => row,
            None => self.keys.add(vec![self.new_row(tag)]).await.expect("the key is kept").remove(0),
        };
        let wrapped = row.wrapped.expect("the subject was not erased");
        (row.number, self.epoch.unwrap(row.number, &wrapped).expect("the epoch's key fits"))
    }

    fn new_row(&self, tag: Tag) -> KeyRow {
        let (number, key) = (SubjectNumber::generate(&SystemRandom), SubjectKey::generate(&SystemRandom));
        KeyRow { tag, number, wrapped: Some(self.epoch.wrap(number, &key, &SystemRandom)) }
    }
}
