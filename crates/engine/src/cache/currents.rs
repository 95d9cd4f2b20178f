//! The current versions of records that were read lately, so that reading one by its id asks no database.
//!
//! Invariant: what is kept here is what the views say now. What a change touches is forgotten before the views have
//! it, and what was found while they changed, or before, is not kept.

use std::sync::Arc;

use anamnesis_kernel::{Instant, StreamName, Version};
use parking_lot::RwLock;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::entries;

/// What an entry costs beside its text.
const ENTRY_BYTES: u64 = 250;

/// A record as it is served now.
#[derive(Clone)]
pub struct Current {
    /// The version.
    pub version: Version,
    /// The moment it began.
    pub began: Instant,
    /// The resource; none when it was deleted, or its subject erased.
    pub text: Option<Arc<[u8]>>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<StreamName, Current> for ByBytes {
    fn weight(&self, _: &StreamName, current: &Current) -> u64 {
        current.text.as_ref().map_or(0, |text| text.len() as u64) + ENTRY_BYTES
    }
}

/// Current versions by name, bounded by what they weigh.
pub(crate) struct Currents {
    kept: Cache<StreamName, Current, ByBytes>,
    /// How often a change of the views began or ended: odd while one is under way.
    changes: RwLock<u64>,
}

/// When somebody looked: what was found then may be kept only as long as nothing changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen(u64);

/// The views change, until this is dropped.
pub(crate) struct Changing<'a>(&'a Currents);

impl Currents {
    pub(crate) fn new(bytes: u64) -> Self {
        Self { kept: Cache::with_weighter(entries(bytes), bytes, ByBytes), changes: RwLock::new(0) }
    }

    pub(crate) fn get(&self, name: &StreamName) -> Option<Current> {
        self.kept.get(name)
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// To be asked before one looks into the views.
    pub(crate) fn seen(&self) -> Seen {
        Seen(*self.changes.read())
    }

    /// Keeps what was found after `seen`, unless the views have changed or are changing.
    pub(crate) fn keep(&self, seen: Seen, name: StreamName, current: Current) {
        // Held until it is kept: a change that begins meanwhile will forget it.
        let changes = self.changes.read();
        if *changes == seen.0 && changes.is_multiple_of(2) {
            self.kept.insert(name, current);
        }
    }

    /// Forgets records that are about to change.
    pub(crate) fn change<'a>(&self, names: impl Iterator<Item = &'a StreamName>) -> Changing<'_> {
        *self.changes.write() += 1;
        let changing = Changing(self);
        for name in names {
            self.kept.remove(name);
        }
        changing
    }

    /// Forgets all of them: other views come to serve, or somebody was erased.
    pub(crate) fn change_all(&self) -> Changing<'_> {
        *self.changes.write() += 1;
        self.kept.clear();
        Changing(self)
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        *self.0.changes.write() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current(version: Version) -> Current {
        Current { version, began: Instant::default(), text: None }
    }

    #[test]
    fn only_what_nothing_changed_since_is_kept() {
        let [name, other] = ["Patient/p1", "Patient/p2"].map(|name| name.parse::<StreamName>().unwrap());
        let currents = Currents::new(1 << 20);
        let kept = |name: &StreamName| currents.get(name).map(|current| current.version);
        let before = currents.seen();
        currents.keep(before, name.clone(), current(1));
        currents.keep(before, other.clone(), current(1));
        assert_eq!((kept(&name), kept(&other)), (Some(1), Some(1)));

        let changing = currents.change(std::iter::once(&name));
        let during = currents.seen();
        currents.keep(before, name.clone(), current(1));
        currents.keep(during, name.clone(), current(1));
        assert_eq!((kept(&name), kept(&other)), (None, Some(1)), "what it does not touch stays");
        drop(changing);
        for early in [before, during] {
            currents.keep(early, name.clone(), current(1));
            assert_eq!(kept(&name), None, "it may have been found before the change");
        }
        currents.keep(currents.seen(), name.clone(), current(2));
        assert_eq!(kept(&name), Some(2));
    }
}
