//! What a request is answered with, the first time and again.

use anamnesis_chart::{Context, State, decide};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Cursor, Event, Instant, Position, StreamName, Version};
use anamnesis_store::{Appended, StoredEvent};
use compact_str::CompactString;
use uuid::Uuid;

use super::{CommitError, Item, Request, Step};
use crate::codec;
use crate::engine::Engine;

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The point of the log just after the commit.
    pub cursor: Cursor,
    /// The commit; nil when nothing was added.
    pub commit_id: Uuid,
    /// The moment of the commit, or of the end of the log when nothing was added.
    pub moment: Instant,
    /// By item, in the order asked.
    pub items: Vec<ItemAnswer>,
    /// Whether it had been done before.
    pub repeated: bool,
    /// Whether the views show it, where that was waited for.
    pub seen: bool,
}

/// What became of one record.
#[derive(Clone, Debug)]
pub struct ItemAnswer {
    /// The record.
    pub stream: StreamName,
    /// Its version afterwards.
    pub version: Version,
    /// Whether there was no live record before.
    pub created: bool,
    /// Whether there is a live record afterwards.
    pub live: bool,
    /// What was added.
    pub events: Vec<Receipt>,
}

/// Where one event stands.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The event.
    pub event_id: Uuid,
    /// Its type.
    pub kind: CompactString,
    /// Its number in its stream.
    pub version: Version,
    /// Where it stands.
    pub position: Position,
}

impl Answer {
    /// Fills in what only the log knows.
    pub(super) fn place(&mut self, appended: &Appended) {
        let mut positions = appended.spans.iter().flat_map(|(first, count)| {
            (first.offset..first.offset + count).map(|offset| Position { partition: first.partition, offset })
        });
        for receipt in self.items.iter_mut().flat_map(|item| &mut item.events) {
            if let Some(position) = positions.next() {
                receipt.position = position;
            }
        }
        self.cursor = appended.cursor.clone();
        self.moment = appended.moment;
        if self.items.iter().any(|item| !item.events.is_empty()) {
            self.commit_id = appended.commit_id;
        }
    }

    /// The outcome as it is kept under an idempotency key: streams and versions, no content.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let item = |item: &ItemAnswer| {
            Value::Array(vec![
                item.stream.to_string().into(),
                item.version.into(),
                item.created.into(),
                item.live.into(),
                (item.events.len() as u64).into(),
            ])
        };
        Value::Array(self.items.iter().map(item).collect()).to_text()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Vec<(ItemAnswer, usize)>> {
        let value = anamnesis_json::parse(bytes).ok()?;
        let item = |value: &Value| match value.as_array()? {
            [stream, version, created, live, events] => {
                let answer = ItemAnswer {
                    stream: stream.as_str()?.parse().ok()?,
                    version: version.as_u64()?,
                    created: created.as_bool()?,
                    live: live.as_bool()?,
                    events: Vec::new(),
                };
                Some((answer, usize::try_from(events.as_u64()?).ok()?))
            }
            _ => None,
        };
        value.as_array()?.iter().map(item).collect()
    }
}

impl Engine {
    /// The first answer again, if this request was carried out before, by its key or its events' ids.
    pub(super) async fn known(&self, request: &Request) -> Result<Option<Answer>, CommitError> {
        if let Some(idempotent) = &request.idempotency {
            let Some(kept) = self.log.kept(idempotent.key).await? else { return Ok(None) };
            if kept.content != idempotent.content {
                return Err(CommitError::KeyReused);
            }
            let outcome = self.keyring.store.open_outcome(&idempotent.key, &kept.outcome);
            let items = outcome.ok().and_then(|bytes| Answer::from_bytes(&bytes));
            let items =
                items.ok_or_else(|| CommitError::Unavailable("a kept outcome does not open".into()))?;
            return Ok(Some(self.answer_again(items, &kept.appended).await?));
        }
        // All of them: a step that changed nothing left no event, and its id is not known.
        for chosen in request.items.iter().flat_map(|item| &item.steps).filter_map(|step| step.event_id) {
            if let Some(position) = self.log.find_event(chosen).await? {
                return self.known_events(request, position).await.map(Some);
            }
        }
        Ok(None)
    }

    async fn answer_again(
        &self,
        items: Vec<(ItemAnswer, usize)>,
        appended: &Appended,
    ) -> Result<Answer, CommitError> {
        let mut positions = Vec::new();
        for (first, count) in &appended.spans {
            positions.extend(
                (first.offset..first.offset + count)
                    .map(|offset| Position { partition: first.partition, offset }),
            );
        }
        let mut events = self.log.read_at(&positions).await?.into_iter();
        let items = items.into_iter().map(|(mut item, count)| {
            let receipts = events.by_ref().take(count).map(|event| Receipt {
                event_id: event.event_id,
                kind: event.kind.into(),
                version: event.version,
                position: event.position,
            });
            item.events = receipts.collect();
            item
        });
        Ok(Answer {
            items: items.collect(),
            cursor: appended.cursor.clone(),
            commit_id: appended.commit_id,
            moment: appended.moment,
            repeated: true,
            seen: true,
        })
    }

