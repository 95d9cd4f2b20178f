//! The body of `POST /api/commits`, one event or many, as what the engine is asked.
//!
//! Invariant: everything that is wrong is told at once, each with its path; nothing unknown is passed over.

use std::collections::HashSet;

use anamnesis_chart::Command;
use anamnesis_engine::{Item, Step};
use anamnesis_json::Value;
use anamnesis_kernel::{ResourceType, StreamName};
use compact_str::CompactString;
use uuid::Uuid;

use super::super::problem::Reason;
use super::locate::{Form, Place};
use super::members::{Members, Reasons};
use super::shape;
use crate::app::Limits;

/// The caller's own object, as text.
const METADATA_BYTES_MAX: usize = 8 << 10;
const REASON_BYTES_MAX: usize = 1 << 10;
const CORRELATION_ID_BYTES_MAX: usize = 128;
const TYPE_BYTES_MAX: usize = 128;

/// What a body asks for.
pub(super) struct Asked {
    /// By stream, each once.
    pub(super) items: Vec<Item>,
    /// What the caller says the commit belongs together with.
    pub(super) correlation_id: Option<CompactString>,
    /// How it was written.
    pub(super) form: Form,
}

/// Reads a body that came as so many bytes; an event without a reason of its own has `reason`.
///
/// # Errors
///
/// Every reason why it cannot be taken.
pub(super) fn read(
    body: Value,
    body_bytes: usize,
    limits: &Limits,
    reason: Option<&CompactString>,
) -> Result<Asked, Vec<Reason>> {
    let mut reasons = Reasons::default();
    let mut reading = Reading {
        limits,
        may_be_too_large: body_bytes > limits.event_bytes_max,
        reason,
        event_ids: HashSet::new(),
        correlation_id: None,
    };
    let (items, form) = match body.get("streams") {
        Some(_) => (reading.streams(body, &mut reasons), Form::Streams),
        None => (reading.single(body, &mut reasons).into_iter().collect(), Form::Single),
    };
    if reasons.0.is_empty() {
        Ok(Asked { items, correlation_id: reading.correlation_id, form })
    } else {
        Err(reasons.0)
    }
}

struct Reading<'a> {
    limits: &'a Limits,
    /// An event cannot be larger than the body it came in, so most are never measured.
    may_be_too_large: bool,
    reason: Option<&'a CompactString>,
    event_ids: HashSet<Uuid>,
    correlation_id: Option<CompactString>,
}

impl Reading<'_> {
    fn single(&mut self, body: Value, reasons: &mut Reasons) -> Option<Item> {
        let mut members = Members::of(body, Place::Body, reasons)?;
        let stream = members.stream();
        let expected = members.expected();
        let step = self.event(&mut members, stream.as_ref().map(|name| name.kind));
        members.end();
        Some(Item { stream: stream?, expected, steps: vec![step?] })
    }

    fn streams(&mut self, body: Value, reasons: &mut Reasons) -> Vec<Item> {
        let Some(mut members) = Members::of(body, Place::Body, reasons) else { return Vec::new() };
        self.correlation(&mut members);
        let entries = members.list("streams");
        members.end();

        let mut seen: HashSet<StreamName> = HashSet::with_capacity(entries.len());
        let mut events = 0;
        let mut items = Vec::with_capacity(entries.len());
        for (n, entry) in entries.into_iter().enumerate() {
            let Some(mut members) = Members::of(entry, Place::Item(n), reasons) else { continue };
            let stream = members.stream();
            let expected = members.expected();
            let sent = members.list("events");
            if stream.as_ref().is_some_and(|name| !seen.insert(name.clone())) {
                members.say("stream", "stands twice: one entry has all events of a stream");
            }
            members.end();
            events += sent.len();
            if events > self.limits.commit_events_max {
                reasons.say("streams", format!("more than {} events", self.limits.commit_events_max));
                return items;
            }
            let kind = stream.as_ref().map(|name| name.kind);
            let steps = self.events(n, sent, kind, reasons);
            items.extend(stream.map(|stream| Item { stream, expected, steps }));
        }
        items
    }

    fn events(
        &mut self,
        item: usize,
        events: Vec<Value>,
        kind: Option<ResourceType>,
        reasons: &mut Reasons,
    ) -> Vec<Step> {
        let mut steps = Vec::with_capacity(events.len());
        for (n, event) in events.into_iter().enumerate() {
            let Some(mut members) = Members::of(event, Place::Event(item, n), reasons) else { continue };
            steps.extend(self.event(&mut members, kind));
            members.end();
        }
        steps
    }

    /// The members that say what happened, and what the caller says about it.
    fn event(&mut self, members: &mut Members<'_>, kind: Option<ResourceType>) -> Option<Step> {
        let event_type = event_type(members);
        let schema_version = schema_version(members);
        let data = members.need("data").and_then(|value| members.object("data", value));
        let event_id = members.uuid("event_id");
        if event_id.is_some_and(|id| !self.event_ids.insert(id)) {
            members.say("event_id", "stands twice");
        }
        let occurred_at = members.instant("occurred_at");
        self.correlation(members);
        let causation_id = members.uuid("causation_id");
        let reason = members.text("reason", REASON_BYTES_MAX).map(CompactString::from);
        let metadata = members.take("metadata").and_then(|value| members.object("metadata", value));
        if metadata.as_ref().is_some_and(|metadata| metadata.to_text().len() > METADATA_BYTES_MAX) {
            members.say("metadata", format!("more than {METADATA_BYTES_MAX} bytes"));
        }
        let (event_type, data) = (event_type?, data?);
        if self.may_be_too_large && data.to_text().len() > self.limits.event_bytes_max {
            members.say("data", format!("more than {} bytes", self.limits.event_bytes_max));
        }
        if let Some(kind) = kind {
            for (path, text) in shape::issues(kind, &event_type, schema_version, &data) {
                members.say(&path, text);
            }
        }
        Some(Step {
            command: Command::Append { kind: event_type, schema_version, data },
            event_id,
            occurred_at,
            causation_id,
            reason: reason.or_else(|| self.reason.cloned()),
            metadata,
        })
    }

    /// A commit belongs together with one thing: whoever says so twice must say the same.
    fn correlation(&mut self, members: &mut Members<'_>) {
        const NAME: &str = "correlation_id";
        let Some(id) = members.text(NAME, CORRELATION_ID_BYTES_MAX) else { return };
        if !id.bytes().all(|b| b.is_ascii_graphic()) {
            members.say(NAME, "must be visible ASCII");
            return;
        }
        match &self.correlation_id {
            Some(said) if *said != id => members.say(NAME, "one commit has one correlation id"),
            _ => self.correlation_id = Some(id.into()),
        }
    }
}

