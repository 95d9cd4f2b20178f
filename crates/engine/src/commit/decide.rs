//! Deciding: the rules of each record, applied to where it stands and to what the same request did to it.

use std::sync::Arc;

use anamnesis_chart::{Context, Door, EventRef, NewEvent, Refusal, State, decide, evolve, is_significant};
use anamnesis_json::Object;
use anamnesis_kernel::{Instant, Position, StreamName, Version};
use anamnesis_seal::{Clear, SubjectKey, SubjectNumber, Tag};
use anamnesis_store::{Expected, SealedEvent, StreamAppend};
use uuid::Uuid;

use super::{Answer, CommitError, Expect, Item, ItemAnswer, Receipt, Request, Step};
use crate::cache::{Head, Seen};
use crate::codec;
use crate::engine::Engine;
use crate::keyring::Held;
use crate::snapshot::{Job, Last, Written};

/// What was decided, stream by stream.
pub(super) struct Decided {
    items: Vec<DecidedItem>,
    refusal: Option<CommitError>,
}

/// What is answered once what it rests on is durable.
pub(super) enum Settled {
    /// The answer, and the snapshots that are due.
    Taken(Answer, Vec<Job>),
    Refused(CommitError),
}

struct DecidedItem {
    before: Version,
    /// The commit that leaves the record as it was decided on, where that need not be recorded yet.
    built_on: Option<Uuid>,
    created: bool,
    after: State,
    subject: StreamName,
    events: Vec<DecidedEvent>,
    /// When the stream was written to before, if it was.
    earlier: Option<Instant>,
    /// The newest snapshot of it, as far as is known.
    last: Option<Last>,
}

struct DecidedEvent {
    step: usize,
    event_id: Uuid,
    event: NewEvent,
}

impl Engine {
    /// Decides on every item; what the rules refuse is part of the decision, not an error.
    pub(super) async fn decide(&self, request: &Request, tags: &[Tag]) -> Result<Decided, CommitError> {
        let mut items = Vec::with_capacity(request.items.len());
        let mut refusals = Vec::new();
        let mut conflict = None;
        for (at, (item, tag)) in request.items.iter().zip(tags).enumerate() {
            let head = self.load(*tag, &item.stream).await?;
            if conflict.is_none() && !meets(item.expected, &head.state) {
                let (stream, expected, actual) = (item.stream.clone(), item.expected, head.state.version);
                conflict = Some(CommitError::Conflict { stream, expected, actual });
            }
            items.push(self.decide_item(request, at, item, &head, &mut refusals));
        }
        let refused = (!refusals.is_empty()).then_some(CommitError::Refused(refusals));
        Ok(Decided { items, refusal: conflict.or(refused) })
    }

    fn decide_item(
        &self,
        request: &Request,
        at: usize,
        item: &Item,
        head: &Head,
        refusals: &mut Vec<(usize, usize, Refusal)>,
    ) -> DecidedItem {
        let mut state = head.state.clone();
        let created = state.elements.is_none();
        let mut events = Vec::new();
        let refused = refusals.len();
        for (number, step) in item.steps.iter().enumerate() {
            let context =
                Context { stream: &item.stream, reason: step.reason.as_deref(), door: request.door };
            match decide(&state, &context, step.command.clone()) {
                Ok(news) => {
                    for event in news {
                        state.elements = apply(state.elements.take(), &event);
                        state.version += 1;
                        let event_id =
                            step.event_id.unwrap_or_else(|| self.minter.event_id(self.clock.now()));
                        events.push(DecidedEvent { step: number, event_id, event });
                    }
                }
                Err(reasons) => refusals.extend(reasons.into_iter().map(|reason| (at, number, reason))),
            }
        }
        // A whole resource was looked at where it came in; what a delta makes of a record is only known here.
        if let (Door::Api, Some(after), Some(last)) =
            (request.door, &state.elements, item.steps.len().checked_sub(1))
            && refusals.len() == refused
            && !events.is_empty()
        {
            let faults = self.indexing.faults(&item.stream, head.state.elements.as_ref(), after);
            refusals.extend(faults.into_iter().map(|fault| (at, last, fault)));
        }
        let subject = match &state.elements {
            Some(elements) => self.indexing.subject(&item.stream, elements),
            None => head.subject.clone(),
        };
        if head.state.elements.is_some() && subject != head.subject && !events.iter().any(|e| e.event.whole) {
            carry_whole(&mut events, &mut state, head.state.version, &item.stream);
        }
        DecidedItem {
            before: head.state.version,
            built_on: head.by,
            created,
            after: state,
            subject,
            events,
            earlier: head.written,
            last: head.last,
        }
    }

