//! The data directory: who holds it, in which format, and the files in it.
//!
//! Invariant: one process at a time; a directory of a newer format is not touched.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anamnesis_kernel::Instant;
use fs4::fs_std::FileExt;

use super::error::has_no_room;
use super::generations::file_error;
use super::{SqliteKeys, SqliteLog, SqliteSnapshots, SqliteViews, generations};

/// The format of the data directory that this program writes.
const FORMAT: u32 = 1;

/// SQLite takes a shorter file for a new one.
const DATABASE_BYTES_MIN: u64 = 512;

/// Why a data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds it.
    #[error("the data directory is in use by another process")]
    InUse,
    /// Another process prepares views in it.
    #[error("another process prepares the next views of the data directory: let it end, or stop it")]
    BeingPrepared,
    /// A newer program wrote it: upgrade this one.
    #[error("the data directory has format {found}, this program knows up to {known}")]
    Newer {
        /// The format found.
        found: u32,
        /// The newest this program knows.
        known: u32,
    },
    /// What is there is not what was written.
    #[error("the log is damaged at partition 0, offset {offset}: {what}")]
    Damaged {
        /// The offset of the first event that is not as it was.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A file or folder could not be read or written.
    #[error("{path} cannot be used")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A database in it could not be opened.
    #[error("{path} cannot be opened{}", if has_no_room(source) { ", for its disk is full" } else { "" })]
    Database {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

/// An open data directory.
pub struct SqliteStore {
    /// Where it is.
    pub directory: PathBuf,
    /// The truth.
    pub log: Arc<SqliteLog>,
    /// The keys it is sealed with.
    pub keys: Arc<SqliteKeys>,
    /// The serving views.
    pub views: Arc<SqliteViews>,
    /// States that were folded already.
    pub snapshots: Arc<SqliteSnapshots>,
    /// How much of a generation is kept in memory while it is made.
    pub making_bytes: u64,
    _lock: File,
}

impl SqliteStore {
    /// Opens a data directory, making it if it is not there.
    ///
    /// # Errors
    ///
    /// When it is in use, newer, damaged, or cannot be used at all.
    pub fn open(directory: &Path, now: Instant) -> Result<Self, OpenError> {
        fs::create_dir_all(directory).map_err(file_error(directory))?;
        let lock = try_lock(&directory.join("lock"))?.ok_or(OpenError::InUse)?;
        if !has_our_format(directory)? {
            let path = directory.join("format");
            write_synced(&path, format!("{FORMAT}\n").as_bytes()).map_err(file_error(&path))?;
        }
        let (log_path, keys_path) = log_and_keys(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            log: Arc::new(SqliteLog::open(&log_path, now)?),
            keys: Arc::new(SqliteKeys::open(&keys_path)?),
            views: Arc::new(generations::at_rest(directory)?),
            snapshots: Arc::new(SqliteSnapshots::open(&directory.join("snapshots.db"))?),
            making_bytes: 200 << 20,
            _lock: lock,
        })
    }

    /// Whether a store was begun in this directory, whole or not; also where that cannot be told, which opening it then
    /// says.
    pub fn is_in(directory: &Path) -> bool {
        // The lock is the first file that is made.
        ["lock", "log.db", "keys.db"].iter().any(|name| directory.join(name).try_exists().unwrap_or(true))
    }

    /// The file that holds the master key, unless a setting names another.
    pub fn master_key_path(directory: &Path) -> PathBuf {
        directory.join("master.key")
    }
}

/// Holds a lock for as long as the file is open; none where another process holds it.
pub(super) fn try_lock(path: &Path) -> Result<Option<File>, OpenError> {
    let opened = File::options().create(true).write(true).truncate(false).open(path);
    let locked = opened.and_then(|file| Ok(FileExt::try_lock_exclusive(&file)?.then_some(file)));
    locked.map_err(file_error(path))
}

/// Whether a directory says that it has our format; one that says nothing is new, or has lost what said it.
pub(super) fn has_our_format(directory: &Path) -> Result<bool, OpenError> {
    let path = directory.join("format");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(file_error(&path)(error)),
    };
    // What is not a number was not written by an older program.
    let found = text.trim().parse().unwrap_or(u32::MAX);
    if found > FORMAT { Err(OpenError::Newer { found, known: FORMAT }) } else { Ok(true) }
}

/// Where the log and the keys are, or are to be made.
pub(super) fn log_and_keys(directory: &Path) -> Result<(PathBuf, PathBuf), OpenError> {
    let (log, keys) = (directory.join("log.db"), directory.join("keys.db"));
    // The log is made before the keys, so where there are keys and no log it is lost, not new.
    if keys.exists() && fs::metadata(&log).map_or(0, |file| file.len()) < DATABASE_BYTES_MIN {
        return Err(OpenError::Damaged { offset: 0, what: "the log is not there" });
    }
    Ok((log, keys))
}

/// Writes a small file so that it is whole after a power cut, or not there.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = File::create(&unfinished)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), sync_directory)
}

pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Removes a database and what SQLite keeps beside it.
pub(super) fn remove_database(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(Path::new(&name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
