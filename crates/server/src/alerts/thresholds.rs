//! From where on conditions are found: settings, each named like the rule for Prometheus that has the same.
//!
//! Invariant: as they stand here they are what `ops/prometheus/alerts.yml` has.

use std::time::Duration;

/// What is still in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thresholds {
    /// How long a sync of the log takes, at the mean of five minutes.
    pub(crate) sync_slow: Duration,
    /// How far reads are behind.
    pub(crate) views_behind_s: u64,
    /// How many events are parked.
    pub(crate) events_parked_max: u64,
    /// How much of the disk is free, at least.
    pub(crate) disk_nearly_full_percent: u64,
    /// The same in bytes.
    pub(crate) disk_nearly_full_bytes: u64,
    /// For how long the disk must last at its pace.
    pub(crate) disk_fills_up_days: u64,
    /// How much of what a cache is asked for it has not.
    pub(crate) cache_misses_percent: u64,
    /// How many of a hundred requests fail.
    pub(crate) server_errors_percent: u64,
    /// How many clients are turned away within five minutes.
    pub(crate) clients_turned_away_max: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            sync_slow: Duration::from_millis(100),
            views_behind_s: 30,
            events_parked_max: 0,
            disk_nearly_full_percent: 5,
            disk_nearly_full_bytes: 1_000_000_000,
            disk_fills_up_days: 3,
            cache_misses_percent: 50,
            server_errors_percent: 1,
            clients_turned_away_max: 0,
        }
    }
}
