//! The events that are parked, and the streams that are held because of them.

use anamnesis_kernel::{Instant, Position, ResourceType, StreamName};
use anamnesis_seal::Tag;
use anamnesis_store::{HeldStream, ParkWrite, Parked, Unapplied};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::super::log::{clamp, unsigned};
use crate::id::{id_bytes, id_from_bytes};
use crate::statements as sql;

/// Writes what became of parked events, in order.
pub(super) fn write(connection: &Connection, writes: &[ParkWrite]) -> rusqlite::Result<()> {
    for write in writes {
        match write {
            ParkWrite::Park(parked) => park(connection, parked)?,
            ParkWrite::Release { partition, stream, through } => {
                let mut release = connection.prepare_cached(sql::PARKED_RELEASE)?;
                release.execute(params![partition, stream.0, clamp(*through)])?;
            }
        }
    }
    Ok(())
}

fn park(connection: &Connection, parked: &Parked) -> rusqlite::Result<()> {
    connection.prepare_cached(sql::PARKED_ADD)?.execute(params![
        parked.position.partition,
        parked.stream.0,
        clamp(parked.version),
        parked.name.as_ref().map(|name| name.kind.number()),
        parked.name.as_ref().map(|name| id_bytes(&name.id)),
        clamp(parked.position.offset),
        parked.event_id.as_bytes(),
        parked.kind,
        parked.schema_version,
        parked.recorded_at.micros(),
        parked.why.code(),
        parked.since.micros(),
        parked.attempts,
    ])?;
    Ok(())
}

/// At most `limit` of them from this place in the log on.
pub(super) fn read(connection: &Connection, from: Position, limit: u32) -> rusqlite::Result<Vec<Parked>> {
    let mut statement = connection.prepare_cached(sql::PARKED_READ)?;
    let rows = statement.query_map(params![from.partition, clamp(from.offset), limit], |row| {
        let why: String = row.get(10)?;
        let unknown = || rusqlite::Error::InvalidColumnType(10, "why".into(), Type::Text);
        Ok(Parked {
            stream: Tag(row.get(1)?),
            name: name(row, 3)?,
            version: unsigned(row, 2)?,
            position: Position { partition: row.get(0)?, offset: unsigned(row, 5)? },
            event_id: Uuid::from_bytes(row.get(6)?),
            kind: row.get(7)?,
            schema_version: row.get(8)?,
            recorded_at: Instant::from_micros(row.get(9)?),
            why: Unapplied::of_code(&why).ok_or_else(unknown)?,
            since: Instant::from_micros(row.get(11)?),
            attempts: row.get(12)?,
        })
    })?;
    rows.collect()
}

/// The streams that are held.
pub(super) fn held(connection: &Connection) -> rusqlite::Result<Vec<HeldStream>> {
    let mut statement = connection.prepare_cached(sql::PARKED_HELD)?;
    let rows = statement.query_map([], |row| {
        Ok(HeldStream {
            partition: row.get(0)?,
            stream: Tag(row.get(1)?),
            name: name(row, 2)?,
            version: unsigned(row, 4)?.saturating_sub(1),
            held_from: Instant::from_micros(row.get(5)?),
            events: unsigned(row, 6)?,
        })
    })?;
    rows.collect()
}

/// A name from its type and its id beside it, where there are.
fn name(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<StreamName>> {
    let kind: Option<u16> = row.get(column)?;
    let id: Option<Vec<u8>> = row.get(column + 1)?;
    let kind = kind.and_then(ResourceType::from_number);
    let id = id.and_then(|id| id_from_bytes(&id));
    Ok(kind.zip(id).map(|(kind, id)| StreamName::new(kind, id)))
}
