//! Connections that read, shared by all who do: each takes one that is free, and may give up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, ffi};

use super::connection::open_reader;

/// How many steps of SQLite's machine go by before the clock is looked at: some tenths of a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// Connections that only read; each caller gets one that nobody else uses meanwhile.
pub(super) struct Readers {
    path: PathBuf,
    /// What each is told when it is opened.
    setup: &'static str,
    /// Those that nobody uses, some not opened yet; whoever comes next takes the last, which was used last.
    free: Mutex<Vec<Option<Connection>>>,
    freed: Condvar,
}

/// A connection that somebody uses; free again, once dropped.
struct Taken<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

/// Whether nobody waits any more for what is read.
#[derive(Clone, Default)]
pub(super) struct GivenUp(Arc<AtomicBool>);

/// Gives up, once dropped.
pub(super) struct GivesUp(GivenUp);

impl GivenUp {
    pub(super) fn once_dropped(&self) -> GivesUp {
        GivesUp(self.clone())
    }

    fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for GivesUp {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

impl Readers {
    pub(super) fn new(path: &Path, count: usize) -> Self {
        Self::with_setup(path, count, "")
    }

    pub(super) fn with_setup(path: &Path, count: usize, setup: &'static str) -> Self {
        let free = Mutex::new((0..count.max(1)).map(|_| None).collect());
        Self { path: path.to_owned(), setup, free, freed: Condvar::new() }
    }

    /// Runs `read` on a free connection; when none is free it waits for one.
    pub(super) fn with<R>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<R> {
        read(self.taken().opened()?)
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

    /// As [`at_once`](Self::at_once), but ends when it is given up, or after `patience`, and so it does where no connection
    /// is free by then.
    ///
    /// Its time begins when it has one: who comes behind those that take all of theirs has not used its own.
    pub(super) fn at_once_within<R>(
        &self,
        patience: Duration,
        given_up: &GivenUp,
        read: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<R> {
        let Some(free_by) = Instant::now().checked_add(patience) else { return self.at_once(read) };
        let late = || rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), None);
        let mut taken = self.taken_by(free_by).ok_or_else(late)?;
        if given_up.is_so() {
            return Err(late());
        }
        let deadline = Instant::now().checked_add(patience).unwrap_or(free_by);
        let connection = taken.opened()?;
        let given_up = given_up.clone();
        let is_over = move || given_up.is_so() || Instant::now() >= deadline;
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_over))?;
        let done = connection.unchecked_transaction().and_then(|transaction| read(&transaction));
        connection.progress_handler(0, None::<fn() -> bool>)?;
        done
    }

    /// One that nobody uses, as soon as there is one.
    fn taken(&self) -> Taken<'_> {
        let mut free = self.free.lock();
        self.freed.wait_while(&mut free, |free| free.is_empty());
        Taken { readers: self, connection: free.pop().flatten() }
    }

    /// The same; none where all are used until then.
    fn taken_by(&self, deadline: Instant) -> Option<Taken<'_>> {
        let mut free = self.free.lock();
        self.freed.wait_while_until(&mut free, |free| free.is_empty(), deadline);
        free.pop().map(|connection| Taken { readers: self, connection })
    }

    /// Closes the connections that nobody uses; the next read opens one again.
    ///
    /// Who closes a file last brings its write-ahead log home, and a connection that only reads cannot.
    pub(super) fn close(&self) {
        self.free.lock().iter_mut().for_each(|connection| drop(connection.take()));
    }
}

impl Taken<'_> {
    fn opened(&mut self) -> rusqlite::Result<&mut Connection> {
        if self.connection.is_none() {
            let connection = open_reader(&self.readers.path)?;
            connection.execute_batch(self.readers.setup)?;
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or(rusqlite::Error::InvalidQuery)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // What a panic left of one is not known.
        let connection = self.connection.take().filter(|_| !std::thread::panicking());
        self.readers.free.lock().push(connection);
        self.readers.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::super::connection::{Care, open_writer};
    use super::*;

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

    /// Somebody waits for it to the end.
    fn kept() -> GivenUp {
        GivenUp::default()
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
        assert!(is_late(
            &readers.at_once_within(Duration::from_millis(50), &kept(), |c| count_to(c, i64::MAX))
        ));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        // Longer than the last was given, and than the handler that gave it up would let it be.
        assert_eq!(readers.at_once(|c| count_to(c, 500_000)), Ok(500_000));
        assert_eq!(readers.at_once_within(Duration::MAX, &kept(), |c| count_to(c, 500_000)), Ok(500_000));
    }

    #[test]
    fn its_time_begins_when_it_has_a_connection() {
        let folder = tempfile::tempdir().unwrap();
        let readers = one_reader(folder.path());
        let (taken, patience) = (Barrier::new(2), Duration::from_secs(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                readers.at_once_within(patience / 2, &kept(), |c| {
                    taken.wait();
                    count_to(c, i64::MAX)
                })
            });
            taken.wait();
            // Half its time it waits, and then it takes more than half.
            let done = readers.at_once_within(patience, &kept(), |c| {
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
            let late = readers.at_once_within(Duration::from_millis(10), &kept(), |c| count_to(c, 1));
            tried.wait();
            assert!(is_late(&late));
        });
    }

    #[test]
    fn what_nobody_waits_for_any_more_ends() {
        let folder = tempfile::tempdir().unwrap();
        let readers = one_reader(folder.path());
        let patience = Duration::from_secs(3_600);
        let (given_up, counts) = (GivenUp::default(), Barrier::new(2));
        let gives_up = given_up.once_dropped();
        std::thread::scope(|scope| {
            let counting = scope.spawn(|| {
                readers.at_once_within(patience, &given_up, |c| {
                    counts.wait();
                    count_to(c, i64::MAX)
                })
            });
            counts.wait();
            drop(gives_up);
            assert!(is_late(&counting.join().unwrap()));
        });
        let begun = readers.at_once_within(patience, &given_up, |_| Ok(1));
        assert!(is_late(&begun), "what was given up before is not begun");
        assert_eq!(readers.at_once_within(patience, &kept(), |c| count_to(c, 500_000)), Ok(500_000));
    }

    #[test]
    fn whoever_waits_takes_the_first_that_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        open_writer(&path, Care::Derived).unwrap();
        let readers = Readers::new(&path, 2);
        let (taken, ends) = (Barrier::new(3), Barrier::new(2));
        std::thread::scope(|scope| {
            let long = scope.spawn(|| {
                readers.with(|_| {
                    taken.wait();
                    ends.wait();
                    Ok(())
                })
            });
            scope.spawn(|| {
                readers.with(|_| {
                    taken.wait();
                    Ok(())
                })
            });
            taken.wait();
            // More than there are connections, while one of them is never free.
            for n in 0..5 {
                assert_eq!(readers.at_once_within(Duration::from_secs(60), &kept(), |_| Ok(n)), Ok(n));
            }
            ends.wait();
            assert_eq!(long.join().unwrap(), Ok(()));
        });
    }
}
