//! What this house needs from storage: the log of facts, the keys they are sealed with, the views made of them.
//!
//! Invariant: nothing here knows an engine or a protocol; every method has its case in the suite `contract`, those of
//! [`Cache`] in the tests of who keeps it.

mod cache;
#[cfg(feature = "contract")]
pub mod contract;
mod keys;
mod log;
mod snapshots;
mod views;

pub use cache::{Cache, CacheHealth, Cached, Circuit, Found, Place};
pub use keys::{KeyRow, Keys, Secret};
pub use log::{
    AppendError, Appended, Claim, Commit, Direction, Expected, Head, Idempotency, Kept, Log, LogInfo,
    SealedEvent, StoredEvent, StreamAppend, StreamHead,
};
pub use snapshots::{
    Listed, NoSnapshots, Reason, SealedState, Shape, Snapshot, SnapshotWrite, Snapshots, Tally, UpTo,
};
pub use views::{
    ApplyError, BODY_KEPT_EVERY, Body, Change, Changes, HeldStream, Hit, IndexRow, IndexWrite, Mark,
    ParkWrite, Parked, RecordNumber, RecordVersion, RecordWrite, Unapplied, VersionPlace, Views, Watermark,
};

/// What went wrong below, for the operator's log; never a patient's data.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a store could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store is busy or away: try again later.
    #[error("the store is unavailable")]
    Unavailable(#[source] Cause),
    /// The answer took longer than is allowed: ask for less.
    #[error("the query took too long")]
    TooLong,
    /// The store cannot answer it, however long it takes: ask otherwise.
    #[error("the query cannot be answered: {0}")]
    Unanswerable(&'static str),
    /// What is there was written by a newer program: bring this one up to date.
    #[error("this program cannot read the event at partition {partition}, offset {offset}: {what}")]
    Newer {
        /// The partition.
        partition: u32,
        /// The offset of the event.
        offset: u64,
        /// What it does not know.
        what: &'static str,
    },
    /// What is there is not what was written: stop, and restore from a copy.
    #[error("the log is damaged at partition {partition}, offset {offset}: {what}")]
    Damaged {
        /// The partition.
        partition: u32,
        /// The offset of the first event that is not as it was.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
}