    /// Seals what was decided; of a refusal only the conditions are left, to be confirmed by the log.
    pub(super) async fn seal(
        &self,
        request: &Request,
        tags: &[Tag],
        decided: &Decided,
    ) -> Result<Vec<StreamAppend>, CommitError> {
        let condition = |(item, tag): (&DecidedItem, &Tag)| StreamAppend {
            stream: *tag,
            expected: match item.built_on {
                Some(commit) => Expected::Left(item.before, commit),
                None => Expected::Exact(item.before),
            },
            events: Vec::new(),
        };
        let mut appends: Vec<StreamAppend> = decided.items.iter().zip(tags).map(condition).collect();
        if decided.is_refused() {
            return Ok(appends);
        }
        let mut text = Vec::new();
        let mut without_key = Vec::new();
        let all = request.items.iter().zip(&decided.items).zip(&mut appends);
        for ((item, decided), append) in all.filter(|((_, decided), _)| !decided.events.is_empty()) {
            match self.keyring.known(&decided.subject) {
                Some(Held { number, key: Some(key) }) => {
                    append.events = seal(request, item, decided, number, &key, &mut text);
                }
                _ => without_key.push((item, decided, append)),
            }
        }
        let mut unique: Vec<&StreamName> = without_key.iter().map(|(_, item, _)| &item.subject).collect();
        unique.sort_unstable();
        unique.dedup();
        let held = if unique.is_empty() { Vec::new() } else { self.keyring.of_subjects(&unique).await? };
        for (item, decided, append) in without_key {
            let held = unique.binary_search(&&decided.subject).ok().and_then(|at| held.get(at));
            let held = held.ok_or_else(|| CommitError::Unavailable("a subject has no key".into()))?;
            let Some(key) = &held.key else { return Err(CommitError::Erased(decided.subject.clone())) };
            append.events = seal(request, item, decided, held.number, key, &mut text);
        }
        Ok(appends)
    }
}

/// Seals the events of an item with its subject's key; `text` is room to write in.
fn seal(
    request: &Request,
    item: &Item,
    decided: &DecidedItem,
    subject: SubjectNumber,
    key: &SubjectKey,
    text: &mut Vec<u8>,
) -> Vec<SealedEvent> {
    let mut events = Vec::with_capacity(decided.events.len());
    for DecidedEvent { step, event_id, event } in &decided.events {
        let Some(Step { occurred_at, causation_id, reason, metadata, event_id: chosen, .. }) =
            item.steps.get(*step)
        else {
            continue;
        };
        text.clear();
        anamnesis_json::write_object(&event.data, text);
        let metadata = metadata.as_ref().map(Object::to_text);
        let clear = Clear {
            stream: &item.stream,
            occurred_at: *occurred_at,
            subject: (decided.subject != item.stream).then_some(&decided.subject),
            actor: &request.actor,
            source: &request.source,
            correlation_id: request.correlation_id.as_deref(),
            causation_id: *causation_id,
            reason: reason.as_deref(),
            metadata: metadata.as_deref(),
            whole: event.whole,
            data: text,
        };
        let new = codec::NewEvent {
            event_id: *event_id,
            chosen_id: chosen.is_some(),
            kind: &event.kind,
            schema_version: event.schema_version,
            clear,
        };
        events.push(codec::seal(subject, key, &new));
    }
    events
}

impl Decided {
    pub(super) fn is_refused(&self) -> bool {
        self.refusal.is_some()
    }

    pub(super) fn has_events(&self) -> bool {
        !self.is_refused() && self.items.iter().any(|item| !item.events.is_empty())
    }

    /// What will be answered, but for what only the log knows.
    pub(super) fn outcome(&self, request: &Request) -> Answer {
        let items = request.items.iter().zip(&self.items).map(|(item, decided)| decided.answer(&item.stream));
        Answer {
            cursor: anamnesis_kernel::Cursor::beginning(1),
            commit_id: Uuid::nil(),
            moment: anamnesis_kernel::Instant::default(),
            items: items.collect(),
            repeated: false,
            seen: true,
        }
    }

