//! Reading: records as they are and were, streams, and the log.

use std::sync::Arc;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Cursor, Event, Instant, Position, StreamName};
use anamnesis_store::{Body, ReadError, RecordVersion};

use crate::cache::Current;
use crate::codec;
use crate::engine::Engine;
use crate::shown::{Shown, readable};

/// How many events are looked at for one filtered page, so that a rare filter does not hold a reader for long.
const SCAN_EVENTS_MAX: u64 = 20_000;
const SCAN_PAGE: u32 = 1_000;
/// A page of so many events is worth a second thread.
const HALVED_MIN: u32 = 256;

/// A page of the log.
pub struct EventPage {
    /// What was found.
    pub events: Vec<Shown>,
    /// Where to ask again.
    pub next: Cursor,
}

impl EventPage {
    /// Adds what follows; gives how many events were looked at for it.
    fn add(&mut self, stretch: Stretch) -> u64 {
        self.events.extend(stretch.events);
        if let Some((moment, after)) = stretch.end {
            self.next = Cursor { moment: moment.unwrap_or(self.next.moment), offsets: vec![after] };
        }
        stretch.read
    }
}

/// Events that follow one another, but for those of the erased.
struct Stretch {
    events: Vec<Shown>,
    /// How many were looked at.
    read: u64,
    /// The moment of the last of them, where it is known, and the offset after it.
    end: Option<(Option<Instant>, u64)>,
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
        self: &Arc<Self>,
        from: &Cursor,
        until: &Cursor,
        filter: &Filter,
        limit: u32,
    ) -> Result<EventPage, ReadError> {
        let mut found = EventPage { events: Vec::new(), next: from.clone() };
        let mut scanned = 0;
        while scanned < SCAN_EVENTS_MAX {
            let wanted = limit.saturating_sub(u32::try_from(found.events.len()).unwrap_or(u32::MAX));
            if wanted == 0 {
                break;
            }
            let offset = found.next.offset(0);
            let left = u32::try_from(until.offset(0).saturating_sub(offset)).unwrap_or(u32::MAX);
            let read = if filter.is_open() {
                self.all_events(offset, SCAN_PAGE.min(wanted).min(left), &mut found).await?
            } else {
                // A filter passes few of many, so that small pages would be read again and again.
                found.add(self.some_events(offset, SCAN_PAGE.min(left), filter, wanted).await?)
            };
            if read == 0 {
                break;
            }
            scanned += read;
        }
        Ok(found)
    }

    /// Those of `count` events from `offset` on that pass the filter, or may, until there are so many as are wanted.
    async fn some_events(
        &self,
        offset: u64,
        count: u32,
        filter: &Filter,
        wanted: u32,
    ) -> Result<Stretch, ReadError> {
        let (stored, damage) = readable(&*self.log, offset, count).await?;
        let mut stretch = Stretch { events: Vec::new(), read: 0, end: None };
        for stored in stored {
            stretch.read += 1;
            stretch.end = Some((Some(stored.moment), stored.position.offset + 1));
            stretch.events.extend(self.shown(stored, filter).await?);
            if stretch.events.len() >= wanted as usize {
                return Ok(stretch);
            }
        }
        if damage.is_some() {
            // Nothing of it can be relied on, so that no filter rules it out.
            let offset = offset + stretch.read;
            stretch.events.push(Shown::damaged(Position { partition: 0, offset }));
            stretch.read += 1;
            let moment = stretch.end.and_then(|(moment, _)| moment);
            stretch.end = Some((moment, offset + 1));
        }
        Ok(stretch)
    }

    /// Adds `count` events from `offset` on; gives how many it looked at.
    ///
    /// The halves of a large page are read and opened by a task each: by two threads where one has nothing else to do,
    /// else one after the other.
    async fn all_events(
        self: &Arc<Self>,
        offset: u64,
        count: u32,
        found: &mut EventPage,
    ) -> Result<u64, ReadError> {
        if count < HALVED_MIN {
            return Ok(found.add(self.stretch(offset, count).await?));
        }
        let half = count / 2;
        let halves = [(offset, half), (offset + u64::from(half), count - half)].map(|(offset, count)| {
            let engine = Arc::clone(self);
            (count, tokio::spawn(async move { engine.stretch(offset, count).await }))
        });
        let mut read = 0;
        for (count, half) in halves {
            let got = found.add(half.await.map_err(|error| ReadError::Unavailable(error.into()))??);
            read += got;
            // What is read beyond a half that ends early would not follow it.
            if got < u64::from(count) {
                break;
            }
        }
        Ok(read)
    }

    async fn stretch(&self, offset: u64, count: u32) -> Result<Stretch, ReadError> {
        match self.in_clear(offset, count).await {
            // One of them: the others are looked at one by one.
            Err(ReadError::Damaged { .. }) => {
                self.some_events(offset, count, &Filter::default(), count).await
            }
            read => read,
        }
    }

    async fn in_clear(&self, offset: u64, count: u32) -> Result<Stretch, ReadError> {
        let stored = self.log.read(0, offset, count).await?;
        let read = stored.len() as u64;
        let end = stored.last().map(|last| (Some(last.moment), last.position.offset + 1));
        let events = codec::open_all(&self.keyring, stored).await?;
        Ok(Stretch { events: events.into_iter().map(Shown::Event).collect(), read, end })
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
