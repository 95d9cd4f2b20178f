//! Trying again what is parked: a held stream is folded from its beginning, and shown as far as that goes.
//!
//! Invariant: what the views have of a stream stays theirs until all that can be added to it is added at once; and what
//! is still parked keeps its place.

use std::collections::VecDeque;
use std::sync::Arc;

use anamnesis_kernel::{StreamName, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{ApplyError, Direction, HeldStream, Log, ParkWrite, ReadError, StoredEvent};

use super::batch::Batch;
use super::parking::Parking;
use super::state::States;
use super::{ProjectError, Projector};
use crate::held::{Ask, Retried};

/// How many events of a stream are read at a time.
const PAGE: u32 = 500;

impl Projector {
    /// Carries out what somebody asked for.
    pub(super) async fn answer(&mut self, ask: Ask) {
        let retried = self.retry(ask.only.as_ref()).await;
        self.publish();
        // Who asked and went away has nothing to be told.
        let _ = ask.told.send(retried);
    }

    /// Tries again to apply what is parked: of all streams, or of one record's.
    ///
    /// # Errors
    ///
    /// When the log cannot be read or the views not be written; what was released until then is.
    pub async fn retry(&mut self, only: Option<&StreamName>) -> Result<Retried, ProjectError> {
        let only = only.map(|name| self.engine.keyring.store.stream_tag(name));
        let is_asked = |held: &&HeldStream| only.is_none_or(|only| only == held.stream);
        let mut held: Vec<HeldStream> =
            self.generation.held.read().iter().filter(is_asked).cloned().collect();
        held.sort_unstable_by_key(|held| held.held_from);
        if !held.is_empty() {
            // A row that is refused here must not take with it what gathered.
            self.generation.views.finish().await.map_err(ProjectError::Views)?;
        }
        let mut retried = Retried { tried: held.len() as u64, ..Retried::default() };
        for held in held {
            let events = held.events;
            let left = match self.replay(held.clone(), usize::MAX).await? {
                Replayed::Left(left) => left,
                // One commit at a time, as far as that goes.
                Replayed::Refused(held) => match self.replay(held, 1).await? {
                    Replayed::Left(left) => left,
                    Replayed::Refused(held) => self.refuse(held).await?,
                },
            };
            retried.applied += events - left;
            retried.released += u64::from(left == 0);
        }
        Ok(retried)
    }

    /// Folds a held stream from its beginning, and adds to the views what they do not have, so many commits at once.
    async fn replay(&mut self, mut held: HeldStream, at_once: usize) -> Result<Replayed, ProjectError> {
        let (engine, generation) = (Arc::clone(&self.engine), Arc::clone(&self.generation));
        let mut states = States::new();
        let mut commits = Commits::of(Arc::clone(&engine.log), held.stream, self.mark.offset);
        loop {
            let parking = Parking::new(&engine, &generation, &[]).again(held.stream);
            let mut batch = Batch::new(&engine, &generation, &mut states, parking, None);
            let (mut added, mut through, mut stopped) = (0, held.version, None);
            while added < at_once
                && stopped.is_none()
                && let Some(commit) = commits.next().await?
            {
                let (Some(first), Some(last)) = (commit.first(), commit.last()) else { break };
                let (begins, ends, moment) = (first.version, last.version, first.moment);
                batch.add(commit).await?;
                if batch.holds(&held.stream) {
                    stopped = Some((begins, moment));
                } else if begins <= held.version {
                    batch.forget();
                } else {
                    (added, through) = (added + 1, ends);
                }
            }
            // Where it goes less far than it did, what the views have is worth more.
            if stopped.is_some_and(|(begins, _)| begins <= held.version) || (added == 0 && stopped.is_none())
            {
                return Ok(Replayed::Left(held.events));
            }
            let (mut change, _) = batch.finish(self.watermark(self.mark, self.moment));
            if added > 0 {
                let HeldStream { partition, stream, .. } = held;
                change.parked.insert(0, ParkWrite::Release { partition, stream, through });
            }
            match self.apply(change).await {
                Ok(()) => {}
                Err(ApplyError::Unavailable(cause)) => return Err(ProjectError::Views(cause)),
                Err(ApplyError::Refused { .. }) => return Ok(Replayed::Refused(held)),
            }
            held.events -= through - held.version;
            held.version = through;
            if let Some((_, moment)) = stopped {
                held.held_from = moment;
            }
            let left = (held.events > 0).then(|| held.clone());
            generation.held.write().set(held.stream, left);
            if held.events == 0 || stopped.is_some() {
                return Ok(Replayed::Left(held.events));
            }
        }
    }

    /// Parks the next event of a held stream anew, since the views refuse a row of it; gives how many are parked.
    async fn refuse(&mut self, mut held: HeldStream) -> Result<u64, ProjectError> {
        let (engine, generation) = (Arc::clone(&self.engine), Arc::clone(&self.generation));
        let mut commits = Commits::of(Arc::clone(&engine.log), held.stream, self.mark.offset);
        commits.from = held.version + 1;
        let Some(commit) = commits.next().await? else { return Ok(held.events) };
        if let Some(first) = commit.first() {
            held.held_from = first.moment;
        }
        let refused = [held.stream];
        let parking = Parking::new(&engine, &generation, &refused).again(held.stream);
        let mut states = States::new();
        let mut batch = Batch::new(&engine, &generation, &mut states, parking, None);
        batch.add(commit).await?;
        let (change, _) = batch.finish(self.watermark(self.mark, self.moment));
        self.apply(change).await.map_err(|error| ProjectError::Views(error.into()))?;
        let events = held.events;
        generation.held.write().set(held.stream, Some(held));
        Ok(events)
    }
}

/// What came of trying a stream again.
enum Replayed {
    /// So many of its events are parked still.
    Left(u64),
    /// The views refuse a row of what follows.
    Refused(HeldStream),
}

/// The commits of one stream from its beginning, up to a point of the log.
struct Commits {
    log: Arc<dyn Log>,
    stream: Tag,
    until: u64,
    from: Version,
    read: VecDeque<StoredEvent>,
    ended: bool,
}

impl Commits {
    fn of(log: Arc<dyn Log>, stream: Tag, until: u64) -> Self {
        Self { log, stream, until, from: 1, read: VecDeque::new(), ended: false }
    }

    /// What the next commit did to the stream.
    async fn next(&mut self) -> Result<Option<Vec<StoredEvent>>, ReadError> {
        let mut commit: Vec<StoredEvent> = Vec::new();
        loop {
            while let Some(next) = self.read.pop_front() {
                if commit.first().is_some_and(|first| first.commit_id != next.commit_id) {
                    self.read.push_front(next);
                    return Ok(Some(commit));
                }
                commit.push(next);
            }
            if self.ended {
                return Ok((!commit.is_empty()).then_some(commit));
            }
            let page = self.log.read_stream(self.stream, self.from, Direction::Forward, PAGE).await?;
            self.ended = page.len() < PAGE as usize;
            self.from += page.len() as u64;
            self.read.extend(page.into_iter().filter(|event| event.position.offset < self.until));
        }
    }
}
