//! What an event makes of a record.
//!
//! Invariant: total; any sequence of events folds, without panics, whatever wrote them.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use crate::catalogue::beside;
use crate::delta;
use crate::elements::Elements;

/// As much of an event as a fold needs; the data already lifted to today's shape.
#[derive(Clone, Copy, Debug)]
pub struct EventRef<'a> {
    /// Its type, as the catalogue names it.
    pub kind: &'a str,
    /// Whether the data is the whole resource.
    pub whole: bool,
    /// The elements, lifted.
    pub data: &'a Object,
}

/// The elements after `event`; `None` where no live record stands.
///
/// A delta on a record that is not there changes nothing: there is nothing it could be a delta of.
pub fn evolve(elements: Option<Elements>, event: &EventRef<'_>) -> Option<Elements> {
    if is_deletion(event.kind) {
        return None;
    }
    let beside = beside(event.kind);
    let element = |key: &str| !beside.contains(&key);
    if event.whole {
        let kept = event.data.iter().filter(|(key, value)| element(key) && **value != Value::Null);
        return Some(kept.map(|(key, value)| (key, value.clone())).collect());
    }
    let mut elements = elements?;
    if beside.is_empty() {
        delta::apply(&mut elements, event.data);
    } else {
        let mut data = event.data.clone();
        data.retain(|key, _| element(key));
        delta::apply(&mut elements, &data);
    }
    Some(elements)
}

/// Whether events of this name end the record: `{Type}Deleted`.
pub(crate) fn is_deletion(kind: &str) -> bool {
    kind.strip_suffix("Deleted").is_some_and(|name| ResourceType::parse(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::parse;

    #[test]
    fn folds() {
        let object = |text: &str| parse(text.as_bytes()).unwrap().as_object().unwrap().clone();
        #[rustfmt::skip]
        let cases = [
         // given                  event                                            whole   then
            (None,                 ("PatientRegistered", r#"{"a":1}"#),             true,   Some(r#"{"a":1}"#)),
            (Some(r#"{"b":2}"#),   ("RecordMovedToRightPatient", r#"{"a":1}"#),     true,   Some(r#"{"a":1}"#)),
            (Some(r#"{"b":2}"#),   ("PatientRevised", r#"{"a":[null],"b":null}"#),  false,  Some(r#"{"a":[null]}"#)),
            (Some(r#"{"b":2}"#),   ("StaleResultIgnored", r#"{"ignored":{"b":3}}"#),false,  Some(r#"{"b":2}"#)),
            (Some(r#"{"b":2}"#),   ("PatientsMerged", r#"{"active":false,"merge":{}}"#), false, Some(r#"{"b":2,"active":false}"#)),
            (Some(r#"{"b":2}"#),   ("PatientDeleted", r#"{}"#),                     false,  None),
            (None,                 ("PatientRevised", r#"{"a":1}"#),                false,  None),
            (Some(r#"{"b":2}"#),   ("NobodyKnowsThis", r#"{"a":1}"#),               false,  Some(r#"{"b":2,"a":1}"#)),
        ];
        for (given, (kind, data), whole, then) in cases {
            let data = object(data);
            let after = evolve(given.map(object), &EventRef { kind, whole, data: &data });
            let text = after.map(|after| String::from_utf8(after.to_text()).unwrap());
            assert_eq!(text.as_deref(), then, "{kind}");
        }
    }
}
