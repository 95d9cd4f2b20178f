//! The keys on SQLite: a file of their own, synced, that overwrites what it deletes; those that come at once share a sync.

use std::path::Path;

use anamnesis_kernel::Instant;
use anamnesis_seal::{SubjectNumber, Tag};
use anamnesis_store::{AppendError, KeyRow, Keys, ReadError, Secret};
use async_trait::async_trait;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use tokio::sync::oneshot;

use super::connection::{Care, empty_wal, open_reader, open_writer};
use super::directory::OpenError;
use super::error::{append_error, commit_error, unavailable};
use super::readers::Readers;
use crate::statements;

const READERS: usize = 2;

/// The wrapped keys of an embedded store.
pub struct SqliteKeys {
    // First, so that the writer is the last to close the file.
    readers: Readers,
    writer: Mutex<Connection>,
    /// Keys that nobody has written yet.
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

/// Keys to add, and whom to tell.
struct Waiting {
    rows: Vec<KeyRow>,
    answer: oneshot::Sender<Result<Vec<KeyRow>, AppendError>>,
}

impl SqliteKeys {
    /// Opens the keys, making the file if it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be used.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Database { path: path.to_owned(), source };
        let writer = open_writer(path, Care::Secret).map_err(failed)?;
        writer.execute_batch(include_str!("../../sql/sqlite/keys.sql")).map_err(failed)?;
        Ok(Self::of(path, writer))
    }

    /// Opens keys that another process may write; none are added or destroyed here.
    ///
    /// # Errors
    ///
    /// When there are none, or they cannot be read.
    pub(super) fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Database { path: path.to_owned(), source };
        // It refuses what is to be written.
        Ok(Self::of(path, open_reader(path).map_err(failed)?))
    }

    fn of(path: &Path, writer: Connection) -> Self {
        let (waiting, turn) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { writer: Mutex::new(writer), readers: Readers::new(path, READERS), waiting, turn }
    }

    /// Writes all keys that wait, with one sync, and answers.
    fn write_waiting(&self) {
        let group = std::mem::take(&mut *self.waiting.lock());
        if group.is_empty() {
            return;
        }
        let held = self.write(|connection| {
            group.iter().map(|waiting| add(connection, &waiting.rows)).collect::<rusqlite::Result<Vec<_>>>()
        });
        let held: Vec<Result<Vec<KeyRow>, AppendError>> = match held {
            Ok(held) => held.into_iter().map(Ok).collect(),
            Err(error) if group.len() == 1 => vec![Err(error)],
            // One may be at fault for all, so each is on its own.
            Err(_) => group.iter().map(|waiting| self.write(|c| add(c, &waiting.rows))).collect(),
        };
        for (Waiting { answer, .. }, held) in group.into_iter().zip(held) {
            // Whoever asked may have gone away; the keys stand all the same.
            let _ = answer.send(held);
        }
    }

    fn write<R>(&self, write: impl FnOnce(&Connection) -> rusqlite::Result<R>) -> Result<R, AppendError> {
        let mut connection = self.writer.lock();
        let transaction = connection.transaction().map_err(append_error)?;
        let result = write(&transaction).map_err(append_error)?;
        transaction.commit().map_err(commit_error)?;
        Ok(result)
    }
}

#[async_trait]
impl Keys for SqliteKeys {
    async fn secrets(&self) -> Result<Vec<Secret>, ReadError> {
        self.readers.with(read_secrets).map_err(unavailable)
    }

    async fn add_secrets(&self, secrets: Vec<Secret>) -> Result<Vec<Secret>, AppendError> {
        self.write(|connection| {
            let mut statement = connection.prepare_cached(statements::SECRET_ADD)?;
            for secret in &secrets {
                statement.execute(params![secret.name, secret.wrapped])?;
            }
            read_secrets(connection)
        })
    }

    async fn find_by_tag(&self, tags: &[Tag]) -> Result<Vec<Option<KeyRow>>, ReadError> {
        let read = self.readers.with(|c| find(c, statements::KEY_FIND_TAG, tags.iter().map(|tag| tag.0)));
        read.map_err(unavailable)
    }

    async fn find_by_number(&self, numbers: &[SubjectNumber]) -> Result<Vec<Option<KeyRow>>, ReadError> {
        let read = self.readers.with(|c| find(c, statements::KEY_FIND_NUMBER, numbers.iter().map(|n| n.0)));
        read.map_err(unavailable)
    }

    async fn add(&self, rows: Vec<KeyRow>) -> Result<Vec<KeyRow>, AppendError> {
        let (answer, held) = oneshot::channel();
        self.waiting.lock().push(Waiting { rows, answer });
        // Whoever has the turn writes what came meanwhile, so the next may find its keys written.
        let turn = self.turn.lock().await;
        self.write_waiting();
        drop(turn);
        held.await.unwrap_or_else(|gone| Err(AppendError::Unanswered(gone.into())))
    }

    async fn destroy(&self, number: SubjectNumber, at: Instant) -> Result<bool, AppendError> {
        let destroyed = self.write(|connection| {
            connection.execute(statements::KEY_DESTROY, params![at.micros(), number.0]).map(|rows| rows > 0)
        })?;
        // The key must not live on in the write-ahead log either.
        empty_wal(&self.writer.lock()).map_err(append_error)?;
        Ok(destroyed)
    }
}

/// Adds rows, and gives those that hold.
fn add(connection: &Connection, rows: &[KeyRow]) -> rusqlite::Result<Vec<KeyRow>> {
    let mut add = connection.prepare_cached(statements::KEY_ADD)?;
    let mut find = connection.prepare_cached(statements::KEY_FIND_TAG)?;
    let mut held = Vec::with_capacity(rows.len());
    for row in rows {
        add.execute(params![row.tag.0, row.number.0, row.wrapped])?;
        held.push(find.query_row(params![row.tag.0], key_row)?);
    }
    Ok(held)
}

fn read_secrets(connection: &Connection) -> rusqlite::Result<Vec<Secret>> {
    let mut statement = connection.prepare_cached(statements::SECRET_READ)?;
    let rows = statement.query_map([], |row| Ok(Secret { name: row.get(0)?, wrapped: row.get(1)? }))?;
    rows.collect()
}

fn find<K: ToSql>(
    connection: &Connection,
    sql: &str,
    keys: impl Iterator<Item = K>,
) -> rusqlite::Result<Vec<Option<KeyRow>>> {
    let mut statement = connection.prepare_cached(sql)?;
    keys.map(|key| statement.query_row([key], key_row).optional()).collect()
}

fn key_row(row: &Row<'_>) -> rusqlite::Result<KeyRow> {
    Ok(KeyRow { tag: Tag(row.get(0)?), number: SubjectNumber(row.get(1)?), wrapped: row.get(2)? })
}
