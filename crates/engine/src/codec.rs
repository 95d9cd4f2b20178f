//! Events between their sealed form and their clear one.

use std::cell::RefCell;

use anamnesis_chart::UpcastError;
use anamnesis_json::Object;
use anamnesis_kernel::{Event, Position};
use anamnesis_seal::{Bound, Clear, Sealer, SubjectKey, SubjectNumber, SystemRandom, sha256};
use anamnesis_store::{ReadError, SealedEvent, StoredEvent, Unapplied};

use crate::keyring::{Keyring, KeyringError};

thread_local! {
    /// One for each thread, as its contexts are costly to set up.
    pub(crate) static SEALER: RefCell<Sealer> = RefCell::new(Sealer::new());
}

/// Seals an event that has all but its place.
pub(crate) fn seal(subject: SubjectNumber, key: &SubjectKey, new: &NewEvent<'_>) -> SealedEvent {
    let bound = Bound { event_id: new.event_id, subject, kind: new.kind, schema_version: new.schema_version };
    let sealed = SEALER.with_borrow_mut(|sealer| sealer.seal(key, &bound, &new.clear, &SystemRandom));
    SealedEvent {
        event_id: new.event_id,
        chosen_id: new.chosen_id,
        subject,
        kind: new.kind.to_owned(),
        schema_version: new.schema_version,
        sealed_hash: sha256(&sealed),
        sealed,
    }
}

/// What is to be sealed, and what stands beside it in clear.
pub(crate) struct NewEvent<'a> {
    pub(crate) event_id: uuid::Uuid,
    pub(crate) chosen_id: bool,
    pub(crate) kind: &'a str,
    pub(crate) schema_version: u16,
    pub(crate) clear: Clear<'a>,
}

/// A stored event, as far as it opens.
#[expect(clippy::large_enum_variant, reason = "nearly all are events, and each is taken apart at once")]
pub(crate) enum Opened {
    /// It does.
    Event(Event),
    /// Its subject was erased.
    Erased,
    /// Its key is there, and does not open it.
    Sealed,
}

/// Opens a stored event; none when its subject was erased.
///
/// # Errors
///
/// [`ReadError::Damaged`] with its place, when its key is missing or it does not open.
pub(crate) async fn open(keyring: &Keyring, stored: StoredEvent) -> Result<Option<Event>, ReadError> {
    let Position { partition, offset } = stored.position;
    match opened(keyring, stored).await? {
        Opened::Event(event) => Ok(Some(event)),
        Opened::Erased => Ok(None),
        Opened::Sealed => Err(ReadError::Damaged { partition, offset, what: "it does not open" }),
    }
}

/// Opens stored events, but for those whose subject was erased.
///
/// # Errors
///
/// As [`open`].
pub(crate) async fn open_all(keyring: &Keyring, stored: Vec<StoredEvent>) -> Result<Vec<Event>, ReadError> {
    let mut events = Vec::with_capacity(stored.len());
    for stored in stored {
        let Position { partition, offset } = stored.position;
        let Some(key) = key_of(keyring, &stored).await? else { continue };
        let event = open_with(&key, stored);
        events.push(event.map_err(|()| ReadError::Damaged {
            partition,
            offset,
            what: "it does not open",
        })?);
    }
    Ok(events)
}

/// Opens a stored event as far as that can be done.
///
/// # Errors
///
/// [`ReadError::Damaged`] with its place, when its key is missing, or when the keys cannot be read.
pub(crate) async fn opened(keyring: &Keyring, stored: StoredEvent) -> Result<Opened, ReadError> {
    let Some(key) = key_of(keyring, &stored).await? else { return Ok(Opened::Erased) };
    Ok(open_with(&key, stored).map_or(Opened::Sealed, Opened::Event))
}

/// The key that opens an event; none when its subject was erased.
async fn key_of(keyring: &Keyring, stored: &StoredEvent) -> Result<Option<SubjectKey>, ReadError> {
    let Position { partition, offset } = stored.position;
    keyring.of_number(stored.subject).await.map_err(|error| match error {
        KeyringError::Damaged { .. } => {
            ReadError::Damaged { partition, offset, what: "its key is missing or damaged" }
        }
        KeyringError::Read(error) => error,
        other => ReadError::Unavailable(other.into()),
    })
}

fn open_with(key: &SubjectKey, stored: StoredEvent) -> Result<Event, ()> {
    let bound = Bound {
        event_id: stored.event_id,
        subject: stored.subject,
        kind: &stored.kind,
        schema_version: stored.schema_version,
    };
    let opened = SEALER.with_borrow_mut(|sealer| sealer.open(key, &bound, &stored.sealed)).map_err(|_| ())?;
    let metadata = opened.metadata.as_deref().map(parse_object).transpose()?;
    Ok(Event {
        event_id: stored.event_id,
        stream: opened.stream,
        version: stored.version,
        position: stored.position,
        commit_id: stored.commit_id,
        kind: stored.kind.into(),
        schema_version: stored.schema_version,
        recorded_at: stored.moment,
        occurred_at: opened.occurred_at,
        subject: opened.subject,
        actor: opened.actor,
        source: opened.source,
        correlation_id: opened.correlation_id.map(Into::into),
        causation_id: opened.causation_id,
        reason: opened.reason.map(Into::into),
        metadata,
        whole: opened.whole,
        data: opened.data,
    })
}

fn parse_object(text: &[u8]) -> Result<Object, ()> {
    match anamnesis_json::parse(text) {
        Ok(anamnesis_json::Value::Object(object)) => Ok(object),
        _ => Err(()),
    }
}

/// An event's data, parsed and lifted to today's shape.
///
/// # Errors
///
/// Why it cannot be.
pub(crate) fn lift(event: &Event) -> Result<Object, Unapplied> {
    let data = parse_object(&event.data).map_err(|()| Unapplied::Malformed)?;
    anamnesis_chart::upcast(&event.kind, event.schema_version, data).map_err(|error| match error {
        UpcastError::Unknown => Unapplied::UnknownType,
        UpcastError::Future { .. } => Unapplied::NewerSchema,
    })
}

/// The same, for who needs the record that the event is of.
///
/// # Errors
///
/// [`ReadError::Newer`] when a newer program wrote it.
pub(crate) fn lifted(event: &Event) -> Result<Object, ReadError> {
    let Position { partition, offset } = event.position;
    lift(event).map_err(|why| match why {
        Unapplied::UnknownType => ReadError::Newer { partition, offset, what: "its type is not known" },
        Unapplied::NewerSchema => ReadError::Newer { partition, offset, what: "its schema version is newer" },
        _ => ReadError::Damaged { partition, offset, what: "its data is not JSON" },
    })
}
