//! An event as JSON: the envelope of the house around the data as it was written.
//!
//! Invariant: the text is written straight through, `data` is copied and not parsed, and what is absent is left out.

use std::fmt::Display;
use std::io::Write;

use anamnesis_chart::liftable;
use anamnesis_engine::{Shown, Unreadable};
use anamnesis_json::{Object, write_object, write_string};
use anamnesis_kernel::{Event, Position};
use uuid::Uuid;

/// Appends what there is of an event as a compact JSON object, without a line break.
pub(crate) fn write(shown: &Shown, out: &mut Vec<u8>) {
    match shown {
        Shown::Event(event) => write_event(event, out),
        Shown::Unreadable(event) => write_unreadable(event, out),
    }
}

/// What stands in clear, and why the rest does not: never `data`, so that nobody takes it for an event without any.
fn write_unreadable(event: &Unreadable, out: &mut Vec<u8>) {
    let Unreadable { why, position, stream, version, clear } = event;
    let mut members = Members::begin(out);
    if let Some(clear) = clear {
        members.uuid("event_id", clear.event_id);
    }
    if let Some(stream) = stream {
        members.word("stream", stream);
    }
    if let Some(version) = version {
        members.number("version", *version);
    }
    if let Some(position) = position {
        members.position(*position);
    }
    if let Some(clear) = clear {
        members.uuid("commit_id", clear.commit_id);
        members.text("type", &clear.kind);
        members.number("schema_version", clear.schema_version.into());
        members.word("recorded_at", clear.recorded_at);
    }
    members.text("unreadable", why.code());
    members.end();
}

fn write_event(event: &Event, out: &mut Vec<u8>) {
    let subject = event.subject.as_ref().or_else(|| event.stream.is_patient().then_some(&event.stream));
    let mut members = Members::begin(out);
    members.uuid("event_id", event.event_id);
    members.word("stream", &event.stream);
    members.number("version", event.version);
    members.position(event.position);
    members.uuid("commit_id", event.commit_id);
    members.text("type", &event.kind);
    members.number("schema_version", event.schema_version.into());
    members.word("recorded_at", event.recorded_at);
    if let Some(at) = event.occurred_at {
        members.word("occurred_at", at);
    }
    if let Some(subject) = subject {
        members.word("subject", subject);
    }
    let actor = &event.actor;
    members.texts(
        "actor",
        [
            ("user", actor.user.as_deref()),
            ("client", actor.client.as_deref()),
            ("on_behalf_of", actor.on_behalf_of.as_deref()),
            ("purpose", actor.purpose.as_deref()),
        ],
    );
    let source = &event.source;
    members.texts(
        "source",
        [
            ("door", (!source.door.is_empty()).then_some(source.door.as_str())),
            ("application", source.application.as_deref()),
            ("facility", source.facility.as_deref()),
            ("control_id", source.control_id.as_deref()),
        ],
    );
    if let Some(id) = &event.correlation_id {
        members.text("correlation_id", id);
    }
    if let Some(id) = event.causation_id {
        members.uuid("causation_id", id);
    }
    if let Some(reason) = &event.reason {
        members.text("reason", reason);
    }
    if let Some(metadata) = &event.metadata {
        members.object("metadata", metadata);
    }
    // A newer program wrote it: what stands in it is told as it stands there.
    if liftable(&event.kind, event.schema_version).is_err() {
        members.raw("lifted").extend_from_slice(b"false");
    }
    let out = members.raw("data");
    write_data(event, out);
    out.push(b'}');
}

/// The data; a whole resource says first what and which it is, which the log leaves to the stream's name.
fn write_data(event: &Event, out: &mut Vec<u8>) {
    let rest =
        event.data.strip_prefix(b"{").filter(|rest| event.whole && !rest.starts_with(b"\"resourceType\":"));
    let Some(rest) = rest else {
        out.extend_from_slice(&event.data);
        return;
    };
    let mut members = Members::begin(out);
    members.text("resourceType", event.stream.kind.name());
    members.text("id", event.stream.id.as_str());
    if rest != b"}" {
        out.push(b',');
    }
    out.extend_from_slice(rest);
}

/// The members of one object, written in order.
pub(super) struct Members<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl<'o> Members<'o> {
    /// Opens the object.
    pub(super) fn begin(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// Closes it.
    pub(super) fn end(self) {
        self.out.push(b'}');
    }

    /// Writes the key, and gives the text to write the value to.
    pub(super) fn raw(&mut self, key: &'static str) -> &mut Vec<u8> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(super) fn text(&mut self, key: &'static str, text: &str) {
        write_string(text, self.raw(key));
    }

    /// A value whose text needs no escapes: a name, an instant, a cursor.
    pub(super) fn word(&mut self, key: &'static str, word: impl Display) {
        // Writing to a vector does not fail.
        let _ = write!(self.raw(key), "\"{word}\"");
    }

    pub(super) fn number(&mut self, key: &'static str, number: u64) {
        let _ = write!(self.raw(key), "{number}");
    }

    pub(super) fn uuid(&mut self, key: &'static str, uuid: Uuid) {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = uuid.hyphenated().encode_lower(&mut text);
        let out = self.raw(key);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }

    /// Where an event stands.
    pub(super) fn position(&mut self, position: Position) {
        let mut place = Members::begin(self.raw("position"));
        place.number("partition", position.partition.into());
        place.number("offset", position.offset);
        place.end();
    }

    fn object(&mut self, key: &'static str, object: &Object) {
        write_object(object, self.raw(key));
    }

    /// An object of those texts that are there, left out when there is none.
    fn texts<const N: usize>(&mut self, key: &'static str, texts: [(&'static str, Option<&str>); N]) {
        if texts.iter().all(|(_, text)| text.is_none()) {
            return;
        }
        let mut members = Members::begin(self.raw(key));
        for (key, text) in texts {
            if let Some(text) = text {
                members.text(key, text);
            }
        }
        members.end();
    }
}

