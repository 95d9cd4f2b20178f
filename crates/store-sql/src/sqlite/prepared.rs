//! Views that the next program prepares in a directory while the one before serves from it.
//!
//! Invariant: of the directory nothing else is written; and who takes them up holds the directory, and nobody is at work on
//! them. An older program knows neither file: it counts, takes up and removes what has a number.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::directory::{OpenError, has_our_format, log_and_keys, remove_database, try_lock};
use super::generations::{anew, file_error, put_in_place};
use super::{SqliteKeys, SqliteLog, SqliteViews};

/// The views.
const PREPARED: &str = "prepared.db";
/// Held by who is at work on them; it is there for good, since who removes a lock may part two who wait for it.
const LOCK: &str = "prepared.lock";

/// A data directory that another process may serve: its log and its keys, to be read alone, and views of its own.
pub struct SqliteBeside {
    /// The truth, up to where it was [looked at](SqliteLog::look).
    pub log: Arc<SqliteLog>,
    /// The keys it is sealed with.
    pub keys: Arc<SqliteKeys>,
    /// The views that are prepared.
    pub views: Arc<SqliteViews>,
    making_bytes: u64,
    _lock: File,
}

impl SqliteBeside {
    /// Opens what there is to prepare views from, and those that were prepared as far as they came, to be gone on with;
    /// `making_bytes` of them are kept in memory.
    ///
    /// # Errors
    ///
    /// When another process does so; when the directory is newer, damaged, or cannot be used at all.
    pub fn open(directory: &Path, making_bytes: u64) -> Result<Self, OpenError> {
        has_our_format(directory)?;
        let (log, keys) = log_and_keys(directory)?;
        let (log, keys) = (SqliteLog::open_read_only(&log)?, SqliteKeys::open_read_only(&keys)?);
        let lock = try_lock(&directory.join(LOCK))?.ok_or(OpenError::BeingPrepared)?;
        let views = SqliteViews::open(&directory.join(PREPARED))?.make(making_bytes)?;
        let (log, keys, views) = (Arc::new(log), Arc::new(keys), Arc::new(views));
        Ok(Self { log, keys, views, making_bytes, _lock: lock })
    }

    /// Removes what was prepared, and begins anew with nothing.
    ///
    /// # Errors
    ///
    /// When the file cannot be removed or made.
    pub fn begin_anew(&mut self) -> Result<(), OpenError> {
        self.views = Arc::new(anew(&self.views)?.make(self.making_bytes)?);
        Ok(())
    }

    /// Brings what was prepared to the disk, whole, and lets go of it.
    ///
    /// # Errors
    ///
    /// When it cannot be brought there; what was committed is taken up all the same.
    pub fn rest(self) -> Result<(), OpenError> {
        close(&self.views)
    }
}

/// Gives the views that were prepared the place of others, which nobody has open and which go; false where there are none
/// of this layout.
pub(super) fn take_up(directory: &Path, to: &Path) -> Result<bool, OpenError> {
    let Some((_lock, views)) = idle(directory)? else { return Ok(false) };
    close(&views)?;
    put_in_place(views.path(), to)?;
    tracing::info!("views that were prepared take the place of those of another program");
    Ok(true)
}

/// Removes the views that were prepared, if they are of the same shape as these and nobody is at work on them.
pub(super) fn forget(directory: &Path, serving: &SqliteViews) -> Result<(), OpenError> {
    let (_lock, views) = match idle(directory) {
        Ok(Some(idle)) => idle,
        Ok(None) | Err(OpenError::BeingPrepared) => return Ok(()),
        Err(error) => return Err(error),
    };
    // What cannot be read is left for who prepares others.
    if let (Ok(Some(prepared)), Ok(Some(serves))) = (views.shape(), serving.shape())
        && prepared == serves
    {
        let path = views.path().to_owned();
        drop(views);
        remove_database(&path).map_err(file_error(&path))?;
        tracing::info!("views that were prepared are removed: those that serve are of the same program");
    }
    Ok(())
}

/// The views that were prepared, of this layout, and the lock that keeps others from them.
fn idle(directory: &Path) -> Result<Option<(File, SqliteViews)>, OpenError> {
    let (path, lock) = (directory.join(PREPARED), directory.join(LOCK));
    if !path.exists() && !lock.exists() {
        return Ok(None);
    }
    let lock = try_lock(&lock)?.ok_or(OpenError::BeingPrepared)?;
    if !path.exists() {
        return Ok(None);
    }
    let there = SqliteViews::there(&path).map_err(|source| OpenError::Database { path, source })?;
    if there.is_none() {
        tracing::warn!("what was prepared is of another program, or cannot be read: it is left as it is");
    }
    Ok(there.map(|views| (lock, views)))
}

fn close(views: &SqliteViews) -> Result<(), OpenError> {
    views.close().map_err(|source| OpenError::Database { path: views.path().to_owned(), source })
}
