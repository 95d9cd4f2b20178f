//! Records and the entries they are found by.

use anamnesis_json::parse;
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Real;

use super::*;
use crate::primitive::Primitive;
use crate::shape::{Holds, Shape};

/// Entries as `code=key`, so that a table reads like a search; with `#` the group.
fn shown(kind: ResourceType, entries: &[Entry]) -> Vec<String> {
    let own = |of| param::params(kind).find(|p| p.number(kind) == of).map(|p| p.code.to_owned());
    let typed = |of| param::params(kind).find(|p| param::of_type(p.number(kind)) == of);
    let code = |entry: &Entry| match entry.param {
        compartment::PARAM => "compartment".to_owned(),
        merged::PARAM => "merged".to_owned(),
        of if of == param::of_this_type(kind) => "type".to_owned(),
        of => own(of).unwrap_or_else(|| typed(of).map_or("?".into(), |p| format!("{}:of-type", p.code))),
    };
    let key = |entry: &Entry| match &entry.key {
        Key::Token { code, system } => format!("{system}|{code}"),
        Key::Text { text, exact } if exact.is_empty() => text.to_string(),
        Key::Text { text, exact } => format!("{text}~{exact}"),
        Key::Quantity { low, high, unit, system } => {
            let side = |real: Real| format!("{}", real.get());
            let span = if low == high { side(*low) } else { format!("{}..{}", side(*low), side(*high)) };
            format!("{span} {system}|{unit}")
        }
        Key::Date { low, high } => format!("{low}..{high}"),
        Key::Words { .. } => "words".to_owned(),
        Key::Reference { kind, id } => {
            format!("{}/{id}", ResourceType::from_number(*kind).map_or("", ResourceType::name))
        }
    };
    let group = |entry: &Entry| if entry.group == 0 { String::new() } else { format!("#{}", entry.group) };
    let mut shown: Vec<_> =
        entries.iter().map(|entry| format!("{}={}{}", code(entry), key(entry), group(entry))).collect();
    shown.sort();
    shown
}

