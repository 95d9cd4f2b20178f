//! Why a request was not carried out. Each variant is something else for the door to say.

use anamnesis_chart::Refusal;
use anamnesis_kernel::{StreamName, Version};
use anamnesis_store::{AppendError, Cause, ReadError};

use super::Expect;
use crate::keyring::KeyringError;

/// Why a request was not carried out; nothing was kept, but for [`CommitError::Unanswered`].
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A record is not where the caller expected it.
    #[error("a record is at version {actual}")]
    Conflict {
        /// Which record.
        stream: StreamName,
        /// Where it was expected.
        expected: Expect,
        /// Where it stands.
        actual: Version,
    },
    /// The rules say no, for these reasons; the first number is the item's, the second the step's.
    #[error("refused for {} reasons", .0.len())]
    Refused(Vec<(usize, usize, Refusal)>),
    /// The idempotency key or event id was used with other content.
    #[error("the key was used before with other content")]
    KeyReused,
    /// Someone touched a claim: search again.
    #[error("a claim was touched")]
    Claimed,
    /// The person whose key would seal it was erased.
    #[error("the subject was erased")]
    Erased(StreamName),
    /// Others kept writing first.
    #[error("too many others write to the same records")]
    Busy,
    /// There is no room.
    #[error("the disk is full")]
    Full(#[source] Cause),
    /// The system clock is behind the log.
    #[error("the system clock is behind the log by {behind_s} s")]
    Clock {
        /// By how much.
        behind_s: i64,
    },
    /// The store is away.
    #[error("the store is unavailable")]
    Unavailable(#[source] Cause),
    /// The store went quiet during the commit: it may have been kept.
    #[error("the log did not answer")]
    Unanswered(#[source] Cause),
    /// A record has an event that a newer program wrote, so nothing can be decided on it here.
    #[error("a record has an event that this program does not know")]
    EventUnknown(#[source] ReadError),
    /// What is stored is not what was written.
    #[error(transparent)]
    Damaged(ReadError),
}

impl From<ReadError> for CommitError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(cause) => Self::Unavailable(cause),
            query @ (ReadError::TooLong | ReadError::Unanswerable(_)) => Self::Unavailable(query.into()),
            newer @ ReadError::Newer { .. } => Self::EventUnknown(newer),
            damaged @ ReadError::Damaged { .. } => Self::Damaged(damaged),
        }
    }
}

impl From<AppendError> for CommitError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full(cause) => Self::Full(cause),
            AppendError::Clock { behind_s } => Self::Clock { behind_s },
            AppendError::Unanswered(cause) => Self::Unanswered(cause),
            AppendError::Unavailable(cause) => Self::Unavailable(cause),
            AppendError::Claimed { .. } => Self::Claimed,
            AppendError::Conflict { .. } | AppendError::KeyKnown(_) | AppendError::EventKnown { .. } => {
                Self::Busy
            }
        }
    }
}

impl From<KeyringError> for CommitError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::Read(error) => error.into(),
            KeyringError::Write(error) => error.into(),
            other => Self::Unavailable(other.into()),
        }
    }
}
