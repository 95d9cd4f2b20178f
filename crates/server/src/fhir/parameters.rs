//! The parameters of an operation as a resource: <https://hl7.org/fhir/R4/parameters.html>.

use anamnesis_fhir::outcome::IssueCode;
use anamnesis_json::Value;

use super::outcome::Outcome;

/// Names and values of parameters that are plain values, as a query would have them; none where nothing was sent.
///
/// # Errors
///
/// When it is no Parameters, or a value is none that a query can hold.
pub(super) fn pairs(resource: Option<&Value>) -> Result<Vec<(String, String)>, Outcome> {
    let Some(resource) = resource else { return Ok(Vec::new()) };
    if resource.get("resourceType").and_then(Value::as_str) != Some("Parameters") {
        return Err(Outcome::invalid(IssueCode::Invalid, "must be Parameters", "resourceType"));
    }
    let given = match resource.get("parameter") {
        None => &[],
        Some(Value::Array(given)) => given.as_slice(),
        Some(_) => return Err(wrong("must be an array", "Parameters.parameter")),
    };
    given.iter().enumerate().map(|(at, one)| pair(at, one)).collect()
}

fn pair(at: usize, parameter: &Value) -> Result<(String, String), Outcome> {
    let place = format!("Parameters.parameter[{at}]");
    let name = parameter.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| wrong("must have a name", format!("{place}.name")))?;
    let mut members = parameter.as_object().into_iter().flat_map(|object| object.iter());
    let value = members.find(|(key, _)| key.starts_with("value")).map(|(_, value)| value);
    let value = match value {
        Some(Value::String(text)) => text.to_string(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => {
            String::from_utf8_lossy(&value.to_text()).into_owned()
        }
        _ => return Err(wrong("must have a value that is text, a number or a boolean", place)),
    };
    Ok((name.to_owned(), value))
}

fn wrong(what: &str, at: impl Into<String>) -> Outcome {
    Outcome::invalid(IssueCode::Structure, what, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (r#"{"resourceType":"Parameters"}"#,                                                               "Ok([])"),
            (r#"{"resourceType":"Parameters","parameter":[{"name":"a","valueDate":"2026"},{"name":"b","valueInteger":7},{"name":"a","valueBoolean":true}]}"#,
                r#"Ok([("a", "2026"), ("b", "7"), ("a", "true")])"#),
            (r#"{"resourceType":"Patient"}"#,                                                                  "resourceType: must be Parameters"),
            (r#"{"resourceType":"Parameters","parameter":{}}"#,                                                "Parameters.parameter: must be an array"),
            (r#"{"resourceType":"Parameters","parameter":[7]}"#,                                               "Parameters.parameter[0].name: must have a name"),
            (r#"{"resourceType":"Parameters","parameter":[{"name":"a"}]}"#,                                    "Parameters.parameter[0]: must have a value that is text, a number or a boolean"),
            (r#"{"resourceType":"Parameters","parameter":[{"name":"a","valueCoding":{}}]}"#,                   "Parameters.parameter[0]: must have a value that is text, a number or a boolean"),
        ];
        for (json, expected) in cases {
            let resource = anamnesis_json::parse(json.as_bytes()).unwrap();
            let found =
                pairs(Some(&resource)).map_or_else(|wrong| wrong.reason(), |pairs| format!("Ok({pairs:?})"));
            assert_eq!(found, expected);
        }
        assert_eq!(pairs(None).unwrap(), []);
    }
}
