//! Reading the events of one stream: those that the table of streams leads to, and the newest, which are in memory.
//!
//! Invariant: versions without a gap; one that is missing is damage with its place.

use anamnesis_kernel::{Position, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{Direction, ReadError, StoredEvent};
use rusqlite::{Connection, ToSql, params};

use super::super::error::read_error;
use super::read::{self, damaged};
use super::streams::{Placed, Streams};
use super::{clamp, rows};
use crate::statements;

/// How many events are read at a time to find which is missing.
const SCAN: u64 = 1_000;

/// What is asked of a stream: at most `limit` events from version `from` on.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) stream: Tag,
    pub(super) from: Version,
    pub(super) direction: Direction,
    pub(super) limit: u32,
}

/// The events wanted.
pub(super) fn stream(
    connection: &Connection,
    streams: &Streams,
    wanted: Wanted,
) -> Result<Vec<StoredEvent>, ReadError> {
    // In memory first: what is brought into the table meanwhile is then found there too.
    let newest = streams.find(wanted.stream, wanted.from, wanted.direction, wanted.limit as usize);
    let mut reading = Reading { connection, wanted, events: Vec::new() };
    let (stream, from) = (wanted.stream.0, wanted.from);
    match wanted.direction {
        Direction::Forward => {
            let end = newest.first.unwrap_or(Version::MAX);
            let bounds = params![0, stream, clamp(from), clamp(end), reading.room()];
            reading.table(statements::LOG_READ_STREAM_FORWARD, bounds)?;
            reading.memory(&newest.places)?;
        }
        Direction::Backward => {
            reading.memory(&newest.places)?;
            let from = newest.first.map_or(from, |first| from.min(first.saturating_sub(1)));
            let bounds = params![0, stream, clamp(from), reading.room()];
            reading.table(statements::LOG_READ_STREAM_BACKWARD, bounds)?;
        }
    }
    reading.end()
}

struct Reading<'a> {
    connection: &'a Connection,
    wanted: Wanted,
    events: Vec<StoredEvent>,
}

impl Reading<'_> {
    /// Adds those that the table leads to.
    fn table(&mut self, sql: &str, bounds: &[&dyn ToSql]) -> Result<(), ReadError> {
        let failed = |error| read_error(error, 0);
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let mut found = statement.query(bounds).map_err(failed)?;
        while let Some(row) = found.next().map_err(failed)? {
            let event = read::event(row, 0)?;
            if rows::unsigned(row, 11).map_err(failed)? != event.version {
                return Err(damaged(event.position.offset, "another version leads to the event"));
            }
            self.add(event)?;
        }
        Ok(())
    }

    /// Adds those at these places, as far as there is room.
    fn memory(&mut self, places: &[Placed]) -> Result<(), ReadError> {
        for place in places.iter().take(self.room() as usize) {
            let at = Position { partition: 0, offset: place.offset };
            for event in read::at(self.connection, &[at])? {
                self.add(event)?;
            }
        }
        Ok(())
    }

    fn room(&self) -> u32 {
        self.wanted.limit.saturating_sub(u32::try_from(self.events.len()).unwrap_or(u32::MAX))
    }

    fn add(&mut self, event: StoredEvent) -> Result<(), ReadError> {
        if event.stream != self.wanted.stream {
            return Err(damaged(event.position.offset, "another stream leads to the event"));
        }
        match (self.wanted.direction, self.events.last()) {
            (Direction::Forward, None) if event.version > self.wanted.from.max(1) => {
                Err(self.gap(None, &event))
            }
            (Direction::Forward, Some(before)) if event.version != before.version + 1 => {
                Err(self.gap(Some(before), &event))
            }
            (Direction::Backward, Some(after)) if event.version + 1 != after.version => {
                Err(self.gap(Some(&event), after))
            }
            _ => {
                self.events.push(event);
                Ok(())
            }
        }
    }

    fn end(self) -> Result<Vec<StoredEvent>, ReadError> {
        match (self.wanted.direction, self.events.last()) {
            (Direction::Backward, Some(first)) if self.room() > 0 && first.version > 1 => {
                Err(self.gap(None, first))
            }
            _ => Ok(self.events),
        }
    }

    /// A version is missing between two events: the first place between them that is not as it was.
    fn gap(&self, before: Option<&StoredEvent>, after: &StoredEvent) -> ReadError {
        let high = after.position.offset;
        let mut low = before.map_or(0, |event| event.position.offset + 1);
        while low < high {
            let count = SCAN.min(high - low);
            if let Err(error) = read::page(self.connection, low, count) {
                return error;
            }
            low += count;
        }
        damaged(high, "a version before it is missing")
    }
}