fn event_type(members: &mut Members<'_>) -> Option<CompactString> {
    const NAME: &str = "type";
    let value = members.need(NAME)?;
    let text = members.string(NAME, &value)?;
    if text.len() > TYPE_BYTES_MAX {
        members.say(NAME, format!("more than {TYPE_BYTES_MAX} bytes"));
        return None;
    }
    Some(text.into())
}

fn schema_version(members: &mut Members<'_>) -> Option<u16> {
    const NAME: &str = "schema_version";
    let value = members.take(NAME)?;
    let version =
        value.as_u64().and_then(|version| u16::try_from(version).ok()).filter(|version| *version > 0);
    if version.is_none() {
        members.say(NAME, "must be a whole number from 1");
    }
    version
}

#[cfg(test)]
mod tests {
    use anamnesis_engine::Expect;

    use super::*;

    fn read_text(text: &str) -> Result<Asked, Vec<Reason>> {
        let limits = Limits { event_bytes_max: 10_000, commit_events_max: 3, ..Limits::default() };
        read(anamnesis_json::parse(text.as_bytes()).unwrap(), text.len(), &limits, Some(&"because".into()))
    }

    #[test]
    fn good_bodies() {
        let single = r#"{"stream":"Patient/p1","type":"PatientAddressUpdated","schema_version":1,
            "data":{"new_address":{"city":"Ghent"}},"expected":3,"event_id":"6f2c0a52-7a3e-4a53-9b1e-0d8f6a1c2b3d",
            "occurred_at":"2026-03-01T12:00:00+01:00","correlation_id":"c1","reason":"moved","metadata":{"k":1},
            "causation_id":"6f2c0a52-7a3e-4a53-9b1e-0d8f6a1c2b3e"}"#;
        let asked = read_text(single).unwrap_or_else(|reasons| panic!("{reasons:?}"));
        assert_eq!((asked.form, asked.correlation_id.as_deref()), (Form::Single, Some("c1")));
        let [item] = asked.items.as_slice() else { panic!("one stream") };
        assert_eq!((item.stream.to_string().as_str(), item.expected), ("Patient/p1", Expect::Version(3)));
        let [step] = item.steps.as_slice() else { panic!("one event") };
        assert_eq!(step.occurred_at.map(|at| at.to_string()).as_deref(), Some("2026-03-01T11:00:00.000000Z"));
        assert_eq!(step.reason.as_deref(), Some("moved"));
        assert!(step.event_id.is_some() && step.causation_id.is_some() && step.metadata.is_some());
        assert!(matches!(&step.command, Command::Append { schema_version: Some(1), .. }));

