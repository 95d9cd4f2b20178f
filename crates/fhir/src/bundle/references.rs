//! The references inside the resources of a bundle: found, and put right once ids are known.

use std::collections::HashSet;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::{EntryIn, Method};
use crate::check::ISSUES_MAX;
use crate::outcome::{Issue, IssueCode};
use crate::path::Path;
use crate::reference;
use crate::shape::{Holds, Shape};

/// A reference by search: `Patient?identifier=…`.
#[derive(Clone, PartialEq, Eq)]
pub struct ConditionalReference {
    /// The whole reference, as it stands.
    pub reference: String,
    /// The type that is searched.
    pub kind: ResourceType,
    /// The query behind the `?`, as it stands.
    pub query: String,
    /// The first place it stands in.
    pub expression: String,
}

/// A query names people: shown is where it stands.
impl std::fmt::Debug for ConditionalReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}?… at {}", self.kind, self.expression)
    }
}

/// What becomes of a reference.
#[derive(Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It stays as it is.
    Keep,
    /// It becomes this.
    To(String),
    /// Nothing can ever resolve it, so it is refused.
    Unresolvable,
}

/// Shows which, and not where to.
impl std::fmt::Debug for Resolution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::To(_) => "To(…)",
            Self::Unresolvable => "Unresolvable",
        })
    }
}

/// The distinct references by search in the resources that are written, in the order they first stand.
pub fn conditional_references(entries: &[EntryIn]) -> Vec<ConditionalReference> {
    let mut found: Vec<ConditionalReference> = Vec::new();
    let mut seen = HashSet::new();
    for entry in entries.iter().filter(|entry| entry.writes()) {
        let Some(resource) = &entry.resource else { continue };
        let prefix = format!("Bundle.entry[{}].resource", entry.index);
        each_reference(resource, &Path::Root(&prefix), &mut |text, path| {
            if let Some((kind, query)) = reference::conditional(text)
                && seen.insert(text.to_owned())
            {
                let expression = path.to_string();
                found.push(ConditionalReference {
                    reference: text.to_owned(),
                    kind,
                    query: query.to_owned(),
                    expression,
                });
            }
        });
    }
    found
}

/// References by which the entries of a batch depend on one another: each with the entry it stands in.
///
/// Such a batch is non-conformant, and nothing would ever resolve them: neither what the batch itself creates, nor what
/// a search would find. <https://hl7.org/fhir/R4/http.html#brules>
pub fn interdependencies(entries: &[EntryIn]) -> Vec<(usize, Issue)> {
    let created: HashSet<&str> = entries
        .iter()
        .filter(|entry| entry.method == Method::Post && entry.writes())
        .filter_map(|entry| entry.full_url.as_deref())
        .collect();
    let mut found: Vec<(usize, Issue)> = Vec::new();
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.writes()) {
        let Some(resource) = &entry.resource else { continue };
        let prefix = format!("Bundle.entry[{}].resource", entry.index);
        each_reference(resource, &Path::Root(&prefix), &mut |text, path| {
            let what = if created.contains(text) {
                "must not lead to what another entry of the batch creates: send a transaction"
            } else if reference::conditional(text).is_some() {
                "must not be a search, which is resolved in a transaction alone"
            } else {
                return;
            };
            found.push((at, Issue::error(IssueCode::BusinessRule, what).at(path.to_string())));
        });
    }
    found
}

fn each_reference(value: &Value, path: &Path<'_>, take: &mut dyn FnMut(&str, &Path<'_>)) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                each_reference(item, &Path::Item(path, at), take);
            }
        }
        Value::Object(object) if is_bundle(object) => {}
        Value::Object(object) => {
            for (name, value) in object.iter() {
                let path = Path::Element(path, name);
                match value {
                    Value::String(text) if name == "reference" => take(text, &path),
                    other => each_reference(other, &path, take),
                }
            }
        }
        _ => {}
    }
}

/// A Bundle that is stored as a record: what its entries refer to is among its entries, so nothing in it is touched.
///
/// <https://hl7.org/fhir/R4/bundle.html#references>
fn is_bundle(object: &Object) -> bool {
    object.str("resourceType") == Some("Bundle")
}

