//! What the laboratory was asked and what it found, by analyte.

use anamnesis_json::{Object, Value};

use super::sorted::{date_of, moment, newest_first};
use super::{Entry, choice};
use crate::change::{Sort, code};

/// One number, word or code that was found.
struct Finding<'a> {
    /// What was measured: a CodeableConcept.
    code: Value,
    key: String,
    entry: &'a Entry<'a>,
    effective: Option<&'a str>,
    result: Object,
}

/// `{orders, analytes: [{code, results: [{record, version, value, unit, flag, status, effective, corrects}]}]}`.
///
/// A panel written as one observation with components gives a result for each component, under its own code.
/// Analytes stand by code, their results newest first. A result without a value has null, and says why in `absent`.
pub fn lab_results(entries: &[Entry<'_>]) -> Object {
    let orders = entries.iter().filter(|entry| entry.is("ServiceRequest") && entry.facts().sort == Sort::Lab);
    let mut findings: Vec<Finding<'_>> = entries
        .iter()
        .filter(|entry| entry.is("Observation") && entry.facts().sort == Sort::Lab)
        .flat_map(findings)
        .collect();
    findings.sort_by(|a, b| {
        let newest = || b.effective.map(moment).cmp(&a.effective.map(moment));
        a.key.cmp(&b.key).then_with(newest).then_with(|| a.entry.stream.cmp(b.entry.stream))
    });

    let mut analytes: Vec<(String, Value, Vec<Value>)> = Vec::new();
    for finding in findings {
        match analytes.last_mut() {
            Some((key, _, results)) if *key == finding.key => results.push(finding.result.into()),
            _ => analytes.push((finding.key, finding.code, vec![finding.result.into()])),
        }
    }
    let analyte = |(_, code, results): (String, Value, Vec<Value>)| {
        Value::from(Object::new().with("code", code).with("results", results))
    };
    Object::new()
        .with("orders", newest_first(orders, &["authoredOn", "occurrence[x]"], order))
        .with("analytes", analytes.into_iter().map(analyte).collect::<Vec<_>>())
}

fn order(entry: &Entry<'_>) -> Object {
    entry
        .item()
        .with("code", entry.get("code"))
        .with("status", entry.get("status"))
        .with("intent", entry.get("intent"))
        .with("priority", entry.get("priority"))
        .with("authored", entry.get("authoredOn"))
}

fn findings<'a>(entry: &'a Entry<'a>) -> Vec<Finding<'a>> {
    let components = entry.elements.get("component").and_then(Value::as_array).unwrap_or_default();
    let parts = components.iter().filter_map(Value::as_object).map(|part| finding(entry, part));
    let own = choice(entry.elements, "value").is_some() || components.is_empty();
    own.then(|| finding(entry, entry.elements)).into_iter().chain(parts).collect()
}

/// The finding that `part` says: the observation itself, or one of its components.
fn finding<'a>(entry: &'a Entry<'a>, part: &'a Object) -> Finding<'a> {
    let of = |key: &str| part.get(key).cloned().unwrap_or_default();
    let effective = date_of(entry, &["effective[x]"]);
    let (value, unit) = match choice(part, "value") {
        Some(quantity) if quantity.get("value").is_some() => {
            let unit = quantity.get("unit").or_else(|| quantity.get("code")).cloned().unwrap_or_default();
            (value_of(quantity), unit)
        }
        other => (other.cloned().unwrap_or_default(), Value::Null),
    };
    let words = || part.get("interpretation")?.each().find_map(|one| one.get("text")).cloned();
    let flag = match code(part.get("interpretation")) {
        "" => words().unwrap_or_default(),
        flag => Value::from(flag),
    };
    let mut result = entry.item().with("value", value).with("unit", unit).with("flag", flag);
    if part.contains_key("dataAbsentReason") {
        result.push("absent", of("dataAbsentReason"));
    }
    result.push("status", entry.get("status"));
    result.push("effective", effective.map(Value::from).unwrap_or_default());
    result.push("corrects", entry.corrects.map(Value::from).unwrap_or_default());
    Finding { code: of("code"), key: key(part.get("code")), entry, effective, result }
}

