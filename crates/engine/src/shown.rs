//! Events as readers are shown them: in clear, or with why one of them cannot be.
//!
//! Invariant: a reader is told of each event there is and can go on behind it; only what was erased is passed over.

use anamnesis_kernel::{Event, Instant, Position, StreamName, Version};
use anamnesis_store::{Direction, Log, ReadError, StoredEvent};
use uuid::Uuid;

use crate::codec::{self, Opened};
use crate::engine::Engine;
use crate::read::Filter;

/// An event, as far as it can be shown.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events, and each is written at once")]
pub enum Shown {
    /// In clear.
    Event(Event),
    /// It is there, and what it says is not to be had.
    Unreadable(Unreadable),
}

/// What is known of an event that cannot be read.
#[derive(Clone)]
pub struct Unreadable {
    /// Why.
    pub why: Why,
    /// Where it stands in the log; none where only its stream is known to lack it.
    pub position: Option<Position>,
    /// Its stream, where that was asked for: the log says it under the seal alone.
    pub stream: Option<StreamName>,
    /// Its number within its stream.
    pub version: Option<Version>,
    /// What stands beside the seal; none where it is not what was written.
    pub clear: Option<Box<InClear>>,
}

/// What the log has of an event in clear, beside its place.
#[derive(Clone)]
pub struct InClear {
    /// Its id.
    pub event_id: Uuid,
    /// The commit it belongs to.
    pub commit_id: Uuid,
    /// Its type.
    pub kind: String,
    /// The shape of its data.
    pub schema_version: u16,
    /// The moment of its commit.
    pub recorded_at: Instant,
}

/// Why an event cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its key is missing, without a tombstone that would say it was destroyed, or is damaged.
    Key,
    /// Its key is there, and does not open it.
    Seal,
    /// What the log has is not what was written.
    Damaged,
}

/// One version of a stream.
pub(crate) struct Place {
    pub(crate) version: Version,
    /// None where it is not what was written.
    pub(crate) moment: Option<Instant>,
    /// None where its subject was erased.
    pub(crate) shown: Option<Shown>,
}

impl Why {
    /// Its name outside the process.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Seal => "seal",
            Self::Damaged => "damaged",
        }
    }
}

impl Shown {
    /// The moment of its commit; none where that is not known.
    pub fn recorded_at(&self) -> Option<Instant> {
        match self {
            Self::Event(event) => Some(event.recorded_at),
            Self::Unreadable(event) => event.clear.as_ref().map(|clear| clear.recorded_at),
        }
    }

    /// Where it stands in the log; none where that is not known.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Event(event) => Some(event.position),
            Self::Unreadable(event) => event.position,
        }
    }

    /// It in clear.
    pub fn event(&self) -> Option<&Event> {
        match self {
            Self::Event(event) => Some(event),
            Self::Unreadable(_) => None,
        }
    }

    /// An event that the log has not as it was written.
    pub(crate) fn damaged(position: Position) -> Self {
        tracing::error!(offset = position.offset, "an event of the log is not what was written");
        let (stream, version, clear) = (None, None, None);
        Self::Unreadable(Unreadable { why: Why::Damaged, position: Some(position), stream, version, clear })
    }

    fn damaged_version(stream: &StreamName, version: Version) -> Self {
        tracing::error!(version, "an event of a stream is not what was written");
        let (stream, version) = (Some(stream.clone()), Some(version));
        Self::Unreadable(Unreadable { why: Why::Damaged, position: None, stream, version, clear: None })
    }
}

