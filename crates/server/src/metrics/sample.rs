//! How things stand, as far as alerts ask.

use std::sync::atomic::Ordering;

use super::{Limit, Metrics, Readings};
use crate::alerts::Sample;

impl Metrics {
    /// What was counted, and what was read; where nothing could be read, that is as if it were in order.
    pub(crate) fn sample(&self, readings: Option<&Readings>) -> Sample {
        let counted = self.counted();
        let Some(readings) = readings else { return counted };
        Sample {
            syncs: readings.syncs,
            sync_seconds: readings.sync_time.as_secs_f64(),
            stuck: readings.stuck,
            lag_seconds: readings.lag.as_secs_f64(),
            generation_failed: readings.building.as_ref().is_some_and(|building| building.failed.is_some()),
            views_bytes: readings.views_bytes,
            free: readings.room.map(|room| room.free),
            size: readings.room.map(|room| room.size),
            ..counted
        }
    }

    fn counted(&self) -> Sample {
        let level = |level| {
            let of = |result| self.cache.with_label_values(&[level, result]).get();
            let hits = of("hit");
            (hits + of("miss") + of("error"), hits)
        };
        let failures =
            super::APPEND_FAILURES.map(|reason| self.append_failures.with_label_values(&[reason]).get());
        let turned_away = Limit::CROWDS.map(|limit| self.refused.with_label_values(&[limit.name()]).get());
        Sample {
            append_failures: failures.iter().sum(),
            parked: self.parked.get().try_into().unwrap_or_default(),
            cache: [level("process"), level("redis")],
            circuit_open: self.circuit.get() > 0,
            answered: self.answered.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            turned_away: turned_away.iter().sum(),
            ..Sample::default()
        }
    }
}
