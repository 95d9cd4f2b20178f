//! The JSON shape of a resource: lists where R4 has lists, objects where it has objects, all the way down.
//!
//! Elements that R4 does not know are let through: they survive a round trip and mean nothing here.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use crate::outcome::{Issue, IssueCode};
use crate::path::Path;
use crate::shape::{Element, Holds, Shape};

/// How many issues are told at once; a file of the wrong kind would otherwise have one a line.
pub const ISSUES_MAX: usize = 100;

/// Every known element of the wrong JSON shape, at most [`ISSUES_MAX`] of them.
///
/// `elements` are the properties of the resource; `resourceType` may be among them.
pub fn check(kind: ResourceType, elements: &Object) -> Vec<Issue> {
    let mut check = Check { issues: Vec::new() };
    let path = Path::Root(kind.name());
    if let Some(named) = elements.get("resourceType")
        && named.as_str() != Some(kind.name())
    {
        check.say(&path, IssueCode::Invalid, format!("resourceType must be {kind}"));
    }
    check.object(Shape::of(kind), elements, &path);
    check.issues
}

struct Check {
    issues: Vec<Issue>,
}

impl Check {
    fn say(&mut self, path: &Path<'_>, code: IssueCode, what: impl Into<String>) {
        if self.issues.len() < ISSUES_MAX {
            self.issues.push(Issue::error(code, what).at(path.to_string()));
        }
    }

    fn must_be(&mut self, path: &Path<'_>, expected: &str, found: &Value) {
        self.say(path, IssueCode::Structure, format!("must be {expected}, is {}", found.kind()));
    }

    fn object(&mut self, shape: Shape, object: &Object, path: &Path<'_>) {
        for (name, value) in object.iter() {
            if let Some(element) = shape.element(name) {
                self.element(element, value, &Path::Element(path, name));
            } else if let Some((element, bare)) = beside(shape, name) {
                self.beside(element, value, &Path::Element(path, bare));
            } else if *value == Value::Null {
                // In a delta a null removes, so a resource that holds one could not be folded again.
                self.say(&Path::Element(path, name), IssueCode::Structure, "must not be null");
            }
        }
    }

    fn element(&mut self, element: Element, value: &Value, path: &Path<'_>) {
        match (element.list, value) {
            (false, value) => self.one(element.holds, value, path),
            (true, Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    // The null of a primitive stands where its extension does in the array beside it.
                    if !(element.holds.is_primitive() && *item == Value::Null) {
                        self.one(element.holds, item, &Path::Item(path, at));
                    }
                }
            }
            (true, other) => self.must_be(path, "an array", other),
        }
    }

    fn one(&mut self, holds: Holds, value: &Value, path: &Path<'_>) {
        match (holds, value) {
            (Holds::Boolean, Value::Bool(_))
            | (Holds::Number, Value::Number(_))
            | (Holds::Text | Holds::Uri, Value::String(_)) => {}
            (Holds::Object(shape), Value::Object(object)) => self.object(shape, object, path),
            (Holds::Resource, Value::Object(object)) => {
                match object.str("resourceType").and_then(ResourceType::parse) {
                    Some(kind) => self.object(Shape::of(kind), object, path),
                    None => self.say(path, IssueCode::Invalid, "resourceType must be a type of FHIR R4"),
                }
            }
            (_, other) => self.must_be(path, holds.name(), other),
        }
    }

    /// The id and extensions of a primitive: `_given` beside `given`.
    fn beside(&mut self, element: Element, value: &Value, path: &Path<'_>) {
        let shape = Shape::BESIDE_PRIMITIVE;
        match (element.list, value) {
            (false, Value::Object(object)) => self.object(shape, object, path),
            (true, Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    match item {
                        Value::Null => {}
                        Value::Object(object) => self.object(shape, object, &Path::Item(path, at)),
                        other => self.beside_must_be(&Path::Item(path, at), "an object or null", other),
                    }
                }
            }
            (list, other) => self.beside_must_be(path, if list { "an array" } else { "an object" }, other),
        }
    }

    fn beside_must_be(&mut self, path: &Path<'_>, expected: &str, found: &Value) {
        let what = format!("the property with _ in front must be {expected}, is {}", found.kind());
        self.say(path, IssueCode::Structure, what);
    }
}

