//! How fast a fold over the log goes, and how long it will take at that.

use std::time::Instant as Stopwatch;

use anamnesis_engine::Progress;

/// A fold that began, or went on, at some event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    started: Stopwatch,
    first: u64,
}

impl Pace {
    /// Of one that has so many events now.
    pub(crate) fn from(first: u64) -> Self {
        Self { started: Stopwatch::now(), first }
    }

    /// Events folded in a second, once there are any.
    pub(crate) fn events_per_s(&self, done: u64) -> Option<u64> {
        let micros = self.started.elapsed().as_micros().max(1);
        let rate = u128::from(done.saturating_sub(self.first)) * 1_000_000 / micros;
        u64::try_from(rate).ok().filter(|rate| *rate > 0)
    }

    /// Seconds until it has all.
    pub(crate) fn seconds_left(&self, done: u64, total: u64) -> Option<u64> {
        self.events_per_s(done).map(|rate| total.saturating_sub(done).div_ceil(rate))
    }

    /// Tells the log how far it is with what it does.
    pub(crate) fn tell(&self, Progress { done, total }: Progress, what: &str) {
        tracing::info!(
            events = done,
            of = total,
            events_per_s = self.events_per_s(done),
            seconds_left = self.seconds_left(done, total),
            "{what}: {} %",
            percent(done, total)
        );
    }
}

/// How much is there; never all of it, as a generation that has all events still has to take over.
pub(crate) fn percent(done: u64, total: u64) -> u64 {
    (done.saturating_mul(100) / total.max(1)).min(99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_never_whole_before_it_serves() {
        for (done, total, expected) in [(0, 0, 0), (0, 10, 0), (5, 10, 50), (10, 10, 99), (12, 10, 99)] {
            assert_eq!(percent(done, total), expected, "{done} of {total}");
        }
    }

    #[test]
    fn only_what_was_folded_since_counts() {
        let fresh = Pace::from(90);
        assert_eq!((fresh.events_per_s(90), fresh.seconds_left(90, 100)), (None, None));
        let a_while = Pace { started: Stopwatch::now() - std::time::Duration::from_secs(2), first: 90 };
        let rate = a_while.events_per_s(130).unwrap();
        assert!((15..=20).contains(&rate), "{rate}");
        assert_eq!(a_while.seconds_left(130, 130), Some(0));
        assert!(a_while.seconds_left(130, 1_130).unwrap() >= 50);
    }
}
