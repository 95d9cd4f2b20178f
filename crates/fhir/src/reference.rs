//! What a literal reference says: `Patient/p1`, `Patient/p1/_history/2`, or something that is none of ours.

use anamnesis_kernel::{ResourceId, ResourceType};

/// The record that a relative reference names, and what stands behind its name (`/_history/2`, or nothing).
pub(crate) fn local(text: &str) -> Option<(ResourceType, ResourceId, &str)> {
    let (kind, rest) = text.split_once('/')?;
    let kind = ResourceType::parse(kind)?;
    let (id, behind) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let versioned = behind.strip_prefix("/_history/").is_some_and(|version| ResourceId::new(version).is_ok());
    if !behind.is_empty() && !versioned {
        return None;
    }
    Some((kind, ResourceId::new(id).ok()?, behind))
}

/// The type and query of a conditional reference, `Patient?identifier=…`.
pub(crate) fn conditional(text: &str) -> Option<(ResourceType, &str)> {
    let (kind, query) = text.split_once('?')?;
    Some((ResourceType::parse(kind)?, query))
}

/// Whether it can only be resolved inside a bundle.
pub(crate) fn is_urn(text: &str) -> bool {
    text.starts_with("urn:uuid:") || text.starts_with("urn:oid:")
}

/// Whether it begins with a scheme, as `http:` or `urn:` do.
pub(crate) fn is_absolute(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(good) && !rest.is_empty()
    })
}

/// `Type/id` at the end of an absolute address.
pub(crate) fn tail(address: &str) -> Option<(ResourceType, ResourceId)> {
    if !(address.starts_with("http://") || address.starts_with("https://")) {
        return None;
    }
    let (rest, id) = address.rsplit_once('/')?;
    let (_, kind) = rest.rsplit_once('/')?;
    Some((ResourceType::parse(kind)?, ResourceId::new(id).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_references() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Patient/p1",               Some("Patient p1 ")),
            ("Patient/p1/_history/2",    Some("Patient p1 /_history/2")),
            ("Patient/p1/_history/",     None),
            ("Patient/p1/name",          None),
            ("Dragon/p1",                None),
            ("http://a/fhir/Patient/p1", None),
            ("urn:uuid:1",               None),
            ("#p1",                      None),
            ("Patient",                  None),
        ];
        for (text, expected) in cases {
            let found = local(text).map(|(kind, id, behind)| format!("{kind} {id} {behind}"));
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
