//! Taking snapshots, off the way of a commit: what is due is queued, and written by who has nothing else to do.
//!
//! Invariant: nobody ever waits for a snapshot. What does not fit into the queue is not taken, and comes to be when the
//! stream is folded next.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use anamnesis_kernel::Version;
use anamnesis_seal::{SubjectNumber, Tag};
use anamnesis_store::{
    Direction, Listed, ReadError, Reason, Snapshot, SnapshotWrite, Snapshots, StoredEvent, UpTo,
};
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::form::{self, Folded};
use super::policy::{SnapshotPolicy, day, surplus};
use super::shape::shape;
use crate::cache::Head;
use crate::engine::Engine;
use crate::fold::Fold;
use crate::instruments::SnapshotsKept;

/// How many states wait to be written.
const QUEUE_MAX: usize = 256;
/// How many are written together.
const BATCH_MAX: usize = 64;

/// What is to be done.
pub(crate) enum Job {
    /// A commit brought a stream to this state.
    Appended { stream: Tag, head: Arc<Head>, commit_id: Uuid, reason: Reason },
    /// A fold came to this state.
    Folded { stream: Tag, key_of: SubjectNumber, folded: Folded, reason: Reason },
    /// This snapshot is of no use.
    Spoilt { stream: Tag, version: Version },
}

/// Where snapshots are kept, when they are taken, and what waits to be.
pub(crate) struct Taking {
    pub(crate) store: Arc<dyn Snapshots>,
    pub(crate) policy: SnapshotPolicy,
    queue: mpsc::Sender<Job>,
    /// Gone with the one who takes.
    queued: Mutex<Option<mpsc::Receiver<Job>>>,
}

impl Taking {
    pub(crate) fn new(store: Arc<dyn Snapshots>, policy: SnapshotPolicy) -> Self {
        let (queue, queued) = mpsc::channel(QUEUE_MAX);
        Self { store, policy, queue, queued: Mutex::new(Some(queued)) }
    }

    /// Queues a job, if there is room.
    pub(crate) fn offer(&self, job: Job) {
        // Where there is none, there is enough to do.
        let _ = self.queue.try_send(job);
    }

    /// Keeps the state that a fold has come to on its way, where one of that version belongs.
    pub(crate) fn pass(&self, stream: Tag, fold: &Fold) {
        if self.policy.keeps_on_the_way(fold.version()) {
            self.keep(stream, fold);
        }
    }

    /// Keeps the state that a fold ends with, where it had to go far for it.
    pub(crate) fn arrive(&self, stream: Tag, fold: &Fold) {
        let far = self.policy.every.saturating_mul(2);
        if far > 0 && fold.events() as u64 > far && !self.policy.keeps_on_the_way(fold.version()) {
            self.keep(stream, fold);
        }
    }

    fn keep(&self, stream: Tag, fold: &Fold) {
        if let Some((key_of, folded)) = fold.to_keep() {
            self.offer(Job::Folded { stream, key_of, folded, reason: Reason::Count });
        }
    }
}

/// What is kept of the streams that a batch of jobs is about.
type Kept = HashMap<Tag, Vec<Listed>>;

/// One who takes the snapshots that are due.
pub struct Taker {
    engine: Arc<Engine>,
    queued: mpsc::Receiver<Job>,
}

impl Taker {
    /// The one who takes for this engine; none where there is one already.
    pub fn new(engine: &Arc<Engine>) -> Option<Self> {
        let queued = engine.taking.queued.lock().take()?;
        Some(Self { engine: Arc::clone(engine), queued })
    }

    /// Takes whatever is due, until `stop` says so.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        self.engine.count_snapshots().await;
        let mut jobs = Vec::with_capacity(BATCH_MAX);
        while !*stop.borrow() {
            jobs.clear();
            tokio::select! {
                count = self.queued.recv_many(&mut jobs, BATCH_MAX) => if count == 0 { return },
                changed = stop.changed() => if changed.is_err() { return },
            }
            self.engine.take(&mut jobs).await;
        }
        self.take_queued().await;
    }

    /// Takes what is due now.
    pub async fn take_queued(&mut self) {
        let mut jobs = Vec::new();
        while let Ok(job) = self.queued.try_recv() {
            jobs.push(job);
        }
        self.engine.take(&mut jobs).await;
    }
}

