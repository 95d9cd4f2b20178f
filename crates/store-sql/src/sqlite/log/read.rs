//! Reading events back, each checked against the leaf it was written with.
//!
//! Invariant: a gap or an altered event is damage with its place, never the end of the log.

use anamnesis_kernel::{Instant, Position};
use anamnesis_seal::sha256;
use anamnesis_store::{ReadError, StoredEvent};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::error::read_error;
use super::{clamp, rows};
use crate::statements;

const NOT_THERE: &str = "the event is not there";

/// The `count` events from `offset` on; all of them lie below the head.
pub(super) fn page(connection: &Connection, offset: u64, count: u64) -> Result<Vec<StoredEvent>, ReadError> {
    let failed = |error| read_error(error, offset);
    let mut statement = connection.prepare_cached(statements::LOG_READ).map_err(failed)?;
    let mut found = statement.query(params![0, clamp(offset), clamp(count)]).map_err(failed)?;
    let mut events = Vec::new();
    let mut next = offset;
    while let Some(row) = found.next().map_err(|error| read_error(error, next))? {
        let event = event(row, next)?;
        if event.position.offset != next {
            return Err(damaged(next, NOT_THERE));
        }
        events.push(event);
        next += 1;
    }
    if next < offset.saturating_add(count) { Err(damaged(next, NOT_THERE)) } else { Ok(events) }
}

/// The events at these positions.
pub(super) fn at(connection: &Connection, positions: &[Position]) -> Result<Vec<StoredEvent>, ReadError> {
    let mut events = Vec::with_capacity(positions.len());
    for Position { partition, offset } in positions {
        let failed = |error| read_error(error, *offset);
        let mut statement = connection.prepare_cached(statements::LOG_READ_AT).map_err(failed)?;
        let mut found = statement.query(params![partition, clamp(*offset)]).map_err(failed)?;
        let row = found.next().map_err(failed)?.ok_or(damaged(*offset, NOT_THERE))?;
        events.push(event(row, *offset)?);
    }
    Ok(events)
}

/// How many of the first `next` events were recorded at or before `at`: moments rise with offsets.
pub(super) fn offset_at(connection: &Connection, at: Instant, next: u64) -> Result<u64, ReadError> {
    let (mut low, mut high) = (0, next);
    while low < high {
        let middle = low + (high - low) / 2;
        let failed = |error| read_error(error, middle);
        let mut statement = connection.prepare_cached(statements::LOG_MOMENT_AT).map_err(failed)?;
        let moment = statement.query_row(params![0, clamp(middle)], |row| row.get(0)).optional();
        let moment: i64 = moment.map_err(failed)?.ok_or(damaged(middle, NOT_THERE))?;
        if moment <= at.micros() {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The event of a row, if it is what was written; `expected` is where it should stand.
pub(super) fn event(row: &Row<'_>, expected: u64) -> Result<StoredEvent, ReadError> {
    let offset = rows::unsigned(row, 0).unwrap_or(expected);
    let event = rows::event(row).map_err(|error| read_error(error, offset))?;
    if event.entry(sha256(&event.sealed)).leaf() == event.leaf {
        Ok(event)
    } else {
        Err(damaged(offset, "the event is not what was written"))
    }
}

pub(super) fn damaged(offset: u64, what: &'static str) -> ReadError {
    ReadError::Damaged { partition: 0, offset, what }
}