#[test]
fn records_and_their_entries() {
    #[rustfmt::skip] // A table reads by column.
    let cases: [(&str, &str, &[&str]); 10] = [
        ("Patient/p1", r#"{"birthDate":"1970-01-02","name":[{"family":"Muñoz","given":["Ana","Ana"]},{"text":"Ana M."}],"identifier":[{"system":"s","value":"1"},{"value":"2"},{"system":"t"}],"link":[{"other":{"reference":"Patient/p2"}}]}"#,
            &["birthdate=86400000000..172799999999", "compartment=Patient/p1", "deceased=|false", "family=munoz~Muñoz",
              "given=ana~Ana", "identifier=s|1", "identifier=|2", "link=Patient/p2", "name=ana m.~Ana M.", "type=|"]),
        ("Patient/p3", r#"{"active":false,"link":[{"other":{"reference":"Patient/p1"},"type":"replaced-by"},{"other":{"reference":"Patient/p2"},"type":"replaces"}]}"#,
            &["active=|false", "compartment=Patient/p3", "deceased=|false", "link=Patient/p1", "link=Patient/p2", "merged=Patient/p1", "type=|"]),
        ("Observation/o1", r#"{"status":"final","category":[{"coding":[{"system":"c","code":"laboratory"}]}],"code":{"coding":[{"system":"l","code":"1-8"},{"code":"K"},{"system":"only"}],"text":"Potassium"},"subject":{"reference":"Patient/p1/_history/3"},"effectiveDateTime":"1970-01-01T00:00:01Z","performer":[{"reference":"Practitioner/d"}]}"#,
            &["category=c|laboratory", "code=l|1-8", "code=potassium", "code=|K", "compartment=Patient/p1", "date=1000000..1999999",
              "performer=Practitioner/d", "status=|final", "subject=Patient/p1", "type=|"]),
        ("Observation/o2", r#"{"subject":{"reference":"http://else.where/fhir/Patient/p1"},"effectivePeriod":{"start":"1970"}}"#,
            &["date=0..9223372036854775807", "subject=/http://else.where/fhir/Patient/p1", "type=|"]),
        ("Observation/o3", r##"{"subject":{"reference":"#p"},"effectiveTiming":{"event":["1970-01-02","1970-01-01"]},"focus":[{"reference":"Patient/p2"}]}"##,
            &["date=0..172799999999", "focus=Patient/p2", "type=|"]),
        ("AllergyIntolerance/a1", r#"{"patient":{"reference":"Patient/p1"},"code":{"coding":[{"code":"x"}]},"reaction":[{"substance":{"coding":[{"code":"y"}]}}],"category":["food"],"recordedDate":"1970-01-01"}"#,
            &["category=|food", "code=|x", "code=|y", "compartment=Patient/p1", "date=0..86399999999",
              "patient=Patient/p1", "type=|"]),
        ("MedicationRequest/m1", r#"{"medicationCodeableConcept":{"coding":[{"system":"rx","code":"5"}]},"subject":{"reference":"Patient/p1"}}"#,
            &["code=rx|5", "compartment=Patient/p1", "subject=Patient/p1", "type=|"]),
        ("MedicationRequest/m2", r#"{"medicationReference":{"reference":"Medication/1"},"subject":{"reference":"Group/g"}}"#,
            &["medication=Medication/1", "subject=Group/g", "type=|"]),
        ("Appointment/a", r#"{"participant":[{"actor":{"reference":"Patient/p1"}},{"actor":{"reference":"Location/l"}},{"actor":{"reference":"Patient/p2"}}]}"#,
            &["actor=Location/l", "actor=Patient/p1", "actor=Patient/p2", "compartment=Patient/p1", "compartment=Patient/p2", "type=|"]),
        ("Observation/odd", r#"{"status":{"x":1},"code":"potassium","subject":"Patient/p1","effectiveDateTime":["1970"],"effectivePeriod":7,"category":[null,{"coding":{"code":"c"}}],"component":[7,{"code":8}],"valueQuantity":{"value":"1"}}"#,
            &["category=|c", "date=0..31535999999999", "type=|"]),
    ];
    check(&cases);
}

