//! References by canonical URL: `url`, or `url|version`, <https://hl7.org/fhir/R4/references.html#canonical>.
//!
//! Invariant: a reference that names a version is to that alone; one that names none is to any.

use anamnesis_json::Object;
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Entry, Key, Param};
use compact_str::{CompactString, format_compact};

use crate::key;
use crate::param::param;

/// Whether records of this type can be referred to by a URL of their own.
pub fn names(kind: ResourceType) -> bool {
    param(kind, "url").is_some()
}

/// What others refer to a definition as, whichever version they name; empty where it has no URL.
pub fn called(kind: ResourceType, elements: &Object) -> Vec<Entry> {
    let Some(url) = elements.str("url").filter(|url| !url.is_empty() && names(kind)) else {
        return Vec::new();
    };
    let version = elements.str("version").filter(|version| !version.is_empty());
    let keys = std::iter::once(None).chain(version.map(Some)).map(|version| target(url, version));
    keys.map(|key| Entry { param: Param::CANONICAL, key, group: 0 }).collect()
}

/// The key of what a reference is to.
pub(crate) fn referred(text: &str) -> Option<Key> {
    let (url, version) = parts(text);
    (!url.is_empty()).then(|| target(url, version))
}

/// Its URL, and the version that it names; what stands behind a `#` is within the definition.
pub(crate) fn parts(text: &str) -> (&str, Option<&str>) {
    let whole = text.split_once('#').map_or(text, |(whole, _)| whole);
    match whole.split_once('|') {
        Some((url, version)) => (url, Some(version).filter(|version| !version.is_empty())),
        None => (whole, None),
    }
}

/// Any version of it, or the one that is named.
fn target(url: &str, version: Option<&str>) -> Key {
    let text: CompactString = format_compact!("{url}|{}", version.unwrap_or_default());
    Key::Reference { kind: 0, id: key::exact(&text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refers_to_what() {
        let definition = |version: &str| {
            let text = format!(r#"{{"url":"http://d"{version}}}"#);
            let elements = anamnesis_json::parse(text.as_bytes()).unwrap();
            called(ResourceType::parse("Questionnaire").unwrap(), elements.as_object().unwrap())
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // reference         definition            refers
            ("http://d",      "",                   true),
            ("http://d",      r#","version":"2""#,  true),
            ("http://d|",     r#","version":"2""#,  true),
            ("http://d|2",    r#","version":"2""#,  true),
            ("http://d|2#x",  r#","version":"2""#,  true),
            ("http://d|1",    r#","version":"2""#,  false),
            ("http://d|1",    "",                   false),
            ("http://e",      "",                   false),
        ];
        for (reference, version, expected) in cases {
            let key = referred(reference).unwrap();
            let found = definition(version).iter().any(|entry| entry.key == key);
            assert_eq!(found, expected, "{reference} {version}");
        }
        assert!(called(ResourceType::PATIENT, &Object::new().with("url", "http://d")).is_empty());
    }
}
