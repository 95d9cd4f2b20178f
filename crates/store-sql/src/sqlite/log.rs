//! The log on SQLite: one thread writes in groups that share a sync, several connections read.

mod judge;
mod rows;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use anamnesis_kernel::{Cursor, Instant, Partition, Position, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{
    AppendError, Appended, Commit, Direction, Head, Kept, Log, LogInfo, ReadError, StoredEvent,
};
use async_trait::async_trait;
use crossbeam_channel::Sender;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use rusqlite::{OptionalExtension, params};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::connection::{Care, Readers, open_writer};
use super::directory::OpenError;
use super::error::{read_error, unavailable};
use crate::statements;
pub(super) use rows::unsigned;
use writer::{Request, Writer};

const READERS: usize = 4;

/// The log of an embedded store; it has one partition.
pub struct SqliteLog {
    info: LogInfo,
    path: PathBuf,
    readers: Arc<Readers>,
    head: watch::Receiver<Head>,
    requests: Mutex<Option<Sender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl SqliteLog {
    /// Opens the log, making it if it is not there, and checks its end.
    ///
    /// # Errors
    ///
    /// When the file cannot be used, or its end is not as it was written.
    pub fn open(path: &Path, now: Instant) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Database { path: path.to_owned(), source };
        let connection = open_writer(path, Care::Truth).map_err(failed)?;
        let id = rows::create(&connection, now).map_err(failed)?;
        let writer = Writer::new(connection)?;
        let head = writer.head();
        let (requests, queue) = crossbeam_channel::unbounded();
        let thread = std::thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || writer.run(&queue))
            .map_err(|source| OpenError::File { path: path.to_owned(), source })?;
        Ok(Self {
            info: LogInfo { id, partitions: 1 },
            path: path.to_owned(),
            readers: Arc::new(Readers::new(path, READERS)),
            head,
            requests: Mutex::new(Some(requests)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The bytes the log takes on disk.
    pub fn file_bytes(&self) -> u64 {
        super::connection::file_bytes(&self.path)
    }

    fn send<T>(&self, make: impl FnOnce(oneshot::Sender<T>) -> Request) -> oneshot::Receiver<T> {
        let (answer, receiver) = oneshot::channel();
        if let Some(requests) = &*self.requests.lock() {
            // When the writer is gone the answer's sender is dropped, and the caller is told so.
            let _ = requests.send(make(answer));
        }
        receiver
    }

    fn next_offset(&self) -> u64 {
        self.head.borrow().cursor.offset(0)
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        self.requests.lock().take();
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Log for SqliteLog {
    fn info(&self) -> LogInfo {
        self.info
    }

    fn head(&self) -> watch::Receiver<Head> {
        self.head.clone()
    }

    fn append(&self, commit: Commit) -> BoxFuture<'static, Result<Appended, AppendError>> {
        let receiver = self.send(|answer| Request::Append(Box::new(commit), answer));
        Box::pin(async move {
            receiver.await.unwrap_or_else(|gone| Err(AppendError::Unanswered(gone.into())))
        })
    }

    async fn kept(&self, key: Tag) -> Result<Option<Kept>, ReadError> {
        self.readers.with(|c| rows::find_key(c, &key)).map_err(unavailable)
    }

    async fn claim(&self, claim: Tag) -> Result<Option<Uuid>, ReadError> {
        self.readers.with(|c| rows::find_claim(c, &claim)).map_err(unavailable)
    }

    async fn find_event(&self, event_id: Uuid) -> Result<Option<Position>, ReadError> {
        self.readers.with(|c| rows::find_event(c, event_id)).map_err(unavailable)
    }

    async fn read_stream(
        &self,
        stream: Tag,
        from: Version,
        direction: Direction,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let sql = match direction {
            Direction::Forward => statements::LOG_READ_STREAM_FORWARD,
            Direction::Backward => statements::LOG_READ_STREAM_BACKWARD,
        };
        let read = self.readers.with(|c| {
            let mut statement = c.prepare_cached(sql)?;
            let rows = statement.query_map(params![0, stream.0, clamp(from), limit], rows::event)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        read.map_err(|error| read_error(error, 0))
    }

    async fn read(&self, partition: Partition, offset: u64, limit: u32) -> Result<Vec<StoredEvent>, ReadError> {
        let next = self.next_offset();
        if partition != 0 || offset >= next {
            return Ok(Vec::new());
        }
        let wanted = u64::from(limit).min(next - offset);
        let readers = Arc::clone(&self.readers);
        let read = move || {
            readers.with(|c| {
                let mut statement = c.prepare_cached(statements::LOG_READ)?;
                let rows = statement.query_map(params![0, clamp(offset), clamp(wanted)], rows::event)?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            })
        };
        let events = read().map_err(|error| read_error(error, offset))?;
        let gap = events.iter().zip(offset..).find(|(event, at)| event.position.offset != *at);
        let first_missing = match gap {
            Some((_, at)) => Some(at),
            None if (events.len() as u64) < wanted => Some(offset + events.len() as u64),
            None => None,
        };
        match first_missing {
            Some(offset) => Err(ReadError::Damaged { partition, offset, what: "the event is not there" }),
            None => Ok(events),
        }
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<StoredEvent>, ReadError> {
        let at = std::cell::Cell::new(0);
        let read = self.readers.with(|c| {
            let mut statement = c.prepare_cached(statements::LOG_READ_AT)?;
            let row = |position: &Position| {
                at.set(position.offset);
                statement.query_row(params![0, clamp(position.offset)], rows::event)
            };
            positions.iter().map(row).collect::<rusqlite::Result<Vec<_>>>()
        });
        read.map_err(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => {
                ReadError::Damaged { partition: 0, offset: at.get(), what: "the event is not there" }
            }
            error => read_error(error, at.get()),
        })
    }

    async fn resolve(&self, at: Instant) -> Result<Cursor, ReadError> {
        let lifted = self.send(|answer| Request::Lift(at, answer));
        lifted
            .await
            .map_err(|gone| ReadError::Unavailable(gone.into()))?
            .map_err(|error| ReadError::Unavailable(error.into()))?;
        let next = self.next_offset();
        let offset = self.readers.with(|c| offset_at(c, at, next)).map_err(|error| read_error(error, 0))?;
        Ok(Cursor { moment: at, offsets: vec![offset] })
    }
}

/// How many of the first `next` events were recorded at or before `at`: moments rise with offsets.
fn offset_at(connection: &rusqlite::Connection, at: Instant, next: u64) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(statements::LOG_MOMENT_AT)?;
    let (mut low, mut high) = (0, next);
    while low < high {
        let middle = low + (high - low) / 2;
        let moment: Option<i64> = statement.query_row(params![0, clamp(middle)], |row| row.get(0)).optional()?;
        if moment.is_some_and(|moment| moment <= at.micros()) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// A count as SQLite's signed integer; what does not fit lies beyond anything stored.
pub(super) fn clamp(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
