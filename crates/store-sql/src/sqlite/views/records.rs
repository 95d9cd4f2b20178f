//! What records are and were.

use anamnesis_kernel::{Instant, ResourceType, StreamName, Version};
use anamnesis_store::{BODY_KEPT_EVERY, Body, RecordNumber, RecordVersion};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::log::{clamp, unsigned};
use crate::id::{id_bytes, id_from_bytes};
use crate::statements;

const IN_LOG: i64 = 0;
const HERE: i64 = 1;
const DELETED: i64 = 2;
const FOLDED: i64 = 3;

/// The current version of a record.
pub(super) fn current(connection: &Connection, name: &StreamName) -> rusqlite::Result<Option<RecordVersion>> {
    let mut statement = connection.prepare_cached(statements::RECORD_FIND)?;
    statement.query_row(params![name.kind.number(), id_bytes(&name.id)], record).optional()
}

/// The internal numbers of the records of this type and id; of any type, where none is given.
pub(super) fn numbers_of(
    connection: &Connection,
    kind: Option<ResourceType>,
    id: &[u8],
) -> rusqlite::Result<Vec<RecordNumber>> {
    let mut statement = connection.prepare_cached(statements::RECORD_FIND)?;
    let number = |row: &Row<'_>| Ok(RecordNumber { record: unsigned(row, 2)?, partition: row.get(3)? });
    let mut numbers = Vec::new();
    for kind in kind.map_or_else(|| ResourceType::all().collect(), |kind| vec![kind]) {
        numbers.extend(statement.query_row(params![kind.number(), id], number).optional()?);
    }
    Ok(numbers)
}

/// The current version of the record of this number.
pub(super) fn by_number(
    connection: &Connection,
    number: RecordNumber,
) -> rusqlite::Result<Option<RecordVersion>> {
    let mut statement = connection.prepare_cached(statements::RECORD_GET)?;
    statement.query_row(params![number.partition, clamp(number.record)], record).optional()
}

/// The record at one of its versions.
pub(super) fn at_version(
    connection: &Connection,
    name: &StreamName,
    version: Version,
) -> rusqlite::Result<Option<RecordVersion>> {
    let Some(now) = current(connection, name)? else { return Ok(None) };
    version_of(connection, now, version)
}

/// The record of this number at one of its versions.
pub(super) fn numbered_at(
    connection: &Connection,
    number: RecordNumber,
    version: Version,
) -> rusqlite::Result<Option<RecordVersion>> {
    let Some(now) = by_number(connection, number)? else { return Ok(None) };
    version_of(connection, now, version)
}

fn version_of(
    connection: &Connection,
    now: RecordVersion,
    version: Version,
) -> rusqlite::Result<Option<RecordVersion>> {
    if now.version == version {
        return Ok(Some(now));
    }
    let RecordNumber { partition, record: number } = now.number;
    let mut statement = connection.prepare_cached(statements::RECORD_GET_THEN)?;
    statement.query_row(params![partition, clamp(number), clamp(version)], record).optional()
}

/// A record as of a moment, or now.
pub(super) fn as_of(
    connection: &Connection,
    name: &StreamName,
    at: Option<Instant>,
) -> rusqlite::Result<Option<RecordVersion>> {
    let now = current(connection, name)?;
    match (now, at) {
        (Some(now), Some(at)) => back_to(connection, now, at),
        (now, _) => Ok(now),
    }
}

/// The record of this number as of a moment, or now.
pub(super) fn by_number_as_of(
    connection: &Connection,
    number: RecordNumber,
    at: Option<Instant>,
) -> rusqlite::Result<Option<RecordVersion>> {
    match (by_number(connection, number)?, at) {
        (Some(now), Some(at)) => back_to(connection, now, at),
        (now, _) => Ok(now),
    }
}

fn back_to(
    connection: &Connection,
    now: RecordVersion,
    at: Instant,
) -> rusqlite::Result<Option<RecordVersion>> {
    if now.began <= at {
        return Ok(Some(now));
    }
    let RecordNumber { partition, record: number } = now.number;
    let mut statement = connection.prepare_cached(statements::RECORD_THEN_AS_OF)?;
    let then = statement.query_row(params![partition, clamp(number), at.micros()], record).optional()?;
    Ok(then.and_then(|then| then.as_of(Some(at))))
}

/// Versions below `below` that began by `at`, newest first.
pub(super) fn history(
    connection: &Connection,
    name: &StreamName,
    below: Version,
    at: Option<Instant>,
    limit: u32,
) -> rusqlite::Result<Vec<RecordVersion>> {
    let Some(newest) = as_of(connection, name, at)? else { return Ok(Vec::new()) };
    let RecordNumber { partition, record: number } = newest.number;
    let below = below.min(newest.version.saturating_add(1));
    let mut versions = Vec::new();
    // The newest as of then was not known to end, whatever became of it.
    let older = if newest.version < below && limit > 0 {
        let version = newest.version;
        versions.push(newest);
        version
    } else {
        below
    };
    let left = u64::from(limit) - versions.len() as u64;
    let mut statement = connection.prepare_cached(statements::RECORD_HISTORY_THEN)?;
    let rows = statement.query_map(params![partition, clamp(number), clamp(older), clamp(left)], record)?;
    for row in rows {
        versions.push(row?);
    }
    Ok(versions)
}

