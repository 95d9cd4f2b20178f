//! The views on SQLite: may be deleted at any time, and are then made again from the log.

mod checkpoint;
mod difference;
mod digest;
mod groups;
mod history;
mod parked;
mod records;
mod rows;
mod search;
mod table;
mod units;
mod watermark;
mod write;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anamnesis_kernel::search::Query;
use anamnesis_kernel::{Instant, Position, StreamName, Version};
use anamnesis_seal::Hash;
use anamnesis_store::{
    ApplyError, Cause, Change, Changes, HeldStream, Hit, Parked, ReadError, RecordVersion, Views, Watermark,
};
use async_trait::async_trait;
use compact_str::CompactString;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension};

use super::connection::{Care, open_writer};
use super::directory::{OpenError, remove_database};
use super::error::{has_no_room, is_refused, query_error, unavailable};
use super::generations;
use super::readers::{GivenUp, Readers};
use crate::statements;
pub use difference::{Difference, DifferenceKind};
use units::Units;
use write::Writer;

/// Connections for what is found at once.
const READERS: usize = 4;
/// Connections for what may take long, so that nobody who asks for little waits behind it.
const SEARCHERS: usize = 4;
/// The layout of the tables; another number means the file is made anew.
const LAYOUT: i64 = 9;

/// One generation of the views of an embedded store.
pub struct SqliteViews {
    path: PathBuf,
    // First, so that the writer is the last to close the file.
    readers: Readers,
    searchers: Arc<Readers>,
    units: Arc<Units>,
    query_ms_max: AtomicU64,
    retired: AtomicBool,
    /// While it is so, only the writer sees what they have.
    being_made: AtomicBool,
    writer: Mutex<Option<Writer>>,
}

impl SqliteViews {
    /// Opens the views; a file that is missing, of another layout or not readable is made anew and empty.
    ///
    /// # Errors
    ///
    /// When no file can be made.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Database { path: path.to_owned(), source };
        if let Some(views) = Self::there(path).map_err(failed)? {
            return Ok(views);
        }
        remove_database(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        create(path).and_then(|connection| Self::of(path, connection)).map_err(failed)
    }

    /// Opens views that were begun before; those of another layout, or not readable, are removed.
    ///
    /// # Errors
    ///
    /// When they cannot be removed, or the disk is full.
    pub(super) fn open_ours(path: &Path) -> Result<Option<Self>, OpenError> {
        match Self::there(path) {
            Ok(Some(views)) => return Ok(Some(views)),
            Err(source) if has_no_room(&source) => {
                return Err(OpenError::Database { path: path.to_owned(), source });
            }
            Ok(None) | Err(_) => {}
        }
        remove_database(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        Ok(None)
    }

    /// Opens the views that are there; what is of another layout, or not readable, is left as it is.
    ///
    /// A full disk says nothing of them.
    pub(super) fn there(path: &Path) -> rusqlite::Result<Option<Self>> {
        match open_writer(path, Care::Derived).and_then(layout_is_ours) {
            Ok(Some(connection)) => Self::of(path, connection).map(Some),
            Err(error) if has_no_room(&error) => Err(error),
            Ok(None) | Err(_) => Ok(None),
        }
    }

    fn of(path: &Path, connection: Connection) -> rusqlite::Result<Self> {
        let units = Arc::new(Units::read(&connection)?);
        let writer = Mutex::new(Some(Writer::new(connection, path, Arc::clone(&units))?));
        let (readers, searchers) = (Readers::new(path, READERS), Arc::new(Readers::new(path, SEARCHERS)));
        let (query_ms_max, retired) = (AtomicU64::new(u64::MAX), AtomicBool::new(false));
        let being_made = AtomicBool::new(false);
        Ok(Self {
            path: path.to_owned(),
            writer,
            readers,
            searchers,
            units,
            query_ms_max,
            retired,
            being_made,
        })
    }

    /// Has changes gather, and so many bytes of pages, until they are [finished](Views::finish): nobody looks at these views
    /// before.
    ///
    /// # Errors
    ///
    /// When the file cannot be used.
    pub(super) fn make(self, bytes: u64) -> Result<Self, OpenError> {
        if let Some(writer) = &mut *self.writer.lock() {
            let failed = |source| OpenError::Database { path: self.path.clone(), source };
            writer.gather(bytes).map_err(failed)?;
            self.being_made.store(true, Ordering::Release);
        }
        Ok(self)
    }

    /// Brings everything to the disk.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(super) fn settle(&self) -> Result<(), OpenError> {
        let failed = |source| OpenError::Database { path: self.path.clone(), source };
        if let Some(writer) = &mut *self.writer.lock() {
            writer.settle().map_err(failed)?;
            self.being_made.store(false, Ordering::Release);
        }
        let synced = File::open(&self.path).and_then(|file| file.sync_all());
        synced.map_err(|source| OpenError::File { path: self.path.clone(), source })
    }

    /// Has the file removed once nobody uses it any more.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    /// Gives back the memory that few will miss while another generation serves; it can be used as before.
    pub fn stand_by(&self) {
        self.close_readers();
        if let Some(writer) = &*self.writer.lock() {
            writer.shrink();
        }
    }