        let many = r#"{"correlation_id":"c","streams":[
            {"stream":"Patient/p1","expected":"none","events":[{"type":"PatientRegistered","data":{"gender":"male"}},
                {"type":"PatientNameChanged","data":{"name":[{"family":"X"}]},"correlation_id":"c"}]},
            {"stream":"Condition/c1","expected":"any","events":[{"type":"ConditionRecorded","data":{}}]}]}"#;
        let asked = read_text(many).unwrap_or_else(|reasons| panic!("{reasons:?}"));
        assert_eq!((asked.form, asked.correlation_id.as_deref()), (Form::Streams, Some("c")));
        let shape: Vec<_> = asked.items.iter().map(|item| (item.expected, item.steps.len())).collect();
        assert_eq!(shape, [(Expect::None, 2), (Expect::Any, 1)]);
        assert_eq!(asked.items[0].steps[0].reason.as_deref(), Some("because"));
    }

    #[test]
    fn bad_bodies() {
        let metadata = "x".repeat(METADATA_BYTES_MAX);
        let large = format!(
            r#"{{"stream":"Patient/p1","type":"T","data":{{"name":[{{"text":"{}"}}]}},"metadata":{{"k":"{metadata}"}}}}"#,
            "x".repeat(10_000)
        );
        #[rustfmt::skip] // A table reads by column.
        let cases: &[(&str, &[&str])] = &[
         // body                                                                              paths
            ("[]",                                                                            &[""]),
            ("{}",                                                                            &["stream", "type", "data"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"typo":1}"#,                      &["typo"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"a b":1}"#,                       &[""]),
            (r#"{"stream":"Patient","type":1,"data":[]}"#,                                    &["stream", "type", "data"]),
            (r#"{"stream":"Nothing/1","type":"T","data":{}}"#,                                &["stream"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"expected":-1}"#,                 &["expected"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"expected":"live"}"#,             &["expected"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"schema_version":0}"#,            &["schema_version"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"event_id":"1"}"#,                &["event_id"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"occurred_at":"2026-03-01"}"#,    &["occurred_at"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"causation_id":7}"#,              &["causation_id"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"correlation_id":"a b"}"#,        &["correlation_id"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{},"reason":" ","metadata":[]}"#,    &["reason", "metadata"]),
            (r#"{"stream":"Patient/p1","type":"T","data":{"gender":1,"name":{}}}"#,           &["data.gender", "data.name"]),
            (&large,                                                                          &["metadata", "data"]),
            (r#"{"streams":[]}"#,                                                             &["streams"]),
            (r#"{"streams":null,"stream":"Patient/p1"}"#,                                     &["streams", "stream"]),
            (r#"{"streams":[{"stream":"Patient/p1","events":[]}],"type":"T"}"#,               &["type", "streams[0].events"]),
            (r#"{"streams":[1,{"stream":"Patient/p1","events":{}}]}"#,                        &["streams[0]", "streams[1].events"]),
            (r#"{"streams":[{"stream":"Patient/p1","events":[{"type":"T","data":{}},{"type":"T","data":{"name":1},"typo":1}]}]}"#,
                                                                                              &["streams[0].events[1].data.name", "streams[0].events[1].typo"]),
            (r#"{"streams":[{"stream":"Patient/p1","events":[{"type":"T","data":{}}]},{"stream":"Patient/p1","events":[{"type":"T","data":{}}]}]}"#,
                                                                                              &["streams[1].stream"]),
            (r#"{"streams":[{"stream":"Patient/p1","events":[{"type":"T","data":{},"correlation_id":"a"},{"type":"T","data":{},"correlation_id":"b"}]}]}"#,
                                                                                              &["streams[0].events[1].correlation_id"]),
            (r#"{"streams":[{"stream":"Patient/p1","events":[1,2,3,4]}]}"#,                   &["streams"]),
            (r#"{"streams":[{"stream":"Patient/p1","events":[
                {"type":"T","data":{},"event_id":"6f2c0a52-7a3e-4a53-9b1e-0d8f6a1c2b3d"},
                {"type":"T","data":{},"event_id":"6F2C0A52-7A3E-4A53-9B1E-0D8F6A1C2B3D"}]}]}"#, &["streams[0].events[1].event_id"]),
        ];
        for (body, expected) in cases {
            let reasons = read_text(body).err().unwrap_or_else(|| panic!("taken: {body}"));
            let paths: Vec<&str> = reasons.iter().map(|reason| reason.path.as_str()).collect();
            assert_eq!(paths, *expected, "{body}");
        }
    }
}
