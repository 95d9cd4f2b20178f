//! From elements to keys: what each datatype gives a search parameter.
//!
//! <https://hl7.org/fhir/R4/search.html#ptypes>

mod amount;
mod coded;
mod time;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Key;
use compact_str::CompactString;

use crate::param::Extract;
use crate::{fold, key, reference};

pub(super) use time::span;

/// Calls `take` with every value that the JSON names lead to; what is one and what is many makes no difference.
pub(crate) fn visit<'a>(object: &'a Object, steps: &[&str], take: &mut dyn FnMut(&'a Value)) {
    let Some((step, rest)) = steps.split_first() else { return };
    let Some(value) = object.get(step) else { return };
    value.each().for_each(|one| visit_value(one, rest, take));
}

/// The same from a value on, which is taken itself where no step is left.
pub(crate) fn visit_value<'a>(value: &'a Value, steps: &[&str], take: &mut dyn FnMut(&'a Value)) {
    if steps.is_empty() {
        take(value);
    } else if let Some(inner) = value.as_object() {
        visit(inner, steps, take);
    }
}

/// Calls `give` with the keys that a record as a whole has.
pub(crate) fn whole(extract: Extract, elements: &Object, give: &mut dyn FnMut(Key)) {
    match extract {
        Extract::Deceased => {
            let dead = elements.get("deceasedBoolean").and_then(Value::as_bool);
            let code =
                if dead.unwrap_or(elements.contains_key("deceasedDateTime")) { "true" } else { "false" };
            give(Key::Token { code: CompactString::const_new(code), system: CompactString::default() });
        }
        Extract::FirstEntry(kind) => {
            let entry = elements.get("entry").and_then(|entries| entries.each().next());
            if let Some(resource) = entry.and_then(|entry| entry.get("resource")?.as_object())
                && resource.str("resourceType") == Some(kind)
                && let (Some(kind), Some(id)) = (ResourceType::parse(kind), resource.str("id"))
            {
                give(Key::Reference { kind: kind.number(), id: key::exact(id) });
            }
        }
        _ => {}
    }
}

/// Calls `give` with the keys that one value has.
pub(crate) fn keys(extract: Extract, value: &Value, give: &mut dyn FnMut(Key)) {
    match extract {
        Extract::Code => coded::code(value, give),
        Extract::Coding => coded::coding(value, give),
        Extract::Concept => coded::concept(value, give),
        Extract::Contact => coded::contact(value, give),
        Extract::Identifier => coded::identifier(value, give),
        Extract::OfType => coded::of_type(value, give),
        Extract::Text => text(value, give),
        Extract::Uri => {
            if let Some(uri) = value.as_str().filter(|uri| !uri.is_empty()) {
                give(Key::Text { text: key::exact(uri), exact: CompactString::default() });
            }
        }
        Extract::Number => amount::number(value, give),
        Extract::Quantity => amount::quantity(value, give),
        Extract::Range => amount::range(value, give),
        Extract::Money => amount::money(value, give),
        Extract::Date | Extract::Period | Extract::Timing => {
            if let Some((low, high)) = span(extract, value) {
                give(Key::Date { low, high });
            }
        }
        Extract::Reference => {
            value.get("reference").and_then(referred).into_iter().for_each(&mut *give);
            // What is named by an identifier alone is found by `:identifier`.
            if let Some(identifier) = value.get("identifier") {
                coded::system_and_code(identifier, "value", give);
            }
        }
        Extract::To(kind) => {
            if let Some(key @ Key::Reference { kind: of, .. }) = value.get("reference").and_then(referred)
                && ResourceType::from_number(of).is_some_and(|of| of.name() == kind)
            {
                give(key);
            }
        }
        Extract::Canonical => canonical(value, give),
        Extract::Where(name, code, (steps, extract)) => {
            if value.get(name).and_then(Value::as_str) == Some(code) {
                visit_value(value, steps, &mut |one| keys(*extract, one, give));
            }
        }
        Extract::Deceased | Extract::FirstEntry(_) => {}
    }
}

/// The text folded, and as it was written where that is something else.
fn text(value: &Value, give: &mut dyn FnMut(Key)) {
    let Some(written) = value.as_str() else { return };
    let text = key::beginning_of(&fold::fold(written));
    if !text.is_empty() {
        let exact = key::exact(written);
        give(Key::Text { exact: if exact == text { CompactString::default() } else { exact }, text });
    }
}

/// The record a reference names, or its text; a contained resource cannot be referred to from outside.
fn referred(value: &Value) -> Option<Key> {
    let text = value.as_str().filter(|text| !text.is_empty() && !text.starts_with('#'))?;
    Some(match reference::local(text) {
        Some((kind, id, _)) => Key::Reference { kind: kind.number(), id: id.as_str().into() },
        None => Key::Reference { kind: 0, id: key::exact(text) },
    })
}

/// A canonical is found with its version and without; one that names none, as a reference to any version too.
fn canonical(value: &Value, give: &mut dyn FnMut(Key)) {
    let Some(found) = referred(value) else { return };
    if let (Key::Reference { kind: 0, .. }, Some(text)) = (&found, value.as_str()) {
        give(Key::Reference { kind: 0, id: key::exact(crate::canonical::parts(text).0) });
        crate::canonical::referred(text).into_iter().for_each(&mut *give);
    }
    give(found);
}
