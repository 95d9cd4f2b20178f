//! Fixed values and patterns: <https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_>.

use anamnesis_json::Value;

/// Whether a value has everything the pattern has.
pub(super) fn has_pattern(value: &Value, pattern: &Value) -> bool {
    match (value, pattern) {
        (Value::Object(value), Value::Object(pattern)) => pattern
            .iter()
            .all(|(key, pattern)| value.get(key).is_some_and(|value| has_pattern(value, pattern))),
        (Value::Array(values), Value::Array(patterns)) => {
            patterns.iter().all(|pattern| values.iter().any(|value| has_pattern(value, pattern)))
        }
        (value, pattern) => value.same(pattern),
    }
}

/// Everything that steps lead to below a value; `value` finds `valueQuantity`.
pub(super) fn below<'a>(value: &'a Value, steps: &[&str], take: &mut dyn FnMut(&'a Value)) {
    let Some((step, rest)) = steps.split_first() else { return take(value) };
    let Some(object) = value.as_object() else { return };
    for (name, inner) in object.iter() {
        let choice = || name.strip_prefix(step).is_some_and(|kind| kind.starts_with(char::is_uppercase));
        if name == *step || (!object.contains_key(step) && choice()) {
            for one in inner.each() {
                below(one, rest, take);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let json = |text: &str| anamnesis_json::parse(text.as_bytes()).unwrap();
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // value                                                pattern                          has it
            (r#"{"coding":[{"code":"a"},{"code":"b","x":1}]}"#,   r#"{"coding":[{"code":"b"}]}"#,  true),
            (r#"{"coding":[{"code":"a"},{"system":"b"}]}"#,       r#"{"coding":[{"code":"a","system":"b"}]}"#, false),
            (r#"{"coding":[]}"#,                                  r#"{"coding":[{"code":"b"}]}"#,  false),
            (r#"1.0"#,                                            r#"1.0"#,                        true),
            (r#""a""#,                                            r#""b""#,                        false),
            (r#""a""#,                                            r#"{"a":1}"#,                    false),
        ];
        for (value, pattern, expected) in cases {
            assert_eq!(has_pattern(&json(value), &json(pattern)), expected, "{value} {pattern}");
        }
    }

    #[test]
    fn steps() {
        let value =
            anamnesis_json::parse(br#"{"code":{"coding":[{"code":"a"},{"code":"b"}]},"valueString":"c"}"#)
                .unwrap();
        let found = |path: &str| {
            let steps: Vec<&str> = path.split('.').collect();
            let mut found = Vec::new();
            below(&value, &steps, &mut |one| found.push(one.as_str().unwrap_or_default().to_owned()));
            found.join(" ")
        };
        assert_eq!(
            (found("code.coding.code"), found("value"), found("code.text")),
            ("a b".into(), "c".into(), String::new())
        );
    }
}
