//! Turns for those of this process who race for the same thing, so that each need lose only once; and for those who
//! must read before they write, so that they are not for ever overtaken by those who need not.
//!
//! Invariant: a turn makes nothing true; what a commit depends on is judged by the log, turn or not. Who takes both
//! takes the turn of a search before that of a record, and one of each at most, so that nobody waits in a ring.

use std::hash::{BuildHasher, Hash, RandomState};

use anamnesis_kernel::StreamName;
use tokio::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

const STRIPES: usize = 256;

/// The queues, of which each thing has one; some share it.
pub(crate) struct Races {
    hasher: RandomState,
    records: Vec<Mutex<()>>,
    searches: Vec<Mutex<()>>,
    passages: Vec<RwLock<()>>,
}

/// A turn, until it is dropped.
pub(crate) struct Turn<'a>(#[expect(dead_code, reason = "it is only held")] Option<MutexGuard<'a, ()>>);

impl Races {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        let queues = || (0..STRIPES).map(|_| Mutex::new(())).collect();
        let passages = (0..STRIPES).map(|_| RwLock::new(())).collect();
        Self { hasher: RandomState::new(), records: queues(), searches: queues(), passages }
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
        match queues.get(self.stripe(thing)) {
            Some(queue) => Turn(Some(queue.lock().await)),
            None => Turn(None),
        }
    }

    /// Passes with all others who write to these records, as soon as nobody is alone at one of them; to be held for
    /// one commit.
    pub(crate) async fn pass(
        &self,
        streams: impl Iterator<Item = &StreamName>,
    ) -> Vec<RwLockReadGuard<'_, ()>> {
        let mut stripes: Vec<usize> = streams.map(|stream| self.stripe(stream)).collect();
        // In one order, so that two who wait for each other cannot be.
        stripes.sort_unstable();
        stripes.dedup();
        let mut held = Vec::with_capacity(stripes.len());
        for stripe in stripes {
            if let Some(passage) = self.passages.get(stripe) {
                held.push(passage.read().await);
            }
        }
        held
    }

    /// Waits to be alone at a record among those who [`pass`](Self::pass); whoever is must not pass as well.
    pub(crate) async fn alone_at(&self, stream: &StreamName) -> Option<RwLockWriteGuard<'_, ()>> {
        match self.passages.get(self.stripe(stream)) {
            Some(passage) => Some(passage.write().await),
            None => None,
        }
    }

    fn stripe(&self, thing: &impl Hash) -> usize {
        usize::try_from(self.hasher.hash_one(thing) % STRIPES as u64).unwrap_or_default()
    }
}
