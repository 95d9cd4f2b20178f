//! How much is folded at a time, and how long events gather before.
//!
//! Invariant: nobody who waits to see what he wrote waits for more to gather.

use std::time::Duration;

/// A batch has at most so many events, however far behind the views are: larger ones write fewer pages, and need more
/// memory.
const EVENTS_MAX: u32 = 5_000;
/// Where nobody looks at what is written it may have so many: of what changes often, more comes and goes within one.
const EVENTS_MAX_APART: u32 = 10_000;
/// It may always have so many.
const EVENTS_LEAST: u32 = 1_000;
/// What a batch shall take at most, so that whoever waits, stops or cancels does not wait for long; in smaller ones each event
/// costs more, since a page is written once a batch.
const LONG_MS: u64 = 3_000;
/// What takes less may be larger.
const SHORT_MS: u64 = 500;
/// While nobody waits, events gather so many times as long as the last batch took, within these bounds: so a fold that is
/// not behind takes no more than a fifth of the time from those who decide and append.
const GATHER_TIMES: u32 = 4;
const GATHER_MS_LEAST: u64 = 50;
const GATHER_MS_MAX: u64 = 250;

/// What the batches so far say of the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batches {
    events_max: u32,
    /// How far it may widen.
    most: u32,
    gather: Duration,
}

impl Batches {
    pub(super) const fn new() -> Self {
        Self { events_max: 1_000, most: EVENTS_MAX, gather: Duration::from_millis(GATHER_MS_LEAST) }
    }

    /// Those of views that nobody looks at.
    pub(super) const fn apart() -> Self {
        Self { most: EVENTS_MAX_APART, ..Self::new() }
    }

    /// How many events the next one may have.
    pub(super) const fn events_max(&self) -> u32 {
        self.events_max
    }

    /// How long events gather before the next one while nobody waits and there are fewer than it may have.
    pub(super) const fn gather(&self) -> Duration {
        self.gather
    }

    /// One of so many events took so long. A batch is of whole commits, which seldom fill it to the brim: half is full.
    pub(super) fn folded(&mut self, events: usize, took: Duration) {
        let full = events >= self.events_max as usize / 2;
        if took > Duration::from_millis(LONG_MS) {
            self.events_max = (self.events_max / 2).max(EVENTS_LEAST);
        } else if full && took < Duration::from_millis(SHORT_MS) {
            self.events_max = (self.events_max * 2).min(self.most);
        }
        let least = Duration::from_millis(GATHER_MS_LEAST);
        self.gather = (took * GATHER_TIMES).clamp(least, Duration::from_millis(GATHER_MS_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_widen_under_load_and_narrow_when_it_is_quiet() {
        type Case = (&'static str, &'static [(usize, u64)], u32, u64);
        #[rustfmt::skip] // A table reads by column.
        let cases: [Case; 8] = [
         // what it met                     events, ms each                             events at most  gather ms
            ("nothing yet",                 &[],                                        1_000,          50),
            ("a write now and then",        &[(1, 1), (1, 1), (3, 2)],                  1_000,          50),
            ("a steady feed",               &[(80, 5), (90, 6), (100, 20)],             1_000,          80),
            ("far behind, and fast",        &[(1_000, 40), (2_000, 80), (4_000, 150), (5_000, 190)], 5_000, 250),
            ("commits of a thousand",       &[(1_000, 100), (1_000, 100), (3_000, 300)], 5_000,         250),
            ("as fast as it should be",     &[(1_000, 400), (2_000, 1_800), (2_000, 2_900)], 2_000,     250),
            ("far behind, and slow",        &[(1_000, 400), (2_000, 800), (4_000, 4_000), (2_000, 4_000), (1_000, 4_000)], 1_000, 250),
            ("quiet again",                 &[(1_000, 40), (2_000, 80), (2, 1)],        4_000,          50),
        ];
        for (title, met, events_max, gather_ms) in cases {
            let mut batches = Batches::new();
            for (events, ms) in met {
                batches.folded(*events, Duration::from_millis(*ms));
            }
            let expected = (events_max, Duration::from_millis(gather_ms));
            assert_eq!((batches.events_max(), batches.gather()), expected, "{title}");
        }
    }
}
