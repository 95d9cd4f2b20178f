//! The snapshots on SQLite: a file of their own, which may be deleted at any time and is made anew when it is spoilt.

use std::path::{Path, PathBuf};

use anamnesis_kernel::{Instant, Version};
use anamnesis_seal::{SubjectNumber, Tag};
use anamnesis_store::{
    Cause, Listed, ReadError, Reason, SealedState, Shape, Snapshot, SnapshotWrite, Snapshots, Tally, UpTo,
};
use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::connection::{Care, file_bytes, open_writer};
use super::directory::{OpenError, remove_database};
use super::error::{is_malformed, unavailable};
use super::log::unsigned;
use super::readers::Readers;
use crate::statements as sql;

const READERS: usize = 2;
/// The layout of the tables; another number means the file is made anew.
const LAYOUT: i64 = 1;
/// The one partition of an embedded store.
const PARTITION: u32 = 0;

/// The snapshots of an embedded store.
pub struct SqliteSnapshots {
    path: PathBuf,
    /// None while one that was spoilt could not be made anew.
    file: RwLock<Option<File>>,
}

/// The file as it is open; another once the first was spoilt.
struct File {
    // First, so that the writer is the last to close the file.
    readers: Readers,
    writer: Mutex<Writer>,
}

struct Writer {
    connection: Connection,
    /// How many snapshots there are: kept, since counting them would read them all.
    count: u64,
}

impl SqliteSnapshots {
    /// Opens the snapshots; a file that is missing, of another layout or not readable is made anew and empty.
    ///
    /// # Errors
    ///
    /// When no file can be made.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = match File::open(path) {
            Ok(Some(file)) => file,
            _ => File::anew(path)?,
        };
        Ok(Self { path: path.to_owned(), file: RwLock::new(Some(file)) })
    }

    fn read<R>(&self, read: impl Fn(&Connection) -> rusqlite::Result<R>) -> Result<R, ReadError> {
        self.mended(|file| file.readers.with(&read)).map_err(unavailable)
    }

    /// Writes all or nothing; `write` says how many snapshots there are more, and fewer.
    fn write(&self, write: impl Fn(&Connection) -> rusqlite::Result<(u64, u64)>) -> Result<u64, Cause> {
        Ok(self.mended(|file| file.writer.lock().write(&write))?)
    }

    /// Does something, and where the file turns out to be spoilt, once more with another file.
    fn mended<R>(&self, act: impl Fn(&File) -> rusqlite::Result<R>) -> rusqlite::Result<R> {
        let done = self.file.read().as_ref().map(&act);
        match done {
            Some(Err(error)) if is_malformed(&error) => {}
            Some(done) => return done,
            None => {}
        }
        let mut file = self.file.write();
        tracing::warn!("the snapshots are spoilt: they are taken anew as they are needed");
        // Closed first: who closes a file last removes what it finds beside it, by name.
        if let Some(spoilt) = file.take() {
            spoilt.readers.close();
        }
        let anew = File::anew(&self.path).map_err(|_| rusqlite::Error::InvalidPath(self.path.clone()))?;
        act(file.insert(anew))
    }
}

impl File {
    /// The file that is there, if it is ours.
    fn open(path: &Path) -> rusqlite::Result<Option<Self>> {
        let connection = open_writer(path, Care::Derived)?;
        let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if layout == LAYOUT { Self::of(path, connection).map(Some) } else { Ok(None) }
    }

    /// An empty file.
    fn anew(path: &Path) -> Result<Self, OpenError> {
        remove_database(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        let made = || {
            let connection = open_writer(path, Care::Derived)?;
            connection.execute_batch(concat!("BEGIN;", include_str!("../../sql/sqlite/snapshots.sql")))?;
            connection.pragma_update(None, "user_version", LAYOUT)?;
            connection.execute_batch("COMMIT")?;
            Self::of(path, connection)
        };
        made().map_err(|source| OpenError::Database { path: path.to_owned(), source })
    }

    fn of(path: &Path, connection: Connection) -> rusqlite::Result<Self> {
        let count = connection.query_row(sql::SNAPSHOT_COUNT, [], |row| unsigned(row, 0))?;
        let writer = Mutex::new(Writer { connection, count });
        Ok(Self { readers: Readers::new(path, READERS), writer })
    }
}

impl Writer {
    /// Gives how many went.
    fn write(
        &mut self,
        write: impl Fn(&Connection) -> rusqlite::Result<(u64, u64)>,
    ) -> rusqlite::Result<u64> {
        let transaction = self.connection.transaction()?;
        let (more, fewer) = write(&transaction)?;
        transaction.commit()?;
        self.count = (self.count + more).saturating_sub(fewer);
        Ok(fewer)
    }
}

#[async_trait]
impl Snapshots for SqliteSnapshots {
    async fn put(&self, writes: Vec<SnapshotWrite>) -> Result<(), Cause> {
        let put = |connection: &Connection| {
            let (mut more, mut fewer) = (0, 0);
            for SnapshotWrite { stream, keep, remove: gone } in &writes {
                let replaced = keep.as_ref().map(|snapshot| (snapshot.state.version, snapshot.state.shape));
                for (version, shape) in gone.iter().chain(&replaced) {
                    fewer += remove(connection, *stream, *version, *shape)?;
                }
                if let Some(snapshot) = keep {
                    more += add(connection, snapshot)?;
                }
            }
            Ok((more, fewer))
        };
        self.write(put).map(drop)
    }

