//! Where the events of each stream stand: the older in the table `log_stream`, the newest in memory, until they are
//! brought into the table many at a time and in its order; one by one each would touch a page of its own.
//!
//! Invariant: what is in memory is committed, and stays there until the table has it for good. Who looks, looks in memory
//! first: what moves meanwhile is then in both, never in neither.

mod bringing;

use std::collections::HashMap;
use std::path::Path;

use anamnesis_kernel::Version;
use anamnesis_seal::Tag;
use anamnesis_store::Direction;
use parking_lot::RwLock;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::directory::OpenError;
use super::super::error::is_malformed;
use super::{clamp, rows};
use crate::statements;

pub(super) use bringing::{Bringing, take_up};

/// The streams' newest events.
#[derive(Default)]
pub(super) struct Streams(RwLock<Newest>);

#[derive(Default)]
struct Newest {
    of: HashMap<Tag, Vec<Placed>>,
    events: usize,
    /// Those before it are in the table.
    from: u64,
    /// Those before it are in the table or here.
    next: u64,
}

/// An event of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) version: Version,
    pub(super) offset: u64,
}

/// Events of a stream that a commit added, one behind the other.
pub(super) struct Added {
    pub(super) stream: Tag,
    /// The version before them.
    pub(super) before: Version,
    pub(super) count: u64,
    /// The offset of the first.
    pub(super) first: u64,
}

/// What is in memory of a stream, as far as was asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The version of the first event in memory; none where there is no event.
    pub(super) first: Option<Version>,
    /// Those asked for, in the order asked for.
    pub(super) places: Vec<Placed>,
}

impl Streams {
    /// Reads what the table lacks of the events before `next`.
    pub(super) fn read(connection: &Connection, path: &Path, next: u64) -> Result<Self, OpenError> {
        let streams = Self::default();
        streams.read_on(connection, path, next)?;
        Ok(streams)
    }

    /// Reads what was appended, and forgets what was brought into the table, by another process since it was read last.
    pub(super) fn read_on(&self, connection: &Connection, path: &Path, next: u64) -> Result<(), OpenError> {
        let failed = |offset| {
            move |source: rusqlite::Error| match source {
                source if is_malformed(&source) => {
                    OpenError::Damaged { offset, what: "the streams' newest events cannot be read" }
                }
                source => OpenError::Database { path: path.to_owned(), source },
            }
        };
        let brought = rows::brought(connection).map_err(failed(0))?;
        if brought > next {
            let what = "more events are said to be in the table of streams than there are";
            return Err(OpenError::Damaged { offset: next, what });
        }
        let mut newest = self.0.write();
        let from = newest.next.max(brought);
        let mut statement = connection.prepare(statements::LOG_READ_STREAMS).map_err(failed(from))?;
        let mut found = statement.query(params![0, clamp(from), clamp(next)]).map_err(failed(from))?;
        while let Some(row) = found.next().map_err(failed(newest.next))? {
            // What is not an event of a stream is damage that is told of where it is read.
            let Ok(offset) = rows::unsigned(row, 0) else { continue };
            newest.next = offset + 1;
            if let (Ok(stream), Ok(version)) = (row.get(1), rows::unsigned(row, 2)) {
                newest.add(Tag(stream), Placed { version, offset });
            }
        }
        newest.next = newest.next.max(next);
        newest.forget(brought);
        Ok(())
    }

    /// Adds events that are committed.
    pub(super) fn add(&self, appended: &[Added]) {
        let mut newest = self.0.write();
        for Added { stream, before, count, first } in appended {
            for n in 0..*count {
                newest.add(*stream, Placed { version: before + n + 1, offset: first + n });
            }
            newest.next = newest.next.max(first + count);
        }
    }

    /// What stands in memory of the events of a stream from version `from` on, at most `limit` of them.
    pub(super) fn find(&self, stream: Tag, from: Version, direction: Direction, limit: usize) -> Found {
        let newest = self.0.read();
        let Some(places) = newest.of.get(&stream) else { return Found::default() };
        let first = places.first().map(|place| place.version);
        let places = match direction {
            Direction::Forward => {
                let start = places.partition_point(|place| place.version < from);
                places.iter().skip(start).take(limit).copied().collect()
            }
            Direction::Backward => {
                let end = places.partition_point(|place| place.version <= from);
                places.iter().take(end).rev().take(limit).copied().collect()
            }
        };
        Found { first, places }
    }

    /// The newest event of a stream, if it is in memory.
    fn last(&self, stream: Tag) -> Option<Placed> {
        self.0.read().of.get(&stream)?.last().copied()
    }

    /// The row of a stream's newest event, committed and wherever it is found; none where there is no stream.
    pub(super) fn newest<T>(
        &self,
        connection: &Connection,
        stream: Tag,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        match self.last(stream) {
            Some(last) => {
                let mut statement = connection.prepare_cached(statements::LOG_HEAD_AT)?;
                statement.query_row(params![0, clamp(last.offset)], read).optional()
            }
            None => {
                let mut statement = connection.prepare_cached(statements::LOG_STREAM_HEAD)?;
                statement.query_row(params![0, stream.0], read).optional()
            }
        }
    }

    /// How many events a stream has, in memory and in the table.
    pub(super) fn count(&self, connection: &Connection, stream: Tag) -> rusqlite::Result<u64> {
        let newest = self.find(stream, 0, Direction::Forward, usize::MAX);
        let below = clamp(newest.first.unwrap_or(Version::MAX));
        let mut statement = connection.prepare_cached(statements::LOG_COUNT_STREAM)?;
        let older = statement.query_row(params![0, stream.0, below], |row| rows::unsigned(row, 0))?;
        Ok(older + newest.places.len() as u64)
    }

    /// Forgets those before an offset, which the table has for good.
    fn brought(&self, upto: u64) {
        self.0.write().forget(upto);
    }
}

impl Newest {
    fn add(&mut self, stream: Tag, place: Placed) {
        let places = self.of.entry(stream).or_default();
        // In the order of versions also where damage made another of one.
        let at = match places.last() {
            Some(last) if last.version >= place.version => {
                places.partition_point(|other| other.version < place.version)
            }
            _ => places.len(),
        };
        places.insert(at, place);
        self.events += 1;
    }

    fn forget(&mut self, upto: u64) {
        if upto <= self.from {
            return;
        }
        self.from = upto;
        let mut left = 0;
        self.of.retain(|_, places| {
            places.retain(|place| place.offset >= upto);
            places.shrink_to_fit();
            left += places.len();
            !places.is_empty()
        });
        self.of.shrink_to_fit();
        self.events = left;
    }
}

#[cfg(test)]
mod tests;
