//! What is remembered of the log and the views, so that it need not be read, opened or folded again: in this process, and
//! in a cache outside it where there is one.
//!
//! Invariant: no cache changes an answer. What the process keeps is bounded in bytes; what is kept outside is sealed with
//! its subject's key, and is used only where the stream stands where it stood.

mod currents;
mod erasures;
mod events;
mod heads;
mod outside;
mod texts;

use std::sync::Arc;

use anamnesis_store::{Cache, CacheHealth};

pub use currents::Current;
pub(crate) use currents::Currents;
pub(crate) use erasures::{Erasures, Seen};
pub(crate) use events::{RECENT_EVENTS_MAX, Recent, Recents};
pub(crate) use heads::{Head, Heads};
pub(crate) use outside::{Outside, events_of, sealed_events};
pub(crate) use texts::Texts;

use crate::instruments::{CacheLevel, CacheResult, Instruments};

/// How much is remembered, and where.
#[derive(Clone)]
pub struct Caching {
    /// What the process keeps, all together.
    pub bytes_max: u64,
    /// Where else it is kept.
    pub outside: Option<Arc<dyn Cache>>,
}

impl Default for Caching {
    fn default() -> Self {
        Self { bytes_max: 128 << 20, outside: None }
    }
}

/// All caches of an engine.
pub(crate) struct Caches {
    /// Where streams stand, for who decides on them.
    pub(crate) heads: Heads,
    /// Records as they are served now, by name.
    pub(crate) currents: Currents,
    /// Records as they are served, by version.
    pub(crate) texts: Texts,
    /// The newest events of streams.
    pub(crate) recents: Recents,
    /// What is kept outside the process.
    pub(crate) outside: Option<Outside>,
    /// What must not be kept any more.
    pub(crate) erasures: Erasures,
    instruments: Arc<dyn Instruments>,
}

impl Caches {
    /// Empty ones: of sixteen parts of their room six go to heads, three to currents and to texts, four to events.
    pub(crate) fn new(caching: Caching, instruments: Arc<dyn Instruments>) -> Self {
        let Caching { bytes_max, outside } = caching;
        let parts = |count: u64| bytes_max / 16 * count;
        let erasures = Erasures::new();
        Self {
            heads: Heads::new(parts(6)),
            currents: Currents::new(parts(3)),
            texts: Texts::new(parts(3)),
            recents: Recents::new(parts(4)),
            outside: outside.map(|cache| Outside::new(cache, erasures.clone())),
            erasures,
            instruments,
        }
    }

    /// Counts whether something was found in the process.
    pub(crate) fn counted<T>(&self, found: Option<T>) -> Option<T> {
        let result = if found.is_some() { CacheResult::Hit } else { CacheResult::Miss };
        self.instruments.cache(CacheLevel::Process, result);
        found
    }

    /// Empties what the process keeps: somebody was erased, which is rare, so that no list of whose is what is worth its
    /// room.
    pub(crate) fn clear(&self) {
        self.erasures.erase(|| {
            self.heads.clear();
            drop(self.currents.change_all());
            self.texts.clear();
            self.recents.clear();
        });
    }

    /// How many entries the process keeps.
    pub(crate) fn len(&self) -> usize {
        self.heads.len() + self.currents.len() + self.texts.len() + self.recents.len()
    }

    /// How the cache outside fares, where there is one.
    pub(crate) fn health(&self) -> Option<CacheHealth> {
        self.outside.as_ref().map(Outside::health)
    }
}

/// How many entries are expected in so many bytes.
fn entries(bytes: u64) -> usize {
    usize::try_from(bytes / 1_024).unwrap_or(usize::MAX).max(16)
}
