//! Reading a stream: its newest events may be remembered.

use anamnesis_kernel::{Event, StreamName, Version};
use anamnesis_store::{Direction, ReadError, StoredEvent, StreamHead};

use crate::cache::{RECENT_EVENTS_MAX, Recent};
use crate::codec;
use crate::engine::Engine;

impl Engine {
    /// At most `limit` events of a stream from version `from` on; none when there is no such stream.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn stream(
        &self,
        name: &StreamName,
        from: Version,
        limit: u32,
    ) -> Result<Vec<Event>, ReadError> {
        let tag = self.keyring.store.stream_tag(name);
        let (from, seen) = (from.max(1), self.caches.erasures.seen());
        let Some(head) = self.log.stream_head(tag).await? else { return Ok(Vec::new()) };
        if from > head.version {
            return Ok(Vec::new());
        }
        let is_recent = head.version - from < RECENT_EVENTS_MAX;
        if is_recent {
            let recent = self.caches.recents.get(&tag);
            let found = recent.and_then(|recent| recent.from(&head, from, limit));
            if let Some(events) = self.caches.counted(found) {
                return Ok(events);
            }
            if let Some(events) = self.recall_events(tag, &head).await {
                let recent = Recent::new(head.leaf, events);
                if let Some(events) = recent.from(&head, from, limit) {
                    self.caches.erasures.keep(seen, || self.caches.recents.put(tag, recent));
                    return Ok(events);
                }
            }
        }
        let stored = self.log.read_stream(tag, from, Direction::Forward, limit).await?;
        let newest = stored.last().map(StreamHead::of).filter(|last| last.version >= head.version);
        if is_recent && newest.is_some() && self.caches.outside.is_some() {
            self.offer_events(seen, stored.clone()).await;
        }
        let (events, all) = self.all_opened(stored).await?;
        if let (true, true, Some(newest)) = (is_recent, all, newest) {
            let recent = Recent::new(newest.leaf, events.clone());
            self.caches.erasures.keep(seen, || self.caches.recents.put(tag, recent));
        }
        Ok(events)
    }

    /// What can be opened of these, and whether that is all of them.
    async fn all_opened(&self, stored: Vec<StoredEvent>) -> Result<(Vec<Event>, bool), ReadError> {
        let (mut events, count) = (Vec::with_capacity(stored.len()), stored.len());
        for event in stored {
            events.extend(codec::open(&self.keyring, event).await?);
        }
        let all = events.len() == count;
        Ok((events, all))
    }
}
