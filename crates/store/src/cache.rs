//! A cache outside the process: sealed hints that may be gone, old or spoilt at any time.
//!
//! Invariant: nobody waits long for it and nothing fails with it; whether a hint is of use, its reader finds out.

use anamnesis_seal::{SubjectNumber, Tag};
use async_trait::async_trait;

/// Sealed bytes under the person they are about, for a limited time.
///
/// What is kept of one person is forgotten together, so that nothing outlives the key that opens it.
#[async_trait]
pub trait Cache: Send + Sync {
    /// What is kept at this place.
    async fn get(&self, place: Place) -> Found;

    /// Keeps bytes at this place, soon, or not at all: the caller goes on at once.
    fn put(&self, place: Place, bytes: Vec<u8>);

    /// Removes what is at this place, soon, because it was of no use.
    fn remove(&self, place: Place);

    /// Removes all that is kept of a subject; true once it is gone, false where it goes when the cache answers again.
    ///
    /// What was put before this was called does not come back after it.
    async fn forget(&self, subject: SubjectNumber) -> bool;

    /// How it fares.
    fn health(&self) -> CacheHealth;
}

/// Where something is kept: under whom, of which stream, and what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Whose key seals it.
    pub subject: SubjectNumber,
    /// The keyed hash of the stream's name.
    pub stream: Tag,
    /// What of the stream.
    pub what: Cached,
}

/// What is kept of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cached {
    /// The newest state that somebody folded.
    State,
    /// The newest events.
    Events,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// These bytes, whatever they are worth.
    Bytes(Vec<u8>),
    /// Nothing is there.
    Nothing,
    /// No answer, or one that cannot be.
    Failed,
    /// It was not asked, as it did not answer lately.
    Unasked,
}

/// Whether the cache is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// It is asked.
    Closed,
    /// It is tried, and not asked meanwhile.
    HalfOpen,
    /// It is not asked.
    Open,
}

/// How a cache fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheHealth {
    /// Whether it is asked.
    pub circuit: Circuit,
    /// Why it is not, or takes nothing, in words that name no address and no key.
    pub trouble: Option<&'static str>,
    /// How much was not kept since the process began, as too much was waiting already.
    pub dropped: u64,
}
