//! What a profile's rules say of a resource, one row a rule; and the profiles R4 itself has, on records of others.

mod extensions;
mod limits;
mod published;
mod slices;
mod targets;

use std::collections::HashMap;

use super::*;

/// Definitions that are at hand.
#[derive(Default)]
struct Known {
    profiles: HashMap<String, Arc<Profile>>,
    value_sets: HashMap<String, Arc<Vec<(String, String)>>>,
}

impl Definitions for Known {
    fn profile(&self, url: &str) -> Option<Arc<Profile>> {
        self.profiles.get(url).cloned()
    }

    fn value_set(&self, url: &str) -> Option<Arc<Vec<(String, String)>>> {
        self.value_sets.get(url).cloned()
    }
}

fn json(text: &str) -> Value {
    anamnesis_json::parse(text.as_bytes()).unwrap()
}

/// A profile of this type with these elements, as a differential.
fn profile(kind: &str, elements: &str) -> Profile {
    let text = format!(
        r#"{{"resourceType":"StructureDefinition","url":"http://p","type":"{kind}","derivation":"constraint",
        "baseDefinition":"http://hl7.org/fhir/StructureDefinition/{kind}","differential":{{"element":[{elements}]}}}}"#
    );
    Profile::compile(&json(&text)).unwrap()
}

/// The findings in one line; what is only told has an i.
fn said(profile: &Profile, kind: &str, resource: &str, known: &Known) -> String {
    let resource = json(resource);
    let kind = ResourceType::parse(kind).unwrap();
    let line = |finding: Finding| {
        let Issue { severity, code, diagnostics, expression } = finding.issue;
        let mark = match severity {
            crate::outcome::Severity::Error => code.code(),
            crate::outcome::Severity::Warning => "w",
            _ => "i",
        };
        format!("{mark} {}: {diagnostics}", expression.unwrap())
    };
    let found = profile.check(&Claim::of(kind, resource.as_object().unwrap()), known, Wanted::All);
    found.into_iter().map(line).collect::<Vec<_>>().join("; ")
}

fn table(kind: &str, known: &Known, cases: &[(&str, &str, &str)]) {
    for (elements, resource, expected) in cases {
        let profile = profile(kind, elements);
        assert_eq!(said(&profile, kind, resource, known), *expected, "{elements} {resource}");
    }
}

