//! Connections: one that writes, several that read.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

/// How long a connection waits for another process that holds the file, as a backup does.
const BUSY_MS: u32 = 5_000;
const STATEMENTS_KEPT: usize = 128;
/// How many steps of SQLite's machine go by before the clock is looked at: some tenths of a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

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

/// Connections that only read; each caller gets one that nobody else uses meanwhile.
pub(super) struct Readers {
    path: PathBuf,
    /// What each is told when it is opened.
    setup: &'static str,
    connections: Vec<Mutex<Option<Connection>>>,
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn new(path: &Path, count: usize) -> Self {
        Self::with_setup(path, count, "")
    }

    pub(super) fn with_setup(path: &Path, count: usize, setup: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            setup,
            connections: (0..count.max(1)).map(|_| Mutex::new(None)).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// Runs `read` on a free connection; when none is free it waits for one.
    pub(super) fn with<R>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<R> {
        let free = self.connections.iter().find_map(Mutex::try_lock);
        let mut slot = match free {
            Some(slot) => slot,
            None => self.any()?.lock(),
        };
        read(self.opened(&mut slot)?)
    }

    /// Runs `read` on one state of the file, whatever is written meanwhile.
    pub(super) fn at_once<R>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<R> {
        self.with(|connection| {
            let transaction = connection.unchecked_transaction()?;
            read(&transaction)
        })
    }

    /// As [`at_once`](Self::at_once), but gives up after `patience`, and so it does where no connection is free by then.
    ///
    /// Its time begins when it has one: who comes behind those that take all of theirs has not used its own.
    pub(super) fn at_once_within<R>(
        &self,
        patience: Duration,
        read: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<R> {
        let Some(free_by) = Instant::now().checked_add(patience) else { return self.at_once(read) };
        let free = self.connections.iter().find_map(Mutex::try_lock);
        let late = || rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None);
        let mut slot = match free {
            Some(slot) => slot,
            None => self.any()?.try_lock_until(free_by).ok_or_else(late)?,
        };
        let deadline = Instant::now().checked_add(patience).unwrap_or(free_by);
        let connection = self.opened(&mut slot)?;
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || Instant::now() >= deadline))?;
        let done = connection.unchecked_transaction().and_then(|transaction| read(&transaction));
        connection.progress_handler(0, None::<fn() -> bool>)?;
        done
    }

    /// One of the connections, each in its turn.
    fn any(&self) -> rusqlite::Result<&Mutex<Option<Connection>>> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        self.connections.get(at).ok_or(rusqlite::Error::InvalidQuery)
    }

    fn opened<'a>(&self, slot: &'a mut Option<Connection>) -> rusqlite::Result<&'a mut Connection> {
        if slot.is_none() {
            let connection = open_reader(&self.path)?;
            connection.execute_batch(self.setup)?;
            *slot = Some(connection);
        }
        slot.as_mut().ok_or(rusqlite::Error::InvalidQuery)
    }

    /// Closes the connections that nobody uses; the next read opens one again.
    ///
    /// Who closes a file last brings its write-ahead log home, and a connection that only reads cannot.
    pub(super) fn close(&self) {
        self.connections.iter().filter_map(Mutex::try_lock).for_each(|mut slot| drop(slot.take()));
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    /// Counts to a number, which takes about so long.
    fn count_to(connection: &Connection, number: i64) -> rusqlite::Result<i64> {
        let counting =
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT ?) SELECT count(*) FROM c";
        connection.query_row(counting, [number], |row| row.get(0))
    }

    fn one_reader(folder: &Path) -> Readers {
        let path = folder.join("some.db");
        open_writer(&path, Care::Derived).unwrap();
        Readers::new(&path, 1)
    }

    fn is_late(result: &rusqlite::Result<i64>) -> bool {
        let code = result.as_ref().err().and_then(rusqlite::Error::sqlite_error_code);
        code == Some(rusqlite::ErrorCode::OperationInterrupted)
    }

    #[test]
    fn a_query_is_given_up_and_the_connection_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let readers = one_reader(folder.path());
        let begun = Instant::now();
        assert!(is_late(&readers.at_once_within(Duration::from_millis(50), |c| count_to(c, i64::MAX))));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        // Longer than the last was given, and than the handler that gave it up would let it be.
        assert_eq!(readers.at_once(|c| count_to(c, 500_000)), Ok(500_000));
        assert_eq!(readers.at_once_within(Duration::MAX, |c| count_to(c, 500_000)), Ok(500_000));
    }

    #[test]
    fn its_time_begins_when_it_has_a_connection() {
        let folder = tempfile::tempdir().unwrap();
        let readers = one_reader(folder.path());
        let (taken, patience) = (Barrier::new(2), Duration::from_secs(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                readers.at_once_within(patience / 2, |c| {
                    taken.wait();
                    count_to(c, i64::MAX)
                })
            });
            taken.wait();
            // Half its time it waits, and then it takes more than half.
            let done = readers.at_once_within(patience, |c| {
                let begun = Instant::now();
                while begun.elapsed() < patience * 3 / 4 {
                    count_to(c, 100_000)?;
                }
                Ok(1)
            });
            assert_eq!(done, Ok(1));
        });
    }

    #[test]
    fn nor_does_it_wait_longer_for_a_connection() {
        let folder = tempfile::tempdir().unwrap();
        let readers = one_reader(folder.path());
        let (taken, tried) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                readers.with(|_| {
                    taken.wait();
                    tried.wait();
                    Ok(())
                })
            });
            taken.wait();
            let late = readers.at_once_within(Duration::from_millis(10), |c| count_to(c, 1));
            tried.wait();
            assert!(is_late(&late));
        });
    }
}
