//! The least and the greatest value, the longest text, and one of several profiles.

use super::*;

#[test]
fn least_greatest_and_longest() {
    #[rustfmt::skip] // A table reads by column.
    table("Observation", &Known::default(), &[
     // the profile's elements                                                             resource                             findings
        (r#"{"id":"Observation.valueInteger","minValueInteger":1,"maxValueInteger":3}"#,    r#"{"valueInteger":1}"#,             ""),
        (r#"{"id":"Observation.valueInteger","minValueInteger":1,"maxValueInteger":3}"#,    r#"{"valueInteger":0}"#,             "value Observation.valueInteger: must be at least 1"),
        (r#"{"id":"Observation.valueInteger","minValueInteger":-1,"maxValueInteger":3}"#,   r#"{"valueInteger":4}"#,             "value Observation.valueInteger: must be at most 3"),
        (r#"{"id":"Observation.valueInteger","minValueInteger":-1}"#,                       r#"{"valueInteger":-2}"#,            "value Observation.valueInteger: must be at least -1"),
        (r#"{"id":"Observation.valueQuantity.value","minValueDecimal":0.5}"#,               r#"{"valueQuantity":{"value":0.50}}"#, ""),
        (r#"{"id":"Observation.valueQuantity.value","minValueDecimal":0.5}"#,               r#"{"valueQuantity":{"value":0.49}}"#, "value Observation.valueQuantity.value: must be at least 0.5"),
        (r#"{"id":"Observation.effectiveDateTime","minValueDateTime":"2020-01-01"}"#,       r#"{"effectiveDateTime":"2021-05-01T10:00:00Z"}"#, ""),
        (r#"{"id":"Observation.effectiveDateTime","minValueDateTime":"2020-01-01"}"#,       r#"{"effectiveDateTime":"2019-12-31"}"#, "value Observation.effectiveDateTime: must be at least 2020-01-01"),
        (r#"{"id":"Observation.effectiveDateTime","minValueDateTime":"2020-01-01"}"#,       r#"{"effectiveDateTime":"2020"}"#,    "i Observation.effectiveDateTime: whether it is at least 2020-01-01 cannot be decided here"),
        (r#"{"id":"Observation.effectiveDateTime","minValueDateTime":"2020-01-01"}"#,       r#"{"_effectiveDateTime":{"id":"x"}}"#, ""),
        (r#"{"id":"Observation.valueTime","maxValueTime":"12:00:00"}"#,                     r#"{"valueTime":"13:00:00"}"#,       "value Observation.valueTime: must be at most 12:00:00"),
        (r#"{"id":"Observation.valueQuantity","maxValueQuantity":{"value":10,"system":"http://unitsofmeasure.org","code":"g"}}"#, r#"{"valueQuantity":{"value":9000,"system":"http://unitsofmeasure.org","code":"mg"}}"#, ""),
        (r#"{"id":"Observation.valueQuantity","maxValueQuantity":{"value":10,"system":"http://unitsofmeasure.org","code":"g"}}"#, r#"{"valueQuantity":{"value":11,"system":"http://unitsofmeasure.org","code":"g"}}"#, "value Observation.valueQuantity: must be at most 10 g"),
        (r#"{"id":"Observation.valueQuantity","maxValueQuantity":{"value":10,"system":"http://unitsofmeasure.org","code":"g"}}"#, r#"{"valueQuantity":{"value":1,"unit":"spoon"}}"#, "i Observation.valueQuantity: whether it is at most 10 g cannot be decided here"),
        (r#"{"id":"Observation.valueQuantity","maxValueQuantity":{"value":10,"code":"g' or true"}}"#, r#"{"valueQuantity":{"value":1,"unit":"g"}}"#, "i Observation: Observation.valueQuantity: maxValueQuantity is not checked"),
        (r#"{"id":"Observation.valueInteger","minValueInteger":1e2}"#,                      r#"{"valueInteger":1}"#,             "i Observation: Observation.valueInteger: minValueInteger is not checked"),
        (r#"{"id":"Observation.valueString","maxLength":3}"#,                               r#"{"valueString":"äöü"}"#,          ""),
        (r#"{"id":"Observation.valueString","maxLength":3}"#,                               r#"{"valueString":"abcd"}"#,         "too-long Observation.valueString: must have at most 3 characters"),
    ]);
}

#[test]
fn one_of_several_profiles() {
    let of = |url: &str, elements: &str| {
        let text = format!(
            r#"{{"resourceType":"StructureDefinition","url":"{url}","type":"HumanName","baseDefinition":"http://hl7.org/fhir/StructureDefinition/HumanName","differential":{{"element":[{elements}]}}}}"#
        );
        (url.to_owned(), Arc::new(Profile::compile(&json(&text)).unwrap()))
    };
    let profiles = [
        of("http://full", r#"{"id":"HumanName.family","min":1},{"id":"HumanName.given","min":1}"#),
        of("http://text", r#"{"id":"HumanName.text","min":1}"#),
    ];
    let known = Known { profiles: HashMap::from(profiles), ..Known::default() };
    let name =
        r#"{"id":"Patient.name","type":[{"code":"HumanName","profile":["http://full","http://text"]}]}"#;
    let twice = r#"{"id":"Patient.name","type":[{"code":"HumanName","profile":["http://full"]},{"code":"HumanName","profile":["http://gone"]}]}"#;
    #[rustfmt::skip] // A table reads by column.
    table("Patient", &known, &[
     // the profile  resource                                          findings
        (name,       r#"{"name":[{"text":"x"}]}"#,                     ""),
        (name,       r#"{"name":[{"family":"x","given":["y"]}]}"#,     ""),
        (name,       r#"{"name":[{"family":"x"}]}"#,                   "structure Patient.name[0]: must follow one of http://full, http://text"),
        (twice,      r#"{"name":[{"family":"x","given":["y"]}]}"#,     ""),
        (twice,      r#"{"name":[{"family":"x"}]}"#,                   "i Patient.name[0]: whether it follows one of http://full, http://gone is not checked: not all are known here"),
    ]);
}
