//! The patient compartment: whom a record is about, <https://hl7.org/fhir/R4/compartmentdefinition-patient.html>.

use anamnesis_json::Object;
use anamnesis_kernel::search::{Key, Param};
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};

use crate::index::visit_keys;
use crate::param::compartment_ways;

/// The parameter of "in this patient's compartment", the same for every type.
pub const PARAM: Param = Param(1);

/// The distinct patients a record is about, in the order their elements name them; a Patient is about itself.
///
/// References to another server are about nobody here.
pub fn patients(stream: &StreamName, elements: &Object) -> Vec<ResourceId> {
    if stream.is_patient() {
        return vec![stream.id.clone()];
    }
    let mut found: Vec<ResourceId> = Vec::new();
    for way in compartment_ways(stream.kind) {
        visit_keys(elements, way, &mut |key| {
            if let Key::Reference { id, .. } = key
                && let Ok(id) = ResourceId::new(&id)
                && !found.contains(&id)
            {
                found.push(id);
            }
        });
    }
    found
}

/// The key of a patient, under [`PARAM`] and [`Param::HAPPENED`].
pub fn key(patient: &ResourceId) -> Key {
    Key::Reference { kind: ResourceType::PATIENT.number(), id: patient.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_records_are_about() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Patient/p1",      r#"{"link":[{"other":{"reference":"Patient/p2"}}]}"#,                          "p1"),
            ("Observation/o",   r#"{"subject":{"reference":"Patient/p1"}}"#,                                   "p1"),
            ("Observation/o",   r#"{"subject":{"reference":"Patient/p1/_history/2"}}"#,                        "p1"),
            ("Observation/o",   r#"{"subject":{"reference":"http://a/Patient/p1"}}"#,                          ""),
            ("Observation/o",   r#"{"subject":{"reference":"Device/d"},"performer":[{"reference":"Patient/p2"}]}"#, "p2"),
            ("Observation/o",   r#"{"subject":{"reference":"Patient/p1"},"performer":[{"reference":"Patient/p1"}]}"#, "p1"),
            ("Observation/o",   r#"{"subject":{"reference":"Patient/p1"},"focus":[{"reference":"Patient/p2"}]}"#, "p1"),
            ("Group/g",         r#"{"member":[{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Patient/p2"}}]}"#, "p1 p2"),
            ("Practitioner/d",  r#"{"subject":{"reference":"Patient/p1"}}"#,                                   ""),
            ("Coverage/c",      r#"{"beneficiary":{"reference":"Patient/p1"},"payor":[{"reference":"Organization/o"}]}"#, "p1"),
            ("Observation/o",   r#"{"subject":[7,null,{"reference":9},{"reference":"Patient/a b"}]}"#,         ""),
        ];
        for (stream, json, expected) in cases {
            let record = anamnesis_json::parse(json.as_bytes()).unwrap();
            let found = patients(&stream.parse().unwrap(), record.as_object().unwrap());
            let found: Vec<&str> = found.iter().map(ResourceId::as_str).collect();
            assert_eq!(found.join(" "), expected, "{stream} {json}");
        }
    }
}
