//! The views: what each record is and was, and what it is found by; may be lost at any time.

mod parked;

use anamnesis_kernel::search::{After, Entry, Place, Query};
use anamnesis_kernel::{Instant, Partition, Position, ResourceType, StreamName, Version};
use anamnesis_seal::Hash;
use async_trait::async_trait;
use compact_str::CompactString;
use uuid::Uuid;

pub use parked::{HeldStream, ParkWrite, Parked, Unapplied};

use crate::{Cause, ReadError};

/// Everything derived from the log, with the point up to which it is complete.
///
/// What a [`Change`] holds becomes visible together, watermark and all, so a reader never sees half a commit.
#[async_trait]
pub trait Views: Send + Sync {
    /// Up to where the views are complete; none when nothing was ever applied.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn watermark(&self) -> Result<Option<Watermark>, ReadError>;

    /// By what plan the views are made, as whoever began them noted it; none when nobody did.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn plan(&self) -> Result<Option<Vec<u8>>, ReadError>;

    /// Notes by what plan the views are made, before the first change.
    ///
    /// # Errors
    ///
    /// When it could not be written.
    async fn set_plan(&self, plan: &[u8]) -> Result<(), Cause>;

    /// Writes a change, all of it or nothing.
    ///
    /// # Errors
    ///
    /// When it could not be written; nothing was. Of views that are not [finished](Self::finish) more may be gone, and their
    /// watermark says how much.
    async fn apply(&self, change: Change) -> Result<(), ApplyError>;

    /// Ends what may be while views are made beside those that serve: that changes gather before they are committed, and
    /// are seen by nobody but [`find`](Self::find) until then. What was applied is committed, and each change from now on.
    ///
    /// # Errors
    ///
    /// When it could not be committed; what was is as the watermark says.
    async fn finish(&self) -> Result<(), Cause>;

    /// At most `limit` of the events that are parked, from this place in the log on, in its order.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn parked(&self, from: Position, limit: u32) -> Result<Vec<Parked>, ReadError>;

    /// The streams that are held, in the order of their first events that are parked.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn held(&self) -> Result<Vec<HeldStream>, ReadError>;

    /// What these records were as of a moment, or are now, in the order asked; none where there was not one yet.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn find(
        &self,
        names: &[StreamName],
        at: Option<Instant>,
    ) -> Result<Vec<Option<RecordVersion>>, ReadError>;

    /// The same of one record.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn find_one(
        &self,
        name: &StreamName,
        at: Option<Instant>,
    ) -> Result<Option<RecordVersion>, ReadError> {
        Ok(self.find(std::slice::from_ref(name), at).await?.into_iter().flatten().next())
    }

    /// The record as it was at one of its versions.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn find_version(
        &self,
        name: &StreamName,
        version: Version,
    ) -> Result<Option<RecordVersion>, ReadError>;

    /// At most `limit` versions of a record below `below`, newest first, as they were at a moment, or are now.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn history(
        &self,
        name: &StreamName,
        below: Version,
        at: Option<Instant>,
        limit: u32,
    ) -> Result<Vec<RecordVersion>, ReadError>;

    /// How many versions a record had at a moment, or has now.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn history_count(&self, name: &StreamName, at: Option<Instant>) -> Result<u64, ReadError>;

    /// The versions that are asked for, of many records, newest first.
    ///
    /// A version keeps its place for ever and a new one stands before all that were, so pages that follow one another
    /// have no gap and no double, whoever writes meanwhile.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn changes(&self, changes: &Changes) -> Result<Vec<RecordVersion>, ReadError>;

    /// The records the query asks for, newest main date first.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn search(&self, query: &Query) -> Result<Vec<Hit>, ReadError>;

    /// How many records the query asks for, whatever its page and limit.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn count(&self, query: &Query) -> Result<u64, ReadError>;

    /// What [`search`](Self::search) and [`count`](Self::count) say, of one state, whoever writes meanwhile.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn search_counted(&self, query: &Query) -> Result<(Vec<Hit>, u64), ReadError>;

    /// The units of this system that amounts have or had, in order: all that a search of what was applied can find.
    fn units(&self, system: &str) -> Vec<CompactString>;

    /// A hash of all rows in their order: equal for equal views, however they were built; what is parked is no part of it.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    async fn digest(&self) -> Result<Hash, ReadError>;

    /// How many bytes the views take on disk.
    fn bytes(&self) -> u64;
}

/// Up to where views are complete, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// The log they are made of.
    pub log: Uuid,
    /// The shape of the code that made them.
    pub shape: String,
    /// By partition.
    pub marks: Vec<Mark>,
    /// The moment of the last commit they include.
    pub moment: Instant,
}

/// A point of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// How many events are included.
    pub offset: u64,
    /// The leaf of the last of them; zeros when there is none.
    pub leaf: Hash,
}

/// A record's internal number: where its first event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordNumber {
    /// The partition.
    pub partition: Partition,
    /// The offset of its first event.
    pub record: u64,
}

