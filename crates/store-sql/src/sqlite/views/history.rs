//! The versions of all records in the order they began, type by type; those of all types are merged as they are read.

use std::collections::{BinaryHeap, VecDeque};

use anamnesis_kernel::{Instant, Version};
use anamnesis_store::{Changes, RecordNumber, RecordVersion, VersionPlace};
use rusqlite::{Connection, params};

use super::super::log::{clamp, unsigned};
use super::records;
use crate::statements;

/// Gives a version its place.
pub(super) fn add(connection: &Connection, version: &RecordVersion) -> rusqlite::Result<()> {
    let VersionPlace { began, record, partition } = version.place();
    let mut statement = connection.prepare_cached(statements::HISTORY_ADD)?;
    statement.execute(params![
        version.name.kind.number(),
        began.micros(),
        clamp(record),
        partition,
        clamp(version.version)
    ])?;
    Ok(())
}

/// The versions that are asked for, newest first.
pub(super) fn changes(connection: &Connection, changes: &Changes) -> rusqlite::Result<Vec<RecordVersion>> {
    let rows = match changes.kind {
        Some(kind) => read(connection, kind.number(), changes)?,
        None => merged(connection, changes)?,
    };
    let version = |(place, version): (VersionPlace, Version)| {
        let number = RecordNumber { partition: place.partition, record: place.record };
        records::numbered_at(connection, number, version).transpose()
    };
    rows.into_iter().filter_map(version).collect()
}

type Row = (VersionPlace, Version);

fn read(connection: &Connection, kind: u16, changes: &Changes) -> rusqlite::Result<VecDeque<Row>> {
    let Changes { since, before: VersionPlace { began, record, partition }, limit, .. } = *changes;
    let mut statement = connection.prepare_cached(statements::HISTORY_READ)?;
    let place = params![kind, since.micros(), began.micros(), clamp(record), partition, limit];
    let rows = statement.query_map(place, |row| {
        let began = Instant::from_micros(row.get(0)?);
        let place = VersionPlace { began, record: unsigned(row, 1)?, partition: row.get(2)? };
        Ok((place, unsigned(row, 3)?))
    })?;
    rows.collect()
}

/// What was read of one type and not yet taken, and how much is read next.
struct Ahead {
    kind: u16,
    rows: VecDeque<Row>,
    next: u32,
}

/// The newest of all types: of each the newest is read, and of a type that is taken from, twice as many each time.
fn merged(connection: &Connection, changes: &Changes) -> rusqlite::Result<VecDeque<Row>> {
    let mut types: Vec<Ahead> = Vec::new();
    let mut newest: BinaryHeap<(VersionPlace, usize)> = BinaryHeap::new();
    let mut next_kind = connection.prepare_cached(statements::HISTORY_NEXT_KIND)?;
    let mut kind = 0;
    while let Some(next) = next_kind.query_row([kind], |row| row.get::<_, Option<u16>>(0))? {
        kind = next;
        let rows = read(connection, kind, &Changes { limit: 1, ..*changes })?;
        newest.extend(rows.front().map(|(place, _)| (*place, types.len())));
        types.push(Ahead { kind, rows, next: 2 });
    }
    let mut taken = VecDeque::new();
    while taken.len() < changes.limit as usize
        && let Some((place, at)) = newest.pop()
        && let Some(of) = types.get_mut(at)
    {
        taken.extend(of.rows.pop_front());
        if of.rows.is_empty() {
            let limit = of.next.min(changes.limit);
            of.rows = read(connection, of.kind, &Changes { before: place, limit, ..*changes })?;
            of.next = of.next.saturating_mul(2);
        }
        newest.extend(of.rows.front().map(|(place, _)| (*place, at)));
    }
    Ok(taken)
}
