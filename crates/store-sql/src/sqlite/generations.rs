//! The files of the views: `views.db` serves at rest; a generation made beside it has a file with a number.
//!
//! Invariant: a generation that was appointed serves whoever opens the directory next, whole, until then and after;
//! of those that were not, the newest is kept until somebody takes it up, and all others are removed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::connection::{Care, empty_wal, open_writer};
use super::directory::{OpenError, remove_database, sync_directory, write_synced};
use super::{SqliteStore, SqliteViews, prepared};

/// What serves when nobody has the directory open.
const AT_REST: &str = "views.db";
/// Names the file of the generation that was appointed, while it is not `views.db`.
const APPOINTED: &str = "serving";
/// The number of the generation that has the name at rest.
const FIRST: u64 = 1;
/// A generation that shall never serve.
const TRIAL: &str = "views-trial.db";

impl SqliteStore {
    /// Removes the serving views and begins them anew, empty.
    ///
    /// # Errors
    ///
    /// When the file cannot be removed or made.
    pub fn reset_views(&mut self) -> Result<(), OpenError> {
        self.views = Arc::new(anew(&self.views)?);
        Ok(())
    }

    /// Puts the views that were [prepared](super::SqliteBeside) into the place of the serving ones, which are removed; false
    /// where none were, of this layout.
    ///
    /// # Errors
    ///
    /// When somebody is at work on them, and then nothing is removed; or when the files cannot be moved, and then one of the
    /// two is there for who opens the directory next. This one's views are closed.
    pub fn take_up_prepared(&mut self) -> Result<bool, OpenError> {
        let path = self.directory.join(AT_REST);
        // What it could not bring into the file goes with the file, or is there when it is opened again.
        let _ = self.views.close();
        let taken = prepared::take_up(&self.directory, &path)?;
        self.views = Arc::new(SqliteViews::open(&path)?);
        Ok(taken)
    }

    /// Removes views that were prepared in the shape of those that serve: nobody will miss them.
    ///
    /// # Errors
    ///
    /// When they cannot be read or removed; they do no harm.
    pub fn forget_prepared(&self) -> Result<(), OpenError> {
        prepared::forget(&self.directory, &self.views)
    }

    /// Begins the next generation of the views, empty, beside the serving one; it is gone once it was
    /// [retired](SqliteViews::retire) and is dropped.
    ///
    /// # Errors
    ///
    /// When its file cannot be made.
    pub fn begin_generation(&self) -> Result<Arc<SqliteViews>, OpenError> {
        let taken = numbered(&self.directory).map_err(file_error(&self.directory))?;
        let number = taken.iter().filter_map(|(_, number)| *number).max().unwrap_or(FIRST) + 1;
        self.begin(&format!("views-{number}.db"))
    }

    /// As [`begin_generation`](Self::begin_generation), for one that shall never serve and is never taken up again.
    ///
    /// # Errors
    ///
    /// When its file cannot be made.
    pub fn begin_trial(&self) -> Result<Arc<SqliteViews>, OpenError> {
        self.begin(TRIAL)
    }

    fn begin(&self, name: &str) -> Result<Arc<SqliteViews>, OpenError> {
        let path = self.directory.join(name);
        remove_database(&path).map_err(file_error(&path))?;
        Ok(Arc::new(SqliteViews::open(&path)?.make(self.making_bytes)?))
    }

    /// The generation that was under way when the directory was let go of, as far as it came; none where there is none,
    /// or its tables are of another layout.
    ///
    /// Whether it fits is for the caller to see, who retires it if not; and nothing may have been begun before.
    ///
    /// # Errors
    ///
    /// When the files cannot be looked at or removed.
    pub fn unfinished_generation(&self) -> Result<Option<Arc<SqliteViews>>, OpenError> {
        let there = numbered(&self.directory).map_err(file_error(&self.directory))?;
        let newest = there.into_iter().filter(|(path, _)| path != self.views.path()).max_by_key(|(_, n)| *n);
        let Some((path, Some(_))) = newest else { return Ok(None) };
        let ours = SqliteViews::open_ours(&path)?.map(|views| views.make(self.making_bytes)).transpose()?;
        Ok(ours.map(Arc::new))
    }

    /// Has this generation serve whoever opens the directory next, whatever becomes of this process.
    ///
    /// # Errors
    ///
    /// When it cannot be brought to the disk; then another may be appointed.
    pub fn appoint(&self, next: &SqliteViews) -> Result<(), OpenError> {
        next.settle()?;
        let name = next.path().file_name().unwrap_or_default();
        let path = self.directory.join(APPOINTED);
        write_synced(&path, name.as_encoded_bytes()).map_err(file_error(&path))
    }

