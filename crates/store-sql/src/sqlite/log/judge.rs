//! Whether a commit's conditions hold, against the log and what the same group has already added to it.

use std::collections::HashMap;

use anamnesis_kernel::{Instant, Version};
use anamnesis_seal::Tag;
use anamnesis_store::{AppendError, Commit, Expected};
use rusqlite::Connection;

use super::super::error::append_error;
use super::rows;
use super::streams::Streams;

/// How far the system clock may lie behind the log.
const CLOCK_BEHIND_MICROS_MAX: i64 = 60_000_000;
/// How many streams' versions are remembered.
const STREAMS_KEPT: usize = 200_000;

/// The versions of streams the writer has met lately: it alone moves them.
#[derive(Default)]
pub(super) struct Versions(HashMap<Tag, Version>);

impl Versions {
    /// Where a stream stands; 0 when there is none.
    pub(super) fn of(
        &mut self,
        connection: &Connection,
        streams: &Streams,
        stream: Tag,
    ) -> rusqlite::Result<Version> {
        if let Some(version) = self.0.get(&stream) {
            return Ok(*version);
        }
        let version = streams.version(connection, stream)?.unwrap_or(0);
        self.set(stream, version);
        Ok(version)
    }

    pub(super) fn set(&mut self, stream: Tag, version: Version) {
        if self.0.len() >= STREAMS_KEPT {
            self.0.clear();
        }
        self.0.insert(stream, version);
    }

    /// Forgets all, after a group that was rolled back.
    pub(super) fn forget(&mut self) {
        self.0.clear();
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
        if let Expected::Exact(expected) = append.expected
            && expected != actual
        {
            return Err(AppendError::Conflict { stream, actual });
        }
        before.push(actual);
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
