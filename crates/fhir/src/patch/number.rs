//! Sameness as JSON Patch tests it: numbers by what they are worth, <https://www.rfc-editor.org/rfc/rfc6902#section-4.6>.

use anamnesis_json::Value;

/// Whether both are worth the same: keys in any order, `1.0` like `1`.
pub(super) fn worth_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || worth(a) == worth(b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| worth_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| worth_same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Sign, digits without zeros at either end, and the power of ten of the last digit.
fn worth(number: &str) -> (bool, String, i64) {
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    // An exponent beyond all measure is no longer told apart from others such.
    let exponent: i64 =
        exponent.parse().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let trimmed = digits.trim_end_matches('0');
    let zeros = digits.len() - trimmed.len();
    let trimmed = trimmed.trim_start_matches('0');
    if trimmed.is_empty() {
        return (false, String::new(), 0);
    }
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    (
        negative,
        trimmed.to_owned(),
        exponent.saturating_sub(count(fraction.len())).saturating_add(count(zeros)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worths() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("1",       "1.0",     true),
            ("1",       "10e-1",   true),
            ("100",     "1E+2",    true),
            ("0.50",    ".5e0",    false), // not a JSON number: never gets here as one
            ("0.50",    "5e-1",    true),
            ("-0",      "0.00",    true),
            ("-1",      "1",       false),
            ("12",      "1.2",     false),
            ("1e99999999999999999999", "1e2", false),
            (r#"{"a":1,"b":[2]}"#, r#"{"b":[2.0],"a":1}"#, true),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, false),
            ("\"10\"",  "10",      false),
            ("null",    "false",   false),
        ];
        for (a, b, expected) in cases {
            let (Ok(a), Ok(b)) = (anamnesis_json::parse(a.as_bytes()), anamnesis_json::parse(b.as_bytes()))
            else {
                assert!(!expected);
                continue;
            };
            assert_eq!(worth_same(&a, &b), expected);
        }
    }
}