    /// Puts the next generation, complete, in the place of the serving one; the store must be reopened.
    ///
    /// # Errors
    ///
    /// When the files cannot be moved; then one of the two serves whoever opens the directory next.
    pub fn swap_generation(self, next: Arc<SqliteViews>) -> Result<(), OpenError> {
        self.appoint(&next)?;
        let failed = |source| OpenError::Database { path: next.path().to_owned(), source };
        next.close().map_err(failed)?;
        // What it could not bring into the file goes with the file.
        let _ = self.views.close();
        settle(&self.directory)
    }
}

impl SqliteStore {
    /// Gives the serving generation the name that serves at rest; nothing can be written or read after.
    ///
    /// # Errors
    ///
    /// When the files cannot be moved; the next to open the directory does it.
    pub fn rest(self) -> Result<(), OpenError> {
        let failed = |source| OpenError::Database { path: self.views.path().to_owned(), source };
        self.views.close().map_err(failed)?;
        settle(&self.directory)
    }
}

/// Opens the views of a directory that nobody else has open; where they are not ours, those that were prepared.
pub(super) fn at_rest(directory: &Path) -> Result<SqliteViews, OpenError> {
    settle(directory)?;
    let path = directory.join(AT_REST);
    let failed = |source| OpenError::Database { path: path.clone(), source };
    if let Some(views) = SqliteViews::there(&path).map_err(failed)? {
        return Ok(views);
    }
    prepared::take_up(directory, &path)?;
    SqliteViews::open(&path)
}

/// Removes these views and begins them anew, empty, in the same file.
pub(super) fn anew(views: &SqliteViews) -> Result<SqliteViews, OpenError> {
    // What it could not bring into the file goes with the file.
    let _ = views.close();
    remove_database(views.path()).map_err(file_error(views.path()))?;
    SqliteViews::open(views.path())
}

/// Gives a generation that nobody has open, and whose write-ahead log is empty, the name of another, which goes.
///
/// Whichever step is the last, one of the two is there.
pub(super) fn put_in_place(from: &Path, to: &Path) -> Result<(), OpenError> {
    remove_database(to).map_err(file_error(to))?;
    let moved = fs::rename(from, to).and_then(|()| to.parent().map_or(Ok(()), sync_directory));
    moved.map_err(file_error(to))?;
    remove_database(from).map_err(file_error(from))
}

/// Gives the generation that was appointed the name of the one that serves at rest, and removes all others but the newest,
/// which may be under way.
///
/// Each step may be the last: the next time goes on from there.
fn settle(directory: &Path) -> Result<(), OpenError> {
    let (to, appointed) = (directory.join(AT_REST), directory.join(APPOINTED));
    match fs::read_to_string(&appointed) {
        Ok(name) => {
            let from = directory.join(name.trim());
            if number_of(name.trim()).is_some() && from.exists() && from != to {
                // What stands in its write-ahead log has no place under another name.
                if bring_home(&from).is_ok() {
                    put_in_place(&from, &to)?;
                }
            }
            let removed = fs::remove_file(&appointed).and_then(|()| sync_directory(directory));
            removed.map_err(file_error(&appointed))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(file_error(&appointed)(error)),
    }
    let there = numbered(directory).map_err(file_error(directory))?;
    let newest = there.iter().filter_map(|(_, number)| *number).max();
    for (path, _) in there.iter().filter(|(_, number)| number.is_none() || *number != newest) {
        remove_database(path).map_err(file_error(path))?;
    }
    Ok(())
}

fn bring_home(path: &Path) -> rusqlite::Result<()> {
    let connection = open_writer(path, Care::Derived)?;
    empty_wal(&connection)?;
    connection.close().map_err(|(_, error)| error)
}

/// The generations beside the one at rest, with their numbers; a trial has none, nor a name of an older program.
fn numbered(directory: &Path) -> io::Result<Vec<(PathBuf, Option<u64>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_beside(name)) else { continue };
        found.push((entry.path(), number_of(name)));
    }
    Ok(found)
}

fn is_beside(name: &str) -> bool {
    name.starts_with("views-") && name.ends_with(".db")
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_prefix("views-")?.strip_suffix(".db")?.parse().ok()
}

/// The number of the generation in this file: the one at rest is the first.
pub(super) fn number(path: &Path) -> u64 {
    path.file_name().and_then(|name| number_of(name.to_str()?)).unwrap_or(FIRST)
}

pub(super) fn file_error(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::File { path, source }
}