/// The number; with its comparator (`<`, `>=`) where it has one, since alone it would say something else.
fn value_of(quantity: &Value) -> Value {
    match (quantity.get("comparator").and_then(Value::as_str), quantity.get("value")) {
        (Some(comparator), Some(Value::Number(number))) => Value::from(format!("{comparator}{number}")),
        (_, value) => value.cloned().unwrap_or_default(),
    }
}

/// What makes two codes one analyte: system and code of the first coding, else the text.
fn key(concept: Option<&Value>) -> String {
    let coding = concept.and_then(|c| c.get("coding")?.each().find(|coding| coding.get("code").is_some()));
    let text = |value: Option<&Value>, key: &str| {
        value.and_then(|v| v.get(key)?.as_str()).unwrap_or_default().to_owned()
    };
    match coding {
        Some(_) => format!("{}|{}", text(coding, "system"), text(coding, "code")),
        None => text(concept, "text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::parse;

    #[test]
    fn by_analyte() {
        let lab = r#""category":[{"coding":[{"code":"laboratory"}]}],"status":"final""#;
        let k = r#""code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]}"#;
        #[rustfmt::skip]
        let given = [
            ("Observation/old",   None,    format!(r#"{{{lab},{k},"effectiveDateTime":"2020-01-01","valueQuantity":{{"value":4.10,"unit":"mmol/L"}}}}"#)),
            ("Observation/new",   Some(2), format!(r#"{{{lab},{k},"effectiveDateTime":"2021-01-01","valueQuantity":{{"value":0.1,"comparator":"<","code":"mmol/L"}},"interpretation":[{{"coding":[{{"code":"L"}}]}}]}}"#)),
            ("Observation/panel", None,    format!(r#"{{{lab},"code":{{"text":"panel"}},"component":[{{"code":{{"text":"part"}},"valueString":"seen"}}]}}"#)),
            ("Observation/none",  None,    format!(r#"{{{lab},"code":{{"text":"z"}},"dataAbsentReason":{{"text":"clotted"}}}}"#)),
            ("Observation/other", None,    r#"{"status":"final","valueString":"not laboratory"}"#.to_owned()),
            ("ServiceRequest/o",  None,    r#"{"status":"active","code":{"text":"potassium"}}"#.to_owned()),
        ];
        let given = given
            .map(|(name, corrects, text)| (name.parse().unwrap(), corrects, parse(text.as_bytes()).unwrap()));
        let entries: Vec<Entry> = given
            .iter()
            .map(|(stream, corrects, e)| Entry {
                stream,
                version: 3,
                corrects: *corrects,
                elements: e.as_object().unwrap(),
            })
            .collect();
        #[rustfmt::skip]
        let expected = concat!(
            r#"{"orders":[{"record":"ServiceRequest/o","version":3,"code":{"text":"potassium"},"status":"active","intent":null,"priority":null,"authored":null}],"#,
            r#""analytes":[{"code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},"results":["#,
            r#"{"record":"Observation/new","version":3,"value":"<0.1","unit":"mmol/L","flag":"L","status":"final","effective":"2021-01-01","corrects":2},"#,
            r#"{"record":"Observation/old","version":3,"value":4.10,"unit":"mmol/L","flag":null,"status":"final","effective":"2020-01-01","corrects":null}]},"#,
            r#"{"code":{"text":"part"},"results":[{"record":"Observation/panel","version":3,"value":"seen","unit":null,"flag":null,"status":"final","effective":null,"corrects":null}]},"#,
            r#"{"code":{"text":"z"},"results":[{"record":"Observation/none","version":3,"value":null,"unit":null,"flag":null,"absent":{"text":"clotted"},"status":"final","effective":null,"corrects":null}]}]}"#,
        );
        assert_eq!(String::from_utf8(lab_results(&entries).to_text()).unwrap(), expected);
    }
}
