//! The task that connects to Redis, and puts and removes what it is told to.
//!
//! Invariant: what is to be forgotten is not forgotten itself: it waits here until Redis answers, and goes before anybody
//! asks again.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anamnesis_seal::SubjectNumber;
use anamnesis_store::Place;
use futures::future::join_all;
use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio::sync::{mpsc, oneshot};

use crate::cache::Shared;
use crate::fault::Fault;
use crate::keys::field;
use crate::link::Link;

/// How much is sent at once before an answer is waited for.
const BATCH: usize = 64;
/// How long nothing is put into a Redis that has no room.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// What the task is to do.
pub(crate) enum Job {
    /// Keep these bytes.
    Put(Place, Vec<u8>),
    /// Remove what is at one place.
    Remove(Place),
    /// Remove all that is kept of a subject, and say so.
    Forget(SubjectNumber, Option<oneshot::Sender<bool>>),
}

impl Job {
    /// What it costs while it waits.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + if let Self::Put(_, bytes) = self { bytes.len() } else { 0 }
    }
}

/// What came of a job.
struct Done {
    subject: SubjectNumber,
    is_put: bool,
    result: RedisResult<()>,
}

/// The task.
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    link: Link,
    ttl: Duration,
    queue: mpsc::UnboundedReceiver<Job>,
    /// Whom Redis still knows and shall not.
    to_forget: HashSet<SubjectNumber>,
    full_since: Option<Instant>,
}

impl Keeper {
    pub(crate) fn new(
        shared: Arc<Shared>,
        link: Link,
        ttl: Duration,
        queue: mpsc::UnboundedReceiver<Job>,
    ) -> Self {
        Self { shared, link, ttl, queue, to_forget: HashSet::new(), full_since: None }
    }

    /// Goes on until the cache is dropped, which ends it.
    pub(crate) async fn run(mut self) {
        let mut jobs = Vec::with_capacity(BATCH);
        loop {
            let connection = self.shared.connection.read().clone();
            match connection.filter(|_| self.shared.circuit.is_closed()) {
                Some(connection) => {
                    tokio::select! {
                        _ = self.queue.recv_many(&mut jobs, BATCH) => {
                            self.carry_out(connection, &mut jobs).await;
                        }
                        () = self.shared.opened.notified() => {}
                    }
                }
                None => {
                    *self.shared.connection.write() = None;
                    self.pause().await;
                    self.shared.circuit.trial();
                    let outcome = self.begin().await;
                    self.shared.tried(outcome);
                }
            }
        }
    }

    /// Waits until the next trial, and keeps in mind whom to forget.
    async fn pause(&mut self) {
        let pause = tokio::time::sleep(self.shared.circuit.pause());
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return,
                Some(job) = self.queue.recv() => {
                    self.done(&job);
                    self.set_aside(job);
                }
            }
        }
    }

    /// Connects, and forgets whom it still has to.
    async fn begin(&mut self) -> Result<(), Fault> {
        let mut connection = self.link.connect(&self.shared.keys.none()).await?;
        for subject in self.to_forget.clone() {
            unlink(&mut connection, &self.shared.keys.of(subject)).await.map_err(|e| Fault::of(&e))?;
            self.to_forget.remove(&subject);
        }
        self.full_since = None;
        *self.shared.connection.write() = Some(connection);
        Ok(())
    }

    /// Does these in their order as far as it matters: what is put before a subject is forgotten, is put before.
    async fn carry_out(&mut self, mut connection: MultiplexedConnection, jobs: &mut Vec<Job>) {
        let mut together = Vec::new();
        for job in jobs.drain(..) {
            self.done(&job);
            if !self.shared.circuit.is_closed() {
                self.set_aside(job);
                continue;
            }
            match job {
                Job::Forget(subject, answer) => {
                    self.settle(join_all(together.drain(..)).await);
                    let gone = unlink(&mut connection, &self.shared.keys.of(subject)).await;
                    let forgotten = gone.is_ok();
                    if !forgotten {
                        self.to_forget.insert(subject);
                    }
                    self.settle(vec![Done { subject, is_put: false, result: gone }]);
                    if let Some(answer) = answer {
                        // Whoever asked may have gone away.
                        let _ = answer.send(forgotten);
                    }
                }
                Job::Put(..) if self.full_since.is_some_and(|since| since.elapsed() < FULL_PAUSE) => {}
                job => together.push(one(connection.clone(), job, Arc::clone(&self.shared), self.ttl)),
            }
        }
        let results = join_all(together).await;
        self.settle(results);
    }

    /// Takes note of what came of jobs.
    fn settle(&mut self, done: Vec<Done>) {
        for Done { subject, is_put, result } in done {
            match result.map_err(|error| Fault::of(&error)) {
                Ok(()) => {
                    self.shared.circuit.answered();
                    if is_put && self.full_since.take().is_some() {
                        self.shared.circuit.took(false);
                    }
                }
                Err(Fault::Full) => {
                    self.full_since = Some(Instant::now());
                    self.shared.circuit.took(true);
                }
                // Whoever put it there, it is in our place.
                Err(Fault::Foreign) => self.shared.send(Job::Forget(subject, None)),
                Err(fault) => self.shared.failed(fault),
            }
        }
    }

    /// What is not done now: only what is to be forgotten is worth remembering.
    fn set_aside(&mut self, job: Job) {
        if let Job::Forget(subject, answer) = job {
            self.to_forget.insert(subject);
            if let Some(answer) = answer {
                let _ = answer.send(false);
            }
        }
    }

    fn done(&self, job: &Job) {
        self.shared.waiting.fetch_sub(job.bytes(), Ordering::Relaxed);
    }
}

async fn one(mut connection: MultiplexedConnection, job: Job, shared: Arc<Shared>, ttl: Duration) -> Done {
    match job {
        Job::Put(place, bytes) => {
            let key = shared.keys.of(place.subject);
            let mut both = redis::pipe();
            both.atomic().hset(&key, &field(&place)[..], bytes);
            // Of the first that was put there, so that nothing is kept longer.
            both.cmd("PEXPIRE").arg(&key).arg(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)).arg("NX");
            let result = both.exec_async(&mut connection).await;
            Done { subject: place.subject, is_put: true, result }
        }
        Job::Remove(place) => {
            let key = shared.keys.of(place.subject);
            let mut remove = redis::cmd("HDEL");
            remove.arg(key).arg(&field(&place)[..]);
            let result = remove.exec_async(&mut connection).await;
            Done { subject: place.subject, is_put: false, result }
        }
        Job::Forget(subject, _) => {
            let result = unlink(&mut connection, &shared.keys.of(subject)).await;
            Done { subject, is_put: false, result }
        }
    }
}

async fn unlink(connection: &mut MultiplexedConnection, key: &str) -> RedisResult<()> {
    redis::cmd("UNLINK").arg(key).exec_async(connection).await
}
