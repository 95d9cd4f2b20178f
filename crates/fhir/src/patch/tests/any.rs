//! Whatever operations come in whatever order: a patch ends, and what it leaves is in the form of FHIR's JSON.

use anamnesis_json::{Object, Value};
use proptest::prelude::*;
use proptest::sample::select;

use super::{BOUNDS, parameters};
use crate::patch::{JsonPatch, Patch, PathPatch};

const PATIENT: &str = concat!(
    r#"{"resourceType":"Patient","id":"p","name":[{"given":["A","B"],"_given":[null,{"id":"b"}]},{"family":"C"}],"#,
    r#""_birthDate":{"id":"x"},"deceasedBoolean":true,"contact":[{"name":{"text":"N"}}],"#,
    r#""extension":[{"url":"u","valueString":"v"}]}"#
);

fn patient() -> Value {
    anamnesis_json::parse(PATIENT.as_bytes()).unwrap()
}

/// Nothing empty, and as many items in a list as in the one beside it.
fn is_well_formed(value: &Value) -> bool {
    let even = |object: &Object| {
        object.iter().all(|(key, one)| match (one, object.get(&format!("_{key}"))) {
            (Value::Array(one), Some(Value::Array(other))) => one.len() == other.len(),
            _ => true,
        })
    };
    match value {
        Value::Array(items) => !items.is_empty() && items.iter().all(is_well_formed),
        Value::Object(object) => {
            !object.is_empty() && even(object) && object.iter().all(|(_, one)| is_well_formed(one))
        }
        _ => true,
    }
}

/// Carries operations out one by one, so that those that cannot be leave the others to be.
fn one_by_one(operations: impl Iterator<Item = String>) -> Result<(), TestCaseError> {
    let mut resource = patient();
    for operation in operations {
        let patch = PathPatch::read(parameters(&[&operation])).map(Patch::Path);
        if let Ok(after) = patch.and_then(|patch| patch.apply(resource.clone(), &BOUNDS)) {
            prop_assert!(
                is_well_formed(&after),
                "{operation}: {}",
                String::from_utf8_lossy(&after.to_text())
            );
            resource = after;
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn paths(operations in prop::collection::vec(
        (
            select(vec!["add", "insert", "delete", "replace", "move"]),
            select(vec![
                "Patient", "Patient.name", "Patient.name[0]", "Patient.name[0].given", "Patient.name[0].given[1]",
                "Patient.name[1].family", "Patient.birthDate", "Patient.deceased", "Patient.contact[0].name.text",
                "Patient.contact[0]", "Patient.extension('u').value", "Patient.name.given.last()", "Patient.contact",
            ]),
            select(vec!["name", "given", "gender", "deceased", "contact", "text", "birthDate"]),
            0_u8..4,
            0_u8..4,
            select(vec![
                r#"{"valueString":"s"}"#, r#"{"valueString":"s","_valueString":{"id":"i"}}"#,
                r#"{"_valueDate":{"id":"i"}}"#, r#"{"valueHumanName":{"family":"F"}}"#, r#"{"valueBoolean":false}"#,
                r#"{"part":[{"name":"gender","valueCode":"male"}]}"#,
            ]),
        ),
        0..12,
    )) {
        let operations = operations.into_iter().map(|(kind, path, name, at, to, value)| {
            format!("type={kind};path={path};name={name};index={at};source={at};destination={to};value={value}")
        });
        one_by_one(operations)?;
    }

    /// A list and what stands beside it, closely: the rare orders of a few operations on one list.
    #[test]
    fn lists(operations in prop::collection::vec(
        (
            select(vec!["add", "insert", "delete", "replace", "move"]),
            select(vec![
                "Patient.name[0]", "Patient.name[0].given", "Patient.name[0].given[0]", "Patient.name[0].given[1]",
                "Patient.name.given.last()", "Patient.name.given.first()",
            ]),
            0_u8..4,
            0_u8..4,
            select(vec![
                r#"{"valueString":"s"}"#, r#"{"valueString":"s","_valueString":{"id":"i"}}"#,
                r#"{"_valueString":{"id":"i"}}"#,
            ]),
        ),
        0..12,
    )) {
        let operations = operations.into_iter().map(|(kind, path, at, to, value)| {
            format!("type={kind};path={path};name=given;index={at};source={at};destination={to};value={value}")
        });
        one_by_one(operations)?;
    }

    #[test]
    fn places(operations in prop::collection::vec(
        (
            select(vec!["add", "remove", "replace", "move", "copy", "test"]),
            select(vec!["", "/name", "/name/0", "/name/-", "/name/0/given/1", "/contact/0/name", "/x", "/x/y", "/name/00"]),
            select(vec!["", "/name", "/name/1", "/contact", "/x", "/extension/0"]),
            select(vec!["1", "[]", "{}", r#"{"text":"t"}"#, "null"]),
        ),
        0..12,
    )) {
        let operations: Vec<String> = operations
            .into_iter()
            .map(|(op, path, from, value)| format!(r#"{{"op":"{op}","path":"{path}","from":"{from}","value":{value}}}"#))
            .collect();
        let mut resource = patient();
        for operation in &operations {
            let document = anamnesis_json::parse(format!("[{operation}]").as_bytes()).unwrap();
            if let Ok(after) = JsonPatch::read(document).and_then(|patch| patch.apply(resource.clone(), &BOUNDS)) {
                prop_assert!(after.depth() <= BOUNDS.nesting_max, "{operation}");
                resource = after;
            }
        }
    }
}