    /// Its number, by which it is told from the other generations of the directory.
    pub fn number(&self) -> u64 {
        generations::number(&self.path)
    }

    /// The shape that shall not be made in the place of these views, if one was noted.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    pub fn unwanted(&self) -> Result<Option<String>, ReadError> {
        Ok(self.noted("unwanted")?.and_then(|shape| String::from_utf8(shape).ok()).filter(|s| !s.is_empty()))
    }

    /// Notes what [`unwanted`](Self::unwanted) says; none takes it back.
    ///
    /// # Errors
    ///
    /// When it could not be written.
    pub fn set_unwanted(&self, shape: Option<&str>) -> Result<(), Cause> {
        match &*self.writer.lock() {
            Some(writer) => Ok(writer.note("unwanted", shape.unwrap_or_default().as_bytes())?),
            None => Err("the views are closed".into()),
        }
    }

    /// The shape they were made in, once they have anything.
    pub(super) fn shape(&self) -> Result<Option<String>, ReadError> {
        let watermark = self.noted("watermark")?.and_then(|value| watermark::from_bytes(&value));
        Ok(watermark.map(|watermark| watermark.shape))
    }

    /// Its file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives up on searches, counts and histories that take longer; at first they take what they need.
    pub fn limit_queries(&self, patience: Duration) {
        let patience = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        self.query_ms_max.store(patience, Ordering::Relaxed);
    }

    /// Has texts that ended wait so before they are merged into those that held.
    #[cfg(test)]
    fn limit_late(&self, limits: write::LateLimits) {
        if let Some(writer) = &mut *self.writer.lock() {
            writer.limit_late(limits);
        }
    }

    /// Forgets everything, so that the next fold begins at the beginning.
    ///
    /// # Errors
    ///
    /// When the tables cannot be emptied; then nothing was.
    pub fn clear(&self) -> Result<(), Cause> {
        match &mut *self.writer.lock() {
            Some(writer) => Ok(writer.clear()?),
            None => Err("the views are closed".into()),
        }
    }

    /// Writes all that is known to the file itself, and lets go of it.
    pub(super) fn close(&self) -> rusqlite::Result<()> {
        self.close_readers();
        if let Some(writer) = self.writer.lock().take() {
            writer.close()?;
        }
        Ok(())
    }

    /// The first row that is not as these others have it; `tell` hears how many tables of how many were compared.
    ///
    /// # Errors
    ///
    /// When one of the two cannot be read.
    pub async fn difference(
        &self,
        fresh: &Self,
        tell: impl FnMut(usize, usize) + Send + 'static,
    ) -> Result<Option<Difference>, ReadError> {
        let (served, fresh) = (Arc::clone(&self.searchers), Arc::clone(&fresh.searchers));
        let compare =
            move || served.at_once(|one| fresh.at_once(|other| difference::difference(one, other, tell)));
        let done = tokio::task::spawn_blocking(compare).await;
        done.map_err(|gone| ReadError::Unavailable(gone.into()))?.map_err(unavailable)
    }

    /// Reads much, on a thread that may wait, until nobody waits for it.
    async fn heavy<R, F>(&self, patience: Duration, read: F) -> Result<R, ReadError>
    where
        R: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<R> + Send + 'static,
    {
        let searchers = Arc::clone(&self.searchers);
        let given_up = GivenUp::default();
        let _gives_up = given_up.once_dropped();
        let search = move || searchers.at_once_within(patience, &given_up, read);
        let done = tokio::task::spawn_blocking(search).await;
        done.map_err(|gone| ReadError::Unavailable(gone.into()))?.map_err(query_error)
    }

    fn close_readers(&self) {
        self.readers.close();
        self.searchers.close();
    }

    /// What stands under this name beside the rows.
    fn noted(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let read = |c: &Connection| {
            c.prepare_cached(statements::VIEW_META_READ)?.query_row([name], |row| row.get(0)).optional()
        };
        self.state(read).map_err(unavailable)
    }

    /// Reads one state; while they are being made, that of the writer.
    fn state<R>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<R>) -> rusqlite::Result<R> {
        if self.being_made.load(Ordering::Acquire)
            && let Some(writer) = &*self.writer.lock()
        {
            return writer.read(read);
        }
        self.readers.at_once(read)
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.query_ms_max.load(Ordering::Relaxed))
    }
}

impl Drop for SqliteViews {
    fn drop(&mut self) {
        if *self.retired.get_mut() {
            self.writer.get_mut().take();
            self.close_readers();
            // What stays behind is removed when the directory is opened next.
            let _ = remove_database(&self.path);
        }
    }
}

fn layout_is_ours(connection: Connection) -> rusqlite::Result<Option<Connection>> {
    let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok((layout == LAYOUT).then_some(connection))
}

fn create(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open_writer(path, Care::Derived)?;
    connection.execute_batch(concat!("BEGIN;", include_str!("../../sql/sqlite/views.sql")))?;
    connection.pragma_update(None, "user_version", LAYOUT)?;
    connection.execute_batch("COMMIT")?;
    Ok(connection)
}

