//! Whether a commit's conditions hold, against the log and what the same group has already added to it.

use std::collections::HashMap;

use anamnesis_kernel::{Instant, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{AppendError, Commit, Expected};
use rusqlite::Connection;
use uuid::Uuid;

use super::super::error::append_error;
use super::rows;
use super::streams::Streams;

/// How far the system clock may lie behind the log.
const CLOCK_BEHIND_MICROS_MAX: i64 = 60_000_000;

/// Where the streams stand that the writer has met lately: it alone moves them.
pub(super) struct Versions {
    of: HashMap<Tag, Stands>,
    /// How many are remembered from one group to the next.
    kept: usize,
}

/// A stream's version, 0 where there is none, and the commit that it is of.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stands {
    pub(super) version: Version,
    pub(super) by: Uuid,
}

impl Versions {
    pub(super) fn new(kept: usize) -> Self {
        Self { of: HashMap::new(), kept }
    }

    /// Where a stream stands.
    pub(super) fn of(
        &mut self,
        connection: &Connection,
        streams: &Streams,
        stream: Tag,
    ) -> rusqlite::Result<Stands> {
        if let Some(stands) = self.of.get(&stream) {
            return Ok(*stands);
        }
        let stands = rows::stands(connection, streams, stream)?.unwrap_or_default();
        self.set(stream, stands);
        Ok(stands)
    }

    pub(super) fn set(&mut self, stream: Tag, stands: Stands) {
        self.of.insert(stream, stands);
    }

    /// Makes room before a group: within one, only this knows where its streams stand.
    pub(super) fn make_room(&mut self) {
        if self.of.len() >= self.kept {
            self.of.clear();
        }
    }

    /// Forgets all, after a group that was rolled back.
    pub(super) fn forget(&mut self) {
        self.of.clear();
    }
}

/// Checks the commit's conditions; gives the version each of its streams has.
pub(super) fn judge(
    connection: &Connection,
    streams: &Streams,
    versions: &mut Versions,
    last: Instant,
    commit: &Commit,
) -> Result<Vec<Version>, AppendError> {
    if let Some(idempotency) = &commit.idempotency
        && let Some(kept) = rows::find_key(connection, &idempotency.key).map_err(append_error)?
    {
        return Err(AppendError::KeyKnown(Box::new(kept)));
    }
    let behind = last.micros() - commit.now.micros();
    if behind > CLOCK_BEHIND_MICROS_MAX {
        return Err(AppendError::Clock { behind_s: behind / 1_000_000 });
    }
    // A repetition is to meet its own events rather than the versions they made, whatever stream they are in.
    for append in &commit.streams {
        find_known_event(connection, append)?;
    }
    let mut before = Vec::with_capacity(commit.streams.len());
    for (stream, append) in commit.streams.iter().enumerate() {
        let actual = versions.of(connection, streams, append.stream).map_err(append_error)?;
        let holds = match append.expected {
            Expected::Any => true,
            Expected::Exact(version) => version == actual.version,
            Expected::Left(version, by) => Stands { version, by } == actual,
        };
        if !holds {
            return Err(AppendError::Conflict { stream, actual: actual.version });
        }
        before.push(actual.version);
    }
    for (claim, condition) in commit.claims.iter().enumerate() {
        let touched = rows::find_claim(connection, &condition.claim).map_err(append_error)?;
        if touched != condition.seen {
            return Err(AppendError::Claimed { claim });
        }
    }
    Ok(before)
}

fn find_known_event(
    connection: &Connection,
    append: &anamnesis_store::StreamAppend,
) -> Result<(), AppendError> {
    for event in append.events.iter().filter(|event| event.chosen_id) {
        let found = rows::find_event(connection, event.event_id).map_err(append_error)?;
        if let Some(position) = found {
            return Err(AppendError::EventKnown { event_id: event.event_id, position });
        }
    }
    Ok(())
}
