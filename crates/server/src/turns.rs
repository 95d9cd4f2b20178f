//! Turns at a record: those who change it by what it holds go one after the other.
//!
//! Invariant: nothing rests on a turn but speed; that nobody wrote in between is the log's to judge.

use std::hash::{BuildHasher, RandomState};

use anamnesis_kernel::StreamName;
use tokio::sync::{Mutex, MutexGuard};

const STRIPES: usize = 256;

/// The queues, of which each record has one; some share it.
pub(crate) struct Turns {
    hasher: RandomState,
    stripes: Vec<Mutex<()>>,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), stripes: (0..STRIPES).map(|_| Mutex::new(())).collect() }
    }

    /// Waits for a turn at this record, which lasts as long as what is returned.
    pub(crate) async fn at(&self, stream: &StreamName) -> Option<MutexGuard<'_, ()>> {
        let stripe = usize::try_from(self.hasher.hash_one(stream) % STRIPES as u64).unwrap_or_default();
        match self.stripes.get(stripe) {
            Some(stripe) => Some(stripe.lock().await),
            None => None,
        }
    }
}
