//! One row a rule: what is sent, and everything that is said about it.

mod agreement;
mod cases;
mod csv;
mod people;
pub(crate) mod samples;
pub(crate) mod xml;

use super::*;

/// The findings in one line; what cannot be kept at all has an exclamation mark.
fn said(kind: &str, json: &str, extent: Extent) -> String {
    let record = anamnesis_json::parse(json.as_bytes()).unwrap();
    let found = check(ResourceType::parse(kind).unwrap(), record.as_object().unwrap(), extent);
    let line = |finding: &Finding| {
        let (issue, mark) = (&finding.issue, if finding.bearable { "" } else { "!" });
        format!("{mark}{} {}: {}", issue.code.code(), issue.expression.as_deref().unwrap(), issue.diagnostics)
    };
    found.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn table(extent: Extent, cases: &[(&str, &str, &str)]) {
    for (kind, json, expected) in cases {
        assert_eq!(said(kind, json, extent), *expected, "{json}");
    }
}

#[test]
fn json_types() {
    #[rustfmt::skip] // A table reads by column.
    table(Extent::Whole, &[
     // type            resource                                                     findings
        ("Patient",     r#"{"active":true,"name":[{"given":["A",null],"_given":[null,{"id":"x","extension":[{"url":"u","valueCode":"y"}]}]}],"_birthDate":{"extension":[{"url":"u","valueString":"x"}]}}"#, ""),
        ("Patient",     r#"{"resourceType":"Person"}"#,                              "!invalid Patient: resourceType must be Patient"),
        ("Patient",     r#"{"name":{"family":"A"}}"#,                                "!structure Patient.name: must be an array, is an object"),
        ("Patient",     r#"{"name":[{"family":["A"]}]}"#,                            "!structure Patient.name[0].family: must be a string, is an array"),
        ("Patient",     r#"{"name":[null]}"#,                                        "!structure Patient.name[0]: must be an object, is null"),
        ("Patient",     r#"{"birthDate":null}"#,                                     "!structure Patient.birthDate: must be a string, is null"),
        ("Patient",     r#"{"unknown":null}"#,                                       "!structure Patient.unknown: must not be null"),
        ("Patient",     r#"{"active":"true"}"#,                                      "!structure Patient.active: must be a boolean, is a string"),
        ("Patient",     r#"{"multipleBirthInteger":"2"}"#,                           "!structure Patient.multipleBirthInteger: must be a number, is a string"),
        ("Patient",     r#"{"contained":[{"resourceType":"Dragon"},{}]}"#,           "!invalid Patient.contained[0]: resourceType must be a type of FHIR R4; !invalid Patient.contained[1]: resourceType must be a type of FHIR R4"),
    ]);
}

#[test]
fn elements() {
    #[rustfmt::skip] // A table reads by column.
    table(Extent::Whole, &[
     // type            resource                                                     findings
        ("Patient",     r#"{"favouriteColour":{"a":[null]}}"#,                       "structure Patient.favouriteColour: is no element of Patient in FHIR R4"),
        ("Patient",     r#"{"Anna Smith":1}"#,                                       "structure Patient.?: is no element of Patient in FHIR R4"),
        ("Patient",     r#"{"name":[{"fhir_comments":["x"]}]}"#,                     "structure Patient.name[0].fhir_comments: is no element of HumanName in FHIR R4"),
        ("Patient",     r#"{"name":[{"resourceType":"x"}]}"#,                        "structure Patient.name[0].resourceType: is no element of HumanName in FHIR R4"),
        ("Patient",     r#"{"_name":[{"id":"x"}]}"#,                                 "structure Patient._name: is no element of Patient in FHIR R4"),
        ("Patient",     r#"{"name":[]}"#,                                            "structure Patient.name: must not be empty"),
        ("Patient",     r#"{"name":[{}]}"#,                                          "structure Patient.name[0]: must have a value or children"),
        ("Patient",     r#"{"name":[{"id":"x"}]}"#,                                  "structure Patient.name[0]: must have a value or children"),
        ("Patient",     r#"{"link":[{"type":"seealso"}]}"#,                          "required Patient.link[0].other: must be there"),
        ("Patient",     r#"{"link":[{"other":{"display":"x"},"_type":{"extension":[{"url":"u","valueCode":"y"}]}}]}"#, ""),
        ("Observation", r#"{"status":"final"}"#,                                     "required Observation.code: must be there"),
        ("Observation", r#"{"code":{"text":"x"},"status":"final","valueString":"a","valueBoolean":true}"#, "!structure Observation.valueBoolean: is a second type of a choice; only one may be there"),
        ("Observation", r#"{"code":{"text":"x"},"status":"final","valueString":"a","_valueBoolean":{"extension":[{"url":"u","valueCode":"y"}]}}"#, "!structure Observation.valueBoolean: is a second type of a choice; only one may be there"),
        ("Observation", r#"{"code":{"text":"x"},"status":"final","valueString":"a","_valueString":{"id":"x"}}"#, ""),
        ("Group",       r#"{"type":"person","actual":false,"characteristic":[{"code":{"text":"x"},"exclude":false}]}"#, "required Group.characteristic[0].value: must be there, as one of its types"),
    ]);
}

#[test]
fn beside_primitives() {
    #[rustfmt::skip] // A table reads by column.
    table(Extent::Whole, &[
     // type        resource                                                         findings
        ("Patient", r#"{"_birthDate":"x"}"#,                                         "!structure Patient.birthDate: the property with _ in front must be an object, is a string"),
        ("Patient", r#"{"name":[{"_given":{}}]}"#,                                   "!structure Patient.name[0].given: the property with _ in front must be an array, is an object"),
        ("Patient", r#"{"_birthDate":{}}"#,                                          "structure Patient.birthDate: must have a value or an extension"),
        ("Patient", r#"{"_birthDate":{"id":"x"}}"#,                                  "structure Patient.birthDate: must have a value or an extension"),
        ("Patient", r#"{"birthDate":"2020","_birthDate":{"id":"x"}}"#,               ""),
        ("Patient", r#"{"_birthDate":{"value":"x"}}"#,                               "structure Patient.birthDate.value: is no element of Element in FHIR R4"),
        ("Patient", r#"{"name":[{"given":["A",null]}]}"#,                            "structure Patient.name[0].given[1]: is null, and no extension stands in its place"),
        ("Patient", r#"{"name":[{"given":["A",null],"_given":[null,null]}]}"#,       "structure Patient.name[0].given[1]: is null, and no extension stands in its place"),
        ("Patient", r#"{"name":[{"given":["A"],"_given":[{"id":"x"},{"id":"y"}]}]}"#, "structure Patient.name[0].given: the array with _ in front must be as long as the one it stands beside; structure Patient.name[0].given[1]: must have a value or an extension"),
        ("Patient", r#"{"name":[{"_given":[null]}]}"#,                               "structure Patient.name[0].given[0]: is null, and no value stands in its place"),
        ("Patient", r#"{"name":[{"given":["A"],"_given":[7]}]}"#,                    "!structure Patient.name[0].given[0]: the property with _ in front must be an object, is a number"),
    ]);
}

#[test]
fn values_and_codes() {
    #[rustfmt::skip] // A table reads by column.
    table(Extent::Whole, &[
     // type            resource                                                     findings
        ("Patient",     r#"{"birthDate":"2023-02-29"}"#,                             "value Patient.birthDate: must be a date that exists: YYYY, YYYY-MM or YYYY-MM-DD"),
        ("Patient",     r#"{"gender":"Female"}"#,                                    "code-invalid Patient.gender: must be a code of http://hl7.org/fhir/ValueSet/administrative-gender"),
        ("Patient",     r#"{"gender":" female"}"#,                                   "value Patient.gender: must be a code: no space around it, single spaces within"),
        ("Patient",     r#"{"language":"xx-any"}"#,                                  ""),
        ("Condition",   r#"{"subject":{"display":"x"},"verificationStatus":{"coding":[{"system":"http://other","code":"confirmed"}]}}"#, "code-invalid Condition.verificationStatus: must be a code of http://hl7.org/fhir/ValueSet/condition-ver-status"),
        ("Condition",   r#"{"subject":{"display":"x"},"verificationStatus":{"coding":[{"code":"mine"},{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]}}"#, ""),
        ("Condition",   r#"{"subject":{"display":"x"},"verificationStatus":{"text":"sure"}}"#, "code-invalid Condition.verificationStatus: must be a code of http://hl7.org/fhir/ValueSet/condition-ver-status"),
        ("Condition",   r#"{"subject":{"display":"x"},"verificationStatus":{"extension":[{"url":"u","valueCode":"y"}]}}"#, ""),
        ("Patient",     r#"{"extension":[{"url":"u"}]}"#,                            "invariant Patient.extension[0]: ext-1: must have a value or extensions, and not both"),
        ("Patient",     r#"{"extension":[{"url":"u","valueCode":"a","extension":[{"url":"u","valueCode":"a"}]}]}"#, "invariant Patient.extension[0]: ext-1: must have a value or extensions, and not both"),
        ("Patient",     r#"{"extension":[{"url":"u|1","_valueCode":{"extension":[{"url":"u","valueCode":"a"}]}}]}"#, "extension Patient.extension[0].url: must not name a version"),
        ("Bundle",      r#"{"type":"collection","entry":[{"fullUrl":"Patient/1","resource":{"resourceType":"Patient","active":1}}]}"#, "!structure Bundle.entry[0].resource.active: must be a boolean, is a number; value Bundle.entry[0].fullUrl: must be an absolute address"),
    ]);
}

#[test]
fn references() {
    let observation =
        |subject: &str| format!(r#"{{"status":"final","code":{{"text":"x"}},"subject":{subject}}}"#);
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // subject                                                      findings
        (r#"{"reference":"Patient/1"}"#,                              ""),
        (r#"{"reference":"http://a/fhir/Patient/1"}"#,                ""),
        (r#"{"reference":"urn:uuid:1"}"#,                             ""),
        (r#"{"reference":"Patient?identifier=a|b&active=true"}"#,     ""),
        (r#"{"reference":"Patient?identifier=a&?=="}"#,               "value Observation.subject.reference: the criteria must be name=value, with & between"),
        (r#"{"reference":"Medication/1"}"#,                           "value Observation.subject.reference: must lead to Device, Group, Location, Patient"),
        (r#"{"reference":"http://a/fhir/Medication/1"}"#,             "value Observation.subject.reference: must lead to Device, Group, Location, Patient"),
        (r#"{"reference":"Patient/1","type":"Device"}"#,              "value Observation.subject.type: must be the type that the reference leads to"),
        (r#"{"type":"Medication","display":"x"}"#,                    "value Observation.subject.type: must lead to Device, Group, Location, Patient"),
        (r#"{"type":"Dragon","display":"x"}"#,                        "value Observation.subject.type: must be a type of FHIR R4, or an absolute address of one"),
        (r##"{"reference":"#p"}"##,                                   "invariant Observation.subject.reference: ref-1: no contained resource has this id"),
    ];
    for (subject, expected) in cases {
        assert_eq!(said("Observation", &observation(subject), Extent::Whole), expected, "{subject}");
    }
}

#[test]
fn contained_resources() {
    #[rustfmt::skip] // A table reads by column.
    table(Extent::Whole, &[
     // type        resource                                                         findings
        ("Patient", r##"{"contained":[{"resourceType":"Organization","id":"o","name":"x"}],"managingOrganization":{"reference":"#o"}}"##, ""),
        ("Patient", r##"{"contained":[{"resourceType":"Organization","name":"x"}]}"##, "required Patient.contained[0].id: must be there, to refer to it"),
        ("Patient", r##"{"contained":[{"resourceType":"Organization","id":"o","name":"x"}]}"##, "invariant Patient.contained[0]: dom-3: nothing in the resource refers to it"),
        ("Patient", r##"{"contained":[{"resourceType":"Provenance","id":"o","target":[{"reference":"#"}],"recorded":"2020-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}]}"##, ""),
        ("Patient", r##"{"contained":[{"resourceType":"Device","id":"o"}],"managingOrganization":{"reference":"#o"}}"##, "value Patient.managingOrganization.reference: must lead to Organization"),
        ("Patient", r##"{"contained":[{"resourceType":"Organization","id":"o","name":"x","contained":[{"resourceType":"Device","id":"d"}],"meta":{"versionId":"1","security":[{"code":"x"}]}}],"managingOrganization":{"reference":"#o"}}"##,
                    "invariant Patient.contained[0].contained[0]: dom-3: nothing in the resource refers to it; invariant Patient.contained[0].contained: dom-2: a contained resource must not contain others; invariant Patient.contained[0].meta.versionId: dom-4: must not be there: the resource is contained; invariant Patient.contained[0].meta.security: dom-5: must not be there: the resource is contained"),
    ]);
}

#[test]
fn part_of_a_resource() {
    #[rustfmt::skip] // A table reads by column.
    table(Extent::Part, &[
     // type            resource                                 findings
        ("Observation", r#"{"status":"final"}"#,                 ""),
        ("Observation", r#"{"component":[{"valueInteger":1}]}"#, "required Observation.component[0].code: must be there"),
        ("Observation", r#"{"status":1}"#,                       "!structure Observation.status: must be a string, is a number"),
    ]);
}

#[test]
fn elements_together() {
    #[rustfmt::skip] // A table reads by column.
    table(Extent::Together, &[
     // type            resource                                                     findings
        ("Observation", r#"{"status":7,"code":{"text":"x"},"colour":1}"#,            ""),
        ("Observation", r#"{"status":"final"}"#,                                     "required Observation.code: must be there"),
        ("Observation", r#"{"status":"final","code":{"text":"x"},"valueString":"a","valueInteger":1}"#, "!structure Observation.valueInteger: is a second type of a choice; only one may be there"),
        ("Observation", r#"{"status":"final","code":{"text":"x"},"valueString":"a","dataAbsentReason":{"text":"y"}}"#, "invariant Observation: obs-6: dataAbsentReason SHALL only be present if Observation.value[x] is not present"),
    ]);
}

#[test]
fn issues_are_capped() {
    let names = vec!["7"; 1_000].join(",");
    let record = anamnesis_json::parse(format!(r#"{{"name":[{names}]}}"#).as_bytes()).unwrap();
    assert_eq!(issues(ResourceType::PATIENT, record.as_object().unwrap()).len(), ISSUES_MAX);
}
