//! Rows of the log as values, and the lookups that readers and the writer share.

use anamnesis_kernel::{Cursor, Instant, Position};
use anamnesis_seal::{Hash, SubjectNumber, Tag, Tree};
use anamnesis_store::{Appended, Kept, StoredEvent, StreamHead};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::clamp;
use super::judge::Stands;
use super::streams::Streams;
use crate::statements;

/// For a connection to a log that an older program writes, whatever the table of streams has; the file is not written.
pub(super) const STREAMS_OF_EVENTS: &str = "PRAGMA query_only = OFF; \
    CREATE TEMP VIEW log_stream AS SELECT partition, stream, version, position FROM main.log_event; \
    PRAGMA query_only = ON;";

/// Makes the tables of a new log, and gives the log's id.
pub(super) fn create(connection: &Connection, now: Instant) -> rusqlite::Result<Uuid> {
    connection.execute_batch(include_str!("../../../sql/sqlite/log.sql"))?;
    let id = uuid::Uuid::new_v4();
    connection.execute(
        "INSERT INTO log_meta (name, value) VALUES ('id', ?1) ON CONFLICT (name) DO NOTHING",
        params![id.as_bytes()],
    )?;
    connection.execute(
        "INSERT INTO log_partition (partition, next, moment, bytes, tree) VALUES (0, 0, ?1, 0, ?2) \
         ON CONFLICT (partition) DO NOTHING",
        params![now.micros(), Tree::default().to_bytes()],
    )?;
    read_id(connection)
}

/// The id of a log that is there.
pub(super) fn read_id(connection: &Connection) -> rusqlite::Result<Uuid> {
    connection
        .query_row("SELECT value FROM log_meta WHERE name = 'id'", [], |row| row.get(0).map(Uuid::from_bytes))
}

/// An event from a row of the reading statements.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        position: Position { partition: 0, offset: unsigned(row, 0)? },
        stream: Tag(row.get(1)?),
        version: unsigned(row, 2)?,
        event_id: Uuid::from_bytes(row.get(3)?),
        commit_id: Uuid::from_bytes(row.get(4)?),
        subject: SubjectNumber(row.get(5)?),
        kind: row.get(6)?,
        schema_version: row.get(7)?,
        moment: Instant::from_micros(row.get(8)?),
        leaf: row.get::<_, Hash>(9)?,
        sealed: row.get(10)?,
    })
}

/// Where a stream stands.
pub(super) fn stream_head(
    connection: &Connection,
    streams: &Streams,
    stream: Tag,
) -> rusqlite::Result<Option<StreamHead>> {
    let head = |row: &Row<'_>| {
        Ok(StreamHead {
            version: unsigned(row, 0)?,
            leaf: row.get(1)?,
            subject: SubjectNumber(row.get(2)?),
            moment: Instant::from_micros(row.get(3)?),
        })
    };
    streams.newest(connection, stream, head)
}

/// Where a stream stands, and the commit that its newest event is of.
pub(super) fn stands(
    connection: &Connection,
    streams: &Streams,
    stream: Tag,
) -> rusqlite::Result<Option<Stands>> {
    let stands = |row: &Row<'_>| Ok(Stands { version: unsigned(row, 0)?, by: Uuid::from_bytes(row.get(4)?) });
    streams.newest(connection, stream, stands)
}

/// Whether the log has the index that an older program keeps instead of the table of streams, and makes again when it
/// comes back.
pub(super) fn has_old_index(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'log_event_stream'")?.exists([])
}

/// How many of the first events are in the table of streams, at least.
pub(super) fn brought(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(statements::LOG_BROUGHT_READ)?;
    statement.query_row([], |row| unsigned(row, 0)).optional().map(Option::unwrap_or_default)
}

/// Says that so many of the first events are in the table of streams.
pub(super) fn set_brought(connection: &Connection, events: u64) -> rusqlite::Result<()> {
    connection.prepare_cached(statements::LOG_BROUGHT_WRITE)?.execute([clamp(events)]).map(drop)
}

/// What an idempotency key was used for.
pub(super) fn find_key(connection: &Connection, key: &Tag) -> rusqlite::Result<Option<Kept>> {
    let mut statement = connection.prepare_cached(statements::LOG_FIND_KEY)?;
    let kept = |row: &Row<'_>| {
        let (first, events) = (unsigned(row, 3)?, unsigned(row, 4)?);
        let moment = Instant::from_micros(row.get(2)?);
        Ok(Kept {
            content: row.get(0)?,
            outcome: row.get(6)?,
            appended: Appended {
                commit_id: Uuid::from_bytes(row.get(1)?),
                moment,
                spans: vec![(Position { partition: 0, offset: first }, events)],
                before: versions_from_bytes(&row.get::<_, Vec<u8>>(5)?),
                cursor: Cursor { moment, offsets: vec![first + events] },
            },
        })
    };
    statement.query_row(params![0, key.0], kept).optional()
}

/// The commit that last touched a claim.
pub(super) fn find_claim(connection: &Connection, claim: &Tag) -> rusqlite::Result<Option<Uuid>> {
    let mut statement = connection.prepare_cached(statements::LOG_FIND_CLAIM)?;
    statement.query_row(params![0, claim.0], |row| row.get(0).map(Uuid::from_bytes)).optional()
}

/// How many events there are.
pub(super) fn find_end(connection: &Connection) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(statements::LOG_READ_HEAD)?;
    statement.query_row([0], |row| unsigned(row, 0))
}

/// Where the event of this id stands.
pub(super) fn find_event(connection: &Connection, event_id: Uuid) -> rusqlite::Result<Option<Position>> {
    let mut statement = connection.prepare_cached(statements::LOG_FIND_EVENT_ID)?;
    let position = |row: &Row<'_>| Ok(Position { partition: 0, offset: unsigned(row, 0)? });
    statement.query_row(params![0, event_id.as_bytes()], position).optional()
}

/// A column that is never negative, but in a damaged file.
pub(in crate::sqlite) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// Versions as the bytes of the idempotency table.
pub(super) fn versions_to_bytes(versions: &[u64]) -> Vec<u8> {
    versions.iter().flat_map(|version| version.to_be_bytes()).collect()
}

fn versions_from_bytes(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_be_bytes(*chunk)).collect()
}