#[test]
fn what_each_datatype_gives() {
    #[rustfmt::skip] // A table reads by column.
    let cases: [(&str, &str, &[&str]); 24] = [
        ("Patient/p",     r#"{"deceasedBoolean":true}"#,                          &["compartment=Patient/p", "deceased=|true", "type=|"]),
        ("Patient/p",     r#"{"deceasedBoolean":false,"active":true}"#,           &["active=|true", "compartment=Patient/p", "deceased=|false", "type=|"]),
        ("Patient/p",     r#"{"deceasedDateTime":"1970-01-01"}"#,                 &["compartment=Patient/p", "death-date=0..86399999999", "deceased=|true", "type=|"]),
        ("Person/p",      r#"{"telecom":[{"system":"phone","value":"555"},{"system":"email","value":"a@b"},{"system":"url"}]}"#,
            &["email=|a@b", "phone=|555", "telecom=|555", "telecom=|a@b", "type=|"]),
        ("Person/p",      r#"{"address":[{"line":["1 Rd"],"city":"Zürich","country":"CH"}]}"#,
            &["address-city=zurich~Zürich", "address-country=ch~CH", "address=1 rd~1 Rd", "type=|"]),
        ("Person/p",      r#"{"identifier":[{"type":{"coding":[{"system":"v2","code":"MR"},{"code":"X"}],"text":"Chart"},"system":"s","value":"7"}]}"#,
            &["identifier:of-type=v2|MR|7", "identifier:of-type=|X|7", "identifier=chart", "identifier=s|7", "type=|"]),
        ("Slot/s",        r#"{"meta":{"tag":[{"system":"t","code":"a"}],"security":[{"code":"R"}],"profile":["http://p|1"],"source":"urn:x"}}"#,
            &["_profile=http://p|1", "_security=|R", "_source=urn:x", "_tag=t|a", "type=|"]),
        ("Observation/o", r#"{"valueQuantity":{"value":5.40,"unit":"milligram","system":"u","code":"mg"}}"#,
            &["type=|", "value-quantity=5.4 u|mg", "value-quantity=5.4 |milligram"]),
        ("Observation/o", r#"{"valueQuantity":{"value":5.4,"unit":"mg","system":"u","code":"mg"}}"#,
            &["type=|", "value-quantity=5.4 u|mg"]),
        ("Observation/o", r#"{"valueQuantity":{"value":5,"unit":"mg","comparator":">="}}"#,
            &["type=|", "value-quantity=5..inf |mg"]),
        ("Observation/o", r#"{"valueQuantity":{"value":1,"comparator":"<"}}"#,
            &["type=|", "value-quantity=-inf..0.9999999999999999 |"]),
        ("Invoice/i",     r#"{"totalGross":{"value":12.50,"currency":"EUR"}}"#,
            &["totalgross=12.5 urn:iso:std:iso:4217|EUR", "type=|"]),
        ("Group/g",       r#"{"characteristic":[{"code":{"coding":[{"code":"a"}]},"valueRange":{"low":{"value":1,"code":"kg"}}},{"code":{"coding":[{"code":"b"}]},"valueBoolean":true}]}"#,
            &["characteristic=|a#1", "characteristic=|b#2", "type=|", "value=|true#2"]),
        ("ActivityDefinition/a", r#"{"useContext":[{"code":{"code":"age"},"valueRange":{"low":{"value":1,"code":"a"}}},{"code":{"code":"focus"},"valueCodeableConcept":{"coding":[{"code":"f"}]}}]}"#,
            &["context-quantity=1..inf |a#1", "context-type=|age#1", "context-type=|focus#2", "context=|f#2", "type=|"]),
        ("Observation/o", r#"{"code":{"coding":[{"code":"bp"}]},"component":[{"code":{"coding":[{"code":"s"}]},"valueQuantity":{"value":120}},{"code":{"coding":[{"code":"d"}]},"valueQuantity":{"value":80}}]}"#,
            &["code=|bp", "component-code=|d#2", "component-code=|s#1", "component-value-quantity=120 |#1", "component-value-quantity=80 |#2", "type=|"]),
        ("RiskAssessment/r", r#"{"prediction":[{"probabilityDecimal":0.020}]}"#,
            &["probability=0.02 |", "type=|"]),
        ("Library/l",     r#"{"url":"http://l","relatedArtifact":[{"type":"depends-on","resource":"http://v|2"},{"type":"citation","resource":"http://w"}]}"#,
            &["?=/http://l|", "depends-on=/http://v", "depends-on=/http://v|2", "type=|", "url=http://l"]),
        ("Questionnaire/q", r#"{"url":"http://q","version":"3","derivedFrom":["http://v"]}"#,
            &["?=/http://q|", "?=/http://q|3", "type=|", "url=http://q", "version=|3"]),
        ("QuestionnaireResponse/r", r#"{"questionnaire":"http://q"}"#,
            &["questionnaire=/http://q", "questionnaire=/http://q|", "type=|"]),
        ("Encounter/e",   r#"{"period":{"start":"2026-02-02","end":"2026-01-01"},"length":{"value":1}}"#, &["length=1 |", "type=|"]),
        ("Group/g",       r#"{"characteristic":[{"valueRange":{"low":{"value":5},"high":{"value":1}}}]}"#, &["type=|"]),
        ("Bundle/b",      r#"{"type":"document","entry":[{"resource":{"resourceType":"Composition","id":"c"}},{"resource":{"resourceType":"MessageHeader","id":"m"}}]}"#,
            &["composition=Composition/c", "type=|", "type=|document"]),
        ("Encounter/e",   r#"{"length":{"value":30,"unit":"min"},"subject":{"identifier":{"system":"mrn","value":"1"}}}"#,
            &["length=30 |min", "subject=mrn|1", "type=|"]),
        ("Procedure/p",   r#"{"instantiatesCanonical":["PlanDefinition/x"],"code":{"coding":[{"code":"c","display":"Côte"}]}}"#,
            &["code=cote", "code=|c", "instantiates-canonical=PlanDefinition/x", "type=|"]),
    ];
    check(&cases);
}

fn check(cases: &[(&str, &str, &[&str])]) {
    for (stream, json, expected) in cases {
        let stream: StreamName = stream.parse().unwrap();
        let found =
            index(&stream, parse(json.as_bytes()).unwrap().as_object().unwrap(), &Catalogue::default());
        assert!(found.entries.is_sorted());
        assert_eq!(shown(stream.kind, &found.entries), *expected, "{stream} {json}");
    }
}

/// A value from which something is taken, under the names that lead to it.
fn sample((steps, extract): &Way, boolean: bool) -> Value {
    let object = |name: &str, value: Value| Value::from(Object::new().with(name, value));
    let value = match extract {
        Extract::Code if boolean => Value::from(true),
        Extract::Code | Extract::Text => Value::from("a"),
        Extract::Uri | Extract::Canonical => Value::from("http://a"),
        Extract::Coding => object("code", "a".into()),
        Extract::Concept => object("coding", object("code", "a".into())),
        Extract::Identifier | Extract::OfType | Extract::Contact => object("value", "a".into()),
        Extract::Number => Value::from(1_u64),
        Extract::Quantity | Extract::Money => object("value", Value::from(1_u64)),
        Extract::Range => object("low", object("value", Value::from(1_u64))),
        Extract::Date => Value::from("1970"),
        Extract::Period => object("start", "1970".into()),
        Extract::Timing => object("event", "1970".into()),
        Extract::Reference => object("reference", "Patient/a".into()),
        Extract::To(kind) => object("reference", format!("{kind}/a").into()),
        Extract::FirstEntry(_) | Extract::Deceased => Value::Null,
        Extract::Where(name, code, way) => {
            let mut inner = sample(way, false).as_object().cloned().unwrap_or_default();
            inner.set(*name, *code);
            Value::from(inner)
        }
    };
    steps.iter().rev().fold(value, |inner, name| object(name, inner))
}

#[test]
fn every_way_leads_along_elements_of_r4_to_an_entry() {
    for kind in ResourceType::all() {
        let stream: StreamName = format!("{kind}/a").parse().unwrap();
        for one in param::params(kind) {
            for way in one.ways.iter().filter(|(steps, _)| !steps.is_empty()) {
                let mut holds = Holds::Object(Shape::of(kind));
                for step in way.0 {
                    let Holds::Object(shape) = holds else { panic!("{kind} {} {:?}", one.code, way.0) };
                    let element = shape.element(step).unwrap_or_else(|| panic!("{kind} {} {step}", one.code));
                    holds = element.holds;
                }
                let record = sample(way, holds == Holds::Primitive(Primitive::Boolean));
                let found = index(&stream, record.as_object().unwrap(), &Catalogue::default()).entries;
                assert!(
                    found.iter().any(|entry| entry.param == one.number(kind)),
                    "{kind} {} {way:?}",
                    one.code
                );
            }
            let kept =
                |of| param::params(kind).any(|other| other.number(kind) == of && !other.ways.is_empty());
            assert!(one.under(kind).all(kept), "{kind} {}", one.code);
            assert!(
                one.kind == crate::ParamKind::Composite || one.under(kind).count() > 0,
                "{kind} {}",
                one.code
            );
        }
    }
}

#[test]
fn words_are_kept_where_they_are_wanted() {
    let stream: StreamName = "Patient/p".parse().unwrap();
    let record = parse(r#"{"name":[{"family":"Oe"}]}"#.as_bytes()).unwrap();
    for wanted in [false, true] {
        let catalogue = Catalogue::default().with_full_text(wanted);
        let entries = index(&stream, record.as_object().unwrap(), &catalogue).entries;
        let words: Vec<_> = entries.iter().filter(|entry| matches!(entry.key, Key::Words { .. })).collect();
        assert_eq!(words.len(), usize::from(wanted));
        assert!(
            words.iter().all(|entry| entry.param == param::of_this_type(stream.kind) && entry.group == 0)
        );
        assert_eq!(catalogue.shape() != Catalogue::default().shape(), wanted);
    }
}
