//! Opening files: for who writes, with the care each needs, and for who reads.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

/// How long a connection waits for another process that holds the file, as a backup does.
const BUSY_MS: u32 = 5_000;
const STATEMENTS_KEPT: usize = 128;

/// How a file is kept: what a power cut may take from it, and whether deleted rows are overwritten.
#[derive(Clone, Copy)]
pub(super) enum Care {
    /// Synced at every commit.
    Truth,
    /// Synced at every commit, and what is deleted is overwritten.
    Secret,
    /// A power cut may take the tail but not the sense; what is deleted is overwritten.
    Derived,
}

impl Care {
    pub(super) fn pragmas(self) -> &'static str {
        match self {
            Self::Truth => {
                "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16000; PRAGMA cache_size = -16000;"
            }
            Self::Secret => {
                "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -4000;"
            }
            Self::Derived => {
                "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; \
                 PRAGMA wal_autocheckpoint = 8000; PRAGMA cache_size = -40000;"
            }
        }
    }
}

/// Opens a file for writing, making it if it is not there.
pub(super) fn open_writer(path: &Path, care: Care) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    prepare(&connection)?;
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    connection.execute_batch(care.pragmas())?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS.into()))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Else a kept statement is planned anew whenever another limit is bound to it, for what that may tell the planner.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA temp_store = MEMORY;")
}

/// Opens a file that is there for reading alone, whoever writes it.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4000;")?;
    Ok(connection)
}

/// Brings all that the write-ahead log holds into the file itself, synced, and leaves the log empty.
///
/// An error says that somebody still reads what it holds.
pub(super) fn empty_wal(connection: &Connection) -> rusqlite::Result<()> {
    let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)) } else { Ok(()) }
}

/// The bytes a database takes on disk, with what its log holds.
pub(super) fn file_bytes(path: &Path) -> u64 {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    size(path) + size(&wal_path(path))
}

/// Where the write-ahead log of a file is.
pub(super) fn wal_path(path: &Path) -> PathBuf {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    wal.into()
}