#[test]
fn cardinality_types_and_values() {
    #[rustfmt::skip] // A table reads by column.
    table("Patient", &Known::default(), &[
     // the profile's elements                                       resource                        findings
        (r#"{"id":"Patient.birthDate","min":1}"#,                     r#"{"birthDate":"2020"}"#,       ""),
        (r#"{"id":"Patient.birthDate","min":1}"#,                     r#"{}"#,                         "required Patient.birthDate: must be there"),
        (r#"{"id":"Patient.birthDate","min":1}"#,                     r#"{"_birthDate":{"extension":[{"url":"u","valueCode":"x"}]}}"#, ""),
        (r#"{"path":"Patient.photo","max":"0"}"#,                     r#"{"photo":[{"title":"x"}]}"#,  "structure Patient.photo: must not be there"),
        (r#"{"id":"Patient.name","min":2,"max":"2"}"#,                r#"{"name":[{"text":"a"}]}"#,    "required Patient.name: must be there 2 times"),
        (r#"{"id":"Patient.name","min":1,"max":"1"}"#,                r#"{"name":[{"text":"a"},{"text":"b"}]}"#, "structure Patient.name: must be there at most 1 times"),
        (r#"{"id":"Patient.name.family","min":1}"#,                   r#"{"name":[{"family":"a"},{"text":"b"}]}"#, "required Patient.name[1].family: must be there"),
        (r#"{"id":"Patient.name.family","min":1}"#,                   r#"{}"#,                         ""),
        (r#"{"id":"Patient.deceased[x]","min":1,"type":[{"code":"boolean"}]}"#, r#"{"deceasedBoolean":true}"#, ""),
        (r#"{"id":"Patient.deceased[x]","min":1,"type":[{"code":"boolean"}]}"#, r#"{"deceasedDateTime":"2020"}"#, "structure Patient.deceasedDateTime: must be of type boolean"),
        (r#"{"id":"Patient.deceased[x]","min":1}"#,                   r#"{}"#,                         "required Patient.deceased: must be there"),
        (r#"{"id":"Patient.deceasedBoolean","max":"0"}"#,             r#"{"deceasedBoolean":true}"#,   "structure Patient.deceasedBoolean: must not be there"),
        (r#"{"id":"Patient.active","fixedBoolean":true}"#,            r#"{"active":false}"#,           "value Patient.active: must have the value that the profile fixes"),
        (r#"{"id":"Patient.maritalStatus","patternCodeableConcept":{"coding":[{"code":"M"}]}}"#, r#"{"maritalStatus":{"coding":[{"code":"S"},{"code":"M","display":"x"}]}}"#, ""),
        (r#"{"id":"Patient.maritalStatus","patternCodeableConcept":{"coding":[{"code":"M"}]}}"#, r#"{"maritalStatus":{"coding":[{"code":"S"}]}}"#, "value Patient.maritalStatus: must have what the profile's pattern has"),
        (r#"{"id":"Patient.generalPractitioner","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Organization"]}]}"#, r#"{"generalPractitioner":[{"reference":"Organization/1"},{"reference":"Practitioner/1"}]}"#, "value Patient.generalPractitioner[1]: must lead to Organization"),
        (r#"{"id":"Patient","constraint":[{"key":"p-1","severity":"error","human":"a name is wanted","expression":"name.exists()"}]}"#, r#"{}"#, "invariant Patient: p-1: a name is wanted"),
        (r#"{"id":"Patient","constraint":[{"key":"p-1","severity":"error","human":"x","expression":"name.("}]}"#, r#"{}"#, "i Patient: Patient: invariant p-1 is not checked: its expression cannot be read"),
    ]);
    let of_person = profile("Person", r#"{"id":"Person.name","min":1}"#);
    assert_eq!(
        said(&of_person, "Patient", "{}", &Known::default()),
        "value Patient: http://p is a profile of Person"
    );
}

#[test]
fn bindings() {
    let colours = Arc::new(vec![("http://c".to_owned(), "red".to_owned())]);
    let known = Known { value_sets: HashMap::from([("http://vs".to_owned(), colours)]), ..Known::default() };
    #[rustfmt::skip] // A table reads by column.
    table("Patient", &known, &[
     // the profile's elements                                                                              resource          findings
        (r#"{"id":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://vs"}}"#,       r#"{"maritalStatus":{"coding":[{"system":"http://c","code":"red"}]}}"#, ""),
        (r#"{"id":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://vs"}}"#,       r#"{"maritalStatus":{"coding":[{"system":"http://d","code":"red"}]}}"#, "code-invalid Patient.maritalStatus: must be a code of http://vs"),
        (r#"{"id":"Patient.maritalStatus","binding":{"strength":"extensible","valueSet":"http://vs"}}"#,     r#"{"maritalStatus":{"text":"x"}}"#, ""),
        (r#"{"id":"Patient.maritalStatus","binding":{"strength":"extensible","valueSet":"http://vs"}}"#,     r#"{"maritalStatus":{"coding":[{"system":"http://d","code":"red"},{"system":"http://c","code":"red"}]}}"#, ""),
        (r#"{"id":"Patient.maritalStatus","binding":{"strength":"extensible","valueSet":"http://vs"}}"#,     r#"{"maritalStatus":{"coding":[{"system":"http://d","code":"red"}]}}"#, "w Patient.maritalStatus: is no code of http://vs, which it should be where one fits"),
        (r#"{"id":"Patient.maritalStatus","binding":{"strength":"extensible","valueSet":"http://other"}}"#,  r#"{"maritalStatus":{"text":"x"}}"#, "i Patient.maritalStatus: the extensible binding to http://other is not checked: its codes are not known here"),
        (r#"{"id":"Patient.maritalStatus","binding":{"strength":"preferred","valueSet":"http://vs"}}"#,      r#"{"maritalStatus":{"coding":[{"system":"http://d","code":"red"}]}}"#, ""),
        (r#"{"id":"Patient.language","binding":{"strength":"required","valueSet":"http://vs"}}"#,            r#"{"language":"blue"}"#, "code-invalid Patient.language: must be a code of http://vs"),
        (r#"{"id":"Patient.language","binding":{"strength":"required","valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1"}}"#, r#"{"language":"x"}"#, "code-invalid Patient.language: must be a code of http://hl7.org/fhir/ValueSet/administrative-gender"),
        (r#"{"id":"Patient.language","binding":{"strength":"required","valueSet":"http://other"}}"#,         r#"{"language":"x"}"#, "i Patient.language: the binding to http://other is not checked: its codes are not known here"),
    ]);
}

/// A profile that stands on another is checked with it, and an extension by its own.
#[test]
fn profiles_lead_to_others() {
    let race = r#"{"resourceType":"StructureDefinition","url":"http://race","type":"Extension","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension",
        "differential":{"element":[{"id":"Extension.value[x]","min":1,"type":[{"code":"Coding"}]}]}}"#;
    let base = r#"{"resourceType":"StructureDefinition","url":"http://base","type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
        "differential":{"element":[{"id":"Patient.gender","min":1}]}}"#;
    let derived = r#"{"resourceType":"StructureDefinition","url":"http://derived","type":"Patient","baseDefinition":"http://base",
        "differential":{"element":[{"id":"Patient.extension","type":[{"code":"Extension","profile":["http://race"]}]}]}}"#;
    let compiled = |text: &str| {
        let profile = Profile::compile(&json(text)).unwrap();
        (profile.url().to_owned(), Arc::new(profile))
    };
    let known = Known { profiles: [race, base].into_iter().map(compiled).collect(), ..Known::default() };
    let derived = compiled(derived).1;
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        (r#"{"gender":"male","extension":[{"url":"http://race","valueCoding":{"code":"x"}}]}"#, ""),
        (r#"{"extension":[{"url":"http://race","valueCode":"x"}]}"#, "required Patient.gender: must be there; structure Patient.extension[0].valueCode: must be of type Coding"),
    ];
    for (resource, expected) in cases {
        assert_eq!(said(&derived, "Patient", resource, &known), expected, "{resource}");
    }
    let alone = said(&derived, "Patient", r#"{"gender":"male"}"#, &Known::default());
    assert_eq!(alone, "i Patient: http://base is not known here, so it is not checked");
}

#[test]
fn what_is_no_profile() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        (r#"{"type":"Patient"}"#,                                                              Uncompiled::Url),
        (r#"{"url":"u","type":"Dragon"}"#,                                                     Uncompiled::Type),
        (r#"{"url":"u","type":"Patient"}"#,                                                    Uncompiled::Elements),
        (r#"{"url":"u","type":"Patient","snapshot":{"element":[]}}"#,                          Uncompiled::Elements),
    ];
    for (text, expected) in cases {
        assert_eq!(Profile::compile(&json(text)).err(), Some(expected), "{text}");
    }
}
