//! Reading a stream: its newest events may be remembered.

use anamnesis_kernel::{Event, Instant, StreamName, Version};
use anamnesis_store::{Direction, ReadError, StreamHead};

use crate::cache::{RECENT_EVENTS_MAX, Recent};
use crate::engine::Engine;
use crate::shown::{Place, Shown};

/// A page of a stream.
pub struct StreamPage {
    /// What was found; what was erased is left out.
    pub events: Vec<Shown>,
    /// The version to ask again from: that which was asked for where nothing follows.
    pub next: Version,
}

impl Engine {
    /// At most `limit` events of a stream from version `from` on, those recorded by `at`; none when there is no such
    /// stream. An event that cannot be read stands in its place with why.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn stream(
        &self,
        name: &StreamName,
        from: Version,
        limit: u32,
        at: Option<Instant>,
    ) -> Result<StreamPage, ReadError> {
        let tag = self.keyring.store.stream_tag(name);
        let (from, seen) = (from.max(1), self.caches.erasures.seen());
        let nothing = StreamPage { events: Vec::new(), next: from };
        let Some(head) = self.log.stream_head(tag).await? else { return Ok(nothing) };
        if from > head.version || limit == 0 {
            return Ok(nothing);
        }
        let is_recent = head.version - from < RECENT_EVENTS_MAX;
        if is_recent {
            let recent = self.caches.recents.get(&tag);
            let found = recent.and_then(|recent| recent.from(&head, from, limit));
            if let Some(events) = self.caches.counted(found) {
                return Ok(StreamPage::of(events, from, at));
            }
            if let Some(events) = self.recall_events(tag, &head).await {
                let recent = Recent::new(head.leaf, events);
                if let Some(events) = recent.from(&head, from, limit) {
                    self.caches.erasures.keep(seen, || self.caches.recents.put(tag, recent));
                    return Ok(StreamPage::of(events, from, at));
                }
            }
        }
        let stored = match self.log.read_stream(tag, from, Direction::Forward, limit).await {
            Ok(stored) => stored,
            Err(ReadError::Damaged { .. }) => {
                let last = head.version.min(from.saturating_add(u64::from(limit) - 1));
                return Ok(StreamPage::of_each(self.one_by_one(name, from..=last).await?, from, at));
            }
            Err(error) => return Err(error),
        };
        let newest = stored.last().map(StreamHead::of).filter(|last| last.version >= head.version);
        if is_recent && newest.is_some() && self.caches.outside.is_some() {
            self.offer_events(seen, stored.clone()).await;
        }
        let mut each = Vec::with_capacity(stored.len());
        for stored in stored {
            each.push(self.place(name, stored).await?);
        }
        if let (true, Some(newest), Some(events)) = (is_recent, newest, all_clear(&each)) {
            let recent = Recent::new(newest.leaf, events);
            self.caches.erasures.keep(seen, || self.caches.recents.put(tag, recent));
        }
        Ok(StreamPage::of_each(each, from, at))
    }
}

impl StreamPage {
    fn of(events: Vec<Event>, from: Version, at: Option<Instant>) -> Self {
        let place = |event: Event| Place {
            version: event.version,
            moment: Some(event.recorded_at),
            shown: Some(Shown::Event(event)),
        };
        Self::of_each(events.into_iter().map(place), from, at)
    }

    fn of_each(each: impl IntoIterator<Item = Place>, from: Version, at: Option<Instant>) -> Self {
        let mut page = Self { events: Vec::new(), next: from };
        // Moments rise, so what follows a later one is later too.
        let is_there = |place: &Place| place.moment.zip(at).is_none_or(|(moment, at)| moment <= at);
        for Place { version, shown, .. } in each.into_iter().take_while(is_there) {
            page.next = version + 1;
            page.events.extend(shown);
        }
        page
    }
}

/// All of them in clear, if each is.
fn all_clear(each: &[Place]) -> Option<Vec<Event>> {
    each.iter().map(|place| place.shown.as_ref()?.event().cloned()).collect()
}
