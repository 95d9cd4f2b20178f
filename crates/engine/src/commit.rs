//! The one way in: decide on every stream of a request, append what was decided, wait as asked.

mod answer;
mod decide;
mod error;
mod order;

use std::time::Instant as Stopwatch;

use anamnesis_chart::{Command, Door};
use anamnesis_json::Object;
use anamnesis_kernel::{Actor, Instant, Source, StreamName, Version};
use anamnesis_seal::{Hash, Tag};
use anamnesis_store::{AppendError, Claim, Commit, Idempotency};
use compact_str::CompactString;
use uuid::Uuid;

pub use answer::{Answer, ItemAnswer, Receipt};
pub use error::CommitError;
use order::Deciding;
pub(crate) use order::Order;

use crate::engine::Engine;
use crate::instruments::{AppendFailure, Stage};

/// How often a request is decided anew because someone else wrote first.
const ATTEMPTS_MAX: u32 = 20;
/// From this attempt on it is decided alone, on what the log has: see [`Engine::alone`].
const ALONE_FROM: u32 = 3;
/// A request of more steps takes long enough that others are let go before the rest of it.
const FEW_STEPS: usize = 100;

/// What a door asks for: all of it happens together, or nothing.
#[derive(Clone)]
pub struct Request {
    /// By stream, each once.
    pub items: Vec<Item>,
    /// What makes a repetition harmless.
    pub idempotency: Option<Idempotent>,
    /// What the request depends on that is no stream.
    pub claims: Vec<Claim>,
    /// Who asks.
    pub actor: Actor,
    /// Through which door.
    pub source: Source,
    /// The door's manners.
    pub door: Door,
    /// What it belongs together with.
    pub correlation_id: Option<CompactString>,
    /// What is waited for.
    pub wait: Wait,
}

/// What shall happen to one record.
#[derive(Clone)]
pub struct Item {
    /// The record.
    pub stream: StreamName,
    /// Where it must stand.
    pub expected: Expect,
    /// In this order.
    pub steps: Vec<Step>,
}

/// One command with what the caller says about it.
#[derive(Clone)]
pub struct Step {
    /// What shall happen.
    pub command: Command,
    /// The caller's own id for the event.
    pub event_id: Option<Uuid>,
    /// When it happened.
    pub occurred_at: Option<Instant>,
    /// The event that led to it.
    pub causation_id: Option<Uuid>,
    /// Why.
    pub reason: Option<CompactString>,
    /// The caller's own.
    pub metadata: Option<Object>,
}

impl Step {
    /// A command about which nothing more is said.
    pub const fn of(command: Command) -> Self {
        Self { command, event_id: None, occurred_at: None, causation_id: None, reason: None, metadata: None }
    }
}

/// Where a record must stand for a request to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Anywhere.
    Any,
    /// No live record: never there, or deleted.
    None,
    /// A live record, at any version.
    Live,
    /// At this version.
    Version(Version),
}

/// A key under which a request is done once.
#[derive(Clone, Copy)]
pub struct Idempotent {
    /// The keyed hash of the caller's key.
    pub key: Tag,
    /// The keyed hash of what was asked.
    pub content: Hash,
}

/// What an answer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The events are synced and the views show them.
    Views,
    /// The events are synced.
    Log,
}

impl Engine {
    /// Carries out a request.
    ///
    /// # Errors
    ///
    /// See [`CommitError`]; nothing was kept but where it says so.
    pub async fn commit(&self, request: Request) -> Result<Answer, CommitError> {
        let answer = self.append(&request).await.inspect_err(|error| self.append_failed(error))?;
        if request.wait == Wait::Log {
            return Ok(answer);
        }
        let started = Stopwatch::now();
        // The views pass over what they cannot apply, so a stream that is held keeps nobody waiting.
        let seen = self.wait_for_views(&answer.cursor, self.views_patience).await
            && answer
                .items
                .iter()
                .all(|item| item.events.is_empty() || self.held(&item.stream, None).is_none());
        self.instruments.waited(started.elapsed());
        Ok(Answer { seen, ..answer })
    }

