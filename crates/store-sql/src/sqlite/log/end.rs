//! Where the log ends, as its file says, and whether that is as it was written.

use std::path::Path;
use std::time::Duration;

use anamnesis_kernel::{Cursor, Instant, Position};
use anamnesis_seal::Tree;
use anamnesis_store::{Head, ReadError};
use rusqlite::{Connection, params};

use super::super::directory::OpenError;
use super::super::error::is_malformed;
use super::{clamp, read, rows};
use crate::statements;

/// The end of the log.
#[derive(Clone)]
pub(super) struct End {
    pub(super) next: u64,
    pub(super) syncs: u64,
    pub(super) sync_time: Duration,
    pub(super) moment: Instant,
    /// What the file says instead of `moment`: after a crash no commit begins at or before it.
    pub(super) closed: Instant,
    pub(super) bytes: u64,
    pub(super) tree: Tree,
}

impl End {
    /// Reads where the log ends, and checks that its last event is there and is the tree's last leaf.
    ///
    /// Who does not write it reads within a transaction.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or its end is not as it was written: the first may pass, the second does not.
    pub(super) fn read(connection: &Connection, path: &Path) -> Result<Self, OpenError> {
        let damaged = |offset, what| OpenError::Damaged { offset, what };
        let unread = |offset, what| {
            move |source: rusqlite::Error| match source {
                rusqlite::Error::SqliteFailure(..) if !is_malformed(&source) => {
                    OpenError::Database { path: path.to_owned(), source }
                }
                _ => OpenError::Damaged { offset, what },
            }
        };
        let read = |row: &rusqlite::Row<'_>| {
            let tree: Vec<u8> = row.get(3)?;
            Ok((rows::unsigned(row, 0)?, row.get::<_, i64>(1)?, rows::unsigned(row, 2)?, tree))
        };
        let head = connection.query_row(statements::LOG_READ_HEAD, params![0], read);
        let (next, moment, bytes, tree) = head.map_err(unread(0, "the head cannot be read"))?;
        let tree = Tree::from_bytes(&tree).map_err(|_| damaged(next, "the tree cannot be read"))?;
        if tree.size() != next {
            return Err(damaged(next.min(tree.size()), "the tree and the events differ in number"));
        }
        let mut beyond =
            connection.prepare(statements::LOG_READ).map_err(unread(0, "the file is malformed"))?;
        if beyond.exists(params![0, clamp(next), 1]).map_err(unread(next, "the file is malformed"))? {
            return Err(damaged(next, "an event stands beyond the head"));
        }
        if let Some(last) = next.checked_sub(1) {
            let at = Position { partition: 0, offset: last };
            read::at(connection, &[at]).map_err(|error| match error {
                ReadError::Damaged { what, .. } => damaged(last, what),
                ReadError::Unavailable(_)
                | ReadError::TooLong
                | ReadError::Unanswerable(_)
                | ReadError::Newer { .. } => damaged(last, "the event cannot be read"),
            })?;
        }
        let moment = Instant::from_micros(moment);
        Ok(Self { next, syncs: 0, sync_time: Duration::ZERO, moment, closed: moment, bytes, tree })
    }

    pub(super) fn head(&self) -> Head {
        let cursor = Cursor { moment: self.moment, offsets: vec![self.next] };
        Head {
            cursor,
            bytes: self.bytes,
            roots: vec![self.tree.root()],
            syncs: self.syncs,
            sync_time: self.sync_time,
        }
    }
}
