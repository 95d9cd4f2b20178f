//! What the engine tells of as it happens.

use std::time::Duration;

use anamnesis_engine::{
    AppendFailure, CacheLevel, CacheResult, Instruments, Parked, Projected, SnapshotReason, SnapshotsKept,
    Stage,
};

use uuid::Uuid;

use super::Metrics;

impl Instruments for Metrics {
    fn took(&self, stage: Stage, time: Duration) {
        self.steps.with_label_values(&[step(stage)]).observe(time.as_secs_f64());
        if let (Some(traces), false) = (self.traces(), stage == Stage::Project) {
            traces.step(step(stage), time);
        }
    }

    fn committing(&self, commit: Uuid, correlation: Option<&str>) {
        if let Some(traces) = self.traces() {
            traces.committing(commit, correlation);
        }
    }

    fn waited(&self, time: Duration) {
        if let Some(traces) = self.traces() {
            traces.step("wait", time);
        }
    }

    fn projected(&self, batch: &Projected) {
        self.batches.observe(batch.events as f64);
        if let Some(traces) = self.traces() {
            traces.projected(batch);
        }
    }

    fn conflict(&self) {
        self.conflicts.inc();
    }

    fn append_failed(&self, failure: AppendFailure) {
        let reason = match failure {
            AppendFailure::Full => "full",
            AppendFailure::Clock => "clock",
            AppendFailure::Unavailable => "unavailable",
            AppendFailure::Unanswered => "unanswered",
        };
        self.append_failures.with_label_values(&[reason]).inc();
    }

    fn loaded(&self, events: usize) {
        self.loads.observe(events as f64);
    }

    fn cache(&self, level: CacheLevel, result: CacheResult) {
        let level = match level {
            CacheLevel::Process => "process",
            CacheLevel::Redis => "redis",
        };
        let result = match result {
            CacheResult::Hit => "hit",
            CacheResult::Miss => "miss",
            CacheResult::Error => "error",
        };
        self.cache.with_label_values(&[level, result]).inc();
    }

    fn circuit_open(&self, open: bool) {
        self.circuit.set(open.into());
    }

    fn snapshot(&self, reason: SnapshotReason) {
        let reason = match reason {
            SnapshotReason::Count => "count",
            SnapshotReason::Daily => "daily",
            SnapshotReason::Significant => "significant",
        };
        self.snapshots.with_label_values(&[reason]).inc();
    }

    fn snapshots_kept(&self, kept: SnapshotsKept) {
        self.snapshots_kept.set(i64::try_from(kept.count).unwrap_or(i64::MAX));
        let newest = kept.newest.map_or(0, |newest| newest.micros());
        self.snapshot_newest.set(newest as f64 / 1e6);
    }

    fn parked(&self, parked: Parked) {
        self.parked.set(i64::try_from(parked.events).unwrap_or(i64::MAX));
        self.held.set(i64::try_from(parked.streams).unwrap_or(i64::MAX));
    }
}

/// The name of a step as a label.
fn step(stage: Stage) -> &'static str {
    match stage {
        Stage::Decide => "decide",
        Stage::Append => "append",
        Stage::Sync => "sync",
        Stage::Project => "project",
    }
}