    /// What a request would come to if it were carried out now; nothing is kept. A no rests on what is durable, like any.
    ///
    /// # Errors
    ///
    /// As it would be refused.
    pub async fn preview(&self, request: &Request) -> Result<Answer, CommitError> {
        let tags: Vec<Tag> =
            request.items.iter().map(|item| self.keyring.store.stream_tag(&item.stream)).collect();
        for attempt in 0..ATTEMPTS_MAX {
            let deciding = self.order.decide(&tags).await;
            if attempt >= ALONE_FROM {
                self.alone(&deciding, &tags).await?;
            }
            let decided = self.decide(request, &tags).await?;
            if !decided.is_refused() {
                return decided.foreseen(request);
            }
            // It may have been decided on what others are about to write.
            let turn = deciding.decided();
            let commit = Commit {
                commit_id: self.minter.event_id(self.clock.now()),
                now: self.clock.now(),
                streams: self.seal(request, &tags, &decided).await?,
                claims: Vec::new(),
                idempotency: None,
            };
            let commit_id = commit.commit_id;
            let confirming = turn.hand_in(&*self.log, commit).await;
            match confirming.await {
                Ok(_) => return decided.foreseen(request),
                Err(AppendError::Conflict { .. }) => self.forget(&tags, commit_id, &decided.built_on()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(CommitError::Busy)
    }

    async fn append(&self, request: &Request) -> Result<Answer, CommitError> {
        if names_an_event_twice(request) {
            return Err(CommitError::KeyReused);
        }
        if let Some(answer) = self.known(request).await? {
            return Ok(answer);
        }
        let tags: Vec<Tag> =
            request.items.iter().map(|item| self.keyring.store.stream_tag(&item.stream)).collect();
        for attempt in 0..ATTEMPTS_MAX {
            let started = Stopwatch::now();
            let seen = self.caches.erasures.seen();
            let deciding = self.order.decide(&tags).await;
            if attempt >= ALONE_FROM {
                self.alone(&deciding, &tags).await?;
            }
            let decided = self.decide(request, &tags).await?;
            let commit_id = self.minter.event_id(self.clock.now());
            let due = decided.remember(self, seen, &tags, commit_id);
            let turn = deciding.decided();
            self.instruments.took(Stage::Decide, started.elapsed());
            let started = Stopwatch::now();
            if request.items.iter().map(|item| item.steps.len()).sum::<usize>() > FEW_STEPS {
                // Who waits to decide goes before what only this request needs.
                tokio::task::yield_now().await;
            }
            let sealed = self.seal(request, &tags, &decided).await?;
            let adds = decided.has_events();
            let idempotency = request.idempotency.as_ref().filter(|_| adds).map(|idempotent| {
                let outcome = decided.outcome(request).to_bytes();
                Idempotency {
                    key: idempotent.key,
                    content: idempotent.content,
                    outcome: self.keyring.store.seal_outcome(
                        &idempotent.key,
                        &outcome,
                        &anamnesis_seal::SystemRandom,
                    ),
                }
            });
            let commit = Commit {
                commit_id,
                now: self.clock.now(),
                streams: sealed,
                claims: request.claims.clone(),
                idempotency,
            };
            if adds {
                // Before the log has it, since the projector may have it right after.
                self.instruments.committing(commit_id, request.correlation_id.as_deref());
            }
            let appending = turn.hand_in(&*self.log, commit).await;
            let built_on = decided.built_on();
            let decision = decided.settled(request, due);
            self.instruments.took(Stage::Append, started.elapsed());
            let started = Stopwatch::now();
            let appended = appending.await;
            self.instruments.took(Stage::Sync, started.elapsed());
            match appended {
                Ok(appended) => {
                    // What adds nothing may be the repetition of a request that was under way when this one began.
                    if !adds && let Some(answer) = self.known(request).await? {
                        return Ok(answer);
                    }
                    return self.settle(decision, &appended);
                }
                Err(error) => {
                    self.forget(&tags, commit_id, &built_on);
                    match error {
                        AppendError::Conflict { .. } => self.instruments.conflict(),
                        AppendError::Claimed { .. } => {
                            self.instruments.conflict();
                            return Err(CommitError::Claimed);
                        }
                        AppendError::KeyKnown(_) => {
                            if let Some(answer) = self.known(request).await? {
                                return Ok(answer);
                            }
                        }
                        AppendError::EventKnown { position, .. } => {
                            return self.known_events(request, position).await;
                        }
                        other => return Err(other.into()),
                    }
                }
            }
        }
        Err(CommitError::Busy)
    }

    /// Waits until the log has judged all that was decided on these streams before, and lets go of what was foreseen of it.
    ///
    /// Else several who build on each other's decisions, of which the first was refused, may be refused again and again.
    async fn alone(&self, deciding: &Deciding<'_>, tags: &[Tag]) -> Result<(), CommitError> {
        deciding.comes().await;
        let (commit_id, now) = (self.minter.event_id(self.clock.now()), self.clock.now());
        let nothing = Commit { commit_id, now, streams: Vec::new(), claims: Vec::new(), idempotency: None };
        // It is answered after all that was handed in before it.
        self.log.append(nothing).await?;
        tags.iter().for_each(|tag| self.caches.heads.remove(tag));
        Ok(())
    }

    /// Forgets what a commit that was not recorded left of its streams, and what it was built on.
    fn forget(&self, tags: &[Tag], commit_id: Uuid, built_on: &[Option<Uuid>]) {
        for (tag, built_on) in tags.iter().zip(built_on) {
            self.caches.heads.forget(tag, commit_id, *built_on);
        }
    }

    /// Counts a request that failed for another reason than what it asked: in the log, or before it in the keys.
    fn append_failed(&self, error: &CommitError) {
        self.instruments.append_failed(match error {
            CommitError::Full(_) => AppendFailure::Full,
            CommitError::Clock { .. } => AppendFailure::Clock,
            CommitError::Unanswered(_) => AppendFailure::Unanswered,
            CommitError::Unavailable(_) => AppendFailure::Unavailable,
            // What was judged is no failure; damage and what a newer program wrote are told of by their own answers.
            CommitError::Conflict { .. }
            | CommitError::Refused(_)
            | CommitError::KeyReused
            | CommitError::Claimed
            | CommitError::Erased(_)
            | CommitError::Busy
            | CommitError::EventUnknown(_)
            | CommitError::Damaged(_) => return,
        });
    }

    /// What a decision that is now durable is answered with: a refusal too had to be true of what is durable.
    fn settle(
        &self,
        decision: decide::Settled,
        appended: &anamnesis_store::Appended,
    ) -> Result<Answer, CommitError> {
        match decision {
            decide::Settled::Refused(error) => Err(error),
            decide::Settled::Taken(mut answer, due) => {
                answer.place(appended);
                due.into_iter().for_each(|job| self.taking.offer(job));
                Ok(answer)
            }
        }
    }
}

/// Whether two steps were given the same event id by the caller.
fn names_an_event_twice(request: &Request) -> bool {
    let steps = request.items.iter().flat_map(|item| &item.steps);
    let mut ids: Vec<Uuid> = steps.filter_map(|step| step.event_id).collect();
    ids.sort_unstable();
    ids.windows(2).any(|pair| pair.first() == pair.last())
}