/// The primitive that `_name` stands beside, and its name.
fn beside(shape: Shape, name: &str) -> Option<(Element, &str)> {
    let bare = name.strip_prefix('_')?;
    let element = shape.element(bare).filter(|element| element.holds.is_primitive())?;
    Some((element, bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // type            resource                                                     issues
            ("Patient",     r#"{"active":true,"name":[{"given":["A",null],"_given":[null,{"id":"x"}]}],"_birthDate":{"extension":[{"url":"u","valueString":"x"}]}}"#, ""),
            ("Patient",     r#"{"resourceType":"Patient","favouriteColour":{"a":[null]}}"#, ""),
            ("Patient",     r#"{"resourceType":"Person"}"#,                              "Patient: resourceType must be Patient"),
            ("Patient",     r#"{"name":{"family":"A"}}"#,                                "Patient.name: must be an array, is an object"),
            ("Patient",     r#"{"name":[{"family":["A"]}]}"#,                            "Patient.name[0].family: must be a string, is an array"),
            ("Patient",     r#"{"name":[null]}"#,                                        "Patient.name[0]: must be an object, is null"),
            ("Patient",     r#"{"birthDate":null}"#,                                     "Patient.birthDate: must be a string, is null"),
            ("Patient",     r#"{"unknown":null}"#,                                       "Patient.unknown: must not be null"),
            ("Patient",     r#"{"active":"true"}"#,                                      "Patient.active: must be a boolean, is a string"),
            ("Patient",     r#"{"_birthDate":"x","name":[{"_given":{}}]}"#,              "Patient.birthDate: the property with _ in front must be an object, is a string; Patient.name[0].given: the property with _ in front must be an array, is an object"),
            ("Patient",     r#"{"extension":[{"url":"u","extension":[{"valueBoolean":1}]}]}"#, "Patient.extension[0].extension[0].valueBoolean: must be a boolean, is a number"),
            ("Patient",     r#"{"contained":[{"resourceType":"Organization","name":7},{"resourceType":"Dragon"},{}]}"#, "Patient.contained[0].name: must be a string, is a number; Patient.contained[1]: resourceType must be a type of FHIR R4; Patient.contained[2]: resourceType must be a type of FHIR R4"),
            ("Observation", r#"{"valueQuantity":{"value":"4.0"},"component":[{"referenceRange":[{"low":4}]}]}"#, "Observation.valueQuantity.value: must be a number, is a string; Observation.component[0].referenceRange[0].low: must be an object, is a number"),
            ("Observation", r#"{"subject":[{"reference":"Patient/p"}]}"#,                "Observation.subject: must be an object, is an array"),
            ("Patient",     r#"{"Anna Smith":null}"#,                                    "Patient.?: must not be null"),
        ];
        for (kind, json, expected) in cases {
            let record = anamnesis_json::parse(json.as_bytes()).unwrap();
            let found = check(ResourceType::parse(kind).unwrap(), record.as_object().unwrap());
            let found: Vec<String> = found
                .iter()
                .map(|i| format!("{}: {}", i.expression.as_deref().unwrap(), i.diagnostics))
                .collect();
            assert_eq!(found.join("; "), expected, "{json}");
        }
    }

    #[test]
    fn issues_are_capped() {
        let names = vec!["7"; 1_000].join(",");
        let record = anamnesis_json::parse(format!(r#"{{"name":[{names}]}}"#).as_bytes()).unwrap();
        assert_eq!(check(ResourceType::PATIENT, record.as_object().unwrap()).len(), ISSUES_MAX);
    }
}
