//! The keys: one for each subject, wrapped; destroyed ones leave a tombstone.

use anamnesis_kernel::Instant;
use anamnesis_seal::{SubjectNumber, Tag};
use async_trait::async_trait;

use crate::{AppendError, ReadError};

/// The wrapped keys of subjects and of the store; it never sees one in clear.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The store's wrapped secrets, by name; empty in a new store.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn secrets(&self) -> Result<Vec<Secret>, ReadError>;

    /// Adds secrets that are not there yet, synced, and returns those that hold.
    ///
    /// # Errors
    ///
    /// When nothing could be kept.
    async fn add_secrets(&self, secrets: Vec<Secret>) -> Result<Vec<Secret>, AppendError>;

    /// The rows of these subjects, by the keyed hash of their names, in the order asked.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn find_by_tag(&self, tags: &[Tag]) -> Result<Vec<Option<KeyRow>>, ReadError>;

    /// The rows of these subjects, by number, in the order asked.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn find_by_number(&self, numbers: &[SubjectNumber]) -> Result<Vec<Option<KeyRow>>, ReadError>;

    /// Adds rows for subjects that have none, synced before it answers, and returns the rows that hold.
    ///
    /// # Errors
    ///
    /// When nothing could be kept.
    async fn add(&self, rows: Vec<KeyRow>) -> Result<Vec<KeyRow>, AppendError>;

    /// Destroys a subject's key for ever and leaves a tombstone; true if there was a key.
    ///
    /// # Errors
    ///
    /// When the key could not be destroyed.
    async fn destroy(&self, number: SubjectNumber, at: Instant) -> Result<bool, AppendError>;
}

/// One of the store's own keys, wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What it is for.
    pub name: String,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

/// A subject's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// The keyed hash of the subject's name.
    pub tag: Tag,
    /// The subject's random number.
    pub number: SubjectNumber,
    /// The wrapped key; none once it was destroyed.
    pub wrapped: Option<Vec<u8>>,
}
