//! What differs between two states of a record, element by element, for a person to read.
//!
//! Invariant: minimal and never wrong; setting each `after` at its path, where `null` removes, makes the one the other.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use crate::elements::Elements;

/// One element that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where: `Patient.address[0].city`; the type alone where the whole record came or went.
    pub path: String,
    /// The top-level property it is of; none where it is the whole record.
    pub key: Option<String>,
    /// What it was; null where there was none.
    pub before: Value,
    /// What it is; null where there is none.
    pub after: Value,
}

/// Everything that differs, in the order of elements; what is gone comes last.
///
/// A list is compared by index where one is the beginning of the other or both are as long; else it differs as a whole.
/// Properties are named as in JSON: what belongs to the primitive `birthDate` stands under `_birthDate`.
pub fn differences(
    kind: ResourceType,
    before: Option<&Elements>,
    after: Option<&Elements>,
) -> Vec<Difference> {
    let whole = |elements: Option<&Elements>| elements.cloned().map_or(Value::Null, Value::from);
    let (Some(before), Some(after)) = (before, after) else {
        if before.is_none() && after.is_none() {
            return Vec::new();
        }
        let (before, after) = (whole(before), whole(after));
        return vec![Difference { path: kind.name().into(), key: None, before, after }];
    };
    let mut found = Vec::new();
    for key in keys_of(before, after) {
        let mut give = |path: String, before: &Value, after: &Value| {
            let (before, after) = (before.clone(), after.clone());
            found.push(Difference { path, key: Some(key.to_owned()), before, after });
        };
        values(format!("{kind}.{key}"), member(before, key), member(after, key), &mut give);
    }
    found
}

type Give<'g> = &'g mut dyn FnMut(String, &Value, &Value);

fn values(path: String, before: &Value, after: &Value, give: Give<'_>) {
    if before.same(after) {
        return;
    }
    let mut deeper = false;
    let mut noting = |path: String, before: &Value, after: &Value| {
        deeper = true;
        give(path, before, after);
    };
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for key in keys_of(before, after) {
                values(format!("{path}.{key}"), member(before, key), member(after, key), &mut noting);
            }
        }
        (Value::Array(was), Value::Array(is)) if compares_by_index(was, is) => {
            for n in 0..was.len().max(is.len()) {
                values(format!("{path}[{n}]"), item(was, n), item(is, n), &mut noting);
            }
        }
        _ => {}
    }
    // A null that is data cannot be told from what is not there any deeper than here.
    if !deeper {
        give(path, before, after);
    }
}

/// Whether both lists are as long, or the longer only goes on where the shorter ends.
fn compares_by_index(was: &[Value], is: &[Value]) -> bool {
    was.len() == is.len() || was.iter().zip(is).all(|(was, is)| was.same(is))
}

fn keys_of<'a>(before: &'a Object, after: &'a Object) -> impl Iterator<Item = &'a str> {
    after.keys().chain(before.keys().filter(|key| !after.contains_key(key)))
}

static NOTHING: Value = Value::Null;

fn member<'a>(object: &'a Object, key: &str) -> &'a Value {
    object.get(key).unwrap_or(&NOTHING)
}

fn item(items: &[Value], n: usize) -> &Value {
    items.get(n).unwrap_or(&NOTHING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::parse;

    #[test]
    fn what_differs() {
        let object = |text: &str| match text {
            "" => None,
            text => Some(parse(text.as_bytes()).unwrap().as_object().unwrap().clone()),
        };
        #[rustfmt::skip]
        let cases = [
         // before                               after                                    what differs
            ("",                                 "",                                      ""),
            ("",                                 r#"{"a":1}"#,                            r#"Patient: null -> {"a":1}"#),
            (r#"{"a":1}"#,                       "",                                      r#"Patient: {"a":1} -> null"#),
            (r#"{"a":1,"b":2}"#,                 r#"{"b":2,"a":1}"#,                      ""),
            (r#"{"a":1.5}"#,                     r#"{"a":1.50}"#,                         "Patient.a: 1.5 -> 1.50"),
            (r#"{"a":1}"#,                       r#"{"b":2}"#,                            "Patient.b: null -> 2; Patient.a: 1 -> null"),
            (r#"{"a":{"x":1,"y":{"z":2}}}"#,     r#"{"a":{"x":1,"y":{"z":3,"w":4}}}"#,    "Patient.a.y.z: 2 -> 3; Patient.a.y.w: null -> 4"),
            (r#"{"a":[{"x":1},{"x":2}]}"#,       r#"{"a":[{"x":1},{"x":3}]}"#,            "Patient.a[1].x: 2 -> 3"),
            (r#"{"a":[1,2]}"#,                   r#"{"a":[1,2,3]}"#,                      "Patient.a[2]: null -> 3"),
            (r#"{"a":[1,2]}"#,                   r#"{"a":[1]}"#,                          "Patient.a[1]: 2 -> null"),
            (r#"{"a":[1,2,3]}"#,                 r#"{"a":[2,3]}"#,                        "Patient.a: [1,2,3] -> [2,3]"),
            (r#"{"_a":[{"id":"x"},null]}"#,      r#"{"_a":[{"id":"x"}]}"#,                r#"Patient._a: [{"id":"x"},null] -> [{"id":"x"}]"#),
            (r#"{"a":{"x":null}}"#,              r#"{"a":{}}"#,                           r#"Patient.a: {"x":null} -> {}"#),
            (r#"{"a":[1]}"#,                     r#"{}"#,                                 "Patient.a: [1] -> null"),
            (r#"{"a":1}"#,                       r#"{"a":[1]}"#,                          "Patient.a: 1 -> [1]"),
            (r#"{"a":"1","_a":{"id":"x"}}"#,     r#"{"a":"1","_a":{"id":"y"}}"#,          r#"Patient._a.id: "x" -> "y""#),
            (r#"{"_a":[null,{"id":"x"}]}"#,      r#"{"_a":[{"id":"x"},null]}"#,           r#"Patient._a[0]: null -> {"id":"x"}; Patient._a[1]: {"id":"x"} -> null"#),
        ];
        for (before, after, expected) in cases {
            let (before, after) = (object(before), object(after));
            let found = differences(ResourceType::PATIENT, before.as_ref(), after.as_ref());
            let text = |value: &Value| String::from_utf8(value.to_text()).unwrap();
            let shown = |d: &Difference| format!("{}: {} -> {}", d.path, text(&d.before), text(&d.after));
            let shown: Vec<String> = found.iter().map(shown).collect();
            assert_eq!(shown.join("; "), expected);
            for difference in &found {
                let key = difference.key.as_deref().unwrap_or_default();
                assert!(difference.path.starts_with(&format!("Patient.{key}")) || key.is_empty());
            }
        }
    }
}
