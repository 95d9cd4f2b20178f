//! The log: every event ever recorded, in one order for each partition.

use std::time::Duration;

use anamnesis_kernel::{Cursor, Instant, Partition, Position, Version};
use anamnesis_seal::{Entry, Hash, SubjectNumber, Tag};
use async_trait::async_trait;
use futures::future::BoxFuture;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Cause, ReadError};

/// Every event ever recorded, sealed, grouped into streams.
///
/// Positions are gapless and rise in commit order, so a reader that has seen position `n` will never later find a
/// new event at or below `n`. No method changes or removes an event.
#[async_trait]
pub trait Log: Send + Sync {
    /// What never changes about this log.
    fn info(&self) -> LogInfo;

    /// How far the log reaches; changes after each synced commit, and when it is lifted.
    fn head(&self) -> watch::Receiver<Head>;

    /// Records the commit's events together or not at all.
    ///
    /// The commit is queued when this is called: of two calls by one process the first is judged first. The future
    /// answers when the events are synced to disk.
    ///
    /// # Errors
    ///
    /// See [`AppendError`].
    fn append(&self, commit: Commit) -> BoxFuture<'static, Result<Appended, AppendError>>;

    /// What an idempotency key was used for, if it is still kept.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn kept(&self, key: Tag) -> Result<Option<Kept>, ReadError>;

    /// The commit that last touched a claim; whoever looks at the head after this finds it at or beyond that commit.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn claim(&self, claim: Tag) -> Result<Option<Uuid>, ReadError>;

    /// Where the event of this id stands.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn find_event(&self, event_id: Uuid) -> Result<Option<Position>, ReadError>;

    /// At most `limit` events of a stream, from version `from` on in the direction asked.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn read_stream(
        &self,
        stream: Tag,
        from: Version,
        direction: Direction,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ReadError>;

    /// Where a stream stands: its newest event, without what that holds; none when there is no such stream.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn stream_head(&self, stream: Tag) -> Result<Option<StreamHead>, ReadError>;

    /// How many events of a stream reading it would find, for who checks that it has all.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn stream_events(&self, stream: Tag) -> Result<u64, ReadError>;

    /// At most `limit` events of a partition from `offset` on, oldest first, without a gap.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or an event below the head is not there.
    async fn read(
        &self,
        partition: Partition,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ReadError>;

    /// The events at these positions, in the order asked.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or one of them is not there.
    async fn read_at(&self, positions: &[Position]) -> Result<Vec<StoredEvent>, ReadError>;

    /// The point of the log that holds all that was recorded at or before `at`, and nothing later, for ever.
    ///
    /// Lifts the moments that later commits begin at, so that none can appear at or before `at`, after a crash and with
    /// a clock that was set back neither; what is lifted already costs no sync. The caller has seen to it that `at` is
    /// not in the future.
    ///
    /// # Errors
    ///
    /// When the store cannot be read or written.
    async fn resolve(&self, at: Instant) -> Result<Cursor, ReadError>;
}

/// What never changes about a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogInfo {
    /// Its own id: views of another log are known by it.
    pub id: Uuid,
    /// How many partitions it has.
    pub partitions: u32,
}

/// How far the log reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The moment and the offsets after the last commit.
    pub cursor: Cursor,
    /// The sealed bytes of all events.
    pub bytes: u64,
    /// The root of each partition's tree.
    pub roots: Vec<Hash>,
    /// How many groups of commits this process has synced.
    pub syncs: u64,
    /// How long that took, all of them together.
    pub sync_time: Duration,
}

/// Events to be recorded together.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its id.
    pub commit_id: Uuid,
    /// Now, by the caller's clock.
    pub now: Instant,
    /// The streams it writes to or depends on, each once; a stream without events is a condition alone.
    pub streams: Vec<StreamAppend>,
    /// What it depends on that is no stream.
    pub claims: Vec<Claim>,
    /// The key that makes a repetition harmless.
    pub idempotency: Option<Idempotency>,
}

/// The events of one stream, and where the stream must stand.
#[derive(Clone, Debug)]
pub struct StreamAppend {
    /// The keyed hash of the stream's name.
    pub stream: Tag,
    /// Where it must stand.
    pub expected: Expected,
    /// What is added.
    pub events: Vec<SealedEvent>,
}

/// Where a stream must stand for an append to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// At this version; 0 when there is none yet.
    Exact(Version),
    /// At this version, and that must be of this commit: for whoever decided on what a commit would leave before it was
    /// recorded, since the number alone may by now be that of another event.
    Left(Version, Uuid),
    /// Anywhere.
    Any,
}