/// How many versions a record had at a moment, or has now.
pub(super) fn history_count(
    connection: &Connection,
    name: &StreamName,
    at: Option<Instant>,
) -> rusqlite::Result<u64> {
    let Some(newest) = as_of(connection, name, at)? else { return Ok(0) };
    let mut statement = connection.prepare_cached(statements::RECORD_HISTORY_COUNT)?;
    let RecordNumber { partition, record: number } = newest.number;
    let params = params![partition, clamp(number), clamp(newest.version)];
    Ok(statement.query_row(params, |row| unsigned(row, 0))? + 1)
}

/// Puts a version in the place of the one that was current.
pub(super) fn replace_now(connection: &Connection, version: &RecordVersion) -> rusqlite::Result<()> {
    let (state, body) = body_columns(&version.body);
    connection.prepare_cached(statements::RECORD_REPLACE)?.execute(params![
        clamp(version.version),
        version.began.micros(),
        clamp(version.offset),
        state,
        version.corrects.map(clamp),
        body,
        version.number.partition,
        clamp(version.number.record),
    ])?;
    Ok(())
}

/// Adds the first version of a record that is current.
pub(super) fn add_now(connection: &Connection, version: &RecordVersion) -> rusqlite::Result<()> {
    let (state, body) = body_columns(&version.body);
    connection.prepare_cached(statements::RECORD_ADD_NOW)?.execute(params![
        version.name.kind.number(),
        id_bytes(&version.name.id),
        clamp(version.number.record),
        version.number.partition,
        clamp(version.version),
        version.began.micros(),
        clamp(version.offset),
        state,
        version.corrects.map(clamp),
        body,
    ])?;
    Ok(())
}

/// Adds a version that was replaced at `ended`.
pub(super) fn add_then(
    connection: &Connection,
    version: &RecordVersion,
    ended: Instant,
) -> rusqlite::Result<()> {
    let (state, body) = body_columns(&version.body);
    connection.prepare_cached(statements::RECORD_ADD_THEN)?.execute(params![
        version.name.kind.number(),
        id_bytes(&version.name.id),
        clamp(version.number.record),
        version.number.partition,
        clamp(version.version),
        version.began.micros(),
        clamp(version.offset),
        state,
        version.corrects.map(clamp),
        body,
        ended.micros(),
    ])?;
    Ok(())
}

/// Copies the current version to what was; this one takes its place.
pub(super) fn close(connection: &Connection, next: &RecordVersion) -> rusqlite::Result<()> {
    let RecordNumber { partition, record } = next.number;
    // Bodies from here on go, as `RecordVersion::pass` has it.
    let goes_from = next.version - next.version % BODY_KEPT_EVERY;
    let mut copy = connection.prepare_cached(statements::RECORD_CLOSE)?;
    copy.execute(params![next.began.micros(), HERE, clamp(goes_from), FOLDED, partition, clamp(record)])?;
    Ok(())
}

fn body_columns(body: &Body) -> (i64, Option<&[u8]>) {
    match body {
        Body::InLog => (IN_LOG, None),
        Body::Here(text) => (HERE, Some(text)),
        Body::Deleted => (DELETED, None),
        Body::Folded => (FOLDED, None),
    }
}

/// A record version from the columns all statements here give.
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<RecordVersion> {
    let bad =
        |column| rusqlite::Error::InvalidColumnType(column, "a record".into(), rusqlite::types::Type::Null);
    let kind = ResourceType::from_number(row.get(0)?).ok_or_else(|| bad(0))?;
    let id = id_from_bytes(&row.get::<_, Vec<u8>>(1)?).ok_or_else(|| bad(1))?;
    let body = match row.get(8)? {
        IN_LOG => Body::InLog,
        HERE => Body::Here(row.get(10)?),
        FOLDED => Body::Folded,
        _ => Body::Deleted,
    };
    let corrects: Option<i64> = row.get(9)?;
    Ok(RecordVersion {
        number: RecordNumber { record: unsigned(row, 2)?, partition: row.get(3)? },
        name: StreamName::new(kind, id),
        version: unsigned(row, 4)?,
        began: Instant::from_micros(row.get(5)?),
        ended: row.get::<_, Option<i64>>(6)?.map(Instant::from_micros),
        offset: unsigned(row, 7)?,
        body,
        corrects: corrects.and_then(|version| Version::try_from(version).ok()),
    })
}