/// One version of a record: what it was, from when, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordVersion {
    /// Its internal number.
    pub number: RecordNumber,
    /// Its name.
    pub name: StreamName,
    /// The version, that of the stream at the end of the commit.
    pub version: Version,
    /// The moment of the commit.
    pub began: Instant,
    /// The moment it was replaced; none for the current one.
    pub ended: Option<Instant>,
    /// The offset of the stream's last event in that commit.
    pub offset: u64,
    /// What the record was.
    pub body: Body,
    /// The version whose value was put right, for a corrected result.
    pub corrects: Option<Version>,
}

/// Of versions that have passed, the last below each multiple of this keeps its body, so that no more than so many events
/// are folded for another.
pub const BODY_KEPT_EVERY: Version = 8;

impl RecordVersion {
    /// Another version takes its place, at the moment that began; its body goes, unless it is one that is kept.
    pub fn pass(&mut self, next: Version, at: Instant) {
        self.ended = Some(at);
        let is_kept = self.version / BODY_KEPT_EVERY != next / BODY_KEPT_EVERY;
        if !is_kept && matches!(self.body, Body::Here(_)) {
            self.body = Body::Folded;
        }
    }

    /// Where it stands among the versions of all records.
    pub const fn place(&self) -> VersionPlace {
        let RecordNumber { partition, record } = self.number;
        VersionPlace { began: self.began, record, partition }
    }

    /// What was known of it as of a moment: nothing before it began, and not yet that it would end.
    #[must_use]
    pub fn as_of(mut self, at: Option<Instant>) -> Option<Self> {
        let Some(at) = at else { return Some(self) };
        self.ended = self.ended.filter(|ended| *ended <= at);
        (self.began <= at).then_some(self)
    }
}

/// Where a version stands among the versions of all records: by commit, and within a commit by record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionPlace {
    /// The moment of the commit.
    pub began: Instant,
    /// The offset of the record's first event.
    pub record: u64,
    /// The partition of that event.
    pub partition: Partition,
}

impl VersionPlace {
    /// Before this, everything that began by `at` stands.
    pub const fn after(at: Instant) -> Self {
        Self { began: at.plus_micros(1), record: 0, partition: 0 }
    }
}

/// Which versions of many records are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Of this type; none asks for all.
    pub kind: Option<ResourceType>,
    /// That began then or later.
    pub since: Instant,
    /// That stand before this place.
    pub before: VersionPlace,
    /// At most so many.
    pub limit: u32,
}

/// What a record was at one version.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// The event at the version's offset carries the whole resource: nothing is kept twice.
    InLog,
    /// The JSON text of its elements.
    Here(Vec<u8>),
    /// It has passed, and is folded from the version before it that has a body, and the events since.
    Folded,
    /// It was deleted.
    Deleted,
}

/// A body is a patient's: only where it is shows.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::InLog => "InLog",
            Self::Here(_) => "Here",
            Self::Folded => "Folded",
            Self::Deleted => "Deleted",
        })
    }
}

/// What one batch of the log changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// Up to where the views are complete afterwards.
    pub watermark: Watermark,
    /// Versions of records, in commit order.
    pub records: Vec<RecordWrite>,
    /// Rows of the index, in commit order.
    pub index: Vec<IndexWrite>,
    /// What is parked and what no longer, in this order.
    pub parked: Vec<ParkWrite>,
}

/// Why a change was not written. Each variant is something else for the caller to do.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A row of this record is none that the store takes, however often it is tried: leave the record out.
    #[error("the views refuse a row")]
    Refused {
        /// The record.
        record: RecordNumber,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// There is no room, or the store is away: try again later.
    #[error("the views are unavailable")]
    Unavailable(#[source] Cause),
}

/// A version that came, and perhaps went, within the batch.
#[derive(Clone, Debug)]
pub struct RecordWrite {
    /// The version; `ended` is set when it was replaced within the batch.
    pub version: RecordVersion,
    /// Whether the version before it is the current one in the views, which then passes: see [`RecordVersion::pass`].
    pub replaces: bool,
}

/// A row of the index.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexRow {
    /// What the record is found by.
    pub entry: Entry,
    /// Where it stands in the order of searches.
    pub place: Place,
}

/// What became of a row of the index; it comes to an end when a version of its record does.
#[derive(Clone)]
pub enum IndexWrite {
    /// Holds from then on.
    Open(IndexRow, Instant),
    /// Held until then; the views know since when.
    Close(IndexRow, Instant),
    /// Held from and until: as a [`Close`](Self::Close) of one that is known to have begun then.
    End(IndexRow, Instant, Instant),
    /// Held from and until, both within the batch.
    Past(IndexRow, Instant, Instant),
}

impl IndexWrite {
    /// The row it is about.
    pub const fn row(&self) -> &IndexRow {
        match self {
            Self::Open(row, _) | Self::Close(row, _) | Self::End(row, _, _) | Self::Past(row, _, _) => row,
        }
    }
}

/// Index rows hold names and codes of patients: only what became of them shows.
impl std::fmt::Debug for IndexWrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open(..) => "Open",
            Self::Close(..) => "Close",
            Self::End(..) => "End",
            Self::Past(..) => "Past",
        })
    }
}

/// A record that was found, and where it stands in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where it stands, for the next page.
    pub after: After,
    /// What it is.
    pub version: RecordVersion,
}
