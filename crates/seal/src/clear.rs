//! What is sealed of an event, before it is sealed: a list of (tag, length, bytes), absent fields taking none.
//!
//! Invariant: a tag never changes its meaning and one that is not known is passed over, so old programs read new events.

use std::fmt;

use anamnesis_kernel::{Actor, Instant, Source, StreamName};
use uuid::Uuid;

use crate::OpenError;

/// The tags. A number never changes its meaning; a new field takes the next.
mod tag {
    pub(super) const STREAM: u8 = 1;
    pub(super) const DATA: u8 = 2;
    pub(super) const WHOLE: u8 = 3;
    pub(super) const OCCURRED_AT: u8 = 4;
    pub(super) const SUBJECT: u8 = 5;
    pub(super) const ACTOR_USER: u8 = 6;
    pub(super) const ACTOR_CLIENT: u8 = 7;
    pub(super) const ACTOR_ON_BEHALF_OF: u8 = 8;
    pub(super) const ACTOR_PURPOSE: u8 = 9;
    pub(super) const SOURCE_DOOR: u8 = 10;
    pub(super) const SOURCE_APPLICATION: u8 = 11;
    pub(super) const SOURCE_FACILITY: u8 = 12;
    pub(super) const SOURCE_CONTROL_ID: u8 = 13;
    pub(super) const CORRELATION_ID: u8 = 14;
    pub(super) const CAUSATION_ID: u8 = 15;
    pub(super) const REASON: u8 = 16;
    pub(super) const METADATA: u8 = 17;
}

/// What is to be sealed.
#[derive(Clone, Copy)]
pub struct Clear<'a> {
    /// The record it is a fact of.
    pub stream: &'a StreamName,
    /// When it happened, where that differs from the commit's moment.
    pub occurred_at: Option<Instant>,
    /// Whom it is about, where that is someone other than the record itself.
    pub subject: Option<&'a StreamName>,
    /// Who did it.
    pub actor: &'a Actor,
    /// Through which door it came.
    pub source: &'a Source,
    /// What it belongs together with.
    pub correlation_id: Option<&'a str>,
    /// The event that led to it.
    pub causation_id: Option<Uuid>,
    /// Why.
    pub reason: Option<&'a str>,
    /// The caller's own, as JSON text.
    pub metadata: Option<&'a [u8]>,
    /// Whether `data` is the whole resource.
    pub whole: bool,
    /// The JSON text of the FHIR elements, as written.
    pub data: &'a [u8],
}

/// What was sealed, opened.
#[derive(Clone, PartialEq)]
pub struct Opened {
    /// The record it is a fact of.
    pub stream: StreamName,
    /// When it happened, where that differs from the commit's moment.
    pub occurred_at: Option<Instant>,
    /// Whom it is about, where that is someone other than the record itself.
    pub subject: Option<StreamName>,
    /// Who did it.
    pub actor: Actor,
    /// Through which door it came.
    pub source: Source,
    /// What it belongs together with.
    pub correlation_id: Option<String>,
    /// The event that led to it.
    pub causation_id: Option<Uuid>,
    /// Why.
    pub reason: Option<String>,
    /// The caller's own, as JSON text.
    pub metadata: Option<Vec<u8>>,
    /// Whether `data` is the whole resource.
    pub whole: bool,
    /// The JSON text of the FHIR elements, as written.
    pub data: Vec<u8>,
}

/// The bytes that are sealed of `clear`.
pub fn encode_clear(clear: &Clear<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(clear.data.len() + 256);
    encode_onto(clear, &mut out);
    out
}