#[cfg(test)]
pub(super) mod tests {
    use anamnesis_engine::{InClear, Why};
    use anamnesis_kernel::{Actor, Instant, Source};

    use super::*;

    pub(in crate::api) fn registered() -> Event {
        Event {
            event_id: Uuid::from_u128(1),
            stream: "Patient/p1".parse().unwrap(),
            version: 1,
            position: Position { partition: 0, offset: 7 },
            commit_id: Uuid::from_u128(2),
            kind: "PatientRegistered".into(),
            schema_version: 1,
            recorded_at: Instant::from_micros(1_772_366_400_000_001),
            occurred_at: None,
            subject: None,
            actor: Actor::default(),
            source: Source { door: "api".into(), ..Source::default() },
            correlation_id: None,
            causation_id: None,
            reason: None,
            metadata: None,
            whole: true,
            data: br#"{"gender":"female","x":1.50}"#.to_vec(),
        }
    }

    fn full() -> Event {
        Event {
            stream: "Observation/o1".parse().unwrap(),
            version: 3,
            kind: "LabResultCorrected".into(),
            occurred_at: Some(Instant::from_micros(0)),
            subject: Some("Patient/p1".parse().unwrap()),
            actor: Actor { user: Some("dr \"x\"".into()), purpose: Some("TREAT".into()), ..Actor::default() },
            source: Source { door: "hl7v2".into(), control_id: Some("9".into()), ..Source::default() },
            correlation_id: Some("c".into()),
            causation_id: Some(Uuid::from_u128(3)),
            reason: Some("typed\nwrong".into()),
            metadata: Some(Object::new().with("k", true)),
            whole: false,
            data: br#"{"valueString":null}"#.to_vec(),
            ..registered()
        }
    }

    #[test]
    fn envelopes() {
        let bare = || Event { whole: true, data: b"{}".to_vec(), ..registered() };
        let told = || Event { data: br#"{"resourceType":"Patient","id":"p1"}"#.to_vec(), ..registered() };
        let newer = || Event { schema_version: 9, ..registered() };
        const START: &str = r#"{"event_id":"00000000-0000-0000-0000-000000000001","stream":"#;
        const COMMIT: &str =
            r#""position":{"partition":0,"offset":7},"commit_id":"00000000-0000-0000-0000-000000000002","#;
        let patient = |data: &str| {
            format!(
                r#"{START}"Patient/p1","version":1,{COMMIT}"type":"PatientRegistered","schema_version":1,"recorded_at":"2026-03-01T12:00:00.000001Z","subject":"Patient/p1","source":{{"door":"api"}},"data":{data}}}"#
            )
        };
        let result = format!(
            r#"{START}"Observation/o1","version":3,{COMMIT}"type":"LabResultCorrected","schema_version":1,"recorded_at":"2026-03-01T12:00:00.000001Z","occurred_at":"1970-01-01T00:00:00.000000Z","subject":"Patient/p1","actor":{{"user":"dr \"x\"","purpose":"TREAT"}},"source":{{"door":"hl7v2","control_id":"9"}},"correlation_id":"c","causation_id":"00000000-0000-0000-0000-000000000003","reason":"typed\nwrong","metadata":{{"k":true}},"data":{{"valueString":null}}}}"#
        );

        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // name                            event         text
            ("a whole resource",            registered(), patient(r#"{"resourceType":"Patient","id":"p1","gender":"female","x":1.50}"#)),
            ("a resource without elements", bare(),       patient(r#"{"resourceType":"Patient","id":"p1"}"#)),
            ("a resource that says itself", told(),       patient(r#"{"resourceType":"Patient","id":"p1"}"#)),
            ("of a newer program",          newer(),      patient(r#"{"resourceType":"Patient","id":"p1","gender":"female","x":1.50}"#)
                .replace(r#""schema_version":1"#, r#""schema_version":9"#).replace(r#","data""#, r#","lifted":false,"data""#)),
            ("all there is to say",         full(),       result),
        ];
        for (name, event, expected) in cases {
            let mut out = Vec::new();
            write(&Shown::Event(event), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn what_is_told_of_events_that_cannot_be_read() {
        let place = Position { partition: 0, offset: 7 };
        let clear = InClear {
            event_id: Uuid::from_u128(1),
            commit_id: Uuid::from_u128(2),
            kind: "PatientRegistered".into(),
            schema_version: 1,
            recorded_at: Instant::from_micros(0),
        };
        let bare = Unreadable { why: Why::Damaged, position: None, stream: None, version: None, clear: None };
        let placed = Unreadable { position: Some(place), ..bare.clone() };
        let named = Unreadable { stream: Some("Patient/p1".parse().unwrap()), version: Some(3), ..bare };
        let keyless =
            Unreadable { why: Why::Key, version: Some(2), clear: Some(Box::new(clear)), ..placed.clone() };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (placed,  r#"{"position":{"partition":0,"offset":7},"unreadable":"damaged"}"#),
            (named,   r#"{"stream":"Patient/p1","version":3,"unreadable":"damaged"}"#),
            (keyless, r#"{"event_id":"00000000-0000-0000-0000-000000000001","version":2,"position":{"partition":0,"offset":7},"commit_id":"00000000-0000-0000-0000-000000000002","type":"PatientRegistered","schema_version":1,"recorded_at":"1970-01-01T00:00:00.000000Z","unreadable":"key"}"#),
        ];
        for (event, expected) in cases {
            let mut out = Vec::new();
            write(&Shown::Unreadable(event), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
