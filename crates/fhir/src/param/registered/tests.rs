use anamnesis_json::parse;
use anamnesis_kernel::StreamName;
use anamnesis_kernel::search::Key;

use super::*;
use crate::index::index;
use crate::param::of_type;

fn definition(code: &str, kind: &str, base: &str, expression: &str) -> Object {
    let base = base.split(' ').map(Value::from).collect::<Vec<_>>();
    Object::new()
        .with("url", format!("http://example.org/{code}"))
        .with("code", code)
        .with("type", kind)
        .with("base", base)
        .with("expression", expression)
}

fn read(code: &str, kind: &str, base: &str, expression: &str) -> Registered {
    Registered::read(&definition(code, kind, base, expression)).unwrap()
}

#[test]
fn what_cannot_be_indexed_is_said_with_its_place() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // code          type         base                   expression                                  what is wrong
        ("eyes",      "token",     "Patient",             "Patient.extension.where(url='x').value",    ""),
        ("eyes",      "token",     "Patient",             "active",                                    ""),
        ("contact",   "string",    "Patient Practitioner","Patient.contact.name | Practitioner.name",  ""),
        ("any-x",     "token",     "DomainResource",      "DomainResource.extension.value",            ""),
        ("birthdate", "date",      "Patient",             "Patient.birthDate",                         "code"),
        ("near",      "special",   "Location",            "Location.position",                         "code type"),
        ("_tag",      "token",     "Patient",             "Patient.meta.tag",                          "code code"),
        ("eye:s",     "token",     "Patient",             "Patient.active",                            "code"),
        ("",          "token",     "Patient",             "Patient.active",                            "code"),
        ("eyes",      "composite", "Patient",             "Patient",                                   "type"),
        ("eyes",      "token",     "Patiens",             "active",                                    "base"),
        ("eyes",      "token",     "Patient",             "Patient.where(",                            "expression"),
        ("eyes",      "token",     "Patient",             "",                                          "expression"),
        ("eyes",      "token",     "Patient",             "Patient.eyes",                              "expression"),
        ("eyes",      "token",     "Patient",             "Patient.name.colour()",                     "expression"),
    ];
    for (code, kind, base, expression, expected) in cases {
        let places = match Registered::read(&definition(code, kind, base, expression)) {
            Ok(_) => Vec::new(),
            Err(issues) => issues.into_iter().filter_map(|issue| issue.expression).collect(),
        };
        let expected: Vec<String> =
            expected.split_whitespace().map(|place| format!("SearchParameter.{place}")).collect();
        assert_eq!(places, expected, "{code} {expression}");
    }
    let mut nameless = definition("eyes", "token", "Patient", "active");
    nameless.remove("url");
    assert!(Registered::read(&nameless).is_err());
}

#[test]
fn values_become_keys_by_the_datatype_that_is_found() {
    let patient = r##"{"active":true,"birthDate":"1970-01-02","multipleBirthInteger":2,
        "name":[{"family":"Muñoz","given":["Ana"]}],"address":[{"city":"Ghent"}],
        "contact":[{"name":{"text":"A B"},"telecom":[{"value":"1"}]}],
        "identifier":[{"system":"s","value":"7","type":{"coding":[{"code":"MR"}]}}],
        "generalPractitioner":[{"reference":"Practitioner/p"},{"reference":"Organization/o"}],
        "extension":[{"url":"c","valueCoding":{"system":"s","code":"x"}},{"url":"q","valueQuantity":{"value":5,"unit":"mg"}},
          {"url":"a","valueCodeableConcept":{"coding":[{"code":"y"}]}},{"url":"p","valuePeriod":{"start":"1970-01-01","end":"1970-01-01"}},
          {"url":"u","valueUri":"urn:u"},{"url":"r","valueReference":{"reference":"Patient/2"}}]}"##;
    let stream: StreamName = "Patient/p1".parse().unwrap();
    let elements = parse(patient.as_bytes()).unwrap();
    let elements = elements.as_object().unwrap();
    let of = |url: &str| format!("Patient.extension.where(url='{url}').value");
    #[rustfmt::skip] // A table reads by column.
    let cases: [(&str, String, &[&str]); 19] = [
        ("token",     of("c"),                                        &["s|x"]),
        ("token",     of("a"),                                        &["|y"]),
        ("token",     "Patient.active".into(),                        &["|true"]),
        ("token",     "Patient.name.exists()".into(),                 &["|true"]),
        ("token",     "Patient.contact.telecom".into(),               &["|1"]),
        ("token",     "Patient.identifier".into(),                    &["s|7", "|MR|7"]),
        ("token",     "Patient.name".into(),                          &[]),
        ("string",    "Patient.name".into(),                          &["munoz", "ana"]),
        ("string",    "Patient.address".into(),                       &["ghent"]),
        ("string",    "Patient.contact.name.text".into(),             &["a b"]),
        ("date",      "Patient.birthDate".into(),                     &["86400000000..172799999999"]),
        ("date",      of("p"),                                        &["0..86399999999"]),
        ("number",    "Patient.multipleBirth as integer".into(),      &["2..2 "]),
        ("number",    "Patient.name.count()".into(),                  &["1..1 "]),
        ("quantity",  of("q"),                                        &["5..5 mg"]),
        ("uri",       of("u"),                                        &["urn:u"]),
        ("reference", of("r"),                                        &["Patient/2"]),
        ("reference", "Patient.generalPractitioner".into(),           &["Practitioner/p", "Organization/o"]),
        ("reference", "Patient.generalPractitioner.where(resolve() is Organization)".into(), &["Organization/o"]),
    ];
    for (kind, expression, expected) in cases {
        let one = read("mine", kind, "Patient", &expression);
        let number = one.number(stream.kind);
        let catalogue = Catalogue::new(vec![one]);
        let found = catalogue.index(&stream, elements);
        let mine = found.entries.iter().filter(|entry| [number, of_type(number)].contains(&entry.param));
        let mut shown: Vec<String> = mine.map(|entry| show(&entry.key)).collect();
        shown.sort();
        let mut expected: Vec<String> = expected.iter().map(|key| (*key).to_owned()).collect();
        expected.sort();
        assert_eq!(shown, expected, "{kind} {expression}");
        let official = index(&stream, elements);
        assert_eq!(found.entries.len(), official.entries.len() + shown.len(), "the others stay");
    }
}

