//! The generation that is being made beside the serving one: how far it is, and how long it will take.

use std::time::Instant as Stopwatch;

use anamnesis_engine::Progress;
use anamnesis_kernel::Instant;
use tokio::sync::watch;

/// What there is to say of generations.
pub(crate) struct Generations {
    building: watch::Sender<Option<Building>>,
    serving_since: watch::Sender<Instant>,
}

/// A generation that is being made.
#[derive(Clone, Debug)]
pub(crate) struct Building {
    /// The shape it will have.
    pub(crate) shape: String,
    /// How many search parameters are registered in it.
    pub(crate) parameters: usize,
    /// When it was begun.
    pub(crate) since: Instant,
    /// Events folded.
    pub(crate) done: u64,
    /// Events in all.
    pub(crate) total: u64,
    /// Why it could not be made, when that was tried last.
    pub(crate) failed: Option<String>,
    started: Stopwatch,
}

impl Building {
    /// Of this shape, from the beginning.
    pub(crate) fn new(shape: &str, parameters: usize, since: Instant, total: u64) -> Self {
        let (shape, started) = (shape.to_owned(), Stopwatch::now());
        Self { shape, parameters, since, done: 0, total, failed: None, started }
    }

    /// How much of it is there.
    pub(crate) fn percent(&self) -> u64 {
        // A generation that has all events still has to take over.
        (self.done.saturating_mul(100) / self.total.max(1)).min(99)
    }

    /// Events folded in a second, once there are any.
    pub(crate) fn events_per_s(&self) -> Option<u64> {
        let micros = self.started.elapsed().as_micros().max(1);
        let rate = u128::from(self.done) * 1_000_000 / micros;
        u64::try_from(rate).ok().filter(|rate| *rate > 0)
    }

    /// Seconds until it serves, at the pace so far.
    pub(crate) fn seconds_left(&self) -> Option<u64> {
        self.events_per_s().map(|rate| self.total.saturating_sub(self.done).div_ceil(rate))
    }
}

impl Generations {
    /// One serves since then, none is being made.
    pub(crate) fn new(serving_since: Instant) -> Self {
        Self { building: watch::Sender::new(None), serving_since: watch::Sender::new(serving_since) }
    }

    /// The one being made.
    pub(crate) fn building(&self) -> Option<Building> {
        self.building.borrow().clone()
    }

    /// Since when the serving one serves.
    pub(crate) fn serving_since(&self) -> Instant {
        *self.serving_since.borrow()
    }

    /// One is begun.
    pub(crate) fn begin(&self, building: Building) {
        self.building.send_replace(Some(building));
    }

    /// It has come so far.
    pub(crate) fn advance(&self, progress: Progress) {
        self.building.send_modify(|building| {
            if let Some(building) = building {
                (building.done, building.total) = (progress.done, progress.total);
            }
        });
    }

    /// It could not be made; that will be tried again.
    pub(crate) fn fail(&self, why: String) {
        self.building.send_modify(|building| {
            if let Some(building) = building {
                building.failed = Some(why);
            }
        });
    }

    /// It serves.
    pub(crate) fn swapped(&self, since: Instant) {
        self.serving_since.send_replace(since);
        self.end();
    }

    /// None is being made any more.
    pub(crate) fn end(&self) {
        self.building.send_replace(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_never_whole_before_it_serves() {
        let at = |done, total| Building { done, total, ..Building::new("s", 1, Instant::default(), 0) };
        for (done, total, percent) in [(0, 0, 0), (0, 10, 0), (5, 10, 50), (10, 10, 99), (12, 10, 99)] {
            assert_eq!(at(done, total).percent(), percent, "{done} of {total}");
        }
        assert_eq!((at(0, 9).events_per_s(), at(0, 9).seconds_left()), (None, None));
        assert_eq!(at(9, 9).seconds_left(), Some(0));
    }
}
