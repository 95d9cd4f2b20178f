//! Definitions of clients: what is refused, and what is found by the others.

use anamnesis_kernel::StreamName;
use anamnesis_kernel::search::Key;

use super::*;
use crate::{Catalogue, Params, index::index};

fn definition(json: &str) -> Object {
    let fields = r#"{"url":"http://x/eyes","code":"eyes","base":["Patient"],"type":"token","expression":"Patient.extension('eyes').value"}"#;
    let mut all = anamnesis_json::parse(fields.as_bytes()).unwrap().as_object().unwrap().clone();
    for (key, value) in anamnesis_json::parse(json.as_bytes()).unwrap().as_object().unwrap().clone() {
        if value == Value::Null {
            all.remove(&key);
        } else {
            all.set(key, value);
        }
    }
    all
}

fn read(json: &str) -> Registered {
    Registered::read(&definition(json)).unwrap()
}

#[test]
fn definitions_that_are_refused() {
    #[rustfmt::skip] // A table reads by column.
    let cases: [(&str, &[&str]); 19] = [
        ("{}",                                   &[]),
        (r#"{"url":null,"expression":null}"#,    &["url: required to search by it", "expression: required to search by it"]),
        (r#"{"base":null}"#,                     &["base: at least one type is required"]),
        (r#"{"base":["Patient","Dog"]}"#,        &["base[1]: not a type of R4"]),
        (r#"{"type":null}"#,                     &["type: required to search by it"]),
        (r#"{"type":"special"}"#,                &["type: no kind of parameter that can be registered"]),
        (r#"{"type":"reference","target":["Cat"]}"#, &["target[0]: not a type of R4"]),
        (r#"{"code":"birthdate"}"#,              &["code: Patient has an official parameter of this code"]),
        (r#"{"code":"birthdate","derivedFrom":"http://hl7.org/fhir/SearchParameter/individual-birthdate"}"#, &["code: Patient has an official parameter of this code"]),
        (r#"{"code":"birthdate","type":"date","derivedFrom":"http://x/birthdate"}"#, &["code: Patient has an official parameter of this code"]),
        (r#"{"code":"near","base":["Location"]}"#, &["code: Location has an official parameter of this code"]),
        (r#"{"code":"_tag"}"#,                   &["code: codes that begin with _ are those of the standard and of the server", "code: Patient has an official parameter of this code"]),
        (r#"{"code":"eye colour"}"#,             &["code: not 1 to 64 of A-Z a-z 0-9 - _"]),
        (r#"{"code":"eye:exact"}"#,              &["code: not 1 to 64 of A-Z a-z 0-9 - _"]),
        (r#"{"code":null}"#,                     &["code: required to search by it"]),
        (r#"{"type":"composite"}"#,              &["component: a composite has 1 to 8 components"]),
        (r#"{"type":"composite","component":[{"definition":"http://x/eyes","expression":"a"}]}"#,
            &["component[0].definition: not the address of an official parameter of its types that is no composite"]),
        (r#"{"type":"composite","component":[{"definition":"http://hl7.org/fhir/SearchParameter/individual-family"}]}"#,
            &["component[0].expression: required to search by it"]),
        (r#"{"expression":"memberOf("}"#,        &["expression: no FHIRPath"]),
    ];
    for (json, expected) in cases {
        let issues = Registered::read(&definition(json)).err().unwrap_or_default();
        let said: Vec<_> = issues
            .iter()
            .map(|issue| {
                let at = issue.expression.as_deref().unwrap_or_default();
                format!("{}: {}", at.trim_start_matches("SearchParameter."), issue.diagnostics)
            })
            .collect();
        assert_eq!(said.len(), expected.len(), "{json}: {said:?}");
        let begins = said.iter().zip(expected).all(|(said, expected)| said.starts_with(expected));
        assert!(begins, "{json}: {said:?}");
    }
}

#[test]
fn what_restates_an_official_one_is_none_beside_it() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // definition                                                                     its types
        (r#"{"code":"birthdate","type":"date"}"#,                                      ""),
        (r#"{"code":"_id"}"#,                                                          ""),
        (r#"{"code":"_lastUpdated","type":"date","base":["Condition","Encounter"]}"#,  ""),
        (r#"{"code":"gender","base":["Patient","Group"]}"#,                            "Group"),
        (r#"{"code":"eyes"}"#,                                                         "Patient"),
    ];
    for (json, expected) in cases {
        let mut derived = definition(json);
        derived.set("derivedFrom", "http://hl7.org/fhir/SearchParameter/some-official");
        let read = Registered::read(&derived).unwrap();
        let types: Vec<_> = read.base().iter().map(|kind| kind.name()).collect();
        assert_eq!(types.join(" "), expected, "{json}");
    }
}

#[test]
fn what_records_are_found_by() {
    #[rustfmt::skip] // A table reads by column.
    let cases: [(&str, &str, &str, &[&str]); 7] = [
        ("{}", "Patient/p", r#"{"extension":[{"url":"eyes","valueCodeableConcept":{"coding":[{"system":"c","code":"brown"}]}},{"url":"else","valueCode":"x"}]}"#, &["c|brown"]),
        (r#"{"expression":"Patient.name.exists()"}"#, "Patient/p", r#"{"name":[{"text":"a"}]}"#, &["|true"]),
        (r#"{"type":"string","expression":"Patient.name.given.first() + ' ' + name.family.first()"}"#, "Patient/p", r#"{"name":[{"given":["Ann"],"family":"B"}]}"#, &["ann b"]),
        (r#"{"type":"number","expression":"Patient.name.count()"}"#, "Patient/p", r#"{"name":[{"text":"a"},{"text":"b"}]}"#, &["2"]),
        (r#"{"base":["Observation"],"type":"reference","expression":"Observation.performer.where(resolve() is Practitioner)"}"#, "Observation/o",
            r#"{"performer":[{"reference":"Practitioner/d"},{"reference":"Patient/p"}]}"#, &["Practitioner/d"]),
        (r#"{"expression":"1 / 'a'"}"#, "Patient/p", "{}", &[]),
        ("{}", "Observation/o", r#"{"extension":[{"url":"eyes","valueCode":"brown"}]}"#, &[]),
    ];
    for (json, stream, record, expected) in cases {
        let stream: StreamName = stream.parse().unwrap();
        let one = read(json);
        let number = one.number(stream.kind);
        let record = anamnesis_json::parse(record.as_bytes()).unwrap();
        let catalogue = Catalogue::new(vec![one]);
        let found = index(&stream, record.as_object().unwrap(), &catalogue).entries;
        let shown = found.iter().filter(|entry| entry.param == number).map(|entry| match &entry.key {
            Key::Token { code, system } => format!("{system}|{code}"),
            Key::Text { text, .. } => text.to_string(),
            Key::Quantity { low, .. } => low.get().to_string(),
            Key::Reference { kind, id } => format!("{}/{id}", ResourceType::from_number(*kind).unwrap()),
            Key::Date { .. } => "date".to_owned(),
            Key::Words { .. } => "words".to_owned(),
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected, "{json}");
    }
}

#[test]
fn components_of_one_element_are_one_group() {
    let one = read(
        r#"{"code":"contact-family-gender","type":"composite","expression":"Patient.contact","component":[
            {"definition":"http://hl7.org/fhir/SearchParameter/individual-family","expression":"name.family"},
            {"definition":"http://hl7.org/fhir/SearchParameter/individual-gender","expression":"gender"}]}"#,
    );
    let catalogue = Catalogue::new(vec![one]);
    let known = catalogue.known(ResourceType::PATIENT, "contact-family-gender").unwrap();
    assert!(known.grouped && known.params.is_empty());
    let record = r#"{"contact":[{"name":{"family":"A"},"gender":"male"},{"name":{"family":"B"}}]}"#;
    let record = anamnesis_json::parse(record.as_bytes()).unwrap();
    let found = index(&"Patient/p".parse().unwrap(), record.as_object().unwrap(), &catalogue).entries;
    let groups = |n: usize| {
        let of = found.iter().filter(|entry| entry.param == known.components[n].params[0]);
        of.map(|entry| entry.group).collect::<Vec<_>>()
    };
    assert_eq!((groups(0), groups(1)), (vec![1, 2], vec![1]));
}

#[test]
fn the_shape_is_that_of_the_set() {
    let (eyes, hair) = (r#"{"code":"eyes"}"#, r#"{"code":"hair","url":"http://x/hair"}"#);
    let shape = |all: &[&str]| Catalogue::new(all.iter().map(|json| read(json)).collect()).shape();
    assert_eq!(shape(&[]), crate::index::SHAPE);
    assert_eq!(shape(&[eyes, hair]), shape(&[hair, eyes]));
    let others = [
        r#"{"expression":"Patient.gender"}"#,
        r#"{"base":["Patient","Person"]}"#,
        r#"{"type":"string"}"#,
        r#"{"url":"http://x/other"}"#,
    ];
    for other in others {
        assert_ne!(shape(&[other]), shape(&[eyes]), "{other}");
    }
}

#[test]
fn two_of_one_code_clash() {
    let one = read("{}");
    assert!(one.clashes(&read(r#"{"url":"http://x/other"}"#)), "the same code of one type");
    assert!(one.clashes(&read(r#"{"code":"other"}"#)), "the same number");
    assert!(!one.clashes(&read(r#"{"code":"other","url":"http://x/other"}"#)));
    assert!(!one.clashes(&read(r#"{"base":["Person"]}"#)));
    assert!(one.number(ResourceType::PATIENT).0 & (REGISTERED | COMPONENT | OF_TYPE) == REGISTERED);
}
