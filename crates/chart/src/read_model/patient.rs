//! Who the patient is.

use anamnesis_json::{Object, Value};

use super::Entry;

/// The patient among `entries`: `{identifiers, names, gender, birth_date, deceased, addresses, telecoms, contacts,
/// links, active}`. Lists are there when empty, single values are null when absent; `active` is true unless denied.
pub fn patient(entries: &[Entry<'_>]) -> Object {
    let Some(entry) = entries.iter().find(|entry| entry.stream.is_patient()) else { return Object::new() };
    let active = entry.elements.get("active").and_then(Value::as_bool).unwrap_or(true);
    Object::new()
        .with("identifiers", entry.list("identifier"))
        .with("names", entry.list("name"))
        .with("gender", entry.get("gender"))
        .with("birth_date", entry.get("birthDate"))
        .with("deceased", entry.choice("deceased"))
        .with("addresses", entry.list("address"))
        .with("telecoms", entry.list("telecom"))
        .with("contacts", entry.list("contact"))
        .with("links", entry.list("link"))
        .with("active", active)
}
