//! Where streams stand, as this process last saw or moved them: a hint that the log's conditions check.

use std::sync::Arc;

use anamnesis_chart::State;
use anamnesis_kernel::StreamName;
use anamnesis_seal::Tag;
use anamnesis_store::StreamHead;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::{Mutex, MutexGuard};

use super::entries;
use crate::snapshot::form::Folded;

const STRIPES: usize = 1_024;
/// What an entry costs beside its elements.
const ENTRY_BYTES: usize = 160;

/// A record's state as decisions see it, and whose key seals it.
pub(crate) struct Head {
    pub(crate) state: State,
    pub(crate) subject: StreamName,
    bytes: usize,
}

impl Head {
    pub(crate) fn new(state: State, subject: StreamName) -> Self {
        let elements = state.elements.as_ref().map_or(0, anamnesis_json::Object::heap_bytes);
        Self { state, subject, bytes: ENTRY_BYTES + elements }
    }

    /// What can be kept of it outside, of a stream that stands there.
    pub(crate) fn folded(&self, stands: &StreamHead) -> Folded {
        let State { version, elements } = &self.state;
        let state = State { version: *version, elements: elements.clone() };
        Folded { state, subject: self.subject.clone(), moment: stands.moment, leaf: stands.leaf }
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Tag, Arc<Head>> for ByBytes {
    fn weight(&self, _: &Tag, head: &Arc<Head>) -> u64 {
        head.bytes as u64
    }
}

/// The heads of streams, and the locks under which they are decided on.
pub(crate) struct Heads {
    cache: Cache<Tag, Arc<Head>, ByBytes>,
    stripes: Vec<Mutex<()>>,
}

impl Heads {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            cache: Cache::with_weighter(entries(bytes), bytes, ByBytes),
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Holds the streams so that no other task of this process decides on them meanwhile.
    pub(crate) async fn hold(&self, tags: &[Tag]) -> Vec<MutexGuard<'_, ()>> {
        let mut wanted: Vec<usize> =
            tags.iter().map(|Tag([a, b, ..])| usize::from(u16::from_be_bytes([*a, *b])) % STRIPES).collect();
        // In order, so that two tasks never wait for each other.
        wanted.sort_unstable();
        wanted.dedup();
        let mut held = Vec::with_capacity(wanted.len());
        for stripe in wanted {
            if let Some(stripe) = self.stripes.get(stripe) {
                held.push(stripe.lock().await);
            }
        }
        held
    }

    pub(crate) fn get(&self, tag: &Tag) -> Option<Arc<Head>> {
        self.cache.get(tag)
    }

    pub(crate) fn put(&self, tag: Tag, head: Head) {
        self.cache.insert(tag, Arc::new(head));
    }

    pub(crate) fn len(&self) -> usize {
        self.cache.len()
    }

    pub(crate) fn clear(&self) {
        self.cache.clear();
    }

    pub(crate) fn forget(&self, tags: &[Tag]) {
        for tag in tags {
            self.cache.remove(tag);
        }
    }
}
