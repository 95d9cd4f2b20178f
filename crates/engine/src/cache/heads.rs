//! Where streams stand, as this process last saw or moved them: a hint that the log's conditions check.

use std::sync::Arc;

use anamnesis_chart::State;
use anamnesis_kernel::{Instant, StreamName};
use anamnesis_seal::{Hash, Tag};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::entries;
use crate::index::Indexing;
use crate::snapshot::Last;
use crate::snapshot::form::Folded;

/// What an entry costs beside its elements.
const ENTRY_BYTES: usize = 184;

/// A record's state as decisions see it, and whose key seals it.
pub(crate) struct Head {
    pub(crate) state: State,
    pub(crate) subject: StreamName,
    /// The commit that leaves it so, where that need not be recorded yet.
    pub(crate) by: Option<Uuid>,
    /// When the stream was last written to, if it was.
    pub(crate) written: Option<Instant>,
    /// The newest snapshot of it, as far as is known.
    pub(crate) last: Option<Last>,
    bytes: usize,
}

impl Head {
    pub(crate) fn new(
        state: State,
        subject: StreamName,
        by: Option<Uuid>,
        written: Option<Instant>,
        last: Option<Last>,
    ) -> Self {
        let elements = state.elements.as_ref().map_or(0, anamnesis_json::Object::heap_bytes);
        Self { state, subject, by, written, last, bytes: ENTRY_BYTES + elements }
    }

    /// The head of a stream that was folded; of one that is not there yet where nothing was.
    pub(crate) fn of(
        folded: Option<Folded>,
        last: Option<Last>,
        name: &StreamName,
        indexing: &dyn Indexing,
    ) -> Self {
        let Some(Folded { state, subject, moment, .. }) = folded else {
            return Self::new(State { version: 0, elements: None }, name.clone(), None, None, None);
        };
        let subject = match &state.elements {
            Some(elements) => indexing.subject(name, elements),
            None => subject,
        };
        Self::new(state, subject, None, Some(moment), last)
    }

    /// The state with where it comes from.
    pub(crate) fn to_folded(&self, moment: Instant, leaf: Hash) -> Folded {
        let state = self.state.clone();
        Folded { state, subject: self.subject.clone(), moment, leaf }
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Tag, Arc<Head>> for ByBytes {
    fn weight(&self, _: &Tag, head: &Arc<Head>) -> u64 {
        head.bytes as u64
    }
}

/// The heads of streams.
pub(crate) struct Heads {
    cache: Cache<Tag, Arc<Head>, ByBytes>,
}

impl Heads {
    pub(crate) fn new(bytes: u64) -> Self {
        Self { cache: Cache::with_weighter(entries(bytes), bytes, ByBytes) }
    }

    pub(crate) fn get(&self, tag: &Tag) -> Option<Arc<Head>> {
        self.cache.get(tag)
    }

    pub(crate) fn put(&self, tag: Tag, head: Arc<Head>) {
        self.cache.insert(tag, head);
    }

    pub(crate) fn len(&self) -> usize {
        self.cache.len()
    }

    pub(crate) fn clear(&self) {
        self.cache.clear();
    }

    /// Forgets a stream's head, whoever left it.
    pub(crate) fn remove(&self, tag: &Tag) {
        self.cache.remove(tag);
    }

    /// Forgets a stream's head where it is one that this commit left, or the one that it built on.
    pub(crate) fn forget(&self, tag: &Tag, commit: Uuid, built_on: Option<Uuid>) {
        self.cache.remove_if(tag, |head| head.by == Some(commit) || head.by == built_on);
    }
}
