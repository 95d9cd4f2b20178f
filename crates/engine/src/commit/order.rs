//! The order in which those who decide on the same streams do so, and hand in what they decided.
//!
//! Who decides may build on a decision before it, which is still being sealed. Handed in the other way round, the later
//! one would be refused and made again; so each waits for those just before it. The order makes nothing true: the log
//! judges what a decision was built on, order or not.

use std::sync::Arc;

use anamnesis_seal::Tag;
use anamnesis_store::{AppendError, Appended, Commit, Log};
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, MutexGuard, Semaphore};

const STRIPES: usize = 1_024;

/// Who came last to each stream; some streams share an entry.
pub(crate) struct Order {
    stripes: Vec<Mutex<Option<Arc<Over>>>>,
}

/// Closed when a turn is over; no permit is ever given.
type Over = Semaphore;

/// The streams of one request, while nobody else of this process decides on them.
pub(super) struct Deciding<'a> {
    turn: Turn,
    #[expect(dead_code, reason = "it is only held")]
    held: Vec<MutexGuard<'a, Option<Arc<Over>>>>,
}

/// The turn of one who decides or has decided, until it hands in or gives up.
pub(super) struct Turn {
    over: Arc<Over>,
    /// Of those who came just before to one of the streams.
    before: Vec<Arc<Over>>,
}

impl Order {
    pub(crate) fn new() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::new(None)).collect() }
    }

    /// Waits until nobody else of this process decides on the streams.
    pub(super) async fn decide(&self, tags: &[Tag]) -> Deciding<'_> {
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
        let over = Arc::new(Over::new(0));
        let mut before: Vec<Arc<Over>> = Vec::new();
        for last in &mut held {
            let last = last.replace(Arc::clone(&over)).filter(|last| !last.is_closed());
            // The streams of a request were mostly taken together before.
            before.extend(last.filter(|last| !before.iter().rev().any(|known| Arc::ptr_eq(known, last))));
        }
        Deciding { turn: Turn { over, before }, held }
    }
}

impl Deciding<'_> {
    /// Waits until those just before have handed in, or given up.
    pub(super) async fn comes(&self) {
        self.turn.comes().await;
    }

    /// Lets the next decide on the streams, who may build on the heads that are known now.
    pub(super) fn decided(self) -> Turn {
        self.turn
    }
}

impl Turn {
    /// Hands in a commit when those just before are over; what is given is answered when the log has it.
    pub(super) async fn hand_in(
        self,
        log: &dyn Log,
        commit: Commit,
    ) -> BoxFuture<'static, Result<Appended, AppendError>> {
        self.comes().await;
        log.append(commit)
    }

    async fn comes(&self) {
        all_over(&self.before).await;
    }
}

/// Waits until those that came before are over.
async fn all_over(before: &[Arc<Over>]) {
    for over in before {
        // It ends by being closed.
        let _ = over.acquire().await;
    }
}

impl Drop for Turn {
    /// Who gives up keeps its place until those before it are over, else whoever comes next would overtake them; but for
    /// the end of the process, when there is no runtime any more and nobody comes.
    fn drop(&mut self) {
        let over = Ending(Arc::clone(&self.over));
        let before = std::mem::take(&mut self.before);
        if before.iter().any(|over| !over.is_closed())
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                all_over(&before).await;
                drop(over);
            });
        }
    }
}

/// Ends a turn when it is dropped.
struct Ending(Arc<Over>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests;
