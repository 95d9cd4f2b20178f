//! The mark of a record that was kept though it breaks rules: a tag for each kind of rule, which search finds.

use anamnesis_json::{Object, Value};

use super::Finding;

/// The system of the tags; the code is that of the issue: `required`, `code-invalid`, `invariant` …
pub const SYSTEM: &str = "urn:anamnesis:validation";

/// Makes the marks of a resource those of these findings: what it no longer breaks is no longer said.
pub fn set(elements: &mut Object, findings: &[Finding]) {
    let mut codes: Vec<&str> = findings.iter().map(|finding| finding.issue.code.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    clear(elements);
    if codes.is_empty() {
        return;
    }
    if !matches!(elements.get("meta"), Some(Value::Object(_))) {
        elements.set_first("meta", Object::new());
    }
    let Some(meta) = elements.get_mut("meta").and_then(Value::as_object_mut) else { return };
    let mut tags = match meta.remove("tag") {
        Some(Value::Array(tags)) => tags,
        _ => Vec::new(),
    };
    tags.extend(codes.into_iter().map(|code| Object::new().with("system", SYSTEM).with("code", code).into()));
    meta.push("tag", tags);
}

/// Removes every mark; what is left empty goes with it.
fn clear(elements: &mut Object) {
    let is_mark = |tag: &Value| tag.get("system").and_then(Value::as_str) == Some(SYSTEM);
    let Some(meta) = elements.get_mut("meta").and_then(Value::as_object_mut) else { return };
    let Some(Value::Array(tags)) = meta.get_mut("tag") else { return };
    if !tags.iter().any(is_mark) {
        return;
    }
    tags.retain(|tag| !is_mark(tag));
    if tags.is_empty() {
        meta.remove("tag");
    }
    if meta.is_empty() {
        elements.remove("meta");
    }
}

#[cfg(test)]
mod tests {
    use anamnesis_kernel::ResourceType;

    use super::*;
    use crate::check::{Extent, check};

    #[test]
    fn marks() {
        let tag = |code: &str| format!(r#"{{"system":"{SYSTEM}","code":"{code}"}}"#);
        let (required, value) = (tag("required"), tag("value"));
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            // A good one is left as it came, and marks of before go.
            (r#"{"active":true}"#.to_owned(), r#"{"active":true}"#.to_owned()),
            (format!(r#"{{"meta":{{"tag":[{value}]}},"active":true}}"#), r#"{"active":true}"#.to_owned()),
            (format!(r#"{{"meta":{{"tag":[{value},{{"code":"x"}}]}},"active":true}}"#), r#"{"meta":{"tag":[{"code":"x"}]},"active":true}"#.to_owned()),
            // One tag a kind, beside what was there.
            (r#"{"birthDate":"1","link":[{"type":"refer"}],"_birthDate":{"id":"x"},"deceasedDateTime":"1"}"#.to_owned(),
             format!(r#"{{"meta":{{"tag":[{required},{value}]}},"birthDate":"1","link":[{{"type":"refer"}}],"_birthDate":{{"id":"x"}},"deceasedDateTime":"1"}}"#)),
            (r#"{"meta":{"tag":[{"code":"x"}]},"birthDate":"1"}"#.to_owned(),
             format!(r#"{{"meta":{{"tag":[{{"code":"x"}},{value}]}},"birthDate":"1"}}"#)),
        ];
        for (before, after) in cases {
            let mut record = anamnesis_json::parse(before.as_bytes()).unwrap();
            let elements = record.as_object_mut().unwrap();
            let findings = check(ResourceType::PATIENT, elements, Extent::Whole);
            set(elements, &findings);
            assert_eq!(String::from_utf8(elements.to_text()).unwrap(), after);
            set(elements, &findings);
            assert_eq!(String::from_utf8(elements.to_text()).unwrap(), after, "marked twice");
        }
    }
}