    /// What would be answered, but for what only the log knows.
    pub(super) fn foreseen(self, request: &Request) -> Result<Answer, CommitError> {
        let answer = self.outcome(request);
        self.refusal.map_or(Ok(answer), Err)
    }

    /// Lets the next decision build on this one; gives the snapshots that are due once the log has it.
    pub(super) fn remember(&self, engine: &Engine, seen: Seen, tags: &[Tag], commit_id: Uuid) -> Vec<Job> {
        let mut due = Vec::new();
        if self.is_refused() {
            return due;
        }
        let now = engine.clock.now();
        for (item, tag) in self.items.iter().zip(tags) {
            // A record just begun is rarely touched again soon: leave the room to others.
            let kept = item.before > 0 || item.events.is_empty();
            let reason = engine.taking.policy.due(item.last, &item.written(now));
            if !kept && reason.is_none() {
                continue;
            }
            let head = Arc::new(item.head(commit_id, reason.is_some(), now));
            if let Some(reason) = reason {
                due.push(Job::Appended { stream: *tag, head: Arc::clone(&head), commit_id, reason });
            }
            if kept {
                let caches = &engine.caches;
                caches.erasures.keep(seen, || caches.heads.put(*tag, head));
            }
        }
        due
    }

    /// Of each item the commit that leaves it as it was decided on, where that need not be recorded yet.
    pub(super) fn built_on(&self) -> Vec<Option<Uuid>> {
        self.items.iter().map(|item| item.built_on).collect()
    }

    /// What to answer when the log has it.
    pub(super) fn settled(self, request: &Request, due: Vec<Job>) -> Settled {
        match self.foreseen(request) {
            Ok(answer) => Settled::Taken(answer, due),
            Err(refusal) => Settled::Refused(refusal),
        }
    }
}

impl DecidedItem {
    fn written(&self, now: Instant) -> Written {
        let significant = self.events.iter().any(|event| is_significant(&event.event.kind));
        Written { before: self.before, after: self.after.version, significant, earlier: self.earlier, now }
    }

    /// Where the stream stands now; a snapshot that is due counts as taken.
    fn head(&self, commit_id: Uuid, due: bool, now: Instant) -> Head {
        let last = if due { Some(Last { version: self.after.version, taken_at: now }) } else { self.last };
        let (by, written) = match self.events.as_slice() {
            [] => (self.built_on, self.earlier),
            _ => (Some(commit_id), Some(now)),
        };
        Head::new(self.after.clone(), self.subject.clone(), by, written, last)
    }

    fn answer(&self, stream: &StreamName) -> ItemAnswer {
        let receipt = |(event, version): (&DecidedEvent, Version)| Receipt {
            event_id: event.event_id,
            kind: event.event.kind.clone(),
            version,
            position: Position { partition: 0, offset: 0 },
        };
        ItemAnswer {
            stream: stream.clone(),
            version: self.after.version,
            created: self.created,
            live: self.after.elements.is_some(),
            events: self.events.iter().zip(self.before + 1..).map(receipt).collect(),
        }
    }
}

fn meets(expected: Expect, state: &State) -> bool {
    match expected {
        Expect::Any => true,
        Expect::None => state.elements.is_none(),
        Expect::Live => state.elements.is_some(),
        Expect::Version(version) => state.version == version,
    }
}

/// Folds a new event as it will be folded when it is read.
fn apply(elements: Option<Object>, event: &NewEvent) -> Option<Object> {
    match anamnesis_chart::upcast(&event.kind, event.schema_version, event.data.clone()) {
        Ok(data) => evolve(elements, &EventRef { kind: &event.kind, whole: event.whole, data: &data }),
        Err(_) => elements,
    }
}

/// A record that comes under another key carries itself whole, so that either person can be erased alone.
fn carry_whole(events: &mut Vec<DecidedEvent>, state: &mut State, before: Version, stream: &StreamName) {
    let (Some(first), Some(elements)) = (events.first(), &state.elements) else { return };
    let kind = match events.as_slice() {
        [one] => one.event.kind.clone(),
        _ => compact_str::format_compact!("{}Revised", stream.kind),
    };
    let event = NewEvent { kind, schema_version: 1, whole: true, data: elements.clone() };
    *events = vec![DecidedEvent { step: first.step, event_id: first.event_id, event }];
    state.version = before + 1;
}
