//! How things stood at the last looks.

use std::collections::VecDeque;

/// Looks that are kept: six hours, where one is taken every 15 seconds.
const LOOKS_MAX: usize = 1_440;

/// How things stood at one look; counters count since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    pub(crate) append_failures: u64,
    pub(crate) syncs: u64,
    pub(crate) sync_seconds: f64,
    pub(crate) stuck: bool,
    pub(crate) lag_seconds: f64,
    pub(crate) parked: u64,
    pub(crate) generation_failed: bool,
    pub(crate) views_bytes: u64,
    /// Bytes; none where the machine does not say.
    pub(crate) free: Option<u64>,
    pub(crate) size: Option<u64>,
    /// Of both caches: what was asked for, and what was there.
    pub(crate) cache: [(u64, u64); 2],
    pub(crate) circuit_open: bool,
    /// Requests that were answered, those of who looks after the server aside.
    pub(crate) answered: u64,
    /// Those of them answered with 5xx.
    pub(crate) failed: u64,
    /// Clients turned away because there were too many at once.
    pub(crate) turned_away: u64,
}

/// The last looks, oldest first.
#[derive(Default)]
pub(super) struct Window(VecDeque<Sample>);

impl Window {
    pub(super) fn push(&mut self, sample: Sample) {
        if self.0.len() == LOOKS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    /// The last look.
    pub(super) fn now(&self) -> Sample {
        self.0.back().copied().unwrap_or_default()
    }

    /// The look so many looks ago, or the oldest there is; and how many ago that was.
    pub(super) fn ago(&self, looks: usize) -> (Sample, usize) {
        let last = self.0.len().saturating_sub(1);
        let ago = looks.min(last);
        (self.0.get(last - ago).copied().unwrap_or_default(), ago)
    }
}
