//! As of when: an instant or a cursor becomes one point of the log.
//!
//! Invariant: what is resolved once is closed: no commit will ever have a moment at or before it, so the same question
//! as of the same point has the same answer for ever.

use std::str::FromStr;

use anamnesis_kernel::{Cursor, Instant};
use anamnesis_store::ReadError;

use crate::engine::Engine;

/// The past as a reader names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At this instant.
    Instant(Instant),
    /// At a point that an answer named.
    Cursor(Cursor),
}

/// A text that names no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an instant with a zone, such as 2026-03-01T12:00:00Z, nor a cursor")]
pub struct WhenError;

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        let cursor = text.parse().map(Self::Cursor);
        cursor.or_else(|_| text.parse().map(Self::Instant).map_err(|_| WhenError))
    }
}

/// Why nothing can be asked as of a moment. Each variant is something else for the caller to do.
#[derive(Debug, thiserror::Error)]
pub enum AsOfError {
    /// What will have happened by then may change until then.
    #[error("lies in the future")]
    Future,
    /// Nothing had been recorded yet.
    #[error("lies before the first event of this log")]
    BeforeBeginning,
    /// This log has not reached it, or took another course: it is of another log.
    #[error("lies beyond the end of the log, or is of another log")]
    CursorUnknown,
    /// The log could not be read or written.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
}

impl Engine {
    /// The point of the log that holds all there was at a moment, and nothing later.
    ///
    /// A cursor from within a commit stands for the whole of it: no reader ever sees half a commit.
    ///
    /// # Errors
    ///
    /// See [`AsOfError`].
    pub async fn as_of(&self, when: &When) -> Result<Cursor, AsOfError> {
        let head = self.head();
        let moment = match when {
            When::Instant(at) => {
                if !self.is_past(*at) {
                    return Err(AsOfError::Future);
                }
                *at
            }
            When::Cursor(cursor) => {
                let reaches = head.offsets.len() == cursor.offsets.len()
                    && head.offsets.iter().zip(&cursor.offsets).all(|(there, asked)| there >= asked);
                if !reaches || cursor.moment > head.moment {
                    return Err(AsOfError::CursorUnknown);
                }
                cursor.moment
            }
        };
        // An empty log promises nothing, so there is nothing to close either.
        if is_beginning(&head) {
            return Err(AsOfError::BeforeBeginning);
        }
        let found = self.log.resolve(moment).await?;
        if let When::Cursor(cursor) = when
            && !self.is_within_last_commit(cursor, &found).await?
        {
            return Err(AsOfError::CursorUnknown);
        }
        if is_beginning(&found) { Err(AsOfError::BeforeBeginning) } else { Ok(found) }
    }

    /// Whether an instant has been: a commit's moment can be ahead of a clock that was set back, and what is recorded is
    /// not the future.
    pub fn is_past(&self, at: Instant) -> bool {
        at <= self.clock.now().max(self.head().moment)
    }

    /// Whether a cursor names the point that its moment resolved to, or one within the commit that ends there.
    async fn is_within_last_commit(&self, cursor: &Cursor, found: &Cursor) -> Result<bool, ReadError> {
        if cursor.offsets == found.offsets {
            return Ok(true);
        }
        let Some(last) = cursor.offset(0).checked_sub(1) else { return Ok(false) };
        let event = self.log.read(0, last, 1).await?.into_iter().next();
        Ok(event.is_some_and(|event| event.moment == cursor.moment))
    }
}

fn is_beginning(cursor: &Cursor) -> bool {
    cursor.offsets.iter().all(|offset| *offset == 0)
}
