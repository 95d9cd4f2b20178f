//! Turns for those of this process who race for the same thing, so that each need lose only once.
//!
//! Invariant: a turn makes nothing true; what a commit depends on is judged by the log, turn or not. Who takes both
//! takes the turn of a search before that of a record, and one of each at most, so that nobody waits in a ring.

use std::hash::{BuildHasher, Hash, RandomState};

use anamnesis_kernel::StreamName;
use tokio::sync::{Mutex, MutexGuard};

const STRIPES: usize = 256;

/// The queues, of which each thing has one; some share it.
pub(crate) struct Races {
    hasher: RandomState,
    records: Vec<Mutex<()>>,
    searches: Vec<Mutex<()>>,
}

/// A turn, until it is dropped.
pub(crate) struct Turn<'a>(#[expect(dead_code, reason = "it is only held")] Option<MutexGuard<'a, ()>>);

impl Races {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        let queues = || (0..STRIPES).map(|_| Mutex::new(())).collect();
        Self { hasher: RandomState::new(), records: queues(), searches: queues() }
    }

    /// Waits for a turn at a record, to be held until what is tried has come to an end.
    pub(crate) async fn turn_at(&self, record: &StreamName) -> Turn<'_> {
        self.turn(&self.records, record).await
    }

    /// Waits for a turn at what a search is known by, such as its claim.
    pub(crate) async fn turn_to_search(&self, thing: &impl Hash) -> Turn<'_> {
        self.turn(&self.searches, thing).await
    }

    async fn turn<'a>(&self, queues: &'a [Mutex<()>], thing: &impl Hash) -> Turn<'a> {
        let stripe = usize::try_from(self.hasher.hash_one(thing) % STRIPES as u64).unwrap_or_default();
        match queues.get(stripe) {
            Some(queue) => Turn(Some(queue.lock().await)),
            None => Turn(None),
        }
    }
}
