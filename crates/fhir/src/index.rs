//! What a record is found by: its entries in the search index, and the date searches are ordered by.
//!
//! Invariant: total; an element of an odd shape gives no row, and the same record always gives the same rows.

mod extract;
mod main_date;

use anamnesis_json::Object;
use anamnesis_kernel::StreamName;
use anamnesis_kernel::search::{Entry, Key, newest_first};

use crate::param::Way;
use crate::{compartment, merged, param};

/// The shape of the extractors here: it changes whenever one of them does, so that the index is built anew.
pub const SHAPE: &str = "r4-index.4";

/// Where one record stands in the index.
#[derive(Clone, PartialEq, Eq)]
pub struct Indexed {
    /// What it is found by, sorted, each once.
    pub entries: Vec<Entry>,
    /// Its main clinical date as [`newest_first`] turns it.
    pub date: i64,
}

/// Shows how many entries there are and never what they hold.
impl std::fmt::Debug for Indexed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Indexed({} entries)", self.entries.len())
    }
}

/// Finds what a record is found by.
pub fn index(stream: &StreamName, elements: &Object) -> Indexed {
    let kind = stream.kind;
    let mut entries = Vec::with_capacity(16);
    let nothing = Key::Token { code: Default::default(), system: Default::default() };
    entries.push(Entry { param: param::of_this_type(kind), key: nothing });
    for patient in compartment::patients(stream, elements) {
        entries.push(Entry { param: compartment::PARAM, key: compartment::key(&patient) });
    }
    if stream.is_patient() {
        for patient in merged::replaced_by(elements) {
            entries.push(Entry { param: merged::PARAM, key: compartment::key(&patient) });
        }
    }
    for one in param::params(kind) {
        let number = one.number(kind);
        for way in one.ways {
            visit_keys(elements, way, &mut |key| entries.push(Entry { param: number, key }));
        }
    }
    entries.sort_unstable();
    entries.dedup();
    Indexed { entries, date: newest_first(main_date::main_date(kind, elements)) }
}

/// Calls `give` with every key that one way leads to.
pub(crate) fn visit_keys(elements: &Object, (steps, extract): &Way, give: &mut dyn FnMut(Key)) {
    extract::visit(elements, steps, &mut |value| extract::keys(*extract, value, give));
}

#[cfg(test)]
mod tests {
    use anamnesis_json::parse;
    use anamnesis_kernel::ResourceType;

    use super::*;

    /// Entries as `code=key`, so that a table reads like a search.
    fn shown(kind: ResourceType, entries: &[Entry]) -> Vec<String> {
        let code = |entry: &Entry| match entry.param {
            compartment::PARAM => "compartment",
            merged::PARAM => "merged",
            of if of == param::of_this_type(kind) => "type",
            of => param::params(kind).iter().rev().find(|p| p.number(kind) == of).map_or("?", |p| p.code),
        };
        let key = |entry: &Entry| match &entry.key {
            Key::Token { code, system } => format!("{system}|{code}"),
            Key::Text(text) => text.to_string(),
            Key::Date { low, high } => format!("{low}..{high}"),
            Key::Reference { kind, id } => {
                format!("{}/{id}", ResourceType::from_number(*kind).map_or("", ResourceType::name))
            }
        };
        entries.iter().map(|entry| format!("{}={}", code(entry), key(entry))).collect()
    }

    #[test]
    fn records_and_their_entries() {
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&str, &str, &[&str]); 11] = [
            ("Patient/p1", r#"{"birthDate":"1970-01-02","name":[{"family":"Muñoz","given":["Ana","Ana"]},{"text":"Ana M."}],"identifier":[{"system":"s","value":"1"},{"value":"2"},{"system":"t"}],"link":[{"other":{"reference":"Patient/p2"}}]}"#,
                &["compartment=Patient/p1", "birthdate=86400000000..172799999999", "identifier=s|1", "identifier=|2",
                  "name=ana", "name=ana m.", "name=munoz", "type=|"]),
            ("Patient/p3", r#"{"active":false,"link":[{"other":{"reference":"Patient/p1"},"type":"replaced-by"},{"other":{"reference":"Patient/p2"},"type":"replaces"}]}"#,
                &["compartment=Patient/p3", "merged=Patient/p1", "type=|"]),
            ("Observation/o1", r#"{"status":"final","category":[{"coding":[{"system":"c","code":"laboratory"}]}],"code":{"coding":[{"system":"l","code":"1-8"},{"code":"K"},{"system":"only"}],"text":"potassium"},"subject":{"reference":"Patient/p1/_history/3"},"effectiveDateTime":"1970-01-01T00:00:01Z","performer":[{"reference":"Practitioner/d"}]}"#,
                &["compartment=Patient/p1", "category=c|laboratory", "code=l|1-8", "code=|K", "date=1000000..1999999",
                  "status=|final", "subject=Patient/p1", "type=|"]),
            ("Observation/o2", r#"{"subject":{"reference":"http://else.where/fhir/Patient/p1"},"effectivePeriod":{"start":"1970"}}"#,
                &["date=0..9223372036854775807", "subject=/http://else.where/fhir/Patient/p1", "type=|"]),
            ("Observation/o3", r##"{"subject":{"reference":"#p"},"effectiveTiming":{"event":["1970-01-02","1970-01-01"]},"focus":[{"reference":"Patient/p2"}]}"##,
                &["date=0..172799999999", "type=|"]),
            ("AllergyIntolerance/a1", r#"{"patient":{"reference":"Patient/p1"},"code":{"coding":[{"code":"x"}]},"reaction":[{"substance":{"coding":[{"code":"y"}]}}],"category":["food"],"recordedDate":"1970-01-01"}"#,
                &["compartment=Patient/p1", "category=|food", "code=|x", "code=|y", "date=0..86399999999",
                  "patient=Patient/p1", "type=|"]),
            ("MedicationRequest/m1", r#"{"medicationCodeableConcept":{"coding":[{"system":"rx","code":"5"}]},"subject":{"reference":"Patient/p1"}}"#,
                &["compartment=Patient/p1", "code=rx|5", "subject=Patient/p1", "type=|"]),
            ("MedicationRequest/m2", r#"{"medicationReference":{"reference":"Medication/1"},"subject":{"reference":"Group/g"}}"#,
                &["subject=Group/g", "type=|"]),
            ("Organization/g", r#"{"name":"City Clinic","alias":["CC"]}"#,
                &["name=cc", "name=city clinic", "type=|"]),
            ("Appointment/a", r#"{"participant":[{"actor":{"reference":"Patient/p1"}},{"actor":{"reference":"Location/l"}},{"actor":{"reference":"Patient/p2"}}]}"#,
                &["compartment=Patient/p1", "compartment=Patient/p2", "patient=Patient/p1", "patient=Patient/p2", "type=|"]),
            ("Observation/odd", r#"{"status":{"x":1},"code":"potassium","subject":"Patient/p1","effectiveDateTime":["1970"],"effectivePeriod":7,"category":[null,{"coding":{"code":"c"}}]}"#,
                &["category=|c", "date=0..31535999999999", "type=|"]),
        ];
        for (stream, json, expected) in cases {
            let stream: StreamName = stream.parse().unwrap();
            let found = index(&stream, parse(json.as_bytes()).unwrap().as_object().unwrap());
            assert!(found.entries.is_sorted());
            assert_eq!(shown(stream.kind, &found.entries), expected, "{stream}");
        }
    }
}
