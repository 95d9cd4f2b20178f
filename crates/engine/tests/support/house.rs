//! A small house for the engine's tests: a store in a folder of its own, and a projector that runs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says by its panic what it found"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anamnesis_chart::{Command, Door, take_apart};
use anamnesis_engine::projector::Projector;
use anamnesis_engine::{
    Engine, Expect, Generation, Indexed, Indexing, Instruments, Item, Keyring, Parts, Request,
    SnapshotPolicy, Step, Taker, Wait,
};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::search::Entry;
use anamnesis_kernel::{Actor, Clock, Instant, ResourceId, ResourceType, Source, StreamName};
use anamnesis_seal::{MasterKey, SystemRandom};
use anamnesis_store::{Keys, Log, RecordVersion};
use anamnesis_store_sql::{SqliteStore, SqliteViews};
use anamnesis_testkit::people::{People, StepKind};

pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: SqliteStore,
    pub(crate) engine: Arc<Engine>,
    master: MasterKey,
    clock: Arc<dyn Clock>,
    policy: SnapshotPolicy,
    /// How many events were folded to load states.
    pub(crate) folded: Arc<Folded>,
    /// Snapshots are taken when a test says so.
    pub(crate) taker: Taker,
    stop: tokio::sync::watch::Sender<bool>,
    projecting: tokio::task::JoinHandle<()>,
}

/// Counts the events that are folded.
#[derive(Default)]
pub(crate) struct Folded(AtomicUsize);

impl Folded {
    /// How many since it was asked last.
    pub(crate) fn since(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Instruments for Folded {
    fn loaded(&self, events: usize) {
        self.0.fetch_add(events, Ordering::SeqCst);
    }
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with_clock(Machine).await
    }

    pub(crate) async fn with_clock(clock: impl Clock + 'static) -> Self {
        Self::with(clock, SnapshotPolicy::default()).await
    }

    pub(crate) async fn with_policy(policy: SnapshotPolicy) -> Self {
        Self::with(Machine, policy).await
    }

    pub(crate) async fn with(clock: impl Clock + 'static, policy: SnapshotPolicy) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::opened(folder, MasterKey::generate(&SystemRandom), Arc::new(clock), policy).await
    }

    /// The same house, closed and opened again.
    pub(crate) async fn reopened(self) -> Self {
        self.changed(|_| {}).await
    }

    /// The same house, closed, changed and opened again.
    pub(crate) async fn changed(self, change: impl FnOnce(&std::path::Path)) -> Self {
        let Self { folder, store, engine, master, clock, policy, taker, stop, projecting, .. } = self;
        stop.send_replace(true);
        projecting.await.unwrap();
        drop((engine, store, taker));
        change(folder.path());
        Self::opened(folder, master, clock, policy).await
    }

    /// The same house, opened again with other rules for snapshots.
    pub(crate) async fn with_other_policy(mut self, policy: SnapshotPolicy) -> Self {
        self.policy = policy;
        self.reopened().await
    }

    async fn opened(
        folder: tempfile::TempDir,
        master: MasterKey,
        clock: Arc<dyn Clock>,
        policy: SnapshotPolicy,
    ) -> Self {
        let folded = Arc::new(Folded::default());
        let store = SqliteStore::open(folder.path(), clock.now()).unwrap();
        let keys = Arc::clone(&store.keys) as Arc<dyn Keys>;
        let keyring = Keyring::open(keys, &master).await.unwrap();
        let engine = Engine::new(Parts {
            log: Arc::clone(&store.log) as Arc<dyn Log>,
            views: Arc::clone(&store.views) as _,
            snapshots: Arc::clone(&store.snapshots) as _,
            snapshot_policy: policy,
            keyring,
            indexing: Arc::new(R4(anamnesis_fhir::index::SHAPE)),
            clock: Arc::clone(&clock),
            instruments: Arc::clone(&folded) as _,
            views_patience: std::time::Duration::from_secs(30),
        });
        let projector = Projector::new(Arc::clone(&engine), engine.serving()).await.unwrap();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let projecting = tokio::spawn(projector.run(stopped));
        let taker = Taker::new(&engine).unwrap();
        Self { folder, store, engine, master, clock, policy, folded, taker, stop, projecting }
    }

    pub(crate) async fn find(&self, name: &str) -> Option<RecordVersion> {
        self.engine.views().find(&[name.parse().unwrap()], None).await.unwrap().remove(0)
    }

    /// Two people's records and what happened to them since.
    pub(crate) async fn live_a_little(&self) {
        for person in People::small(5).iter().take(2) {
            let mut all = request("Patient/none", Command::Delete);
            all.items.clear();
            for record in person.records() {
                let stream = record.stream().parse().unwrap();
                let (_, _, elements) = take_apart(Value::Object(record.resource)).unwrap();
                all.items.push(Item {
                    stream,
                    expected: Expect::Any,
                    steps: vec![Step::of(Command::Put(elements))],
                });
            }
            self.engine.commit(all).await.unwrap();
            for step in person.history() {
                let (command, reason) = match step.kind {
                    StepKind::Put(resource) => (Command::Put(take_apart(resource).unwrap().2), None),
                    StepKind::Delete => (Command::Delete, None),
                    StepKind::Event { kind, schema_version, data, reason } => {
                        (Command::Append { kind: kind.into(), schema_version, data }, reason)
                    }
                };
                let mut one = request(&step.stream, command);
                one.items[0].steps[0].reason = Some(reason.unwrap_or("because").into());
                self.engine.commit(one).await.unwrap();
            }
        }
    }

    /// Changes the log's file behind the program's back.
    pub(crate) fn damage(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.folder.path().join("log.db")).unwrap();
        assert_eq!(connection.execute(sql, []).unwrap(), 1);
    }