fn show(key: &Key) -> String {
    match key {
        Key::Token { code, system } => format!("{system}|{code}"),
        Key::Text { text, .. } => text.to_string(),
        Key::Quantity { low, high, unit, .. } => format!("{}..{} {unit}", low.get(), high.get()),
        Key::Date { low, high } => format!("{low}..{high}"),
        Key::Reference { kind, id } => {
            format!("{}/{id}", ResourceType::from_number(*kind).map_or("", ResourceType::name))
        }
    }
}

#[test]
fn a_catalogue_is_of_what_was_registered_in_any_order() {
    let (eyes, contact) = ("Patient.active", "Patient.contact.name");
    let two = |swap: bool| {
        let mut both =
            vec![read("eyes", "token", "Patient", eyes), read("contact", "string", "Patient", contact)];
        if swap {
            both.reverse();
        }
        Catalogue::new(both)
    };
    assert_eq!(Catalogue::new(Vec::new()).shape(), SHAPE);
    assert_eq!(two(false).shape(), two(true).shape());
    let others = [
        read("eyes", "string", "Patient", eyes),
        read("eyes", "token", "Patient Practitioner", "active"),
        read("eyes", "token", "Patient", "Patient.active.not()"),
        read("eye", "token", "Patient", eyes),
    ];
    let shapes: std::collections::BTreeSet<String> =
        others.into_iter().map(|other| Catalogue::new(vec![other]).shape()).collect();
    assert_eq!(shapes.len(), 4, "each difference shows");
    let all = two(false);
    let kind = ResourceType::PATIENT;
    assert_eq!(all.known(kind, "contact").map(|known| known.kind), Some(ParamKind::String));
    assert_eq!(all.known(ResourceType::parse("Person").unwrap(), "contact"), None);
    assert_eq!(all.known(kind, "birthdate"), Official.known(kind, "birthdate"));
    assert!(all.codes(kind).is_sorted_by(|a, b| a.code < b.code));
    assert_eq!(all.codes(kind).len(), Official.codes(kind).len() + 2);
}

#[test]
fn those_of_one_code_or_number_clash_where_they_share_a_type() {
    let eyes = read("eyes", "token", "Patient", "active");
    let mut other = definition("eyes", "token", "Practitioner", "active");
    other.set("url", "http://example.org/other");
    let elsewhere = Registered::read(&other).unwrap();
    assert!(!eyes.clashes(&elsewhere));
    other.set("base", vec![Value::from("Practitioner"), Value::from("Patient")]);
    let both = Registered::read(&other).unwrap();
    assert!(eyes.clashes(&both) && both.clashes(&eyes) && eyes.clashes(&eyes));
    let number = eyes.number(ResourceType::PATIENT).0;
    assert_eq!((number >> 31, number & (1 << 30 | 1 << 24), number & 0xff), (1, 0, 103));
    assert_ne!(number, read("eye", "token", "Patient", "active").number(ResourceType::PATIENT).0);
}
