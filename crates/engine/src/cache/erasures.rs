//! Nothing of somebody who was erased is kept by those who had found it before.
//!
//! Invariant: whoever keeps something says when it began to look; what was looked for before an erasure is not kept
//! after it.

use std::sync::Arc;

use parking_lot::RwLock;

/// How many were erased since the process began.
#[derive(Clone)]
pub(crate) struct Erasures(Arc<RwLock<u64>>);

/// When somebody began to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen(u64);

impl Erasures {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// To be asked before one looks for what may be kept, or for the key that opens it.
    pub(crate) fn seen(&self) -> Seen {
        Seen(*self.0.read())
    }

    /// Keeps what was found since `seen`, unless somebody was erased meanwhile.
    pub(crate) fn keep(&self, seen: Seen, keep: impl FnOnce()) {
        // Held until it is kept: an erasure that begins meanwhile will forget it.
        let erasures = self.0.read();
        if *erasures == seen.0 {
            keep();
        }
    }

    /// Forgets what is kept; nothing is kept meanwhile.
    pub(crate) fn erase(&self, forget: impl FnOnce()) {
        let mut erasures = self.0.write();
        *erasures += 1;
        forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_before_an_erasure_is_not_kept_after_it() {
        let erasures = Erasures::new();
        let kept = std::cell::Cell::new(0);
        let before = erasures.seen();
        erasures.keep(before, || kept.set(1));
        assert_eq!(kept.get(), 1);
        erasures.erase(|| kept.set(0));
        erasures.keep(before, || kept.set(2));
        assert_eq!(kept.get(), 0);
        erasures.keep(erasures.seen(), || kept.set(3));
        assert_eq!(kept.get(), 3);
    }
}
