//! The newest events of streams that were read lately, opened.
//!
//! Invariant: events are used only while the newest of them is the newest of their stream.

use std::sync::Arc;

use anamnesis_json::Object;
use anamnesis_kernel::{Event, Version};
use anamnesis_seal::{Hash, Tag};
use anamnesis_store::StreamHead;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::entries;

/// How many of a stream's events are remembered.
pub(crate) const RECENT_EVENTS_MAX: u64 = 100;
/// What an event costs beside its data.
const EVENT_BYTES: usize = 400;

/// Events of one stream, without a gap, up to its newest.
pub(crate) struct Recent {
    leaf: Hash,
    events: Vec<Event>,
    bytes: u64,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Tag, Arc<Recent>> for ByBytes {
    fn weight(&self, _: &Tag, recent: &Arc<Recent>) -> u64 {
        recent.bytes
    }
}

/// The newest events of streams, by stream.
pub(crate) struct Recents(Cache<Tag, Arc<Recent>, ByBytes>);

impl Recent {
    /// At most so many of the newest of these, which end with the event of that leaf.
    pub(crate) fn new(leaf: Hash, mut events: Vec<Event>) -> Self {
        let surplus = events.len().saturating_sub(usize::try_from(RECENT_EVENTS_MAX).unwrap_or(usize::MAX));
        events.drain(..surplus);
        let bytes = events.iter().map(weight).sum::<usize>() as u64;
        Self { leaf, events, bytes }
    }

    /// At most `limit` of them from a version on, if they reach back so far and up to where the stream stands.
    pub(crate) fn from(&self, head: &StreamHead, from: Version, limit: u32) -> Option<Vec<Event>> {
        let (first, last) = (self.events.first()?.version, self.events.last()?.version);
        if last != head.version || self.leaf != head.leaf || from < first {
            return None;
        }
        let skipped = usize::try_from(from - first).ok()?;
        Some(self.events.iter().skip(skipped).take(limit as usize).cloned().collect())
    }
}

impl Recents {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(Cache::with_weighter(entries(bytes) / 8, bytes, ByBytes))
    }

    pub(crate) fn get(&self, tag: &Tag) -> Option<Arc<Recent>> {
        self.0.get(tag)
    }

    pub(crate) fn put(&self, tag: Tag, recent: Recent) {
        self.0.insert(tag, Arc::new(recent));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}

fn weight(event: &Event) -> usize {
    EVENT_BYTES + event.data.len() + event.metadata.as_ref().map_or(0, Object::heap_bytes)
}
