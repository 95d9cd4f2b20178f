//! The cache as others see it: a question is answered in time, all else is queued.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anamnesis_seal::SubjectNumber;
use anamnesis_store::{Cache, CacheHealth, Found, Place};
use async_trait::async_trait;
use parking_lot::RwLock;
use redis::aio::MultiplexedConnection;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::circuit::Circuit;
use crate::fault::Fault;
use crate::keeper::{Job, Keeper};
use crate::keys::{Keys, field};
use crate::link::{Link, OpenError};

/// The largest entry that is put there; what is larger is read where it stands.
const ENTRY_BYTES_MAX: usize = 1 << 20;
/// What waits to be put there, all together.
const QUEUE_BYTES_MAX: usize = 16 << 20;

/// How Redis is reached, and how long it keeps what is put there.
pub struct Options {
    /// Its address, which may hold a password.
    pub url: String,
    /// The certificates it is trusted by instead of the machine's, in PEM.
    pub certificates: Option<Vec<u8>>,
    /// What all keys begin with.
    pub prefix: String,
    /// The store: two on one Redis never meet.
    pub store: Uuid,
    /// How long what is put there is kept at most.
    pub ttl: Duration,
    /// How long an answer may take.
    pub answer: Duration,
    /// How long connecting may take.
    pub connect: Duration,
    /// Is told whenever the circuit opened (true) or closed (false).
    pub opened: Box<dyn Fn(bool) + Send + Sync>,
}

/// A cache in Redis; a task of its own connects, puts and removes.
pub struct RedisCache {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

/// What the cache and its task share.
pub(crate) struct Shared {
    pub(crate) circuit: Circuit,
    pub(crate) keys: Keys,
    pub(crate) connection: RwLock<Option<MultiplexedConnection>>,
    /// Wakes the task when the circuit opens.
    pub(crate) opened: Notify,
    /// What waits, in bytes.
    pub(crate) waiting: AtomicUsize,
    dropped: AtomicU64,
    jobs: mpsc::UnboundedSender<Job>,
    tell: Box<dyn Fn(bool) + Send + Sync>,
}

impl RedisCache {
    /// Begins to connect, and goes on at once; to be called within a runtime.
    ///
    /// # Errors
    ///
    /// When the address or the certificates cannot be used. A Redis that is away is no error.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let Options { url, certificates, prefix, store, ttl, answer, connect, opened } = options;
        let link = Link::new(&url, certificates, connect, answer)?;
        let (jobs, queue) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            circuit: Circuit::new(),
            keys: Keys::new(&prefix, store),
            connection: RwLock::new(None),
            opened: Notify::new(),
            waiting: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            jobs,
            tell: opened,
        });
        (shared.tell)(true);
        let keeper = Keeper::new(Arc::clone(&shared), link, ttl, queue);
        Ok(Self { shared, keeper: tokio::spawn(keeper.run()) })
    }
}

/// What still waits is lost, which harms nobody: it was a hint.
impl Drop for RedisCache {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Shared {
    /// Hands a job to the task, however much waits.
    pub(crate) fn send(&self, job: Job) {
        self.waiting.fetch_add(job.bytes(), Ordering::Relaxed);
        // The task ends with the cache, and then nothing is kept any more.
        let _ = self.jobs.send(job);
    }

    /// A question was not answered.
    pub(crate) fn failed(&self, fault: Fault) {
        if self.circuit.failed(fault) {
            (self.tell)(true);
            self.opened.notify_one();
        }
    }

    /// A trial ended.
    pub(crate) fn tried(&self, outcome: Result<(), Fault>) {
        self.circuit.tried(outcome);
        (self.tell)(outcome.is_err());
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, place: Place) -> Found {
        let connection = self.shared.connection.read().clone();
        let Some(mut connection) = connection.filter(|_| self.shared.circuit.is_closed()) else {
            return Found::Unasked;
        };
        let mut ask = redis::cmd("HGET");
        ask.arg(self.shared.keys.of(place.subject)).arg(&field(&place)[..]);
        let answer: Result<Option<Vec<u8>>, _> = ask.query_async(&mut connection).await;
        match answer.map_err(|error| Fault::of(&error)) {
            Ok(found) => {
                self.shared.circuit.answered();
                found.map_or(Found::Nothing, Found::Bytes)
            }
            Err(Fault::Foreign) => {
                self.shared.circuit.answered();
                self.shared.send(Job::Forget(place.subject, None));
                Found::Failed
            }
            Err(fault) => {
                self.shared.failed(fault);
                Found::Failed
            }
        }
    }

    fn put(&self, place: Place, bytes: Vec<u8>) {
        if bytes.len() > ENTRY_BYTES_MAX || !self.shared.circuit.is_closed() {
            return;
        }
        let job = Job::Put(place, bytes);
        if self.shared.waiting.load(Ordering::Relaxed) + job.bytes() > QUEUE_BYTES_MAX {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        } else {
            self.shared.send(job);
        }
    }

    fn remove(&self, place: Place) {
        if self.shared.circuit.is_closed() {
            self.shared.send(Job::Remove(place));
        }
    }

    async fn forget(&self, subject: SubjectNumber) -> bool {
        let (answer, forgotten) = oneshot::channel();
        self.shared.send(Job::Forget(subject, Some(answer)));
        forgotten.await.unwrap_or(false)
    }

    fn health(&self) -> CacheHealth {
        let (circuit, trouble) = self.shared.circuit.look();
        CacheHealth { circuit, trouble, dropped: self.shared.dropped.load(Ordering::Relaxed) }
    }
}
