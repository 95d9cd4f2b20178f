//! What a connection is doing, and since when: told by its service, asked by its stream.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::app::Limits;
use crate::metrics::Limit;

/// A request's head is arriving, or is awaited on a new connection.
const HEAD: u8 = 0;
/// A request is worked on; its body may still arrive.
const WORKING: u8 = 1;
/// The last request was answered, and no other has begun.
const IDLE: u8 = 2;

/// One connection's doing; all that touches it runs in the connection's own task, so no order is needed.
pub(super) struct Pulse {
    begun: Instant,
    doing: AtomicU8,
    since_us: AtomicU64,
}

impl Pulse {
    /// Of a new connection, whose first head is awaited.
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), doing: AtomicU8::new(HEAD), since_us: AtomicU64::new(0) }
    }

    /// A request's head is whole.
    pub(super) fn working(&self) {
        self.doing.store(WORKING, Ordering::Relaxed);
    }

    /// Its answer's head is there.
    pub(super) fn answered(&self) {
        self.now(IDLE);
    }

    /// Bytes came from the client.
    pub(super) fn read(&self) {
        if self.doing.load(Ordering::Relaxed) == IDLE {
            self.now(HEAD);
        }
    }

    /// Bytes of an answer went to the client.
    pub(super) fn wrote(&self) {
        if self.doing.load(Ordering::Relaxed) == IDLE {
            self.now(IDLE);
        }
    }

    /// Until when the client has to send something, and by which limit; none while a request is worked on.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<(Instant, Limit)> {
        let (patience, limit) = match self.doing.load(Ordering::Relaxed) {
            HEAD => (limits.head, Limit::Head),
            IDLE => (limits.idle, Limit::Idle),
            _ => return None,
        };
        let since = self.begun + Duration::from_micros(self.since_us.load(Ordering::Relaxed));
        Some((since + patience, limit))
    }

    fn now(&self, doing: u8) {
        let since = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.since_us.store(since, Ordering::Relaxed);
        self.doing.store(doing, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_from_head_to_head() {
        let (pulse, limits) = (Pulse::new(), Limits::default());
        let limit = || pulse.deadline(&limits).map(|(_, limit)| limit);
        let begun = pulse.deadline(&limits).unwrap();
        pulse.read();
        assert_eq!(pulse.deadline(&limits), Some(begun), "a byte does not buy time for a head");
        pulse.working();
        pulse.read();
        assert_eq!(limit(), None);
        pulse.answered();
        assert_eq!(limit(), Some(Limit::Idle));
        pulse.wrote();
        assert_eq!(limit(), Some(Limit::Idle));
        pulse.read();
        assert_eq!(limit(), Some(Limit::Head));
        pulse.wrote();
        assert_eq!(limit(), Some(Limit::Head));
    }
}
