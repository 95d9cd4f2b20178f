//! What a patch emptied goes: FHIR has neither empty arrays nor empty objects.

use anamnesis_json::Value;

/// Takes away the empty members of `value`, and the empty objects of its arrays, from the inside out.
pub(super) fn prune(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(prune);
            items.retain(|item| !item.as_object().is_some_and(|object| object.is_empty()));
        }
        Value::Object(object) => {
            object.iter_mut().for_each(|(_, member)| prune(member));
            object.retain(|_, member| match member {
                Value::Array(items) => !items.is_empty(),
                Value::Object(object) => !object.is_empty(),
                _ => true,
            });
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
            prune(&mut value);
            assert_eq!(String::from_utf8(value.to_text()).unwrap(), expected);
        }
    }
}
