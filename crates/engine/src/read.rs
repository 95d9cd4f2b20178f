//! Reading: records as they are and were, streams, and the log.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Cursor, Event, Position, StreamName};
use anamnesis_store::{Body, ReadError, RecordVersion};

use crate::cache::Current;
use crate::codec;
use crate::engine::Engine;
use crate::shown::{Shown, readable};

/// How many events are looked at for one filtered page, so that a rare filter does not hold a reader for long.
const SCAN_EVENTS_MAX: u64 = 20_000;
const SCAN_PAGE: u32 = 1_000;

/// A page of the log.
pub struct EventPage {
    /// What was found.
    pub events: Vec<Shown>,
    /// Where to ask again.
    pub next: Cursor,
}

/// Which events of the log are asked for.
#[derive(Clone, Default)]
pub struct Filter {
    /// Of one of these types; all when empty.
    pub kinds: Vec<String>,
    /// Of these resource types or records; all when empty.
    pub records: Vec<String>,
    /// About this patient.
    pub patient: Option<StreamName>,
}

impl Filter {
    /// Whether everything passes.
    pub fn is_open(&self) -> bool {
        self.kinds.is_empty() && self.records.is_empty() && self.patient.is_none()
    }

    /// Whether this event passes.
    pub fn takes(&self, event: &Event) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| *kind == event.kind);
        let record = self.records.is_empty()
            || self
                .records
                .iter()
                .any(|record| *record == event.stream.kind.name() || *record == event.stream.to_string());
        let about =
            |patient: &StreamName| event.stream == *patient || event.subject.as_ref() == Some(patient);
        kind && record && self.patient.as_ref().is_none_or(about)
    }
}

impl Engine {
    /// What a record is now, as the views have it; none where there was never one.
    ///
    /// # Errors
    ///
    /// When the views or the log cannot be read.
    pub async fn current(&self, name: &StreamName) -> Result<Option<Current>, ReadError> {
        if let Some(current) = self.caches.counted(self.caches.currents.get(name)) {
            return Ok(Some(current));
        }
        let seen = self.caches.currents.seen();
        let Some(found) = self.views().find_one(name, None).await? else { return Ok(None) };
        let text = self.current_text(&found).await?;
        let current = Current { version: found.version, began: found.began, text };
        self.caches.currents.keep(seen, found.name, current.clone());
        Ok(Some(current))
    }

    /// The elements of a record at one version; none when it was deleted, or its subject erased.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn elements(&self, version: &RecordVersion) -> Result<Option<Object>, ReadError> {
        match &version.body {
            Body::Deleted => Ok(None),
            Body::Here(text) => parsed(text).map(Some),
            Body::Folded => self.folded_again(version).await,
            Body::InLog => {
                let stored = self.log.read_at(&[position(version)]).await?.into_iter().next();
                let Some(stored) = stored else { return Ok(None) };
                let Some(event) = codec::open(&self.keyring, stored).await? else { return Ok(None) };
                codec::lifted(&event).map(Some)
            }
        }
    }

    /// At most `limit` events of the log that follow `from`, up to `until`, and pass the filter.
    ///
    /// A page may be short, or empty, where few pass; `next` is where to ask again. An event that cannot be read stands in
    /// its place with why, and what follows it can be asked for.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn events(
        &self,
        from: &Cursor,
        until: &Cursor,
        filter: &Filter,
        limit: u32,
    ) -> Result<EventPage, ReadError> {
        let mut next = from.clone();
        let mut events = Vec::new();
        let mut scanned = 0;
        // A filter passes few of many, so that small pages would be read again and again.
        let page = if filter.is_open() { SCAN_PAGE.min(limit.max(1)) } else { SCAN_PAGE };
        'pages: while (events.len() as u64) < u64::from(limit) && scanned < SCAN_EVENTS_MAX {
            let offset = next.offset(0);
            let left = until.offset(0).saturating_sub(offset);
            let page = page.min(u32::try_from(left).unwrap_or(u32::MAX));
            let (stored, damage) = readable(&*self.log, offset, page).await?;
            if stored.is_empty() && damage.is_none() {
                break;
            }
            for stored in stored {
                let (moment, after) = (stored.moment, stored.position.offset + 1);
                events.extend(self.shown(stored, filter).await?);
                next = Cursor { moment, offsets: vec![after] };
                scanned += 1;
                if events.len() as u64 >= u64::from(limit) {
                    break 'pages;
                }
            }
            if damage.is_some() {
                // Nothing of it can be relied on, so that no filter rules it out.
                let offset = next.offset(0);
                events.push(Shown::damaged(Position { partition: 0, offset }));
                next = Cursor { moment: next.moment, offsets: vec![offset + 1] };
                scanned += 1;
            }
        }
        Ok(EventPage { events, next })
    }
}

/// The elements that a view keeps.
pub(crate) fn parsed(text: &[u8]) -> Result<Object, ReadError> {
    match anamnesis_json::parse(text) {
        Ok(Value::Object(elements)) => Ok(elements),
        _ => Err(ReadError::Unavailable("a view holds what is not JSON".into())),
    }
}

/// Where the event stands that carries a version's whole resource, where one does.
pub(crate) const fn position(version: &RecordVersion) -> Position {
    Position { partition: version.number.partition, offset: version.offset }
}
