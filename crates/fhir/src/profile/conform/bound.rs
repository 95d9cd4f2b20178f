//! Whether codes are those that a binding asks for: <https://hl7.org/fhir/R4/terminologies.html#strength>.

use anamnesis_json::{Object, Value};

use crate::profile::{Binding, Definitions};

/// Whether a code, coding or concept is of a value set; `None` when nobody here can say.
pub(super) fn is_bound(value: &Value, binding: &Binding, definitions: &dyn Definitions) -> Option<bool> {
    let listed = match binding {
        Binding::Known(_) => None,
        Binding::Other(url) => Some(definitions.value_set(url)?),
    };
    let has = |system: Option<&str>, code: &str| match (binding, &listed, system) {
        (Binding::Known(set), _, Some(system)) => set.has(system, code),
        (Binding::Known(set), _, None) => set.has_code(code),
        (_, Some(listed), system) => {
            listed.iter().any(|(of, known)| known == code && system.is_none_or(|system| system == of))
        }
        _ => false,
    };
    Some(match value {
        Value::String(code) => has(None, code),
        Value::Object(object) => match object.get("coding") {
            Some(codings) => {
                codings.each().filter_map(Value::as_object).filter_map(coded).any(|(s, c)| has(Some(s), c))
            }
            None => coded(object).is_some_and(|(system, code)| has(Some(system), code)),
        },
        _ => false,
    })
}

/// Whether there is a code at all.
pub(super) fn is_coded(value: &Value) -> bool {
    match value.get("coding") {
        Some(codings) => codings.each().any(|coding| coding.get("code").is_some()),
        None => value.as_str().is_some() || value.get("code").is_some(),
    }
}

fn coded(coding: &Object) -> Option<(&str, &str)> {
    coding.str("system").zip(coding.str("code"))
}

/// The address of its value set.
pub(super) fn url_of(binding: &Binding) -> &str {
    match binding {
        Binding::Known(set) => set.url(),
        Binding::Other(url) => url,
    }
}
