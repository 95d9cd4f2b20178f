//! From elements to keys: what each datatype gives a search parameter.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Key;
use compact_str::CompactString;

use crate::param::Extract;
use crate::{date, fold, key, reference};

/// Calls `take` with every value that the JSON names lead to; what is one and what is many makes no difference.
pub(crate) fn visit<'a>(object: &'a Object, steps: &[&str], take: &mut dyn FnMut(&'a Value)) {
    let Some((step, rest)) = steps.split_first() else { return };
    let Some(value) = object.get(step) else { return };
    for one in value.each() {
        if rest.is_empty() {
            take(one);
        } else if let Some(inner) = one.as_object() {
            visit(inner, rest, take);
        }
    }
}

/// Calls `give` with the keys that one value has.
pub(crate) fn keys(extract: Extract, value: &Value, give: &mut dyn FnMut(Key)) {
    match extract {
        Extract::Code => {
            if let Some(code) = code(value) {
                give(Key::Token { code, system: CompactString::default() });
            }
        }
        Extract::Coding => coded(value, "code", give),
        Extract::Identifier => coded(value, "value", give),
        Extract::Concept => {
            for coding in value.get("coding").into_iter().flat_map(Value::each) {
                coded(coding, "code", give);
            }
        }
        Extract::Text => text(value, give),
        Extract::HumanName => {
            for part in ["family", "given", "prefix", "suffix", "text"] {
                for one in value.get(part).into_iter().flat_map(Value::each) {
                    text(one, give);
                }
            }
        }
        Extract::Date | Extract::Period | Extract::Timing => {
            if let Some((low, high)) = span(extract, value) {
                give(Key::Date { low, high });
            }
        }
        Extract::Reference => {
            if let Some(key) = referred(value) {
                give(key);
            }
        }
        Extract::PatientReference => {
            if let Some(key @ Key::Reference { kind, .. }) = referred(value)
                && kind == ResourceType::PATIENT.number()
            {
                give(key);
            }
        }
    }
}

/// The first and last microsecond of a date, Period or Timing; an open end of a Period is the end of time.
pub(crate) fn span(extract: Extract, value: &Value) -> Option<(i64, i64)> {
    let bounds = |value: Option<&Value>| date::bounds(value?.as_str()?);
    match extract {
        Extract::Date => bounds(Some(value)),
        Extract::Period => {
            let (start, end) = (bounds(value.get("start")), bounds(value.get("end")));
            if start.is_none() && end.is_none() {
                return None;
            }
            Some((start.map_or(i64::MIN, |(low, _)| low), end.map_or(i64::MAX, |(_, high)| high)))
        }
        Extract::Timing => {
            let events = value.get("event").into_iter().flat_map(Value::each);
            let outer =
                events.filter_map(|event| bounds(Some(event))).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            outer.or_else(|| span(Extract::Period, value.get("repeat")?.get("boundsPeriod")?))
        }
        _ => None,
    }
}

fn code(value: &Value) -> Option<CompactString> {
    match value {
        Value::String(code) if !code.is_empty() => Some(key::exact(code)),
        Value::Bool(flag) => Some(CompactString::const_new(if *flag { "true" } else { "false" })),
        _ => None,
    }
}

fn coded(value: &Value, under: &str, give: &mut dyn FnMut(Key)) {
    if let Some(code) = value.get(under).and_then(code) {
        let system = value.get("system").and_then(Value::as_str).map(key::exact).unwrap_or_default();
        give(Key::Token { code, system });
    }
}

fn text(value: &Value, give: &mut dyn FnMut(Key)) {
    let folded = value.as_str().map(fold::fold).unwrap_or_default();
    if !folded.is_empty() {
        give(Key::Text { text: key::beginning_of(&folded), exact: CompactString::default() });
    }
}

/// The record a Reference names, or its text; a contained resource cannot be referred to from outside.
fn referred(value: &Value) -> Option<Key> {
    let text = value.get("reference")?.as_str().filter(|text| !text.is_empty() && !text.starts_with('#'))?;
    Some(match reference::local(text) {
        Some((kind, id, _)) => Key::Reference { kind: kind.number(), id: id.as_str().into() },
        None => Key::Reference { kind: 0, id: key::exact(text) },
    })
}