impl Engine {
    /// Does these jobs; what cannot be done is told and left.
    pub(crate) async fn take(&self, jobs: &mut Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let mut writes = Vec::with_capacity(jobs.len());
        let mut kept = Kept::new();
        // What is of no use goes first: what is kept instead may be of the same version.
        jobs.sort_by_key(|job| !matches!(job, Job::Spoilt { .. }));
        for job in jobs.drain(..) {
            match self.write(job, &mut kept).await {
                Ok(write) => writes.extend(write),
                Err(error) => tracing::warn!("a snapshot is not taken: {error}"),
            }
        }
        let reasons: Vec<Reason> =
            writes.iter().filter_map(|write| write.keep.as_ref()).map(|snapshot| snapshot.reason).collect();
        match self.taking.store.put(writes).await {
            Ok(()) => {
                reasons.into_iter().for_each(|reason| self.instruments.snapshot(reason));
                self.count_snapshots().await;
            }
            Err(cause) => tracing::warn!(%cause, "snapshots are not taken"),
        }
    }

    /// Tells how many snapshots there are.
    pub(crate) async fn count_snapshots(&self) {
        if let Ok(tally) = self.taking.store.tally().await {
            self.instruments.snapshots_kept(SnapshotsKept { count: tally.count, newest: tally.newest });
        }
    }

    /// What a job writes; none where its state has gone out of the log, or is of someone who was erased.
    async fn write(&self, job: Job, kept: &mut Kept) -> Result<Option<SnapshotWrite>, ReadError> {
        match job {
            Job::Spoilt { stream, version } => self.spoilt(stream, version, kept).await,
            Job::Folded { stream, key_of, folded, reason } => {
                self.kept(stream, key_of, folded, reason, kept).await
            }
            Job::Appended { stream, head, commit_id, reason } => {
                let version = head.state.version;
                let found = self.log.read_stream(stream, version, Direction::Forward, 1).await?;
                let is_its = |event: &StoredEvent| event.version == version && event.commit_id == commit_id;
                let Some(event) = found.into_iter().find(is_its) else { return Ok(None) };
                // The sweep may have been there since the commit saw none of that day.
                let today = day(self.clock.now());
                let taken = |listed: &Listed| listed.shape == shape() && day(listed.taken_at) == today;
                if reason == Reason::Daily && self.listed(stream, kept).await?.iter().any(taken) {
                    return Ok(None);
                }
                let folded = head.to_folded(event.moment, event.leaf);
                self.kept(stream, event.subject, folded, reason, kept).await
            }
        }
    }

    /// Keeps a state, and removes what is surplus then.
    async fn kept(
        &self,
        stream: Tag,
        key_of: SubjectNumber,
        folded: Folded,
        reason: Reason,
        kept: &mut Kept,
    ) -> Result<Option<SnapshotWrite>, ReadError> {
        let key =
            self.keyring.of_number(key_of).await.map_err(|error| ReadError::Unavailable(error.into()))?;
        let Some(key) = key else { return Ok(None) };
        let state = form::seal(stream, &folded, key_of, &key);
        let snapshot = Snapshot { state, taken_at: self.clock.now(), reason };
        let itself = (snapshot.state.version, snapshot.state.shape);
        let listed = self.listed(stream, kept).await?;
        listed.retain(|listed| (listed.version, listed.shape) != itself);
        listed.push(snapshot.listed());
        let remove = surplus(listed, shape());
        listed.retain(|listed| !remove.contains(&(listed.version, listed.shape)));
        // One that is older than the newest and no first of its many need not be kept at all.
        let keep = (!remove.contains(&itself)).then_some(snapshot);
        Ok(Some(SnapshotWrite { stream, keep, remove }))
    }

    /// Removes a snapshot that could not be used, unless another stands there by now.
    async fn spoilt(
        &self,
        stream: Tag,
        version: Version,
        kept: &mut Kept,
    ) -> Result<Option<SnapshotWrite>, ReadError> {
        let found = self.taking.store.newest(stream, shape(), UpTo::Version(version)).await?;
        let Some(there) = found.filter(|there| there.state.version == version) else { return Ok(None) };
        if self.checked(stream, there).await?.is_some() {
            return Ok(None);
        }
        let gone = (version, shape());
        self.listed(stream, kept).await?.retain(|listed| (listed.version, listed.shape) != gone);
        Ok(Some(SnapshotWrite { stream, keep: None, remove: vec![gone] }))
    }

    /// What is kept of a stream once the jobs before this one are done.
    async fn listed<'a>(&self, stream: Tag, kept: &'a mut Kept) -> Result<&'a mut Vec<Listed>, ReadError> {
        Ok(match kept.entry(stream) {
            Entry::Occupied(listed) => listed.into_mut(),
            Entry::Vacant(none) => none.insert(self.taking.store.list(stream).await?),
        })
    }
}
