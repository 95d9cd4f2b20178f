//! What the records of a compartment point to, outside of it.

use std::collections::{BTreeSet, HashSet};

use anamnesis_json::Value;
use anamnesis_kernel::StreamName;

/// The records seen in the compartment, and those they point to.
pub(super) struct Pointed {
    patients: Vec<StreamName>,
    base: String,
    inside: HashSet<StreamName>,
    named: BTreeSet<StreamName>,
}

impl Pointed {
    /// Nothing seen yet; `base` is our own, whose absolute references lead here too.
    pub(super) fn new(patients: &[StreamName], base: &str) -> Self {
        let base = format!("{base}/");
        Self { patients: patients.to_vec(), base, inside: HashSet::new(), named: BTreeSet::new() }
    }

    /// Notes that a record is in the compartment.
    pub(super) fn inside(&mut self, name: &StreamName) {
        self.inside.insert(name.clone());
    }

    /// Notes a record of the compartment and what its JSON text points to.
    pub(super) fn read(&mut self, name: &StreamName, text: &[u8]) {
        self.inside(name);
        if let Ok(resource) = anamnesis_json::parse(text) {
            self.walk(&resource);
        }
    }

    /// What is pointed to and is neither in the compartment nor another patient, in the order of names.
    pub(super) fn names(self) -> Vec<StreamName> {
        let Self { patients, inside, named, .. } = self;
        let outside =
            |name: &StreamName| !inside.contains(name) && (!name.is_patient() || patients.contains(name));
        named.into_iter().filter(outside).collect()
    }

    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(object) => {
                for (key, value) in object.iter() {
                    match value {
                        Value::String(text) if key == "reference" => self.note(text),
                        Value::Array(_) | Value::Object(_) => self.walk(value),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, reference: &str) {
        let local = reference.strip_prefix(&self.base).unwrap_or(reference);
        let name = local.split_once("/_history/").map_or(local, |(name, _)| name);
        if let Ok(name) = name.parse() {
            self.named.insert(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_records_point_to() {
        let patient: StreamName = "Patient/p1".parse().unwrap();
        let mut pointed = Pointed::new(std::slice::from_ref(&patient), "http://h/fhir");
        let text = br##"{"resourceType":"Observation","id":"o1","subject":{"reference":"Patient/p1"},
            "performer":[{"reference":"Practitioner/d/_history/3"},{"reference":"http://h/fhir/Organization/o"},
            {"reference":"http://elsewhere/Organization/x"},{"reference":"Patient/p2"},{"reference":"#c"}],
            "hasMember":[{"reference":"Observation/o2"}],"encounter":{"reference":"Encounter/e"},
            "note":[{"text":"Device/none"}]}"##;
        pointed.read(&"Observation/o1".parse().unwrap(), text);
        pointed.inside(&"Observation/o2".parse().unwrap());
        pointed.inside(&patient);
        let names: Vec<String> = pointed.names().iter().map(StreamName::to_string).collect();
        assert_eq!(names, ["Encounter/e", "Organization/o", "Practitioner/d"]);
    }
}
