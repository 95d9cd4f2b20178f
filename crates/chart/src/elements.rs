//! A resource taken apart into what a record holds, and put together again as it is served.
//!
//! Invariant: elements never hold `resourceType`, `id`, `meta.versionId` or `meta.lastUpdated`: the stream knows those.

use anamnesis_json::{Object, Value, write_object, write_string};
use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName, Version};

use crate::refusal::{Cause, Refusal};

/// The elements of a resource: its top-level JSON properties in order, without what the stream knows.
pub type Elements = Object;

/// Splits a FHIR resource into its type, its id where it has one, and its elements.
///
/// # Errors
///
/// A [`Refusal`] when it is no object, its type is missing or not R4's, its id is malformed, its meta is no object,
/// or a top-level property is null.
pub fn take_apart(resource: Value) -> Result<(ResourceType, Option<ResourceId>, Elements), Refusal> {
    let invalid = |path: &str, text: &str| Refusal::new(Cause::Invalid, path, text);
    let Value::Object(mut elements) = resource else {
        return Err(invalid("Resource", "a resource is an object"));
    };
    let kind = match elements.remove("resourceType") {
        Some(Value::String(name)) => ResourceType::parse(&name)
            .ok_or_else(|| invalid("resourceType", "not a resource type of FHIR R4"))?,
        Some(_) => return Err(invalid("resourceType", "the resource type is a string")),
        None => return Err(invalid("resourceType", "the resource type is missing")),
    };
    let id = match elements.remove("id") {
        None => None,
        Some(Value::String(text)) => {
            Some(ResourceId::new(&text).map_err(|e| Refusal::at(Cause::Invalid, kind, "id", e.to_string()))?)
        }
        Some(_) => return Err(Refusal::at(Cause::Invalid, kind, "id", "an id is a string")),
    };
    if elements.get("meta").is_some_and(|meta| meta.as_object().is_none()) {
        return Err(Refusal::at(Cause::Invalid, kind, "meta", "meta is an object"));
    }
    if let Some((key, _)) = elements.iter().find(|(_, value)| **value == Value::Null) {
        // A key that is no element's name may be anything, so it is not repeated.
        let key = if is_element_name(key) { key } else { "children()" };
        return Err(Refusal::at(Cause::Invalid, kind, key, "a property is never null"));
    }
    strip_meta(&mut elements);
    Ok((kind, id, elements))
}

/// Takes out of `meta` what the log knows better; a meta that holds nothing else goes with it.
pub(crate) fn strip_meta(elements: &mut Elements) {
    let Some(meta) = elements.get_mut("meta").and_then(Value::as_object_mut) else { return };
    for key in ["versionId", "_versionId", "lastUpdated", "_lastUpdated"] {
        meta.remove(key);
    }
    if meta.is_empty() {
        elements.remove("meta");
    }
}

/// Whether `key` could name an element, as `birthDate` or `_birthDate` do.
pub(crate) fn is_element_name(key: &str) -> bool {
    let name = key.strip_prefix('_').unwrap_or(key);
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Appends the resource as it is served: type and id, then the elements in order, meta with version and time.
pub fn write_resource(
    stream: &StreamName,
    version: Version,
    last_updated: Instant,
    elements: &Elements,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"{\"resourceType\":\"");
    out.extend_from_slice(stream.kind.name().as_bytes());
    out.extend_from_slice(b"\",\"id\":\"");
    out.extend_from_slice(stream.id.as_str().as_bytes());
    out.push(b'"');
    if !elements.contains_key("meta") {
        write_meta(None, version, last_updated, out);
    }
    for (key, value) in elements.iter() {
        if key == "meta" {
            write_meta(value.as_object(), version, last_updated, out);
        } else {
            out.push(b',');
            write_string(key, out);
            out.push(b':');
            value.write(out);
        }
    }
    out.push(b'}');
}

fn write_meta(meta: Option<&Object>, version: Version, last_updated: Instant, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"meta\":{\"versionId\":\"");
    out.extend_from_slice(version.to_string().as_bytes());
    out.extend_from_slice(b"\",\"lastUpdated\":\"");
    out.extend_from_slice(last_updated.to_millis_text().as_bytes());
    out.push(b'"');
    match meta {
        Some(rest) if !rest.is_empty() => {
            let mut text = Vec::with_capacity(64);
            write_object(rest, &mut text);
            // The rest is an object of its own; what follows its opening brace continues this one.
            out.push(b',');
            out.extend_from_slice(text.get(1..).unwrap_or_default());
        }
        _ => out.push(b'}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::parse;

    #[test]
    fn apart_and_together() {
        let meta = r#""meta":{"versionId":"7","lastUpdated":"2026-03-01T12:00:00.000Z"}"#;
        let tagged =
            r#""meta":{"versionId":"7","lastUpdated":"2026-03-01T12:00:00.000Z","tag":[{"code":"x"}]}"#;
        #[rustfmt::skip]
        let cases = [
         // given                                                                    served
            (r#"{"resourceType":"Patient","id":"p1","gender":"female"}"#.to_owned(), format!(r#"{{"resourceType":"Patient","id":"p1",{meta},"gender":"female"}}"#)),
            (r#"{"gender":"female","id":"p1","resourceType":"Patient","meta":{"versionId":"1"}}"#.to_owned(), format!(r#"{{"resourceType":"Patient","id":"p1",{meta},"gender":"female"}}"#)),
            (r#"{"resourceType":"Patient","id":"p1","gender":"female","meta":{"versionId":"1","tag":[{"code":"x"}]},"x":1.50}"#.to_owned(), format!(r#"{{"resourceType":"Patient","id":"p1","gender":"female",{tagged},"x":1.50}}"#)),
        ];
        for (given, served) in cases {
            let (kind, id, elements) = take_apart(parse(given.as_bytes()).unwrap()).unwrap();
            let stream = StreamName::new(kind, id.unwrap());
            let at = "2026-03-01T12:00:00Z".parse().unwrap();
            let mut out = Vec::new();
            write_resource(&stream, 7, at, &elements, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), served);
        }
    }

    #[test]
    fn refusals() {
        #[rustfmt::skip]
        let cases = [
            ("[]",                                              "Resource"),
            ("{}",                                              "resourceType"),
            (r#"{"resourceType":1}"#,                           "resourceType"),
            (r#"{"resourceType":"Dragon"}"#,                    "resourceType"),
            (r#"{"resourceType":"Patient","id":"a b"}"#,        "Patient.id"),
            (r#"{"resourceType":"Patient","id":1}"#,            "Patient.id"),
            (r#"{"resourceType":"Patient","meta":[]}"#,         "Patient.meta"),
            (r#"{"resourceType":"Patient","gender":null}"#,     "Patient.gender"),
        ];
        for (given, path) in cases {
            let refusal = take_apart(parse(given.as_bytes()).unwrap()).unwrap_err();
            assert_eq!((refusal.cause, refusal.path.as_str()), (Cause::Invalid, path), "{given}");
        }
    }
}
