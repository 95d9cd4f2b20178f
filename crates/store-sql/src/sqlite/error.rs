//! What SQLite's errors mean to the caller.

use anamnesis_store::{AppendError, ReadError};
use rusqlite::{Error, ErrorCode};

/// A write that failed before its commit: nothing was kept.
pub(super) fn append_error(error: Error) -> AppendError {
    if is_full(&error) { AppendError::Full(error.into()) } else { AppendError::Unavailable(error.into()) }
}

/// A commit that failed: only a full disk is known to have kept nothing.
pub(super) fn commit_error(error: Error) -> AppendError {
    if is_full(&error) { AppendError::Full(error.into()) } else { AppendError::Unanswered(error.into()) }
}

/// A read of the log that failed, from `offset` on.
pub(super) fn read_error(error: Error, offset: u64) -> ReadError {
    match error {
        error if is_malformed(&error) => {
            ReadError::Damaged { partition: 0, offset, what: "the file is malformed" }
        }
        Error::InvalidColumnType(..)
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..) => {
            ReadError::Damaged { partition: 0, offset, what: "the event is not what was written" }
        }
        error => ReadError::Unavailable(error.into()),
    }
}

/// Whether the file is not one that SQLite wrote, or no longer.
pub(super) fn is_malformed(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether what was to be written is at fault, so that it fails however often it is tried.
pub(super) fn is_refused(error: &Error) -> bool {
    match error {
        Error::ToSqlConversionFailure(_) => true,
        error => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
        ),
    }
}

/// A query that failed, or was given up for the time it took.
pub(super) fn query_error(error: Error) -> ReadError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => ReadError::TooLong,
        _ => unavailable(error),
    }
}

/// A read of anything else that failed.
pub(super) fn unavailable(error: Error) -> ReadError {
    ReadError::Unavailable(error.into())
}

/// Whether a file could not be opened for want of room: also what readers and writers share takes some.
pub(super) fn has_no_room(error: &Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    is_full(error) || code == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

fn is_full(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
