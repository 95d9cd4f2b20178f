//! The daily sweep: once a day has ended, the records that were active on it have a snapshot of how they stood.
//!
//! Invariant: wherever it is stopped, it goes on from the last offset that it noted; what it meets twice has its
//! snapshot already.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anamnesis_kernel::{Cursor, Position, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{Cause, ReadError, Reason, UpTo};
use tokio::sync::watch;

use super::policy::{beginning_of, day};
use super::shape::shape;
use super::take::Job;
use crate::codec;
use crate::engine::Engine;

/// How often it looks whether a day has ended.
const LOOK: Duration = Duration::from_secs(60);
/// How many events it looks at together.
const PAGE: u32 = 2_000;
/// How many records it remembers before it takes their snapshots.
const ACTIVE_MAX: usize = 50_000;
/// How many snapshots are written together, and how long others go before then.
const BATCH: usize = 32;
const REST: Duration = Duration::from_millis(5);
/// How many snapshots of other shapes are removed together.
const REMOVED: u32 = 1_000;

/// Why a sweep did not end.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The log or the snapshots could not be read.
    #[error("the store cannot be read")]
    Read(#[from] ReadError),
    /// The snapshots could not be written.
    #[error("the snapshots cannot be written")]
    Write(#[source] Cause),
}

/// A record that was active, at its last event.
#[derive(Clone, Copy)]
struct Active {
    version: Version,
    position: Position,
}

/// One who sweeps when a day has ended.
pub struct Sweeper(Arc<Engine>);

impl Sweeper {
    /// One for this engine.
    pub fn new(engine: &Arc<Engine>) -> Self {
        Self(Arc::clone(engine))
    }

    /// Sweeps each day once it has ended, until `stop` says so.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut swept = None;
        while !*stop.borrow() {
            let today = day(self.0.clock.now());
            if swept != Some(today) {
                match self.0.sweep(|| !*stop.borrow()).await {
                    Ok(()) => swept = Some(today),
                    Err(error) => {
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        tracing::warn!(cause, "the daily snapshots are not all taken: {error}");
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }
}

impl Engine {
    /// Takes a snapshot of each record that was active on a day that has ended, as it stood then, and removes what other
    /// code left; for as long as `go_on` says so.
    ///
    /// A store that was never swept begins with today: its past is not gone through.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written; the next sweep goes on from there.
    pub async fn sweep(&self, go_on: impl Fn() -> bool) -> Result<(), SweepError> {
        while go_on() {
            let removed = self.taking.store.remove_other_shapes(shape(), REMOVED).await;
            if removed.map_err(SweepError::Write)? < u64::from(REMOVED) {
                break;
            }
            tokio::time::sleep(REST).await;
        }
        if !self.taking.policy.daily {
            return Ok(());
        }
        let Some(until) = self.end_of_yesterday().await? else { return Ok(()) };
        let mut offset = match self.taking.store.swept().await? {
            // A log that was put back from a copy is shorter.
            Some(offset) if offset <= until => offset,
            _ => until,
        };
        let mut active: HashMap<Tag, Active> = HashMap::new();
        loop {
            let page =
                self.log.read(0, offset, PAGE.min(u32::try_from(until - offset).unwrap_or(PAGE))).await?;
            for event in &page {
                let (version, position) = (event.version, event.position);
                active.insert(event.stream, Active { version, position });
                offset = position.offset + 1;
            }
            let ended = page.is_empty() || offset >= until;
            if ended || active.len() >= ACTIVE_MAX {
                if !self.take_daily(std::mem::take(&mut active), &go_on).await? {
                    return Ok(());
                }
                self.taking.store.set_swept(offset).await.map_err(SweepError::Write)?;
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// The end of the log as it stood when today began; none while the log is empty.
    async fn end_of_yesterday(&self) -> Result<Option<u64>, ReadError> {
        let Cursor { moment, offsets } = self.head();
        let Some(end) = offsets.first().copied().filter(|end| *end > 0) else { return Ok(None) };
        let midnight = beginning_of(day(self.clock.now())).plus_micros(-1);
        // All of it is from before: nothing need be resolved, which might lift the log's moment.
        if moment <= midnight {
            return Ok(Some(end));
        }
        Ok(Some(self.log.resolve(midnight).await?.offset(0)))
    }

    /// Takes these records' snapshots; false when it was not to go on.
    async fn take_daily(
        &self,
        active: HashMap<Tag, Active>,
        go_on: &impl Fn() -> bool,
    ) -> Result<bool, ReadError> {
        let mut due: Vec<(Tag, Active)> =
            active.into_iter().filter(|(_, active)| active.version > 1).collect();
        // In the order of the log, where neighbours stand on the same pages.
        due.sort_unstable_by_key(|(_, active)| active.position.offset);
        let mut jobs = Vec::with_capacity(BATCH);
        for chunk in due.chunks(BATCH) {
            if !go_on() {
                return Ok(false);
            }
            for (stream, active) in chunk {
                jobs.extend(self.daily(*stream, *active).await?);
            }
            self.take(&mut jobs).await;
            tokio::time::sleep(REST).await;
        }
        Ok(true)
    }

    /// The snapshot that is to be taken of a record; none where there is one of that version or a later one.
    async fn daily(&self, stream: Tag, active: Active) -> Result<Option<Job>, ReadError> {
        let newest = self.taking.store.newest(stream, shape(), UpTo::Newest).await?;
        if newest.is_some_and(|newest| newest.state.version >= active.version) {
            return Ok(None);
        }
        let Some(stored) = self.log.read_at(&[active.position]).await?.into_iter().next() else {
            return Ok(None);
        };
        let key_of = stored.subject;
        // Who was erased, or whose event cannot be opened, has nothing to keep.
        let Ok(Some(event)) = codec::open(&self.keyring, stored).await else { return Ok(None) };
        let Ok((Some(folded), _)) = self.fold(stream, &event.stream, UpTo::Version(active.version)).await
        else {
            return Ok(None);
        };
        Ok(Some(Job::Folded { stream, key_of, folded, reason: Reason::Daily }))
    }
}