/// Appends the bytes that are sealed of `clear`.
pub(crate) fn encode_onto(clear: &Clear<'_>, out: &mut Vec<u8>) {
    put(out, tag::STREAM, clear.stream.to_string().as_bytes());
    if clear.whole {
        put(out, tag::WHOLE, b"");
    }
    if let Some(at) = clear.occurred_at {
        put(out, tag::OCCURRED_AT, &at.micros().to_be_bytes());
    }
    if let Some(subject) = clear.subject {
        put(out, tag::SUBJECT, subject.to_string().as_bytes());
    }
    let (actor, source) = (clear.actor, clear.source);
    put_text(out, tag::ACTOR_USER, actor.user.as_deref());
    put_text(out, tag::ACTOR_CLIENT, actor.client.as_deref());
    put_text(out, tag::ACTOR_ON_BEHALF_OF, actor.on_behalf_of.as_deref());
    put_text(out, tag::ACTOR_PURPOSE, actor.purpose.as_deref());
    put_text(out, tag::SOURCE_DOOR, (!source.door.is_empty()).then_some(&source.door));
    put_text(out, tag::SOURCE_APPLICATION, source.application.as_deref());
    put_text(out, tag::SOURCE_FACILITY, source.facility.as_deref());
    put_text(out, tag::SOURCE_CONTROL_ID, source.control_id.as_deref());
    put_text(out, tag::CORRELATION_ID, clear.correlation_id);
    if let Some(id) = clear.causation_id {
        put(out, tag::CAUSATION_ID, id.as_bytes());
    }
    put_text(out, tag::REASON, clear.reason);
    if let Some(metadata) = clear.metadata {
        put(out, tag::METADATA, metadata);
    }
    put(out, tag::DATA, clear.data);
}

/// What [`encode_clear`] wrote, or a newer program.
///
/// # Errors
///
/// [`OpenError::Format`] when it is not such a list, or has no stream.
pub fn decode_clear(bytes: &[u8]) -> Result<Opened, OpenError> {
    let mut stream = None;
    let mut opened = Fields::default();
    let mut rest = bytes;
    while let Some((&tag, after)) = rest.split_first() {
        let (length, after) = take_varint(after)?;
        let (value, after) = after.split_at_checked(length).ok_or(OpenError::Format)?;
        rest = after;
        match tag {
            tag::STREAM => stream = Some(name(value)?),
            tag::DATA => opened.data = value,
            tag::WHOLE => opened.whole = true,
            tag::OCCURRED_AT => {
                let micros = value.try_into().map_err(|_| OpenError::Format)?;
                opened.occurred_at = Some(Instant::from_micros(i64::from_be_bytes(micros)));
            }
            tag::SUBJECT => opened.subject = Some(name(value)?),
            tag::ACTOR_USER => opened.actor.user = Some(text(value)?.into()),
            tag::ACTOR_CLIENT => opened.actor.client = Some(text(value)?.into()),
            tag::ACTOR_ON_BEHALF_OF => opened.actor.on_behalf_of = Some(text(value)?.into()),
            tag::ACTOR_PURPOSE => opened.actor.purpose = Some(text(value)?.into()),
            tag::SOURCE_DOOR => opened.source.door = text(value)?.into(),
            tag::SOURCE_APPLICATION => opened.source.application = Some(text(value)?.into()),
            tag::SOURCE_FACILITY => opened.source.facility = Some(text(value)?.into()),
            tag::SOURCE_CONTROL_ID => opened.source.control_id = Some(text(value)?.into()),
            tag::CORRELATION_ID => opened.correlation_id = Some(text(value)?.to_owned()),
            tag::CAUSATION_ID => {
                opened.causation_id = Some(Uuid::from_slice(value).map_err(|_| OpenError::Format)?);
            }
            tag::REASON => opened.reason = Some(text(value)?.to_owned()),
            tag::METADATA => opened.metadata = Some(value.to_vec()),
            // A newer program's field: what is known is read all the same.
            _ => {}
        }
    }
    let Fields {
        occurred_at,
        subject,
        actor,
        source,
        correlation_id,
        causation_id,
        reason,
        metadata,
        whole,
        data,
    } = opened;
    Ok(Opened {
        stream: stream.ok_or(OpenError::Format)?,
        occurred_at,
        subject,
        actor,
        source,
        correlation_id,
        causation_id,
        reason,
        metadata,
        whole,
        data: data.to_vec(),
    })
}

/// All but the stream, which has no default.
#[derive(Default)]
struct Fields<'a> {
    occurred_at: Option<Instant>,
    subject: Option<StreamName>,
    actor: Actor,
    source: Source,
    correlation_id: Option<String>,
    causation_id: Option<Uuid>,
    reason: Option<String>,
    metadata: Option<Vec<u8>>,
    whole: bool,
    data: &'a [u8],
}

fn put(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    put_varint(out, value.len());
    out.extend_from_slice(value);
}

fn put_text(out: &mut Vec<u8>, tag: u8, value: Option<&str>) {
    if let Some(value) = value {
        put(out, tag, value.as_bytes());
    }
}