    pub(crate) async fn destroy_key(&self, subject: &str) {
        let subject: StreamName = subject.parse().unwrap();
        let tag = self.engine.keyring().store.subject_tag(&subject);
        let row = self.store.keys.find_by_tag(&[tag]).await.unwrap().remove(0).unwrap();
        assert!(self.store.keys.destroy(row.number, Machine.now()).await.unwrap());
        self.engine.forget_subject(&subject).await.unwrap();
    }
}

pub(crate) fn patient(id: &str) -> StreamName {
    StreamName::new(ResourceType::PATIENT, ResourceId::new(id).unwrap())
}

pub(crate) fn put(name: &str, elements: &str) -> Request {
    let Ok(Value::Object(elements)) = anamnesis_json::parse(elements.as_bytes()) else {
        panic!("not an object")
    };
    request(name, Command::Put(elements))
}

pub(crate) fn request(name: &str, command: Command) -> Request {
    Request {
        items: vec![Item {
            stream: name.parse().unwrap(),
            expected: Expect::Any,
            steps: vec![Step::of(command)],
        }],
        idempotency: None,
        claims: Vec::new(),
        actor: Actor::default(),
        source: Source { door: "test".into(), ..Source::default() },
        door: Door::Fhir,
        correlation_id: None,
        wait: Wait::Views,
    }
}

struct R4(&'static str);

/// The generation that views become under a shape.
pub(crate) fn generation(views: &Arc<SqliteViews>, shape: &'static str) -> Arc<Generation> {
    Arc::new(Generation { views: Arc::clone(views) as _, indexing: Arc::new(R4(shape)) })
}

impl Indexing for R4 {
    fn shape(&self) -> &str {
        self.0
    }

    fn index(&self, stream: &StreamName, elements: &Object) -> Indexed {
        let anamnesis_fhir::index::Indexed { entries, date } =
            anamnesis_fhir::index::index(stream, elements, &anamnesis_fhir::Catalogue::default());
        Indexed { entries, date }
    }

    fn patients(&self, stream: &StreamName, elements: &Object) -> Vec<ResourceId> {
        anamnesis_fhir::compartment::patients(stream, elements)
    }

    fn happened(&self, patient: &ResourceId) -> Option<Entry> {
        let key = anamnesis_fhir::compartment::key(patient);
        Some(Entry { param: anamnesis_fhir::compartment::HAPPENED, key, group: 0 })
    }
}

struct Machine;

impl Clock for Machine {
    fn now(&self) -> Instant {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Instant::from_micros(i64::try_from(since_1970.as_micros()).unwrap())
    }
}
