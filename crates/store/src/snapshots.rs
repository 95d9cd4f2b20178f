//! The snapshots: states of records that were folded already; may be lost at any time.

mod none;

use anamnesis_kernel::{Instant, Version};
use anamnesis_seal::{Hash, SubjectNumber, Tag};
use async_trait::async_trait;

use crate::{Cause, ReadError};
pub use none::NoSnapshots;

/// Folded states of records by stream and version, so that a long stream need not be folded from its beginning.
///
/// What is here is a hint: whoever finds a snapshot looks whether the log has its event, and does without where it has
/// not. A store may lose any of them.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Keeps and removes what these say, all of it or nothing; of one stream and version the last that came is kept.
    ///
    /// # Errors
    ///
    /// When it could not be written; nothing was.
    async fn put(&self, writes: Vec<SnapshotWrite>) -> Result<(), Cause>;

    /// The snapshot of a stream in a shape that has the highest version of those that `upto` takes.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn newest(&self, stream: Tag, shape: Shape, upto: UpTo) -> Result<Option<Snapshot>, ReadError>;

    /// What snapshots there are of a stream in any shape, newest version first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn list(&self, stream: Tag) -> Result<Vec<Listed>, ReadError>;

    /// Removes what is sealed with this subject's key; gives how many there were.
    ///
    /// # Errors
    ///
    /// When it could not be removed; nothing was.
    async fn remove_subject(&self, subject: SubjectNumber) -> Result<u64, Cause>;

    /// Removes at most `limit` snapshots of other shapes; gives how many there were.
    ///
    /// # Errors
    ///
    /// When it could not be removed; nothing was.
    async fn remove_other_shapes(&self, shape: Shape, limit: u32) -> Result<u64, Cause>;

    /// Up to which offset of the log the daily sweep has looked; none where it never did.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn swept(&self) -> Result<Option<u64>, ReadError>;

    /// Notes up to which offset of the log the daily sweep has looked.
    ///
    /// # Errors
    ///
    /// When it could not be written.
    async fn set_swept(&self, offset: u64) -> Result<(), Cause>;

    /// How many snapshots there are, and when the oldest and the newest were taken.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn tally(&self) -> Result<Tally, ReadError>;

    /// How many bytes the snapshots take on disk.
    fn bytes(&self) -> u64;
}

/// What is written of one stream.
#[derive(Clone, Debug)]
pub struct SnapshotWrite {
    /// The keyed hash of the stream's name.
    pub stream: Tag,
    /// What is kept of it.
    pub keep: Option<Snapshot>,
    /// What is removed, by version and shape.
    pub remove: Vec<(Version, Shape)>,
}

/// A state of a record that was kept, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The state.
    pub state: SealedState,
    /// When it was kept.
    pub taken_at: Instant,
    /// Why.
    pub reason: Reason,
}

/// A record's state at one version, sealed like the events it was folded from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedState {
    /// The keyed hash of the stream's name.
    pub stream: Tag,
    /// The version it is the state at.
    pub version: Version,
    /// The shape of the code that folded it.
    pub shape: Shape,
    /// Whose key opens it.
    pub subject: SubjectNumber,
    /// The moment of the event at that version.
    pub moment: Instant,
    /// The leaf of that event: another log, or another course of this one, has another there.
    pub leaf: Hash,
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
}

/// The shape of the code that folded a state: states of another shape are of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape(pub [u8; 16]);

/// Why a snapshot was taken. A number never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Reason {
    /// So many events had happened.
    Count = 1,
    /// A day had begun, or ended.
    Daily = 2,
    /// What happened was significant.
    Significant = 3,
}

/// Which snapshots come into question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpTo {
    /// Any.
    Newest,
    /// Those of this version or a lower one.
    Version(Version),
    /// Those whose event was recorded by then.
    Moment(Instant),
}

/// A snapshot as it is listed: all but the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The version it is the state at.
    pub version: Version,
    /// The shape of the code that folded it.
    pub shape: Shape,
    /// The moment of the event at that version.
    pub moment: Instant,
    /// When it was kept.
    pub taken_at: Instant,
    /// Why.
    pub reason: Reason,
}

/// How many snapshots there are, and how old they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// When the oldest was taken.
    pub oldest: Option<Instant>,
    /// When the newest was taken.
    pub newest: Option<Instant>,
}

impl SealedState {
    /// All but what is sealed, as bytes: what the seal is bound to, and what stands before it in [`Self::to_bytes`].
    pub fn head(&self) -> Vec<u8> {
        let Self { stream, version, shape, subject, moment, leaf, sealed: _ } = self;
        let mut bytes = Vec::with_capacity(16 + 8 + 16 + 8 + 8 + 32);
        bytes.extend_from_slice(&stream.0);
        bytes.extend_from_slice(&version.to_be_bytes());
        bytes.extend_from_slice(&shape.0);
        bytes.extend_from_slice(&subject.0.to_be_bytes());
        bytes.extend_from_slice(&moment.micros().to_be_bytes());
        bytes.extend_from_slice(leaf);
        bytes
    }

    /// Itself as bytes, for a store that knows only those.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(&self.sealed);
        bytes
    }

    /// What [`Self::to_bytes`] gave; none where it is too short to be that. Whether a bit of it is another shows when it
    /// is opened.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (stream, bytes) = bytes.split_first_chunk()?;
        let (version, bytes) = bytes.split_first_chunk()?;
        let (shape, bytes) = bytes.split_first_chunk()?;
        let (subject, bytes) = bytes.split_first_chunk()?;
        let (moment, bytes) = bytes.split_first_chunk()?;
        let (leaf, sealed) = bytes.split_first_chunk()?;
        Some(Self {
            stream: Tag(*stream),
            version: Version::from_be_bytes(*version),
            shape: Shape(*shape),
            subject: SubjectNumber(i64::from_be_bytes(*subject)),
            moment: Instant::from_micros(i64::from_be_bytes(*moment)),
            leaf: *leaf,
            sealed: sealed.to_vec(),
        })
    }
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Count, Self::Daily, Self::Significant];

    /// Its name outside.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Daily => "daily",
            Self::Significant => "significant",
        }
    }

    /// The reason of this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as u8 == number)
    }
}

impl Snapshot {
    /// What is listed of it.
    pub const fn listed(&self) -> Listed {
        let SealedState { version, shape, moment, .. } = self.state;
        Listed { version, shape, moment, taken_at: self.taken_at, reason: self.reason }
    }
}
