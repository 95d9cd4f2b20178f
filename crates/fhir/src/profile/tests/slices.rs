//! Slices: how they are told apart, how many there are and in which order.

use super::*;

#[test]
fn told_apart() {
    let by_value = r#"{"id":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"closed"}},
        {"id":"Patient.identifier:mrn","sliceName":"mrn","min":1,"max":"1"},
        {"id":"Patient.identifier:mrn.system","fixedUri":"urn:mrn"},{"id":"Patient.identifier:mrn.value","min":1}"#;
    let by_pattern = r#"{"id":"Patient.identifier","slicing":{"discriminator":[{"type":"pattern","path":"type"}],"rules":"open"}},
        {"id":"Patient.identifier:mrn","sliceName":"mrn","max":"1"},
        {"id":"Patient.identifier:mrn.type","patternCodeableConcept":{"coding":[{"code":"MR"}]}},{"id":"Patient.identifier:mrn.value","min":1}"#;
    let by_type = r#"{"id":"Patient.deceased[x]","slicing":{"discriminator":[{"type":"type","path":"$this"}],"rules":"open"}},
        {"id":"Patient.deceased[x]:deceasedDateTime","sliceName":"deceasedDateTime","type":[{"code":"dateTime"}]},
        {"id":"Patient.deceased[x]:deceasedDateTime.extension","min":1}"#;
    let by_existence = r#"{"id":"Patient.name","slicing":{"discriminator":[{"type":"exists","path":"use"}],"rules":"open"}},
        {"id":"Patient.name:used","sliceName":"used","max":"1"},{"id":"Patient.name:used.use","min":1},
        {"id":"Patient.name:bare","sliceName":"bare"},{"id":"Patient.name:bare.use","max":"0"},{"id":"Patient.name:bare.text","min":1}"#;
    let unreadable = r#"{"id":"Patient.name","slicing":{"discriminator":[{"type":"value","path":"given.first()"}],"rules":"open"}},
        {"id":"Patient.name:x","sliceName":"x","min":1}"#;
    let extension = r#"{"id":"Patient.extension","slicing":{"discriminator":[{"type":"value","path":"url"}],"rules":"open"}},
        {"id":"Patient.extension:race","sliceName":"race","min":1,"type":[{"code":"Extension","profile":["http://race"]}]}"#;
    #[rustfmt::skip] // A table reads by column.
    table("Patient", &Known::default(), &[
     // profile        resource                                                                     findings
        (by_value,      r#"{"identifier":[{"system":"urn:mrn","value":"1"}]}"#,                       ""),
        (by_value,      r#"{}"#,                                                                      "required Patient.identifier: must be there of the slice mrn"),
        (by_value,      r#"{"identifier":[{"system":"urn:mrn"}]}"#,                                   "required Patient.identifier[0].value: must be there"),
        (by_value,      r#"{"identifier":[{"system":"urn:mrn","value":"1"},{"system":"urn:x"}]}"#,    "structure Patient.identifier: is of no slice, and the profile allows no other"),
        (by_pattern,    r#"{"identifier":[{"type":{"coding":[{"code":"MR","system":"s"}]}},{"type":{"text":"x"}}]}"#, "required Patient.identifier[0].value: must be there"),
        (by_pattern,    r#"{"identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"1"},{"type":{"coding":[{"code":"MR"}]},"value":"2"}]}"#, "structure Patient.identifier: must be there at most 1 times of the slice mrn"),
        (by_type,       r#"{"deceasedBoolean":true}"#,                                                ""),
        (by_type,       r#"{"deceasedDateTime":"2020"}"#,                                             ""),
        (by_type,       r#"{"deceasedDateTime":"2020","_deceasedDateTime":{"id":"x"}}"#,              "required Patient.deceasedDateTime.extension: must be there"),
        (by_existence,  r#"{"name":[{"use":"usual"},{"use":"old"},{"family":"x"}]}"#,                 "required Patient.name[2].text: must be there; structure Patient.name: must be there at most 1 times of the slice used"),
        (unreadable,    r#"{"name":[{"text":"x"}]}"#,                                                 "i Patient: Patient.name: slices by value of given.first() are not told apart; i Patient.name: its slices are not told apart here"),
        (extension,     r#"{"extension":[{"url":"http://race","valueCode":"x"}]}"#,                   "i Patient.extension[0]: http://race is not known here, so it is not checked"),
        (extension,     r#"{"extension":[{"url":"http://other","valueCode":"x"}]}"#,                  "required Patient.extension: must be there of the slice race"),
    ]);
}

/// What lies behind a reference counts where it is contained or in the same Bundle, and else by its type.
#[test]
fn behind_references() {
    let by_type = r#"{"id":"List.entry","slicing":{"discriminator":[{"type":"type","path":"item.resolve()"}],"rules":"closed"}},
        {"id":"List.entry:patient","sliceName":"patient","max":"1"},
        {"id":"List.entry:patient.item","type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]}]}"#;
    let by_profile = r#"{"id":"List.entry","slicing":{"discriminator":[{"type":"profile","path":"item.resolve()"}],"rules":"open"}},
        {"id":"List.entry:named","sliceName":"named","min":1},
        {"id":"List.entry:named.item","type":[{"code":"Reference","targetProfile":["http://named"]}]}"#;
    let by_value = r#"{"id":"List.entry","slicing":{"discriminator":[{"type":"value","path":"item.resolve().gender"}],"rules":"open"}},
        {"id":"List.entry:man","sliceName":"man","min":1},{"id":"List.entry:man.item","min":1}"#;
    let named = r#"{"resourceType":"StructureDefinition","url":"http://named","type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
        "differential":{"element":[{"id":"Patient.name","min":1}]}}"#;
    let named = Arc::new(Profile::compile(&json(named)).unwrap());
    let known = Known { profiles: HashMap::from([("http://named".to_owned(), named)]), ..Known::default() };
    let contained = |patient: &str, reference: &str| {
        format!(
            r##"{{"contained":[{{"resourceType":"Patient","id":"p"{patient}}}],"entry":[{{"item":{{"reference":"{reference}"}}}}]}}"##
        )
    };
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // profile      resource                                                              findings
        (by_type,    contained("", "Patient/1"),                                           ""),
        (by_type,    contained("", "https://other.org/fhir/Patient/1"),                    ""),
        (by_type,    contained("", "#p"),                                                  ""),
        (by_type,    contained("", "Group/1"),                                             "structure List.entry: is of no slice, and the profile allows no other"),
        (by_type,    contained("", "urn:uuid:0b9d7a0e-6a0c-4a3e-9a54-27f1d1b4b1ff"),       "i List.entry[0]: whether it is of the slice patient cannot be told here"),
        (by_profile, contained(r#","name":[{"text":"x"}]"#, "#p"),                         ""),
        (by_profile, contained("", "#p"),                                                  "required List.entry: must be there of the slice named"),
        (by_profile, contained("", "Patient/1"),                                           "i List.entry[0]: whether it is of the slice named cannot be told here"),
        (by_profile, contained("", "Group/1"),                                             "required List.entry: must be there of the slice named"),
        (by_value,   contained(r#","gender":"male""#, "#p"),                               "i List.entry[0]: whether it is of the slice man cannot be told here"),
    ];
    for (elements, resource, expected) in cases {
        let profile = profile("List", elements);
        assert_eq!(said(&profile, "List", &resource, &known), expected, "{elements} {resource}");
    }
    let in_bundle = r#"{"id":"Bundle.entry","slicing":{"discriminator":[{"type":"profile","path":"resource"}],"rules":"open"}},
        {"id":"Bundle.entry:named","sliceName":"named","min":1,"max":"1"},
        {"id":"Bundle.entry:named.resource","type":[{"code":"Patient","profile":["http://named"]}]}"#;
    let entry = |patient: &str| format!(r#"{{"resource":{{"resourceType":"Patient"{patient}}}}}"#);
    let (good, bad) = (entry(r#","name":[{"text":"x"}]"#), entry(""));
    let profile = profile("Bundle", in_bundle);
    let of = |entries: &[&String]| {
        let entries: Vec<&str> = entries.iter().map(|entry| entry.as_str()).collect();
        said(&profile, "Bundle", &format!(r#"{{"entry":[{}]}}"#, entries.join(",")), &known)
    };
    assert_eq!(of(&[&bad, &good]), "");
    assert_eq!(of(&[&bad]), "required Bundle.entry: must be there of the slice named");
    assert_eq!(
        of(&[&good, &good]),
        "structure Bundle.entry: must be there at most 1 times of the slice named"
    );
}

#[test]
fn extensions_and_types_on_the_way() {
    let by_extension = r#"{"id":"Patient.name","slicing":{"discriminator":[{"type":"value","path":"extension('http://e').value"}],"rules":"open"}},
        {"id":"Patient.name:x","sliceName":"x","max":"0"},
        {"id":"Patient.name:x.extension","slicing":{"discriminator":[{"type":"value","path":"url"}],"rules":"open"}},
        {"id":"Patient.name:x.extension:e","sliceName":"e","type":[{"code":"Extension","profile":["http://e"]}]},
        {"id":"Patient.name:x.extension:e.value[x]","fixedCode":"x"}"#;
    let by_kind = r#"{"id":"Patient.extension","slicing":{"discriminator":[{"type":"value","path":"value.ofType(Coding).code"}],"rules":"open"}},
        {"id":"Patient.extension:red","sliceName":"red","max":"0"},
        {"id":"Patient.extension:red.value[x].code","fixedCode":"red"}"#;
    let unsaid = r#"{"id":"Patient.extension:race","sliceName":"race","max":"1","type":[{"code":"Extension","profile":["http://race"]}]}"#;
    #[rustfmt::skip] // A table reads by column.
    table("Patient", &Known::default(), &[
     // profile         resource                                                                    findings
        (by_extension,  r#"{"name":[{"extension":[{"url":"http://e","valueCode":"x"}]}]}"#,          "i Patient.name[0].extension[0]: http://e is not known here, so it is not checked; structure Patient.name: must not be there of the slice x"),
        (by_extension,  r#"{"name":[{"extension":[{"url":"http://e","valueCode":"y"}]},{"extension":[{"url":"http://f","valueCode":"x"}]}]}"#, ""),
        (by_kind,       r#"{"extension":[{"url":"u","valueCoding":{"code":"red"}}]}"#,               "structure Patient.extension: must not be there of the slice red"),
        (by_kind,       r#"{"extension":[{"url":"u","valueCode":"red"}]}"#,                          ""),
        (unsaid,        r#"{"extension":[{"url":"http://race"},{"url":"http://other"},{"url":"http://race"}]}"#, "i Patient.extension[0]: http://race is not known here, so it is not checked; i Patient.extension[2]: http://race is not known here, so it is not checked; structure Patient.extension: must be there at most 1 times of the slice race"),
    ]);
}

#[test]
fn order_and_slices_of_slices() {
    let named = |rules: &str| {
        format!(
            r#"{{"id":"Patient.name","slicing":{{"discriminator":[{{"type":"value","path":"use"}}],{rules}}}}},
            {{"id":"Patient.name:official","sliceName":"official"}},{{"id":"Patient.name:official.use","fixedCode":"official"}},
            {{"id":"Patient.name:old","sliceName":"old"}},{{"id":"Patient.name:old.use","fixedCode":"old"}}"#
        )
    };
    let (ordered, at_end) = (named(r#""ordered":true,"rules":"open""#), named(r#""rules":"openAtEnd""#));
    let again = r#"{"id":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},
        {"id":"Patient.identifier:mrn","sliceName":"mrn"},{"id":"Patient.identifier:mrn.system","fixedUri":"urn:mrn"},
        {"id":"Patient.identifier:mrn","slicing":{"discriminator":[{"type":"value","path":"use"}],"rules":"open"}},
        {"id":"Patient.identifier:mrn/usual","sliceName":"mrn/usual","min":1,"max":"1"},
        {"id":"Patient.identifier:mrn/usual.use","fixedCode":"usual"},{"id":"Patient.identifier:mrn/usual.value","min":1}"#;
    #[rustfmt::skip] // A table reads by column.
    table("Patient", &Known::default(), &[
     // profile     resource                                                                 findings
        (&ordered,  r#"{"name":[{"text":"x"},{"use":"official"},{"use":"official"},{"use":"old"}]}"#, ""),
        (&ordered,  r#"{"name":[{"use":"old"},{"use":"official"}]}"#,                         "structure Patient.name: must come in the order of the profile's slices"),
        (&at_end,   r#"{"name":[{"use":"old"},{"use":"official"},{"text":"x"}]}"#,            ""),
        (&at_end,   r#"{"name":[{"text":"x"},{"use":"old"}]}"#,                               "structure Patient.name: what is of no slice must come at the end"),
        (again,     r#"{"identifier":[{"system":"urn:mrn","use":"usual","value":"1"},{"system":"urn:x","use":"usual"},{"system":"urn:mrn"}]}"#, ""),
        (again,     r#"{"identifier":[{"system":"urn:mrn","use":"usual"}]}"#,                 "required Patient.identifier[0].value: must be there"),
        (again,     r#"{"identifier":[{"system":"urn:x","use":"usual"},{"system":"urn:mrn","use":"old"}]}"#, "required Patient.identifier: must be there of the slice usual"),
    ]);
}

/// A slice of unknown codes neither lacks a value that may be its own nor has one too many.
#[test]
fn what_cannot_be_told() {
    let elements = r#"{"id":"Patient.communication","slicing":{"discriminator":[{"type":"value","path":"language"}],"rules":"closed"}},
        {"id":"Patient.communication:x","sliceName":"x","min":1,"max":"1"},
        {"id":"Patient.communication:x.language","min":1,"binding":{"strength":"required","valueSet":"http://vs"}}"#;
    let two = r#"{"communication":[{"language":{"coding":[{"system":"s","code":"a"}]}},{"language":{"coding":[{"system":"s","code":"b"}]}}]}"#;
    let unsure = "whether it is of the slice x cannot be told here";
    let profile = profile("Patient", elements);
    assert_eq!(
        said(&profile, "Patient", two, &Known::default()),
        format!("i Patient.communication[0]: {unsure}; i Patient.communication[1]: {unsure}")
    );
    assert_eq!(
        said(&profile, "Patient", "{}", &Known::default()),
        "required Patient.communication: must be there of the slice x"
    );
    let codes = Arc::new(vec![("s".to_owned(), "a".to_owned())]);
    let known = Known { value_sets: HashMap::from([("http://vs".to_owned(), codes)]), ..Known::default() };
    assert_eq!(
        said(&profile, "Patient", two, &known),
        "structure Patient.communication: is of no slice, and the profile allows no other"
    );
}

/// A profile adds to the slices of the one it stands on without saying again how they are told apart.
#[test]
fn slices_of_the_profile_above() {
    let base = r#"{"resourceType":"StructureDefinition","url":"http://base","type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
        "differential":{"element":[{"id":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"}},
        {"id":"Patient.identifier:mrn","sliceName":"mrn"},{"id":"Patient.identifier:mrn.system","fixedUri":"urn:mrn"}]}}"#;
    let derived = r#"{"resourceType":"StructureDefinition","url":"http://derived","type":"Patient","baseDefinition":"http://base",
        "differential":{"element":[{"id":"Patient.identifier:mrn","sliceName":"mrn","min":1},{"id":"Patient.identifier:mrn.value","min":1}]}}"#;
    let closed = r#"{"resourceType":"StructureDefinition","url":"http://closed","type":"Patient","baseDefinition":"http://base",
        "differential":{"element":[{"id":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"closed"}},
        {"id":"Patient.identifier:ssn","sliceName":"ssn"},{"id":"Patient.identifier:ssn.system","fixedUri":"urn:ssn"}]}}"#;
    let compiled = |text: &str| Profile::compile(&json(text)).unwrap();
    let known = Known {
        profiles: HashMap::from([("http://base".to_owned(), Arc::new(compiled(base)))]),
        ..Known::default()
    };
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // profile    resource                                                            findings
        (derived,  r#"{"identifier":[{"system":"urn:mrn","value":"1"}]}"#,             ""),
        (derived,  r#"{"identifier":[{"system":"urn:mrn"}]}"#,                         "required Patient.identifier[0].value: must be there"),
        (derived,  r#"{"identifier":[{"system":"urn:x","value":"1"}]}"#,               "required Patient.identifier: must be there of the slice mrn"),
        (closed,   r#"{"identifier":[{"system":"urn:mrn"},{"system":"urn:ssn"}]}"#,    ""),
        (closed,   r#"{"identifier":[{"system":"urn:x"}]}"#,                           "structure Patient.identifier: is of no slice, and the profile allows no other"),
    ];
    for (profile, resource, expected) in cases {
        assert_eq!(said(&compiled(profile), "Patient", resource, &known), expected, "{profile} {resource}");
    }
}