impl Engine {
    /// The event if it passes the filter, or may: what does not open is told of where its type, stream and subject do not
    /// rule it out. None too where its subject was erased.
    pub(crate) async fn shown(
        &self,
        stored: StoredEvent,
        filter: &Filter,
    ) -> Result<Option<Shown>, ReadError> {
        if !filter.kinds.is_empty() && !filter.kinds.contains(&stored.kind) {
            return Ok(None);
        }
        let position = stored.position;
        let why = match codec::opened(&self.keyring, stored).await {
            Ok(Opened::Event(event)) => return Ok(filter.takes(&event).then_some(Shown::Event(event))),
            Ok(Opened::Erased) => return Ok(None),
            Ok(Opened::Sealed) => Why::Seal,
            Err(ReadError::Damaged { .. }) => Why::Key,
            Err(error) => return Err(error),
        };
        // It went into the opening; there are few of these.
        let Some(stored) = self.log.read_at(&[position]).await?.pop() else { return Ok(None) };
        if !self.may_take(filter, &stored).await? {
            return Ok(None);
        }
        tracing::error!(offset = position.offset, why = why.code(), "an event of the log does not open");
        Ok(Some(Shown::Unreadable(Unreadable {
            why,
            position: Some(position),
            stream: None,
            version: Some(stored.version),
            clear: Some(Box::new(InClear {
                event_id: stored.event_id,
                commit_id: stored.commit_id,
                kind: stored.kind,
                schema_version: stored.schema_version,
                recorded_at: stored.moment,
            })),
        })))
    }

    /// Whether an event that does not open could pass, by what stands in clear.
    async fn may_take(&self, filter: &Filter, stored: &StoredEvent) -> Result<bool, ReadError> {
        let is_stream = |name: &StreamName| self.keyring.store.stream_tag(name) == stored.stream;
        // Of which resource type it is stands under the seal.
        let may_be = |record: &String| record.parse().map_or(true, |name| is_stream(&name));
        if !filter.records.is_empty() && !filter.records.iter().any(may_be) {
            return Ok(false);
        }
        let Some(patient) = filter.patient.as_ref().filter(|patient| !is_stream(patient)) else {
            return Ok(true);
        };
        // Where they have no key, it may be theirs that is missing.
        let number =
            self.keyring.number(patient).await.map_err(|error| ReadError::Unavailable(error.into()))?;
        Ok(number.is_none_or(|number| number == stored.subject))
    }

    /// These versions of a stream one by one, where some are not what was written.
    pub(crate) async fn one_by_one(
        &self,
        name: &StreamName,
        versions: std::ops::RangeInclusive<Version>,
    ) -> Result<Vec<Place>, ReadError> {
        let tag = self.keyring.store.stream_tag(name);
        let mut found = Vec::new();
        for version in versions {
            match self.log.read_stream(tag, version, Direction::Forward, 1).await {
                Ok(mut stored) => match stored.pop() {
                    Some(stored) => found.push(self.place(name, stored).await?),
                    None => break,
                },
                Err(ReadError::Damaged { .. }) => {
                    let shown = Some(Shown::damaged_version(name, version));
                    found.push(Place { version, moment: None, shown });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// A version of a stream.
    pub(crate) async fn place(&self, name: &StreamName, stored: StoredEvent) -> Result<Place, ReadError> {
        let (version, moment) = (stored.version, Some(stored.moment));
        Ok(Place { version, moment, shown: self.shown_of(name, stored).await? })
    }

    /// The same as [`Engine::shown`] of an event whose stream is known.
    pub(crate) async fn shown_of(
        &self,
        name: &StreamName,
        stored: StoredEvent,
    ) -> Result<Option<Shown>, ReadError> {
        let mut shown = self.shown(stored, &Filter::default()).await?;
        if let Some(Shown::Unreadable(event)) = &mut shown {
            event.stream = Some(name.clone());
        }
        Ok(shown)
    }
}

/// At most `count` events of the log from `from` on; where that is damaged, what stands before the damage, and what is
/// wrong with the next.
///
/// # Errors
///
/// When the log cannot be read at all.
pub(crate) async fn readable(
    log: &dyn Log,
    from: u64,
    count: u32,
) -> Result<(Vec<StoredEvent>, Option<(u64, &'static str)>), ReadError> {
    match log.read(0, from, count).await {
        Ok(page) => Ok((page, None)),
        Err(ReadError::Damaged { offset, what, .. }) => {
            let before = u32::try_from(offset.saturating_sub(from)).unwrap_or(count);
            let page = if before > 0 { log.read(0, from, before).await? } else { Vec::new() };
            Ok((page, Some((offset, what))))
        }
        Err(error) => Err(error),
    }
}
