//! Turns for those of this process who race for the same thing, so that each need lose only once.
//!
//! Invariant: a turn makes nothing true; what a commit depends on is judged by the log, turn or not.

use std::hash::{BuildHasher, Hash, RandomState};

use tokio::sync::{Mutex, MutexGuard};

const STRIPES: usize = 256;

/// The queues, of which each thing has one; some share it.
pub(crate) struct Races {
    hasher: RandomState,
    stripes: Vec<Mutex<()>>,
}

/// A turn, until it is dropped.
pub(crate) struct Turn<'a>(#[expect(dead_code, reason = "it is only held")] Option<MutexGuard<'a, ()>>);

impl Races {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), stripes: (0..STRIPES).map(|_| Mutex::new(())).collect() }
    }

    /// Waits for a turn at a record or a claim, to be held until what is tried has come to an end.
    pub(crate) async fn turn_at(&self, thing: &impl Hash) -> Turn<'_> {
        let stripe = usize::try_from(self.hasher.hash_one(thing) % STRIPES as u64).unwrap_or_default();
        match self.stripes.get(stripe) {
            Some(stripe) => Turn(Some(stripe.lock().await)),
            None => Turn(None),
        }
    }
}