    /// Compares a request one of whose event ids is known with the commit that has it.
    ///
    /// A step that made no event then must make none now: else the request asks for more than was done.
    pub(super) async fn known_events(
        &self,
        request: &Request,
        position: Position,
    ) -> Result<Answer, CommitError> {
        let mut stored = self.commit_at(request, position).await?.into_iter().peekable();
        let Some(first) = stored.peek() else { return Err(CommitError::KeyReused) };
        let (commit_id, moment) = (first.commit_id, first.moment);
        let mut end = 0;
        let mut items: Vec<ItemAnswer> = Vec::new();
        for item in &request.items {
            let mut receipts = Vec::new();
            let mut idle = Vec::new();
            for step in &item.steps {
                let event = match stored.next_if(|stored| names(step, stored)) {
                    Some(stored) => {
                        end = stored.position.offset + 1;
                        let opened = codec::open(&self.keyring, stored).await?;
                        opened.ok_or_else(|| CommitError::Erased(item.stream.clone()))?
                    }
                    None => {
                        idle.push(step);
                        continue;
                    }
                };
                if !is_same(&event, &item.stream, step) {
                    return Err(CommitError::KeyReused);
                }
                receipts.push(Receipt {
                    event_id: event.event_id,
                    kind: event.kind,
                    version: event.version,
                    position: event.position,
                });
            }
            let head = self.load(self.keyring.store.stream_tag(&item.stream), &item.stream).await?;
            if idle.iter().any(|step| !self.changes_nothing(request, item, step, &head.state)) {
                return Err(CommitError::KeyReused);
            }
            items.push(ItemAnswer {
                stream: item.stream.clone(),
                version: receipts.last().map_or(head.state.version, |receipt| receipt.version),
                created: receipts.first().is_some_and(|receipt| receipt.version == 1),
                live: true,
                events: receipts,
            });
        }
        if stored.next().is_some() {
            return Err(CommitError::KeyReused);
        }
        let cursor = Cursor { moment, offsets: vec![end] };
        Ok(Answer { cursor, commit_id, moment, items, repeated: true, seen: true })
    }

    /// The events of the commit that has this position; none where it has more than the request has steps.
    async fn commit_at(
        &self,
        request: &Request,
        position: Position,
    ) -> Result<Vec<StoredEvent>, CommitError> {
        let steps: u64 = request.items.iter().map(|item| item.steps.len() as u64).sum();
        let from = position.offset.saturating_sub(steps);
        let limit = u32::try_from(2 * steps + 1).unwrap_or(u32::MAX);
        let mut around = self.log.read(position.partition, from, limit).await?;
        let commit_id = around.iter().find(|event| event.position == position).map(|event| event.commit_id);
        around.retain(|event| Some(event.commit_id) == commit_id);
        if around.len() as u64 > steps {
            around.clear();
        }
        Ok(around)
    }

    fn changes_nothing(&self, request: &Request, item: &Item, step: &Step, state: &State) -> bool {
        let context = Context { stream: &item.stream, reason: step.reason.as_deref(), door: request.door };
        decide(state, &context, step.command.clone()).is_ok_and(|events| events.is_empty())
    }
}

/// Whether a stored event may be what a step made: of its id where it chose one, of its type where it did not.
fn names(step: &Step, stored: &StoredEvent) -> bool {
    let kind = |kind: &CompactString| *kind == stored.kind;
    let same_kind =
        matches!(&step.command, anamnesis_chart::Command::Append { kind: wanted, .. } if kind(wanted));
    step.event_id.map_or(same_kind, |id| id == stored.event_id)
}

/// Whether an event says what the step says.
fn is_same(event: &Event, stream: &StreamName, step: &Step) -> bool {
    let anamnesis_chart::Command::Append { kind, schema_version, data } = &step.command else { return false };
    let version = schema_version.is_none_or(|version| version == event.schema_version);
    let stripped = |mut data: Object| {
        data.remove("resourceType");
        data.remove("id");
        data
    };
    let theirs = match anamnesis_json::parse(&event.data) {
        Ok(Value::Object(object)) => stripped(object),
        _ => return false,
    };
    event.stream == *stream
        && event.kind == *kind
        && version
        && step.event_id.is_none_or(|id| id == event.event_id)
        && theirs.same(&stripped(data.clone()))
        && event.occurred_at == step.occurred_at
        && event.reason == step.reason
        && event.metadata.as_ref().map(Object::to_text) == step.metadata.as_ref().map(Object::to_text)
}
