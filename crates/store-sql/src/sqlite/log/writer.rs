//! The one writer: takes what waits as a group, judges each commit, writes those that hold, syncs once, answers all.
//!
//! Invariant: nobody is answered before the sync; a group that fails leaves nothing behind.

use std::sync::Arc;
use std::time::Instant as Stopwatch;

use anamnesis_kernel::{Cursor, Instant, Position, Version};
use anamnesis_seal::Entry;
use anamnesis_store::{AppendError, Appended, Commit, Head, Idempotency};
use crossbeam_channel::Receiver;
use rusqlite::{Connection, params};
use tokio::sync::{oneshot, watch};

use super::super::error::{append_error, commit_error};
use super::end::End;
use super::judge::{Stands, Versions, judge};
use super::streams::{Added, Bringing, Streams};
use super::{clamp, rows};
use crate::statements;

/// A group is closed when it holds so many events, so that the first in it need not wait too long.
const GROUP_EVENTS_MAX: usize = 10_000;
/// How long an idempotency key is kept.
const KEY_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;
/// How much further than asked the log is lifted on disk, so that a flood of readers as of now costs a sync a second.
const LIFT_AHEAD_MICROS: i64 = 1_000_000;
/// How often keys that are too old are looked for.
const FORGET_EVERY_MICROS: i64 = 60_000_000;

type Answer = oneshot::Sender<Result<Appended, AppendError>>;

/// What the writer is asked.
pub(super) enum Request {
    /// Record a commit.
    Append(Box<Commit>, Answer),
    /// Let no later commit have a moment at or before this one.
    Lift(Instant, oneshot::Sender<Result<(), AppendError>>),
}

/// How much it keeps in memory.
#[derive(Clone, Copy)]
pub(super) struct Room {
    /// How many events are brought into the table of streams in one run: 3 to 6 MB with those that come meanwhile.
    pub(super) run: usize,
    /// Of how many streams it remembers where they stand.
    pub(super) versions: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { run: 32_768, versions: 200_000 }
    }
}

pub(super) struct Writer {
    connection: Connection,
    versions: Versions,
    streams: Arc<Streams>,
    bringing: Bringing,
    /// What the group appends, for `streams` once it is committed.
    appended: Vec<Added>,
    end: End,
    forgot: Instant,
    head: watch::Sender<Head>,
}

impl Writer {
    /// A writer that goes on where the log ends.
    pub(super) fn new(connection: Connection, end: End, streams: Arc<Streams>, room: Room) -> Self {
        let (head, _) = watch::channel(end.head());
        Self {
            connection,
            versions: Versions::new(room.versions),
            streams,
            bringing: Bringing::new(room.run),
            appended: Vec::new(),
            end,
            forgot: Instant::default(),
            head,
        }
    }

    pub(super) fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// Serves requests until nobody can send any.
    pub(super) fn run(mut self, queue: &Receiver<Request>) {
        while let Ok(first) = queue.recv() {
            let mut events = first.events();
            let mut group = vec![first];
            while events < GROUP_EVENTS_MAX {
                let Ok(request) = queue.try_recv() else { break };
                events += request.events();
                group.push(request);
            }
            self.write(group);
        }
    }

    fn write(&mut self, group: Vec<Request>) {
        let start = self.end.clone();
        self.versions.make_room();
        let mut judged = Vec::with_capacity(group.len());
        let mut lifted = Vec::new();
        let mut failed = self.connection.execute_batch("BEGIN IMMEDIATE").map_err(append_error).err();
        for request in group {
            match request {
                Request::Append(commit, answer) => match &failed {
                    Some(error) => send(answer, Err(again(error))),
                    None => match self.append(*commit) {
                        Ok(appended) => judged.push((Ok(appended), answer)),
                        // A refusal may rest on what this group has added, so it waits for the sync too.
                        Err(error) if is_refusal(&error) => judged.push((Err(error), answer)),
                        Err(error) => {
                            send(answer, Err(again(&error)));
                            failed = Some(error);
                        }
                    },
                },
                Request::Lift(at, answer) => {
                    self.end.moment = self.end.moment.max(at);
                    lifted.push(answer);
                }
            }
        }
        let events = self.end.next - start.next;
        let appended = events > 0;
        let changed = appended || self.end.moment > self.end.closed;
        if failed.is_none() {
            failed = if changed {
                self.bring(events).and_then(|()| self.commit(appended)).err()
            } else {
                self.roll_back()
            };
        } else {
            self.roll_back();
        }
        if let Some(error) = &failed {
            self.end = start;
            self.appended.clear();
            self.versions.forget();
            judged.drain(..).for_each(|(_, answer)| send(answer, Err(again(error))));
            lifted.drain(..).for_each(|answer| send(answer, Err(again(error))));
            return;
        }
        // Before the head tells of them, so that whoever heard of an event finds it in its stream.
        self.streams.add(&self.appended);
        self.appended.clear();
        if appended {
            self.bringing.committed(&self.streams);
        }
        self.end.syncs += u64::from(changed);
        if changed || self.end.moment != start.moment {
            self.head.send_replace(self.end.head());
        }
        judged.into_iter().for_each(|(answered, answer)| send(answer, answered));
        lifted.into_iter().for_each(|answer| send(answer, Ok(())));
    }

