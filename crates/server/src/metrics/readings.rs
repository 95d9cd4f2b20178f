//! What is looked up when someone wants to know: the log, the views, the generation under way, the disk.

use std::path::Path;
use std::time::Duration;

use anamnesis_engine::Engine;
use anamnesis_store::ReadError;
use prometheus::core::{Atomic, GenericCounter, Number};

use super::{Metrics, disk};
use crate::generations::{Building, Generations};

/// How things stand at one moment.
pub(crate) struct Readings {
    events: u64,
    log_bytes: u64,
    pub(super) syncs: u64,
    pub(super) sync_time: Duration,
    pub(super) views_bytes: u64,
    lag_events: u64,
    pub(super) lag: Duration,
    pub(super) stuck: bool,
    pub(super) building: Option<Building>,
    files: [u64; disk::FILES.len()],
    pub(super) room: Option<disk::Room>,
}

impl Readings {
    /// Looks everything up.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub(crate) async fn of(
        engine: &Engine,
        generations: &Generations,
        directory: &Path,
    ) -> Result<Self, ReadError> {
        let head = engine.log().head().borrow().clone();
        let (events, seen) = (head.cursor.offset(0), engine.reached().offset(0));
        let oldest = engine.log().read(0, seen, 1).await?.into_iter().next();
        let behind = oldest.map_or(0, |event| (engine.now().micros() - event.moment.micros()).max(0));
        Ok(Self {
            events,
            log_bytes: head.bytes,
            syncs: head.syncs,
            sync_time: head.sync_time,
            views_bytes: engine.views().bytes(),
            lag_events: events.saturating_sub(seen),
            lag: Duration::from_micros(behind.unsigned_abs()),
            stuck: engine.stuck().is_some(),
            building: generations.building(),
            files: disk::files(directory),
            room: disk::room(directory),
        })
    }
}

impl Metrics {
    /// Sets the instruments to what was read.
    pub(super) fn take(&self, readings: &Readings) {
        let _taking = self.taking.lock();
        raise(&self.events, readings.events);
        raise(&self.syncs, readings.syncs);
        raise(&self.sync_seconds, readings.sync_time.as_secs_f64());
        self.log_bytes.set(signed(readings.log_bytes));
        self.views_bytes.set(signed(readings.views_bytes));
        self.lag_events.set(signed(readings.lag_events));
        self.lag_seconds.set(readings.lag.as_secs_f64());
        self.stuck.set(readings.stuck.into());
        let building = readings.building.as_ref();
        self.generation.set(building.is_some().into());
        self.generation_failed.set(building.is_some_and(|building| building.failed.is_some()).into());
        self.generation_progress.set(building.map_or(0.0, |building| building.percent() as f64 / 100.0));
        let left = building.and_then(Building::seconds_left);
        self.generation_left.set(left.map_or(0.0, |seconds| seconds as f64));
        for (file, bytes) in disk::FILES.iter().zip(readings.files) {
            self.files.with_label_values(&[*file]).set(signed(bytes));
        }
        if let Some(room) = readings.room {
            self.disk_free.set(signed(room.free));
            self.disk_size.set(signed(room.size));
        }
    }
}

/// Brings a counter up to a number that never falls.
fn raise<P>(counter: &GenericCounter<P>, to: P::T)
where
    P: Atomic,
    P::T: Number + PartialOrd + std::ops::Sub<Output = P::T>,
{
    let now = counter.get();
    if to > now {
        counter.inc_by(to - now);
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
