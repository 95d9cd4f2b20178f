//! Turns for those of this process who race for the same criteria, so that each need lose only once.
//!
//! Invariant: a turn makes nothing true; what a commit depends on is judged by the log, turn or not.

use anamnesis_seal::Tag;
use tokio::sync::{Mutex, MutexGuard};

const STRIPES: usize = 256;

/// Who may try again next, by claim.
pub(crate) struct Turns(Vec<Mutex<()>>);

/// A turn, until it is dropped.
pub(super) struct Turn<'a>(#[expect(dead_code, reason = "it is only held")] Option<MutexGuard<'a, ()>>);

impl Turns {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        Self((0..STRIPES).map(|_| Mutex::new(())).collect())
    }

    /// Waits for a turn, to be held until what was tried again has come to an end.
    pub(super) async fn take(&self, claim: Tag) -> Turn<'_> {
        let Tag([a, b, ..]) = claim;
        match self.0.get(usize::from(u16::from_be_bytes([a, b])) % STRIPES) {
            Some(stripe) => Turn(Some(stripe.lock().await)),
            None => Turn(None),
        }
    }
}
