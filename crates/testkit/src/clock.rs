//! A clock that stands still until it is told the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anamnesis_kernel::{Clock, Instant};

/// A clock that stands still; clones show the same time, so a test keeps one and hands the other away.
#[derive(Clone, Debug)]
pub struct StandingClock {
    micros: Arc<AtomicI64>,
}

impl StandingClock {
    /// Stands at `at`.
    pub fn new(at: Instant) -> Self {
        Self { micros: Arc::new(AtomicI64::new(at.micros())) }
    }

    /// Stands at `at` from now on, which may be earlier than before.
    pub fn set(&self, at: Instant) {
        self.micros.store(at.micros(), Ordering::SeqCst);
    }

    /// Moves on by `micros`, or back where negative, and returns the new time.
    pub fn advance_micros(&self, micros: i64) -> Instant {
        let before = self.micros.fetch_add(micros, Ordering::SeqCst);
        Instant::from_micros(before.wrapping_add(micros))
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.micros.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_until_told() {
        let clock = StandingClock::new(Instant::from_micros(5));
        let given_away: Box<dyn Clock> = Box::new(clock.clone());
        assert_eq!(given_away.now().micros(), 5);
        assert_eq!(clock.advance_micros(10).micros(), 15);
        assert_eq!(given_away.now().micros(), 15);
        clock.set(Instant::from_micros(3));
        assert_eq!(given_away.now().micros(), 3);
    }
}
