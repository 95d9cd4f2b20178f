//! Whose turn it is: so many requests are worked on at once, so many wait, and the rest is told to come again.
//!
//! Invariant: a request has a turn only while the server works on it, never while its client still sends the body.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::Limits;
use crate::metrics::{Limit, Metrics};

/// Shared by all requests.
pub(crate) struct Turns {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    bodies_bytes: AtomicU64,
    limits: Limits,
    metrics: Arc<Metrics>,
}

/// The right to be worked on, until it is dropped.
pub(crate) struct Turn {
    _free: OwnedSemaphorePermit,
}

/// There is no room: nothing was done, and the client may ask again soon.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the server has too much to do: ask again later")]
pub(crate) struct Busy;

impl Turns {
    pub(crate) fn new(limits: &Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            free: Arc::new(Semaphore::new(limits.requests_max)),
            waiting: AtomicUsize::new(0),
            bodies_bytes: AtomicU64::new(0),
            limits: *limits,
            metrics,
        }
    }

    /// A turn, now or soon.
    ///
    /// # Errors
    ///
    /// When the queue is full, or does not move in time.
    pub(crate) async fn take(&self) -> Result<Turn, Busy> {
        if let Ok(free) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(Turn { _free: free });
        }
        let refused = |_| {
            self.metrics.refused(Limit::Queue);
            Busy
        };
        let _waiting = Waiting::among(self).map_err(refused)?;
        let free = tokio::time::timeout(self.limits.queue, Arc::clone(&self.free).acquire_owned());
        match free.await {
            Ok(Ok(free)) => Ok(Turn { _free: free }),
            _ => Err(refused(Busy)),
        }
    }

    /// Counts bytes of a body that arrived.
    ///
    /// # Errors
    ///
    /// When all bodies together are too large; these bytes count all the same, until they are given back.
    pub(crate) fn add_bytes(&self, bytes: u64) -> Result<(), Busy> {
        let before = self.bodies_bytes.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= self.limits.bodies_bytes_max {
            return Ok(());
        }
        self.metrics.refused(Limit::Bodies);
        Err(Busy)
    }

    /// Gives back what a body counted.
    pub(crate) fn give_back(&self, bytes: u64) {
        self.bodies_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// One that waits for its turn, counted until it is dropped.
struct Waiting<'a>(&'a Turns);

impl<'a> Waiting<'a> {
    fn among(turns: &'a Turns) -> Result<Self, Busy> {
        // Counted first, so that what is dropped was counted.
        let waiting = Self(turns);
        let before = turns.waiting.fetch_add(1, Ordering::Relaxed);
        turns.metrics.waiting(1);
        if before < turns.limits.queue_max { Ok(waiting) } else { Err(Busy) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.waiting(-1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn turns(requests_max: usize, queue_max: usize, queue: Duration) -> Arc<Turns> {
        let limits = Limits { requests_max, queue_max, queue, bodies_bytes_max: 100, ..Limits::default() };
        Arc::new(Turns::new(&limits, Arc::new(Metrics::new().unwrap())))
    }

    #[tokio::test]
    async fn one_works_one_waits_the_third_is_told() {
        let turns = turns(1, 1, Duration::from_secs(60));
        let first = turns.take().await.unwrap();
        let second = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.take().await.map(drop) }
        });
        while turns.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(turns.take().await.is_err());
        drop(first);
        assert!(second.await.unwrap().is_ok());
        assert!(turns.take().await.is_ok(), "all is given back");
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let turns = turns(1, 1, Duration::ZERO);
        let _first = turns.take().await.unwrap();
        assert!(turns.take().await.is_err());
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn bytes_are_counted_and_given_back() {
        let turns = turns(1, 1, Duration::ZERO);
        assert!(turns.add_bytes(100).is_ok());
        assert!(turns.add_bytes(1).is_err());
        turns.give_back(101);
        assert!(turns.add_bytes(100).is_ok());
    }
}