/// An event ready to be written: all but its place, version and moment.
#[derive(Clone, Debug)]
pub struct SealedEvent {
    /// Its id.
    pub event_id: Uuid,
    /// Whether the caller chose the id, so that it may be known already.
    pub chosen_id: bool,
    /// Whose key seals it.
    pub subject: SubjectNumber,
    /// Its type.
    pub kind: String,
    /// The shape of its data.
    pub schema_version: u16,
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
    /// SHA-256 of `sealed`.
    pub sealed_hash: Hash,
}

/// Something a commit depends on that is no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The keyed hash of what is claimed.
    pub claim: Tag,
    /// The commit that had last touched it when the decision was made.
    pub seen: Option<Uuid>,
}

/// What makes the repetition of a request harmless.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The keyed hash of the caller's key.
    pub key: Tag,
    /// The keyed hash of the content.
    pub content: Hash,
    /// What to answer, sealed.
    pub outcome: Vec<u8>,
}

/// What an idempotency key was used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The keyed hash of the content.
    pub content: Hash,
    /// What was answered, sealed.
    pub outcome: Vec<u8>,
    /// Where the events are.
    pub appended: Appended,
}

/// Where a commit's events stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The commit.
    pub commit_id: Uuid,
    /// Its moment.
    pub moment: Instant,
    /// The partition, the first offset and the number of events, in the order given.
    pub spans: Vec<(Position, u64)>,
    /// By stream, in the order given: its version before.
    pub before: Vec<Version>,
    /// The point of the log just after the commit.
    pub cursor: Cursor,
}

/// One event as the log holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Where it stands.
    pub position: Position,
    /// Its number within its stream.
    pub version: Version,
    /// Its id.
    pub event_id: Uuid,
    /// The commit it belongs to.
    pub commit_id: Uuid,
    /// The keyed hash of its stream's name.
    pub stream: Tag,
    /// Whose key opens it.
    pub subject: SubjectNumber,
    /// Its type.
    pub kind: String,
    /// The shape of its data.
    pub schema_version: u16,
    /// The moment of its commit.
    pub moment: Instant,
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
    /// Its leaf of the tree, as it was when it was written.
    pub leaf: Hash,
}

impl StoredEvent {
    /// What its leaf holds, given the hash of its sealed bytes.
    pub fn entry(&self, sealed_hash: Hash) -> Entry<'_> {
        Entry {
            commit_id: self.commit_id,
            event_id: self.event_id,
            stream_tag: self.stream,
            version: self.version,
            subject: self.subject,
            kind: &self.kind,
            schema_version: self.schema_version,
            moment: self.moment,
            sealed_hash,
        }
    }
}

/// The newest event of a stream, as far as it says where the stream stands.
///
/// Two streams that agree in version and leaf have the same history, even where a log was put back from a copy and took
/// another course since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHead {
    /// Its number, which is how many events the stream has.
    pub version: Version,
    /// Its leaf of the tree.
    pub leaf: Hash,
    /// Whose key opens it.
    pub subject: SubjectNumber,
    /// The moment of its commit.
    pub moment: Instant,
}

impl StreamHead {
    /// Where a stream stands whose newest event this is.
    pub const fn of(newest: &StoredEvent) -> Self {
        let StoredEvent { version, leaf, subject, moment, .. } = newest;
        Self { version: *version, leaf: *leaf, subject: *subject, moment: *moment }
    }
}

/// Which way a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first.
    Backward,
}

/// Why a commit was not taken. Each variant is something else for the caller to do.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Someone wrote first. Nothing was kept: load again, decide again.
    #[error("a stream is at version {actual}")]
    Conflict {
        /// Which of the commit's streams.
        stream: usize,
        /// Where it stands.
        actual: Version,
    },
    /// Someone touched the claim. Nothing was kept: search again, decide again.
    #[error("a claim was touched")]
    Claimed {
        /// Which of the commit's claims.
        claim: usize,
    },
    /// The key was used before. Nothing was kept: compare the content, answer as then or refuse.
    #[error("the idempotency key is known")]
    KeyKnown(Box<Kept>),
    /// An event of this id is there. Nothing was kept: compare, answer as then or refuse.
    #[error("an event id is known")]
    EventKnown {
        /// The id.
        event_id: Uuid,
        /// Where it stands.
        position: Position,
    },
    /// The system clock is more than a minute behind the log. Nothing was kept: mend the clock.
    #[error("the system clock is behind the log by {behind_s} s")]
    Clock {
        /// By how much.
        behind_s: i64,
    },
    /// There is no room. Nothing was kept: make room.
    #[error("the disk is full")]
    Full(#[source] Cause),
    /// The store is busy or away. Nothing was kept: try again later.
    #[error("the log is unavailable")]
    Unavailable(#[source] Cause),
    /// The store went quiet during the commit. Look for the commit before trying again.
    #[error("the log did not answer")]
    Unanswered(#[source] Cause),
}
