//! What a record refers to, by parameter, as it says it: versions and all, which entries of the index leave out.
//!
//! Invariant: what is given under a parameter is what that parameter's entries come from.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::search::{Key, Param};
use anamnesis_kernel::{ResourceType, StreamName, Version};

use super::{extract, registered};
use crate::param::{self, Catalogue, Extract, ParamKind};
use crate::{canonical, reference};

/// What one reference is to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Referred {
    /// A record, at one version where the reference names one.
    Record(StreamName, Option<Version>),
    /// What is called so, under [`Param::CANONICAL`].
    Definition(Key),
}

/// Calls `give` with what a record refers to under each parameter; `base` is our own address.
///
/// What is contained in the record, or is on another server, is left out.
pub fn references(
    stream: &StreamName,
    elements: &Object,
    catalogue: &Catalogue,
    base: &str,
    give: &mut dyn FnMut(Param, Referred),
) {
    let kind = stream.kind;
    for one in param::params(kind).filter(|one| one.kind == ParamKind::Reference) {
        let mut take = |text: &str| {
            if let Some(referred) = referred(text, base) {
                give(one.number(kind), referred);
            }
        };
        for (steps, extract) in one.ways {
            if steps.is_empty() {
                whole(*extract, elements, &mut take);
            }
            extract::visit(elements, steps, &mut |value| texts(*extract, value, &mut take));
        }
    }
    for one in catalogue.of(kind).filter(|one| one.kind() == ParamKind::Reference) {
        registered::values(one, kind, elements, &mut |value, datatype| {
            let id = value.get("id").and_then(Value::as_str);
            let text = match (value, id) {
                (Value::Object(_), Some(id)) if datatype != "Reference" => Some(format!("{datatype}/{id}")),
                (Value::String(text), _) => Some(text.to_string()),
                (value, _) => value.get("reference").and_then(Value::as_str).map(str::to_owned),
            };
            if let Some(referred) = text.and_then(|text| referred(&text, base)) {
                give(one.number(kind), referred);
            }
        });
    }
}

/// The texts of the references that one value has.
fn texts(extract: Extract, value: &Value, give: &mut dyn FnMut(&str)) {
    match extract {
        Extract::Reference | Extract::To(_) => {
            value.get("reference").and_then(Value::as_str).into_iter().for_each(give);
        }
        Extract::Canonical => value.as_str().into_iter().for_each(give),
        Extract::Where(name, code, (steps, extract))
            if value.get(name).and_then(Value::as_str) == Some(code) =>
        {
            extract::visit_value(value, steps, &mut |one| texts(*extract, one, give));
        }
        _ => {}
    }
}

/// The same of the record as a whole.
fn whole(extract: Extract, elements: &Object, give: &mut dyn FnMut(&str)) {
    extract::whole(extract, elements, &mut |key| {
        if let Key::Reference { kind, id } = key
            && let Some(kind) = ResourceType::from_number(kind)
        {
            give(&format!("{kind}/{id}"));
        }
    });
}

/// What the text of a reference is to; our own address in front of it says nothing else than the rest alone.
fn referred(text: &str, base: &str) -> Option<Referred> {
    let own = text.strip_prefix(base).and_then(|rest| rest.strip_prefix('/'));
    if let Some((kind, id, behind)) = reference::local(own.unwrap_or(text)) {
        let version = behind.strip_prefix("/_history/").map(str::parse);
        // A version that is no number is one that never was.
        return Some(Referred::Record(StreamName::new(kind, id), version.transpose().ok()?));
    }
    canonical::referred(text).filter(|_| reference::is_absolute(text)).map(Referred::Definition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_references_are_to() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Patient/p",                    "Patient/p"),
            ("Patient/p/_history/3",         "Patient/p at 3"),
            ("Patient/p/_history/x",         ""),
            ("http://own/Patient/p",         "Patient/p"),
            ("http://own/Patient/p/_history/3", "Patient/p at 3"),
            ("http://other/Patient/p",       "http://other/Patient/p|"),
            ("http://d|2",                   "http://d|2"),
            ("urn:oid:1.2",                  "urn:oid:1.2|"),
            ("#p",                           ""),
            ("p",                            ""),
        ];
        for (text, expected) in cases {
            let found = match referred(text, "http://own") {
                Some(Referred::Record(name, None)) => name.to_string(),
                Some(Referred::Record(name, Some(version))) => format!("{name} at {version}"),
                Some(Referred::Definition(Key::Reference { id, .. })) => id.to_string(),
                _ => String::new(),
            };
            assert_eq!(found, expected, "{text}");
        }
    }
}