    async fn newest(&self, stream: Tag, shape: Shape, upto: UpTo) -> Result<Option<Snapshot>, ReadError> {
        let last = i64::MAX;
        let (version, moment) = match upto {
            UpTo::Newest => (last, last),
            UpTo::Version(version) => (i64::try_from(version).unwrap_or(last), last),
            UpTo::Moment(moment) => (last, moment.micros()),
        };
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql::SNAPSHOT_NEWEST)?;
            let asked = params![PARTITION, stream.0, shape.0, version, moment];
            statement.query_row(asked, |row| snapshot(row, stream, shape)).optional()
        })
    }

    async fn list(&self, stream: Tag) -> Result<Vec<Listed>, ReadError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(sql::SNAPSHOT_LIST)?;
            statement.query_map(params![PARTITION, stream.0], listed)?.collect()
        })
    }

    async fn remove_subject(&self, subject: SubjectNumber) -> Result<u64, Cause> {
        self.write(|connection| {
            let removed = connection.execute(sql::SNAPSHOT_REMOVE_SUBJECT, params![PARTITION, subject.0])?;
            Ok((0, removed as u64))
        })
    }

    async fn remove_other_shapes(&self, shape: Shape, limit: u32) -> Result<u64, Cause> {
        self.write(|connection| {
            let removed = connection
                .execute(sql::SNAPSHOT_REMOVE_OTHER_SHAPES, params![PARTITION, PARTITION, shape.0, limit])?;
            Ok((0, removed as u64))
        })
    }

    async fn swept(&self) -> Result<Option<u64>, ReadError> {
        self.read(|connection| {
            connection.query_row(sql::SNAPSHOT_SWEEP_READ, [PARTITION], |row| unsigned(row, 0)).optional()
        })
    }

    async fn set_swept(&self, offset: u64) -> Result<(), Cause> {
        let note = |connection: &Connection| {
            connection.execute(sql::SNAPSHOT_SWEEP_WRITE, params![PARTITION, signed(offset)?])?;
            Ok((0, 0))
        };
        self.write(note).map(drop)
    }

    async fn tally(&self) -> Result<Tally, ReadError> {
        let count = self.mended(|file| Ok(file.writer.lock().count)).map_err(unavailable)?;
        self.read(|connection| {
            let taken = |statement| {
                let found = connection.query_row(statement, [], |row| row.get(0)).optional();
                found.map(|micros| micros.map(Instant::from_micros))
            };
            Ok(Tally { count, oldest: taken(sql::SNAPSHOT_OLDEST)?, newest: taken(sql::SNAPSHOT_LATEST)? })
        })
    }

    fn bytes(&self) -> u64 {
        file_bytes(&self.path)
    }
}

fn add(connection: &Connection, snapshot: &Snapshot) -> rusqlite::Result<u64> {
    let Snapshot { state, taken_at, reason } = snapshot;
    let SealedState { stream, version, shape, subject, moment, leaf, sealed } = state;
    let mut statement = connection.prepare_cached(sql::SNAPSHOT_ADD)?;
    let added = statement.execute(params![
        PARTITION,
        stream.0,
        signed(*version)?,
        shape.0,
        subject.0,
        moment.micros(),
        leaf,
        taken_at.micros(),
        *reason as u8,
        sealed
    ])?;
    Ok(added as u64)
}

fn remove(connection: &Connection, stream: Tag, version: Version, shape: Shape) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql::SNAPSHOT_REMOVE)?;
    Ok(statement.execute(params![PARTITION, stream.0, signed(version)?, shape.0])? as u64)
}

fn snapshot(row: &Row<'_>, stream: Tag, shape: Shape) -> rusqlite::Result<Snapshot> {
    let state = SealedState {
        stream,
        version: unsigned(row, 0)?,
        shape,
        subject: SubjectNumber(row.get(1)?),
        moment: Instant::from_micros(row.get(2)?),
        leaf: row.get(3)?,
        sealed: row.get(6)?,
    };
    Ok(Snapshot { state, taken_at: Instant::from_micros(row.get(4)?), reason: reason(row, 5)? })
}

fn listed(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        version: unsigned(row, 0)?,
        shape: Shape(row.get(1)?),
        moment: Instant::from_micros(row.get(2)?),
        taken_at: Instant::from_micros(row.get(3)?),
        reason: reason(row, 4)?,
    })
}

/// A number as a column holds it.
fn signed(number: u64) -> rusqlite::Result<i64> {
    i64::try_from(number).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn reason(row: &Row<'_>, column: usize) -> rusqlite::Result<Reason> {
    let number: u8 = row.get(column)?;
    Reason::from_number(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number.into()))
}
