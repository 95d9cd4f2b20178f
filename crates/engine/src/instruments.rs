//! What the engine tells whoever measures it.

use std::time::Duration;

use anamnesis_kernel::Instant;
use anamnesis_store::Reason;
use uuid::Uuid;

/// A step of an event's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// From the request to its events.
    Decide,
    /// Sealing, waiting for those who decided before on the same streams, and queueing.
    Append,
    /// Until the log is synced.
    Sync,
    /// From the log to the views.
    Project,
}

/// Why the log kept nothing of a commit, when that was no rule's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendFailure {
    /// The disk is full.
    Full,
    /// The system clock is behind the log.
    Clock,
    /// The store is busy or away.
    Unavailable,
    /// The store went quiet; what became of the commit is not known.
    Unanswered,
}

/// Where something is remembered, so that it need not be read or folded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheLevel {
    /// In this process.
    Process,
    /// In Redis.
    Redis,
}

/// What came of looking there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheResult {
    /// It was there and could be used.
    Hit,
    /// It was not there, or was of another version.
    Miss,
    /// The cache did not answer, or what it had could not be read.
    Error,
}

/// The snapshots that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotsKept {
    /// How many.
    pub count: u64,
    /// When the newest was taken; none where there is none.
    pub newest: Option<Instant>,
}

/// What a projection could not apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parked {
    /// Events that are parked.
    pub events: u64,
    /// Streams that are held because of them.
    pub streams: u64,
}

/// A batch that went into the serving views.
#[derive(Debug)]
pub struct Projected {
    /// Its events.
    pub events: usize,
    /// How long it took, from the log to the views.
    pub time: Duration,
    /// The first of its commits, at most [`Projected::COMMITS_MAX`].
    pub commits: Vec<Uuid>,
}

impl Projected {
    /// How many commits are named.
    pub const COMMITS_MAX: usize = 32;
}

/// Takes measurements; each says what happened just now, or how things stand since now.
///
/// What one does not care for it need not take.
pub trait Instruments: Send + Sync {
    /// A step took so long.
    fn took(&self, _: Stage, _: Duration) {}

    /// This commit is about to be handed to the log, by whoever works on it now; it belongs together with that.
    fn committing(&self, _commit: Uuid, _correlation: Option<&str>) {}

    /// Whoever works on it now waited so long for the views to have what was asked for.
    fn waited(&self, _: Duration) {}

    /// A batch went into the serving views.
    fn projected(&self, _: &Projected) {}

    /// An append met a stream or claim that had moved.
    fn conflict(&self) {}

    /// An append failed.
    fn append_failed(&self, _: AppendFailure) {}

    /// To load a record's state so many events were folded: all of them, or those since what was remembered of it.
    fn loaded(&self, _events: usize) {}

    /// A cache was asked.
    fn cache(&self, _: CacheLevel, _: CacheResult) {}

    /// The circuit to Redis is open from now on, or closed; what is tried to see whether it may close, it is open for.
    fn circuit_open(&self, _: bool) {}

    /// A snapshot was taken and kept.
    fn snapshot(&self, _: Reason) {}

    /// So many snapshots are kept now.
    fn snapshots_kept(&self, _: SnapshotsKept) {}

    /// So much is parked in the serving views now.
    fn parked(&self, _: Parked) {}
}

/// Measures nothing.
pub struct Silent;

impl Instruments for Silent {}
