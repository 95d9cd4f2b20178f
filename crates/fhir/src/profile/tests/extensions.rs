//! What the definitions of extensions say of them, wherever they stand.

use super::*;
use crate::profile::extensions;

/// The definition of an extension, with what it says of itself and of its elements.
fn of(url: &str, beside: &str, elements: &str) -> (String, Arc<Profile>) {
    let text = format!(
        r#"{{"resourceType":"StructureDefinition","url":"{url}","type":"Extension","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension"{beside},
        "differential":{{"element":[{elements}]}}}}"#
    );
    (url.to_owned(), Arc::new(Profile::compile(&json(&text)).unwrap()))
}

fn on(kind: &str, expression: &str) -> String {
    format!(r#","context":[{{"type":"{kind}","expression":"{expression}"}}]"#)
}

fn known() -> Known {
    let coding =
        r#"{"id":"Extension.value[x]","path":"Extension.value[x]","min":1,"type":[{"code":"Coding"}]}"#;
    let parts = r#"{"id":"Extension.extension:text","path":"Extension.extension","min":1,"max":"1"},{"id":"Extension.extension:text.url","path":"Extension.extension.url","fixedUri":"text"},
        {"id":"Extension.extension:text.value[x]","path":"Extension.extension.value[x]","type":[{"code":"string"}]},
        {"id":"Extension.value[x]","path":"Extension.value[x]","max":"0"}"#;
    let modifier = r#"{"id":"Extension","path":"Extension","isModifier":true}"#;
    let patient = format!(
        r#"{{"resourceType":"StructureDefinition","url":"http://patient","type":"Patient","differential":{{"element":[{modifier}]}}}}"#
    );
    let profiles = [
        of("http://coding", "", coding),
        of("http://parts", "", parts),
        of("http://modifier", "", modifier),
        of("http://person", &on("element", "Patient"), coding),
        of("http://name", &on("element", "HumanName"), coding),
        of("http://any", &on("element", "Element"), coding),
        of("http://inner", &on("extension", "http://parts"), coding),
        of("http://further", r#","contextInvariant":["active"]"#, r#"{"id":"Extension"}"#),
        of("http://found", &on("fhirpath", "Patient.where(active)"), coding),
        ("http://patient".to_owned(), Arc::new(Profile::compile(&json(&patient)).unwrap())),
    ];
    Known { profiles: HashMap::from(profiles), ..Known::default() }
}

fn said(kind: &str, resource: &str, known: &Known) -> String {
    let resource = json(resource);
    let claim = Claim::of(ResourceType::parse(kind).unwrap(), resource.as_object().unwrap());
    let line = |finding: Finding| {
        let Issue { severity, code, diagnostics, expression } = finding.issue;
        let mark = if severity == crate::outcome::Severity::Error { code.code() } else { "i" };
        format!("{mark} {}: {diagnostics}", expression.unwrap())
    };
    extensions(&claim, known, Wanted::All).into_iter().map(line).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_they_hold() {
    let known = known();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // extensions of a patient                                                     findings
        (r#"[{"url":"http://coding","valueCoding":{"code":"x"}}]"#,                  ""),
        (r#"[{"url":"http://coding","valueString":"x"}]"#,                           "structure Patient.extension[0].valueString: must be of type Coding"),
        (r#"[{"url":"http://coding","extension":[{"url":"a","valueCode":"x"}]}]"#,   "required Patient.extension[0].value: must be there; extension Patient.extension[0].extension[0]: is no part of the extension http://coding"),
        (r#"[{"url":"http://parts","extension":[{"url":"text","valueString":"x"}]}]"#, ""),
        (r#"[{"url":"http://parts","extension":[{"url":"text","valueCode":"x"}]}]"#, "structure Patient.extension[0].extension[0].valueCode: must be of type string"),
        (r#"[{"url":"http://parts","extension":[{"url":"text","valueString":"x"},{"url":"text","valueString":"y"}]}]"#, "structure Patient.extension[0].extension: must be there at most 1 times of the slice text"),
        (r#"[{"url":"http://parts","valueString":"x"}]"#,                            "required Patient.extension[0].extension: must be there of the slice text; structure Patient.extension[0].value: must not be there"),
        (r#"[{"url":"http://parts","extension":[{"url":"text","valueString":"x"},{"url":"more","valueCode":"x"}]}]"#, "extension Patient.extension[0].extension[1]: is no part of the extension http://parts"),
        (r#"[{"url":"http://patient","valueCode":"x"}]"#,                            "extension Patient.extension[0]: http://patient is a profile of Patient, not an extension"),
        (r#"[{"url":"http://modifier","valueCode":"x"}]"#,                           "extension Patient.extension[0]: belongs among modifierExtension"),
        (r#"[{"url":"http://gone","valueCode":"x"},{"url":"http://gone","valueCode":"y"}]"#, "i Patient.extension[0]: the extension http://gone is not known here, so it is not checked"),
        (r#"[{"url":"urn:smith-john","valueCode":"x"}]"#,                            "i Patient.extension[0]: the extension that is named is not known here, so it is not checked"),
        (r#"[{"url":"http://further","valueCode":"x"}]"#,                            "i Patient.extension[0]: the further conditions on where it may stand are not checked"),
        (r#"[{"url":7},{"valueCode":"x"},8]"#,                                       ""),
    ];
    for (extension, expected) in cases {
        let patient = format!(r#"{{"extension":{extension}}}"#);
        assert_eq!(said("Patient", &patient, &known), expected, "{extension}");
    }
}

#[test]
fn where_they_stand() {
    let known = known();
    let with = |url: &str| format!(r#""extension":[{{"url":"http://{url}","valueCoding":{{"code":"x"}}}}]"#);
    let wrong = |place: &str, on: &str| format!("extension {place}: may stand on {on} alone");
    let (person, name, any, inner, found) =
        (with("person"), with("name"), with("any"), with("inner"), with("found"));
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // resource                                                          findings
        (format!(r#"{{{person}}}"#),                                       String::new()),
        (format!(r#"{{"contact":[{{{person}}}]}}"#),                       wrong("Patient.contact[0].extension[0]", "Patient")),
        (format!(r#"{{"contact":[{{"name":{{{name}}}}}]}}"#),              String::new()),
        (format!(r#"{{{name}}}"#),                                         wrong("Patient.extension[0]", "HumanName")),
        (format!(r#"{{"_birthDate":{{{any}}},"name":[{{"_given":[null,{{{any}}}]}}]}}"#), String::new()),
        (format!(r#"{{"name":[{{"_given":[null,{{{name}}}]}}]}}"#),        wrong("Patient.name[0].given[1].extension[0]", "HumanName")),
        (format!(r#"{{"extension":[{{"url":"http://parts","extension":[{{"url":"text"}},{}]}}]}}"#, r#"{"url":"http://inner","valueCoding":{"code":"x"}}"#), String::new()),
        (format!(r#"{{{inner}}}"#),                                        wrong("Patient.extension[0]", "http://parts")),
        (format!(r#"{{{found}}}"#),                                        "i Patient.extension[0]: whether http://found may stand here is not checked".to_owned()),
        (format!(r#"{{"contained":[{{"resourceType":"Person",{person}}}]}}"#), wrong("Patient.contained[0].extension[0]", "Patient")),
        (r#"{"modifierExtension":[{"url":"http://modifier","valueCode":"x"}]}"#.to_owned(), String::new()),
        (r#"{"modifierExtension":[{"url":"http://coding","valueCoding":{}}]}"#.to_owned(), "extension Patient.modifierExtension[0]: belongs among extension".to_owned()),
    ];
    for (resource, expected) in cases {
        assert_eq!(said("Patient", &resource, &known), expected, "{resource}");
    }
    let bundle = format!(r#"{{"entry":[{{"resource":{{"resourceType":"Patient",{name}}}}}]}}"#);
    let expected = wrong("Bundle.entry[0].resource.extension[0]", "HumanName");
    assert_eq!(said("Bundle", &bundle, &known), expected);
}

#[test]
fn of_many_places_ten_are_named() {
    let place = |at: usize| format!(r#"{{"type":"element","expression":"Person.x{at}"}}"#);
    let places: Vec<String> = (0..5_000).map(place).collect();
    let context = format!(r#","context":[{}]"#, places.join(","));
    let known = Known {
        profiles: HashMap::from([of("http://many", &context, r#"{"id":"Extension"}"#)]),
        ..Known::default()
    };
    assert_eq!(
        said("Patient", r#"{"extension":[{"url":"http://many","valueCode":"x"}]}"#, &known),
        "extension Patient.extension[0]: may stand on Person.x0, Person.x1, Person.x2, Person.x3, Person.x4, Person.x5, Person.x6, Person.x7, Person.x8, Person.x9 and others alone"
    );
}