    fn append(&mut self, commit: Commit) -> Result<Appended, AppendError> {
        let before = judge(&self.connection, &self.streams, &mut self.versions, self.end.moment, &commit)?;
        let events: u64 = commit.streams.iter().map(|stream| stream.events.len() as u64).sum();
        let first = self.end.next;
        if events > 0 {
            let moment = commit.now.max(self.end.moment.plus_micros(1));
            self.end.moment = moment;
            self.insert(&commit, &before, moment).map_err(append_error)?;
        }
        let moment = self.end.moment;
        let appended = Appended {
            commit_id: commit.commit_id,
            moment,
            spans: vec![(Position { partition: 0, offset: first }, events)],
            before,
            cursor: Cursor { moment, offsets: vec![self.end.next] },
        };
        if events > 0 {
            self.keep(&commit, &appended, first, events).map_err(append_error)?;
        }
        Ok(appended)
    }

    fn insert(&mut self, commit: &Commit, before: &[Version], moment: Instant) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(statements::LOG_APPEND_EVENT)?;
        for (append, before) in commit.streams.iter().zip(before) {
            let mut version = *before;
            let count = append.events.len() as u64;
            if count > 0 {
                let (stream, first) = (append.stream, self.end.next);
                self.appended.push(Added { stream, before: version, count, first });
            }
            for event in &append.events {
                version += 1;
                let entry = Entry {
                    commit_id: commit.commit_id,
                    event_id: event.event_id,
                    stream_tag: append.stream,
                    version,
                    subject: event.subject,
                    kind: &event.kind,
                    schema_version: event.schema_version,
                    moment,
                    sealed_hash: event.sealed_hash,
                };
                let leaf = entry.leaf();
                statement.execute(params![
                    clamp(self.end.next),
                    0,
                    append.stream.0,
                    clamp(version),
                    event.event_id.as_bytes(),
                    commit.commit_id.as_bytes(),
                    event.subject.0,
                    event.kind,
                    event.schema_version,
                    moment.micros(),
                    leaf,
                    event.sealed,
                ])?;
                self.end.next += 1;
                self.end.bytes += event.sealed.len() as u64;
                self.end.tree.push(leaf);
            }
            self.versions.set(append.stream, Stands { version, by: commit.commit_id });
        }
        Ok(())
    }

    fn keep(
        &mut self,
        commit: &Commit,
        appended: &Appended,
        first: u64,
        events: u64,
    ) -> rusqlite::Result<()> {
        let id = commit.commit_id.as_bytes();
        for claim in &commit.claims {
            let mut statement = self.connection.prepare_cached(statements::LOG_TOUCH_CLAIM)?;
            statement.execute(params![0, claim.claim.0, id])?;
        }
        if let Some(Idempotency { key, content, outcome }) = &commit.idempotency {
            let before = rows::versions_to_bytes(&appended.before);
            let moment = appended.moment.micros();
            let mut statement = self.connection.prepare_cached(statements::LOG_KEEP_KEY)?;
            statement.execute(params![
                0,
                key.0,
                content,
                id,
                moment,
                clamp(first),
                clamp(events),
                before,
                outcome
            ])?;
        }
        if appended.moment.micros() - self.forgot.micros() > FORGET_EVERY_MICROS {
            self.forgot = appended.moment;
            let mut statement = self.connection.prepare_cached(statements::LOG_FORGET_KEYS)?;
            statement.execute(params![0, appended.moment.micros() - KEY_MICROS])?;
        }
        Ok(())
    }

    /// Brings older events into the table of streams with the commit of so many new ones.
    fn bring(&mut self, events: u64) -> Result<(), AppendError> {
        if events == 0 {
            return Ok(());
        }
        let events = usize::try_from(events).unwrap_or(usize::MAX);
        self.bringing.write(&self.connection, &self.streams, events).map_err(append_error)
    }

    fn commit(&mut self, appended: bool) -> Result<(), AppendError> {
        let ahead = if appended { 0 } else { LIFT_AHEAD_MICROS };
        self.end.closed = self.end.closed.max(self.end.moment.plus_micros(ahead));
        let End { next, closed, bytes, tree, .. } = &self.end;
        let moved = self.connection.prepare_cached(statements::LOG_MOVE_HEAD).and_then(|mut statement| {
            statement.execute(params![clamp(*next), closed.micros(), clamp(*bytes), tree.to_bytes(), 0])
        });
        if !matches!(moved, Ok(1)) {
            self.roll_back();
            return Err(
                moved.map_or_else(append_error, |_| AppendError::Unavailable("the head is not there".into()))
            );
        }
        let started = Stopwatch::now();
        let committed = self.connection.execute_batch("COMMIT");
        self.end.sync_time += started.elapsed();
        committed.map_err(|error| {
            self.roll_back();
            commit_error(error)
        })
    }

    /// Ends the transaction without keeping anything; a failure here shows again at the next `BEGIN`.
    fn roll_back(&self) -> Option<AppendError> {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        None
    }
}

impl Request {
    fn events(&self) -> usize {
        match self {
            Self::Append(commit, _) => commit.streams.iter().map(|stream| stream.events.len()).sum(),
            Self::Lift(..) => 0,
        }
    }
}

/// Whether the commit alone is at fault, and the group goes on.
fn is_refusal(error: &AppendError) -> bool {
    !matches!(error, AppendError::Full(_) | AppendError::Unavailable(_) | AppendError::Unanswered(_))
}

/// The same failure for the next one in the group.
fn again(error: &AppendError) -> AppendError {
    let cause = || -> anamnesis_store::Cause {
        std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string).into()
    };
    match error {
        AppendError::Full(_) => AppendError::Full(cause()),
        AppendError::Unanswered(_) => AppendError::Unanswered(cause()),
        _ => AppendError::Unavailable(cause()),
    }
}

fn send<T>(answer: oneshot::Sender<T>, value: T) {
    // Whoever asked may have gone away; the commit stands all the same.
    let _ = answer.send(value);
}