/// Appends a number in groups of seven bits, the lowest first, the high bit set on all but the last (LEB128).
pub(crate) fn put_varint(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number from the front; one that needs more than 35 bits is no length of ours.
pub(crate) fn take_varint(bytes: &[u8]) -> Result<(usize, &[u8]), OpenError> {
    let mut number = 0_u64;
    let mut rest = bytes;
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, after) = rest.split_first().ok_or(OpenError::Format)?;
        rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok((usize::try_from(number).map_err(|_| OpenError::Format)?, rest));
        }
    }
    Err(OpenError::Format)
}

fn text(value: &[u8]) -> Result<&str, OpenError> {
    str::from_utf8(value).map_err(|_| OpenError::Format)
}

fn name(value: &[u8]) -> Result<StreamName, OpenError> {
    text(value)?.parse().map_err(|_| OpenError::Format)
}

/// Shows which record's type it is of, and no more.
impl fmt::Debug for Clear<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clear({:?})", self.stream)
    }
}

/// Shows which record's type it is of, and no more.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({:?})", self.stream)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn full() -> Opened {
        Opened {
            stream: "Observation/o1".parse().unwrap(),
            occurred_at: Some(Instant::from_micros(-5)),
            subject: Some("Patient/p1".parse().unwrap()),
            actor: Actor {
                user: Some("u".into()),
                client: Some("c".into()),
                on_behalf_of: Some("b".into()),
                purpose: Some("TREAT".into()),
            },
            source: Source {
                door: "hl7v2".into(),
                application: Some("LAB".into()),
                facility: Some("F".into()),
                control_id: Some("42".into()),
            },
            correlation_id: Some("order 7".into()),
            causation_id: Some(Uuid::from_u128(9)),
            reason: Some("the tube was mixed up".into()),
            metadata: Some(b"{\"a\":1}".to_vec()),
            whole: true,
            data: b"{\"status\":\"final\"}".to_vec(),
        }
    }

    fn clear(of: &Opened) -> Clear<'_> {
        Clear {
            stream: &of.stream,
            occurred_at: of.occurred_at,
            subject: of.subject.as_ref(),
            actor: &of.actor,
            source: &of.source,
            correlation_id: of.correlation_id.as_deref(),
            causation_id: of.causation_id,
            reason: of.reason.as_deref(),
            metadata: of.metadata.as_deref(),
            whole: of.whole,
            data: &of.data,
        }
    }

    #[test]
    fn there_and_back() {
        let full = full();
        let least = Opened {
            stream: full.stream.clone(),
            occurred_at: None,
            subject: None,
            actor: Actor::default(),
            source: Source::default(),
            correlation_id: None,
            causation_id: None,
            reason: None,
            metadata: None,
            whole: false,
            data: b"{}".to_vec(),
        };
        for opened in [full, least] {
            assert!(decode_clear(&encode_clear(&clear(&opened))) == Ok(opened));
        }
    }

    #[test]
    fn a_newer_field_is_passed_over() {
        let full = full();
        let mut bytes = vec![200, 3, b'n', b'e', b'w'];
        encode_onto(&clear(&full), &mut bytes);
        put(&mut bytes, 99, &[0; 300]);
        assert!(decode_clear(&bytes) == Ok(full));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let cases: [(&str, &[u8]); 7] = [
            ("nothing", &[]),
            ("no length", &[1]),
            ("too short", &[1, 5, b'a']),
            ("no name of a record", &[1, 3, b'a', b'b', b'c']),
            ("not text", &[16, 1, 0xff]),
            ("a length without end", &[1, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            ("a moment of three bytes", &[4, 3, 0, 0, 0]),
        ];
        for (case, bytes) in cases {
            assert_eq!(decode_clear(bytes).err(), Some(OpenError::Format), "{case}");
        }
    }

    #[test]
    fn debug_shows_no_patient() {
        let full = full();
        assert_eq!(format!("{full:?} {:?}", clear(&full)), "Opened(Observation/…) Clear(Observation/…)");
    }

    proptest! {
        #[test]
        fn a_varint_comes_back(number in 0_usize..1 << 35, behind in prop::collection::vec(any::<u8>(), 0..4)) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            bytes.extend(&behind);
            prop_assert_eq!(take_varint(&bytes), Ok((number, &behind[..])));
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_clear(&bytes);
        }
    }
}
