//! What stands in no good client's requests: odd values, keys and texts.

pub mod tree;

use anamnesis_json::{Object, Value};

use crate::Rng;

/// What is planted where a person's own data stands, and may be repeated in no refusal and no line of a log.
pub const SECRET: &str = "Zz9Qxsecret";

const TEXTS: &[&str] = &[
    "",
    " ",
    "\t",
    "a",
    "Zz9Qxsecret",
    "\u{202e}Zz9Qxsecret",
    "e\u{301}\u{301}\u{301}",
    "\u{feff}x",
    "\u{10ffff}",
    "\u{fffe}",
    "🩺🩺🩺",
    "a\nb\r\nc",
    "a\u{85}b",
    "null",
    "true",
    "0",
    "-1",
    "1e999999999",
    "2026",
    "2026-02-30",
    "2026-02-29T24:00:00Z",
    "0000-00-00",
    "9999-12-31T23:59:60.999999999+14:00",
    "-2026-01-01",
    "2026-01-01T00:00:00",
    "10:30:00",
    "Patient/f1",
    "Patient/f1/_history/1",
    "Patient/f1/_history/99",
    "Patient/nobody",
    "Dragon/f1",
    "Patient?identifier=urn:fuzz|1",
    "Patient?identifier=urn:fuzz|1&identifier=urn:fuzz|2",
    "Patient?",
    "Patient?name=Zz9Qxsecret",
    "urn:uuid:00000000-0000-4000-8000-000000000001",
    "urn:uuid:",
    "urn:oid:1.2.3",
    "#",
    "#c1",
    "http://example.org/fhir/Patient/f1",
    "http://[::1",
    "//",
    "../../etc/passwd",
    "log-1",
    "access-1",
    "f1",
    "a_b",
    "W/\"1\"",
    "final",
    "entered-in-error",
    "cancelled",
    "unknown",
    "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>",
    "<div",
    "AAAA====",
    "QUJD",
    "%00",
    "%",
    "\\",
    "'; DROP TABLE event; --",
    "Patient",
    "Observation",
    "Bundle",
    "transaction",
    "any",
    "none",
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-1",
    "1",
    "2",
    "1.0",
    "1.50",
    "0.1000000000000000000000000000000000000001",
    "1e400",
    "-1E+400",
    "1e-400",
    "1e999999999999999999999",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "123456789012345678901234567890123456789012345678901234567890",
];

const KEYS: &[&str] = &[
    "",
    "id",
    "_id",
    "resourceType",
    "meta",
    "text",
    "extension",
    "modifierExtension",
    "contained",
    "implicitRules",
    "language",
    "url",
    "value",
    "valueString",
    "_valueString",
    "valueQuantity",
    "reference",
    "identifier",
    "status",
    "_status",
    "fhir_comments",
    "Zz9Qxkey",
    "a.b[0]",
    "😀",
    "__proto__",
    "entry",
    "request",
    "resource",
    "stream",
    "streams",
    "events",
    "data",
    "expected",
    "metadata",
    "versionId",
];

/// A text.
pub fn text(rng: &mut Rng) -> String {
    match rng.below(20) {
        0 => "x".repeat(usize::try_from(rng.below(100_000)).unwrap_or_default()),
        1 => "Zz9Qxsecret ".repeat(50),
        2 => rng.uuid(),
        _ => (*rng.one_of(TEXTS)).to_owned(),
    }
}

/// A key.
pub fn key(rng: &mut Rng) -> String {
    (*rng.one_of(KEYS)).to_owned()
}

/// A value of any kind.
pub fn value(rng: &mut Rng) -> Value {
    match rng.below(10) {
        0 => Value::Null,
        1 => Value::Bool(rng.chance(50)),
        2 | 3 => Value::Number((*rng.one_of(NUMBERS)).into()),
        4 => Value::Array(Vec::new()),
        5 => Value::Object(Object::new()),
        6 => Value::Array(vec![Value::Null, value(rng)]),
        _ => Value::from(text(rng)),
    }
}

/// A value that nests, mostly less deep than is taken.
pub fn deep(rng: &mut Rng) -> Value {
    let mut value = value(rng);
    let depth = if rng.chance(10) { rng.below(2_000) } else { rng.below(70) };
    let key = key(rng);
    let as_list = rng.chance(50);
    for _ in 0..depth {
        value = if as_list {
            Value::Array(vec![value])
        } else {
            Value::Object(Object::new().with(key.as_str(), value))
        };
    }
    value
}

/// A text that is nearly this one.
pub fn changed(text: &str, rng: &mut Rng) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let place = usize::try_from(rng.below(chars.len() as u64)).unwrap_or_default();
    match rng.below(7) {
        0 if !chars.is_empty() => drop(chars.remove(place)),
        1 => chars
            .insert(place.min(chars.len()), *rng.one_of(&['\u{1}', '\0', ' ', 'é', '|', ',', '/', '?', '"'])),
        2 => chars.truncate(place),
        3 => chars.extend_from_within(..),
        4 => chars.extend(self::text(rng).chars()),
        5 => chars = text.to_uppercase().chars().collect(),
        _ => chars = self::text(rng).chars().collect(),
    }
    chars.into_iter().collect()
}

/// Bytes that are nearly these.
pub fn changed_bytes(bytes: &mut Vec<u8>, rng: &mut Rng) {
    const PIECES: &[&[u8]] = &[
        b"\\ud800",
        b"\\u0000",
        b"\xff",
        b"\xc0\x80",
        b"\0",
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\\",
        b"1e",
        b"-",
        b"nul",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"//",
        b" ",
        b"\r\n",
        b"9",
        b"e99999",
        b"'",
    ];
    let length = bytes.len() as u64;
    let place = usize::try_from(rng.below(length.saturating_add(1))).unwrap_or_default();
    match rng.below(6) {
        0 => bytes.truncate(place),
        1 | 2 => drop(bytes.splice(place..place, rng.one_of(PIECES).iter().copied())),
        3 => {
            let end = bytes.len().min(place + usize::try_from(rng.below(20)).unwrap_or_default());
            bytes.drain(place..end);
        }
        4 => {
            let more = bytes.get(place..).unwrap_or_default().to_vec();
            bytes.extend(more);
        }
        _ => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = u8::try_from(rng.below(256)).unwrap_or_default();
            }
        }
    }
}
