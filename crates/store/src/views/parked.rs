//! Events that a generation of the views could not apply, and those that wait behind them.
//!
//! Invariant: the parked events of a stream are all that the views passed over, from one version on without a gap; the
//! stream is held at the version before, and its rows stay as they were then.

use anamnesis_kernel::{Instant, Partition, Position, StreamName, Version};
use anamnesis_seal::Tag;
use uuid::Uuid;

/// Why an event is parked: what kind of failure it was, and nothing of what stands in the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unapplied {
    /// The program knows no event of this type.
    UnknownType,
    /// Its data has a shape newer than the program.
    NewerSchema,
    /// Its key is there, and does not open it.
    Unopened,
    /// Its data is not JSON.
    Malformed,
    /// The program met a bug while applying it.
    Bug,
    /// The views will not have a row of it.
    Refused,
    /// An earlier event of its stream is parked, or a later one of its commit.
    Behind,
}

impl Unapplied {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::UnknownType,
        Self::NewerSchema,
        Self::Unopened,
        Self::Malformed,
        Self::Bug,
        Self::Refused,
        Self::Behind,
    ];

    /// Its name outside the process.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownType => "unknown-type",
            Self::NewerSchema => "newer-schema",
            Self::Unopened => "unopened",
            Self::Malformed => "malformed",
            Self::Bug => "bug",
            Self::Refused => "refused",
            Self::Behind => "behind",
        }
    }

    /// What has this name.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.code() == code)
    }
}

/// A parked event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The keyed hash of its stream's name.
    pub stream: Tag,
    /// That name; none where no event of the stream opens.
    pub name: Option<StreamName>,
    /// Its number within its stream.
    pub version: Version,
    /// Where it stands in the log.
    pub position: Position,
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    pub kind: String,
    /// The shape of its data.
    pub schema_version: u16,
    /// The moment of its commit.
    pub recorded_at: Instant,
    /// Why it is parked.
    pub why: Unapplied,
    /// Since when.
    pub since: Instant,
    /// How often it was tried to apply it; 0 for one that waits behind another.
    pub attempts: u32,
}

/// What becomes of parked events in a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParkWrite {
    /// It is parked. One that was already keeps its `since`, and its attempts are added.
    Park(Parked),
    /// The events of a stream up to a version are parked no more.
    Release {
        /// The partition of the stream.
        partition: Partition,
        /// The keyed hash of its name.
        stream: Tag,
        /// The last of them.
        through: Version,
    },
}

/// A stream that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldStream {
    /// Its partition.
    pub partition: Partition,
    /// The keyed hash of its name.
    pub stream: Tag,
    /// That name; none where no event of the stream opens.
    pub name: Option<StreamName>,
    /// The version up to which the views have it; 0 where they do not know it.
    pub version: Version,
    /// The moment of the first event that is parked: what is asked as of a moment before is whole.
    pub held_from: Instant,
    /// How many of its events are parked.
    pub events: u64,
}
