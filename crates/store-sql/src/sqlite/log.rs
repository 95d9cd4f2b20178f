//! The log on SQLite: one thread writes in groups that share a sync, several connections read.

mod end;
mod judge;
mod read;
mod read_stream;
mod rows;
mod streams;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anamnesis_kernel::{Cursor, Instant, Partition, Position, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{
    AppendError, Appended, Commit, Direction, Head, Kept, Log, LogInfo, ReadError, StoredEvent, StreamHead,
};
use async_trait::async_trait;
use crossbeam_channel::Sender;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::connection::{Care, open_reader, open_writer};
use super::directory::OpenError;
use super::error::{is_malformed, read_error, unavailable};
use super::readers::Readers;
use end::End;
use read_stream::Wanted;
pub(super) use rows::unsigned;
use streams::Streams;
use writer::{Request, Room, Writer};

const READERS: usize = 4;
/// How long the head may take to tell of what stands in the file, which takes no time but a busy machine's.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// The log of an embedded store; it has one partition.
pub struct SqliteLog {
    info: LogInfo,
    path: PathBuf,
    readers: Arc<Readers>,
    streams: Arc<Streams>,
    /// Whether an older program writes it, which keeps an index instead of the table of streams.
    older: bool,
    head: watch::Receiver<Head>,
    /// Where another process writes it: tells of what was found there.
    found: Option<watch::Sender<Head>>,
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
        let failed = failed(path);
        let connection = open_writer(path, Care::Truth).map_err(&failed)?;
        let id = rows::create(&connection, now).map_err(&failed)?;
        let end = End::read(&connection, path)?;
        streams::take_up(&connection, end.next).map_err(&failed)?;
        let streams = Arc::new(Streams::read(&connection, path, end.next)?);
        let writer = Writer::new(connection, end, Arc::clone(&streams), Room::default());
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
            streams,
            older: false,
            head,
            found: None,
            requests: Mutex::new(Some(requests)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Opens a log that another process may write: it is read up to where it ended when it was
    /// [looked at](Self::look) last, and nothing is appended here.
    ///
    /// # Errors
    ///
    /// When there is none, it cannot be read, or its end is not as it was written.
    pub(super) fn open_read_only(path: &Path) -> Result<Self, OpenError> {
        let older = open_reader(path).and_then(|connection| rows::has_old_index(&connection));
        let older = older.map_err(failed(path))?;
        let setup = if older { rows::STREAMS_OF_EVENTS } else { "" };
        let readers = Arc::new(Readers::with_setup(path, READERS, setup));
        let id = readers.with(rows::read_id).map_err(failed(path))?;
        let streams = (!older).then(Arc::<Streams>::default);
        let (found, head) = watch::channel(look(&readers, streams.as_deref(), path)?);
        Ok(Self {
            info: LogInfo { id, partitions: 1 },
            path: path.to_owned(),
            readers,
            streams: streams.unwrap_or_default(),
            older,
            head,
            found: Some(found),
            requests: Mutex::new(None),
            thread: Mutex::new(None),
        })
    }

    /// Looks where a log that another process writes ends now, and tells of it as its head.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or its end is not as it was written.
    pub fn look(&self) -> Result<(), OpenError> {
        if let Some(found) = &self.found {
            let streams = (!self.older).then_some(&*self.streams);
            found.send_replace(look(&self.readers, streams, &self.path)?);
        }
        Ok(())
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

/// Reads where the log ends, and the newest events of its streams up to there.
fn look(readers: &Readers, streams: Option<&Streams>, path: &Path) -> Result<Head, OpenError> {
    let look = |connection: &Connection| {
        let end = End::read(connection, path)?;
        streams.map_or(Ok(()), |streams| streams.read_on(connection, path, end.next))?;
        Ok(end.head())
    };
    readers.at_once(|connection| Ok(look(connection))).map_err(failed(path))?
}

fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> OpenError {
    move |source| {
        if is_malformed(&source) {
            OpenError::Damaged { offset: 0, what: "the file is malformed" }
        } else {
            OpenError::Database { path: path.to_owned(), source }
        }
    }
}

impl Drop for SqliteLog {
    fn drop(&mut self) {
        self.readers.close();
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
        Box::pin(
            async move { receiver.await.unwrap_or_else(|gone| Err(AppendError::Unanswered(gone.into()))) },
        )
    }

    async fn kept(&self, key: Tag) -> Result<Option<Kept>, ReadError> {
        self.readers.with(|c| rows::find_key(c, &key)).map_err(unavailable)
    }

    async fn claim(&self, claim: Tag) -> Result<Option<Uuid>, ReadError> {
        let read = |c: &Connection| Ok((rows::find_claim(c, &claim)?, rows::find_end(c)?));
        let (found, end) = self.readers.at_once(read).map_err(unavailable)?;
        // What is committed is in the file a moment before the head tells of it.
        let mut head = self.head.clone();
        let told = head.wait_for(|head| head.cursor.offset(0) >= end);
        match tokio::time::timeout(HEAD_PATIENCE, told).await {
            Ok(Ok(_)) => Ok(found),
            _ => Err(ReadError::Unavailable("the log does not tell of what it has".into())),
        }
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
        let wanted = Wanted { stream, from, direction, limit };
        let read = self.readers.with(|c| Ok(read_stream::stream(c, &self.streams, wanted)));
        read.map_err(|error| read_error(error, 0))?
    }

    async fn stream_head(&self, stream: Tag) -> Result<Option<StreamHead>, ReadError> {
        let read = self.readers.with(|c| rows::stream_head(c, &self.streams, stream));
        read.map_err(|error| read_error(error, 0))
    }

    async fn stream_events(&self, stream: Tag) -> Result<u64, ReadError> {
        let read = self.readers.with(|c| self.streams.count(c, stream));
        read.map_err(|error| read_error(error, 0))
    }

    async fn read(
        &self,
        partition: Partition,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let next = self.next_offset();
        if partition != 0 || offset >= next {
            return Ok(Vec::new());
        }
        let wanted = u64::from(limit).min(next - offset);
        let read = self.readers.with(|c| Ok(read::page(c, offset, wanted)));
        read.map_err(|error| read_error(error, offset))?
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<StoredEvent>, ReadError> {
        let read = self.readers.with(|c| Ok(read::at(c, positions)));
        read.map_err(|error| read_error(error, 0))?
    }

    async fn resolve(&self, at: Instant) -> Result<Cursor, ReadError> {
        if self.head.borrow().cursor.moment < at {
            let lifted = self.send(|answer| Request::Lift(at, answer));
            lifted
                .await
                .map_err(|gone| ReadError::Unavailable(gone.into()))?
                .map_err(|error| ReadError::Unavailable(error.into()))?;
        }
        let next = self.next_offset();
        let read = self.readers.with(|c| Ok(read::offset_at(c, at, next)));
        let offset = read.map_err(|error| read_error(error, 0))??;
        Ok(Cursor { moment: at, offsets: vec![offset] })
    }
}

/// A count as SQLite's signed integer; what does not fit lies beyond anything stored.
pub(super) fn clamp(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
