//! What was emptied goes: FHIR has neither empty arrays nor empty objects.

use anamnesis_json::{Object, Value};

/// Takes away the empty members of `object`, and the empty objects of its arrays, from the inside out.
pub(crate) fn prune(object: &mut Object) {
    object.iter_mut().for_each(|(_, member)| inside(member));
    object.retain(|_, member| match member {
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
        _ => true,
    });
}

fn inside(value: &mut Value) {
    match value {
        Value::Object(object) => prune(object),
        Value::Array(items) => {
            items.iter_mut().for_each(inside);
            items.retain(|item| !item.as_object().is_some_and(Object::is_empty));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_goes() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (r#"{"name":[]}"#,                                       "{}"),
            (r#"{"a":{"b":{"c":[{}]}},"d":0}"#,                      r#"{"d":0}"#),
            (r#"{"contact":[{"name":{}},{"gender":"male"}]}"#,       r#"{"contact":[{"gender":"male"}]}"#),
            (r#"{"given":[null,"A"],"_given":[{"id":"x"},null]}"#,   r#"{"given":[null,"A"],"_given":[{"id":"x"},null]}"#),
            ("{}",                                                   "{}"),
        ];
        for (given, expected) in cases {
            let mut value = anamnesis_json::parse(given.as_bytes()).unwrap();
            prune(value.as_object_mut().unwrap());
            assert_eq!(String::from_utf8(value.to_text()).unwrap(), expected);
        }
    }
}