/// Puts the references of a resource right: each `reference` by `resolve`, and each address that `resolve` knows.
///
/// Addresses are elements of the types uri and url, and `href` and `src` in the narrative; of these only `urn:uuid:` and
/// `urn:oid:` are looked at, and those that are not known stay, as they may be data.
///
/// # Errors
///
/// Each `reference` that cannot be resolved, with its place; the resource is then half changed and to be dropped.
pub fn rewrite(
    resource: &mut Value,
    path_prefix: &str,
    resolve: &dyn Fn(&str) -> Resolution,
) -> Result<(), Vec<Issue>> {
    let mut rewrite = Rewrite { resolve, issues: Vec::new() };
    rewrite.one(Some(Holds::Resource), resource, &Path::Root(path_prefix));
    if rewrite.issues.is_empty() { Ok(()) } else { Err(rewrite.issues) }
}

struct Rewrite<'a> {
    resolve: &'a dyn Fn(&str) -> Resolution,
    issues: Vec<Issue>,
}

impl Rewrite<'_> {
    fn one(&mut self, holds: Option<Holds>, value: &mut Value, path: &Path<'_>) {
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.one(holds, item, &Path::Item(path, at));
                }
            }
            Value::Object(object) if is_bundle(object) => {}
            Value::Object(object) => {
                let shape = match holds {
                    Some(Holds::Resource) => {
                        object.str("resourceType").and_then(ResourceType::parse).map(Shape::of)
                    }
                    Some(Holds::Object(shape)) => Some(shape),
                    _ => None,
                };
                self.object(shape, object, path);
            }
            Value::String(text) if holds.is_some_and(Holds::is_link) && reference::is_urn(text) => {
                if let Resolution::To(other) = (self.resolve)(text) {
                    *text = other.into();
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, shape: Option<Shape>, object: &mut Object, path: &Path<'_>) {
        for (name, value) in object.iter_mut() {
            let path = Path::Element(path, name);
            match value {
                Value::String(text) if name == "reference" => match (self.resolve)(text) {
                    Resolution::Keep => {}
                    Resolution::To(other) => *text = other.into(),
                    Resolution::Unresolvable => self.refuse(&path),
                },
                Value::String(text) if name == "div" => {
                    if let Some(other) = self.narrative(text) {
                        *text = other.into();
                    }
                }
                // Few strings are addresses to put right, so the table is asked only for those.
                Value::String(text) if !reference::is_urn(text) => {}
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
                other => {
                    let holds = shape.and_then(|shape| shape.element(name)).map(|element| element.holds);
                    // What stands beside a primitive has extensions, which may hold references too.
                    let holds = holds
                        .or_else(|| name.starts_with('_').then_some(Holds::Object(Shape::BESIDE_PRIMITIVE)));
                    self.one(holds, other, &path);
                }
            }
        }
    }

    fn refuse(&mut self, path: &Path<'_>) {
        if self.issues.len() < ISSUES_MAX {
            let what = "nothing in the bundle answers to this reference, and nothing else can";
            self.issues.push(Issue::error(IssueCode::NotFound, what).at(path.to_string()));
        }
    }

    /// The narrative with the addresses in it that are known put right, if there are any.
    fn narrative(&self, text: &str) -> Option<String> {
        if !text.contains("=\"urn:") {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("=\"urn:") {
            let (before, from) = rest.split_at(at + 2);
            let (address, after) = from.split_at(from.find('"').unwrap_or(from.len()));
            out.push_str(before);
            let linked = before.ends_with("href=\"") || before.ends_with("src=\"");
            match (self.resolve)(address) {
                Resolution::To(other) if linked && reference::is_urn(address) => out.push_str(&other),
                _ => out.push_str(address),
            }
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewriting() {
        let resolve = |text: &str| match text {
            "urn:uuid:1" => Resolution::To("Patient/p1".into()),
            _ if reference::is_urn(text) => Resolution::Unresolvable,
            _ => Resolution::Keep,
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // what                    before                                                                                   after, or where it was refused
            ("a reference",         r#"{"resourceType":"Observation","subject":{"reference":"urn:uuid:1"}}"#,                r#"{"resourceType":"Observation","subject":{"reference":"Patient/p1"}}"#),
            ("kept",                r#"{"resourceType":"Observation","subject":{"reference":"Patient/x"}}"#,                 r#"{"resourceType":"Observation","subject":{"reference":"Patient/x"}}"#),
            ("in an unknown place", r#"{"resourceType":"Observation","strange":[{"reference":"urn:uuid:1"}]}"#,              r#"{"resourceType":"Observation","strange":[{"reference":"Patient/p1"}]}"#),
            ("beside a primitive",  r#"{"resourceType":"Patient","_birthDate":{"extension":[{"url":"u","valueReference":{"reference":"urn:uuid:1"}}]}}"#, r#"{"resourceType":"Patient","_birthDate":{"extension":[{"url":"u","valueReference":{"reference":"Patient/p1"}}]}}"#),
            ("a url",               r#"{"resourceType":"Patient","photo":[{"url":"urn:uuid:1"},{"url":"urn:uuid:2"}]}"#,     r#"{"resourceType":"Patient","photo":[{"url":"Patient/p1"},{"url":"urn:uuid:2"}]}"#),
            ("a uri",               r#"{"resourceType":"Patient","extension":[{"url":"u","valueUri":"urn:uuid:1"}]}"#,       r#"{"resourceType":"Patient","extension":[{"url":"u","valueUri":"Patient/p1"}]}"#),
            ("a uuid",              r#"{"resourceType":"Patient","extension":[{"url":"u","valueUuid":"urn:uuid:1"}]}"#,      r#"{"resourceType":"Patient","extension":[{"url":"u","valueUuid":"urn:uuid:1"}]}"#),
            ("a canonical",         r#"{"resourceType":"Patient","meta":{"profile":["urn:uuid:1"]}}"#,                       r#"{"resourceType":"Patient","meta":{"profile":["urn:uuid:1"]}}"#),
            ("a value is no uri",   r#"{"resourceType":"Patient","identifier":[{"value":"urn:uuid:1"}]}"#,                   r#"{"resourceType":"Patient","identifier":[{"value":"urn:uuid:1"}]}"#),
            ("contained",           r#"{"resourceType":"Patient","contained":[{"resourceType":"Media","content":{"url":"urn:uuid:1"}}]}"#, r#"{"resourceType":"Patient","contained":[{"resourceType":"Media","content":{"url":"Patient/p1"}}]}"#),
            ("narrative",           r#"{"resourceType":"Patient","text":{"div":"<a href=\"urn:uuid:1\">1</a><b id=\"urn:uuid:1\"/><img src=\"urn:uuid:2\"/>"}}"#, r#"{"resourceType":"Patient","text":{"div":"<a href=\"Patient/p1\">1</a><b id=\"urn:uuid:1\"/><img src=\"urn:uuid:2\"/>"}}"#),
            ("in a bundle",         r#"{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","link":[{"other":{"reference":"urn:uuid:9"}}]}}]}"#, r#"{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","link":[{"other":{"reference":"urn:uuid:9"}}]}}]}"#),
            ("unresolvable",        r#"{"resourceType":"Observation","subject":{"reference":"urn:uuid:2"},"performer":[{},{"reference":"urn:oid:3"}]}"#, "R.subject.reference R.performer[1].reference"),
        ];
        for (what, before, after) in cases {
            let mut resource = anamnesis_json::parse(before.as_bytes()).unwrap();
            let found = match rewrite(&mut resource, "R", &resolve) {
                Ok(()) => String::from_utf8(resource.to_text()).unwrap(),
                Err(issues) => {
                    issues.iter().filter_map(|i| i.expression.clone()).collect::<Vec<_>>().join(" ")
                }
            };
            assert_eq!(found, after, "{what}");
        }
    }

    #[test]
    fn entries_of_a_batch_that_depend_on_one_another() {
        let entry = |full_url: &str, method: &str, url: &str, reference: &str| {
            format!(
                r#"{{"fullUrl":"{full_url}","request":{{"method":"{method}","url":"{url}"}},"resource":{{"resourceType":"Patient","id":"p1","link":[{{"other":{{"reference":"{reference}"}}}}]}}}}"#
            )
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // what the second entry refers to                        where it is refused
            ("urn:uuid:1",                                          Some("Bundle.entry[1].resource.link[0].other.reference")),
            ("Patient?identifier=7",                                Some("Bundle.entry[1].resource.link[0].other.reference")),
            ("urn:uuid:2",                                          None),
            ("Patient/p1",                                          None),
        ];
        for (reference, refused) in cases {
            let entries = [
                entry("urn:uuid:1", "POST", "Patient", "Patient/x"),
                entry("urn:uuid:2", "PUT", "Patient/p1", reference),
            ];
            let bundle =
                format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{}]}}"#, entries.join(","));
            let incoming = super::super::read(anamnesis_json::parse(bundle.as_bytes()).unwrap(), 9).unwrap();
            let found = interdependencies(&incoming.entries);
            let found: Vec<_> = found.iter().map(|(at, issue)| (*at, issue.expression.as_deref())).collect();
            let expected: Vec<_> = refused.iter().map(|place| (1, Some(*place))).collect();
            assert_eq!(found, expected, "{reference}");
        }
    }
}