#[async_trait]
impl Views for SqliteViews {
    async fn watermark(&self) -> Result<Option<Watermark>, ReadError> {
        Ok(self.noted("watermark")?.and_then(|value| watermark::from_bytes(&value)))
    }

    async fn plan(&self) -> Result<Option<Vec<u8>>, ReadError> {
        self.noted("plan")
    }

    async fn set_plan(&self, plan: &[u8]) -> Result<(), Cause> {
        match &*self.writer.lock() {
            Some(writer) => Ok(writer.note("plan", plan)?),
            None => Err("the views are closed".into()),
        }
    }

    async fn apply(&self, change: Change) -> Result<(), ApplyError> {
        match &mut *self.writer.lock() {
            Some(writer) => writer.apply(&change).map_err(|error| match (is_refused(&error), writer.at()) {
                (true, Some(record)) => ApplyError::Refused { record, cause: error.into() },
                _ => ApplyError::Unavailable(error.into()),
            }),
            None => Err(ApplyError::Unavailable("the views are closed".into())),
        }
    }

    async fn finish(&self) -> Result<(), Cause> {
        if let Some(writer) = &mut *self.writer.lock() {
            writer.finish()?;
            self.being_made.store(false, Ordering::Release);
        }
        Ok(())
    }

    async fn parked(&self, from: Position, limit: u32) -> Result<Vec<Parked>, ReadError> {
        self.state(|c| parked::read(c, from, limit)).map_err(unavailable)
    }

    async fn held(&self) -> Result<Vec<HeldStream>, ReadError> {
        self.state(parked::held).map_err(unavailable)
    }

    async fn find(
        &self,
        names: &[StreamName],
        at: Option<Instant>,
    ) -> Result<Vec<Option<RecordVersion>>, ReadError> {
        let read = |c: &Connection| names.iter().map(|name| records::as_of(c, name, at)).collect();
        // One statement sees one state by itself, and most ask for one record as it is.
        let one = names.len() <= 1 && at.is_none() && !self.being_made.load(Ordering::Acquire);
        let found = if one { self.readers.with(read) } else { self.state(read) };
        found.map_err(unavailable)
    }

    async fn find_version(
        &self,
        name: &StreamName,
        version: Version,
    ) -> Result<Option<RecordVersion>, ReadError> {
        self.readers.at_once(|c| records::at_version(c, name, version)).map_err(unavailable)
    }

    async fn history(
        &self,
        name: &StreamName,
        below: Version,
        at: Option<Instant>,
        limit: u32,
    ) -> Result<Vec<RecordVersion>, ReadError> {
        let name = name.clone();
        self.heavy(self.patience(), move |c| records::history(c, &name, below, at, limit)).await
    }

    async fn history_count(&self, name: &StreamName, at: Option<Instant>) -> Result<u64, ReadError> {
        self.readers.at_once(|c| records::history_count(c, name, at)).map_err(unavailable)
    }

    async fn changes(&self, changes: &Changes) -> Result<Vec<RecordVersion>, ReadError> {
        let changes = *changes;
        self.heavy(self.patience(), move |c| history::changes(c, &changes)).await
    }

    async fn search(&self, query: &Query) -> Result<Vec<Hit>, ReadError> {
        let query = query.clone();
        self.heavy(self.patience(), move |c| search::search(c, &query))
            .await?
            .map_err(ReadError::Unanswerable)
    }

    async fn count(&self, query: &Query) -> Result<u64, ReadError> {
        let query = query.clone();
        self.heavy(self.patience(), move |c| search::count(c, &query)).await?.map_err(ReadError::Unanswerable)
    }

    async fn search_counted(&self, query: &Query) -> Result<(Vec<Hit>, u64), ReadError> {
        let query = query.clone();
        self.heavy(self.patience(), move |c| search::search_counted(c, &query))
            .await?
            .map_err(ReadError::Unanswerable)
    }

    fn units(&self, system: &str) -> Vec<CompactString> {
        self.units.of(system)
    }

    async fn digest(&self) -> Result<Hash, ReadError> {
        self.heavy(Duration::MAX, digest::digest).await
    }

    fn bytes(&self) -> u64 {
        super::connection::file_bytes(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[tokio::test]
    async fn whoever_asks_for_little_does_not_wait_behind_those_who_search() {
        let folder = tempfile::tempdir().unwrap();
        let views = SqliteViews::open(&folder.path().join("views.db")).unwrap();
        let (searching, ends) = (Barrier::new(SEARCHERS + 1), Barrier::new(SEARCHERS + 1));
        let runtime = tokio::runtime::Handle::current();
        let (views, name) = (&views, "Patient/p1".parse::<StreamName>().unwrap());
        std::thread::scope(|scope| {
            for _ in 0..SEARCHERS {
                scope.spawn(|| {
                    views.searchers.at_once(|_| {
                        searching.wait();
                        ends.wait();
                        Ok(())
                    })
                });
            }
            searching.wait();
            let found = scope.spawn(move || runtime.block_on(views.find(&[name], None)));
            assert!(found.join().unwrap().unwrap().iter().all(Option::is_none));
            ends.wait();
        });
    }
}
