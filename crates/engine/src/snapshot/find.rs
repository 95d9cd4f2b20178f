//! Finding the snapshot that saves most of a fold, and looking whether it can be trusted.

use anamnesis_kernel::{Instant, StreamName, Version};
use anamnesis_seal::{Hash, Tag};
use anamnesis_store::{Direction, Listed, ReadError, Snapshot, StoredEvent, UpTo};

use super::form::{self, Folded};
use super::policy::Last;
use super::shape::shape;
use super::take::Job;
use crate::engine::Engine;
use crate::load::{PAGE, StateThen};

/// A snapshot that can be used.
pub(crate) struct Found {
    /// Its state.
    pub(crate) folded: Folded,
    /// The first page of the events that came after.
    pub(crate) tail: Vec<StoredEvent>,
    /// What it is known by.
    pub(crate) last: Last,
}

impl Engine {
    /// The newest snapshot of a stream that this code folded, that opens, and whose event stands in the log; those newer
    /// ones that do not are thrown away.
    pub(crate) async fn find_snapshot(&self, tag: Tag, upto: UpTo) -> Result<Option<Found>, ReadError> {
        let mut within = upto;
        loop {
            let kept = match self.taking.store.newest(tag, shape(), within).await {
                Ok(Some(kept)) => kept,
                Ok(None) => return Ok(None),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(cause, "a stream is folded without a snapshot: {error}");
                    return Ok(None);
                }
            };
            let version = kept.state.version;
            if let Some(found) = self.checked(tag, kept).await? {
                return Ok(Some(found));
            }
            self.taking.offer(Job::Spoilt { stream: tag, version });
            let Some(below) = version.checked_sub(1) else { return Ok(None) };
            within = UpTo::Version(below);
        }
    }

    /// The snapshot with the events after it, if the log bears it out and its subject's key opens it.
    pub(super) async fn checked(&self, tag: Tag, kept: Snapshot) -> Result<Option<Found>, ReadError> {
        let Snapshot { state, taken_at, .. } = kept;
        let Some(tail) = self.tail(tag, state.version, state.leaf).await? else { return Ok(None) };
        let Ok(Some(key)) = self.keyring.of_number(state.subject).await else { return Ok(None) };
        let last = Last { version: state.version, taken_at };
        Ok(form::open(&state, &key).map(|folded| Found { folded, tail, last }))
    }

    /// The first page of the events after a version; none where another event stands there, or none: the log has lost it,
    /// or took another course.
    pub(crate) async fn tail(
        &self,
        tag: Tag,
        version: Version,
        leaf: Hash,
    ) -> Result<Option<Vec<StoredEvent>>, ReadError> {
        // The version's own event comes first.
        let mut tail = self.log.read_stream(tag, version, Direction::Forward, PAGE).await?;
        if !tail.first().is_some_and(|event| event.version == version && event.leaf == leaf) {
            return Ok(None);
        }
        let more = tail.len() == PAGE as usize;
        tail.remove(0);
        if more {
            // So that the page is as long as one that follows.
            let next = version + u64::from(PAGE);
            tail.extend(self.log.read_stream(tag, next, Direction::Forward, 1).await?);
        }
        Ok(Some(tail))
    }

    /// The newest snapshot of a record that can be used, with its state: what who goes through the events may start from.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn nearest_snapshot(
        &self,
        name: &StreamName,
        upto: UpTo,
    ) -> Result<Option<StateThen>, ReadError> {
        let found = self.find_snapshot(self.keyring.store.stream_tag(name), upto).await?;
        Ok(found.map(|found| StateThen::from(found.folded)))
    }

    /// The snapshots of a record that can be used, newest first.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn snapshots(&self, name: &StreamName) -> Result<Vec<Listed>, ReadError> {
        let mut listed = self.taking.store.list(self.keyring.store.stream_tag(name)).await?;
        listed.retain(|listed| listed.shape == shape());
        Ok(listed)
    }

    /// The newest snapshot of a record whose event was recorded by a moment, or by now.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub async fn snapshot(
        &self,
        name: &StreamName,
        at: Option<Instant>,
    ) -> Result<Option<Listed>, ReadError> {
        let upto = at.map_or(UpTo::Newest, UpTo::Moment);
        let found = self.taking.store.newest(self.keyring.store.stream_tag(name), shape(), upto).await?;
        Ok(found.map(|snapshot| snapshot.listed()))
    }
}
