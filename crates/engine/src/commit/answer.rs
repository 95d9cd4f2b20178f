//! What a request is answered with, the first time and again.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Cursor, Event, Instant, Position, StreamName, Version};
use anamnesis_store::Appended;
use compact_str::CompactString;
use uuid::Uuid;

use super::{CommitError, Request};
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
        let chosen = request.items.iter().flat_map(|item| &item.steps).find_map(|step| step.event_id);
        let Some(chosen) = chosen else { return Ok(None) };
        let Some(position) = self.log.find_event(chosen).await? else { return Ok(None) };
        self.known_events(request, position).await.map(Some)
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

    /// Compares a request whose first chosen event id is known with the commit that has it.
    async fn known_events(&self, request: &Request, position: Position) -> Result<Answer, CommitError> {
        let steps: Vec<_> =
            request.items.iter().flat_map(|item| item.steps.iter().map(move |step| (item, step))).collect();
        let before = steps.iter().take_while(|(_, step)| step.event_id.is_none()).count() as u64;
        let first = position.offset.checked_sub(before).ok_or(CommitError::KeyReused)?;
        let limit = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        let stored = self.log.read(position.partition, first, limit).await?;
        let commit_id = stored.first().map(|event| event.commit_id).unwrap_or_default();
        if stored.len() != steps.len() || stored.iter().any(|event| event.commit_id != commit_id) {
            return Err(CommitError::KeyReused);
        }
        let moment = stored.first().map(|event| event.moment).unwrap_or_default();
        let mut items: Vec<ItemAnswer> = Vec::new();
        for (stored, (item, step)) in stored.into_iter().zip(&steps) {
            let event = codec::open(&self.keyring, stored).await?;
            let event = event.ok_or_else(|| CommitError::Erased(item.stream.clone()))?;
            if !is_same(&event, &item.stream, step) {
                return Err(CommitError::KeyReused);
            }
            let receipt = Receipt {
                event_id: event.event_id,
                kind: event.kind,
                version: event.version,
                position: event.position,
            };
            match items.last_mut().filter(|last| last.stream == item.stream) {
                Some(last) => {
                    last.version = receipt.version;
                    last.events.push(receipt);
                }
                None => items.push(ItemAnswer {
                    stream: item.stream.clone(),
                    version: receipt.version,
                    created: receipt.version == 1,
                    live: true,
                    events: vec![receipt],
                }),
            }
        }
        let cursor = Cursor { moment, offsets: vec![first + steps.len() as u64] };
        Ok(Answer { cursor, commit_id, moment, items, repeated: true, seen: true })
    }
}

/// Whether an event says what the step says.
fn is_same(event: &Event, stream: &StreamName, step: &super::Step) -> bool {
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
