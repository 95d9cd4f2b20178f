//! Queries against one record.

use super::*;
use crate::Official;
use crate::index::index;
use crate::search::{Context, Limits, OfR4, parse};
use anamnesis_kernel::search::{Kept, Param, Real};
use anamnesis_kernel::{Instant, ResourceType};

#[test]
fn queries_against_one_record() {
    let patient = r#"{"name":[{"family":"Mu\u00f1oz"}],"birthDate":"1970-01-02","identifier":[{"system":"s","value":"1"}]}"#;
    let result = r#"{"subject":{"reference":"Patient/p1"}}"#;
    let limits = Limits { values_max: 9, strict: true, ..Limits::default() };
    let context = Context { params: &Official, sets: &OfR4, limits: &limits, now: Instant::from_micros(0) };
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("identifier", "s|1",            true),
        ("identifier", "1",              true),
        ("identifier", "s|",             true),
        ("identifier", "|1",             false),
        ("identifier", "t|1,s|1",        true),
        ("identifier", "s|2",            false),
        ("name",       "mun",            true),
        ("name",       "unoz",           false),
        ("birthdate",  "1970",           true),
        ("birthdate",  "gt1970-01-02",   false),
        ("subject",    "Patient/p1",     true),
        ("subject",    "p1",             true),
        ("subject",    "Group/p1",       false),
        ("_id",        "p1",             true),
        ("_id",        "p2",             false),
    ];
    for (key, value, expected) in cases {
        let (name, json) =
            if key == "subject" { ("Observation/o1", result) } else { ("Patient/p1", patient) };
        let name: StreamName = name.parse().unwrap();
        let elements = anamnesis_json::parse(json.as_bytes()).unwrap();
        let entries = index(&name, elements.as_object().unwrap(), &Default::default()).entries;
        let pairs = [(key.to_owned(), value.to_owned())];
        let query = parse(name.kind, &pairs, &context).unwrap().query;
        assert_eq!(meets(&query, &name, &entries), Some(expected), "{key}={value}");
        let both = [pairs[0].clone(), ("_id".into(), "another".into())];
        assert_eq!(meets(&parse(name.kind, &both, &context).unwrap().query, &name, &entries), Some(false));
        let other: StreamName = "Person/p1".parse().unwrap();
        assert_eq!(meets(&query, &other, &entries), Some(false));
    }
}

#[test]
fn what_is_not_known_is_not_said() {
    let kind = ResourceType::parse("Observation").unwrap();
    let (code, subject, amount) = (Param(1), Param(2), Param(3));
    let real = |number| Real::new(number).unwrap();
    let at_least = |least| Test::Quantity {
        param: amount,
        low: (Real::LEAST, Real::GREATEST),
        high: (real(least), Real::GREATEST),
        unit: None,
        system: None,
    };
    let token = |text: &str| Test::Token { param: code, system: None, code: Some(text.into()) };
    let entry = |param, key, group| Entry { param, key, group };
    let coded =
        |text: &str, group| entry(code, Key::Token { code: text.into(), system: Default::default() }, group);
    let measured = |number, group| {
        let (low, high) = (real(number), real(number));
        entry(amount, Key::Quantity { low, high, unit: "mg".into(), system: Default::default() }, group)
    };
    let patient = Key::Reference { kind: ResourceType::PATIENT.number(), id: "p1".into() };
    let entries =
        [coded("a", 1), measured(5.0, 1), coded("b", 2), measured(7.0, 2), entry(subject, patient, 0)];
    let chain =
        |kind| Test::Chain { param: subject, by: Link::Name, kind, filter: Box::new(Filter::All(vec![])) };
    let has = Test::Has { kind, param: subject, by: Link::Name, filter: Box::new(Filter::All(vec![])) };
    let updated = Test::Updated(Instant::from_micros(0), Instant::from_micros(9));
    let words = Test::Words { expression: "x".into(), narrative: true };
    let not = |test: Test| Filter::Not(Box::new(test.into()));
    let all = |tests: [Test; 2]| Filter::All(tests.map(Filter::from).into());
    #[rustfmt::skip] // A table reads by column.
    let cases: Vec<(Filter, Option<bool>)> = vec![
        (at_least(7.0).into(),                                                   Some(true)),
        (at_least(8.0).into(),                                                   Some(false)),
        (Test::Present { param: amount, kept: Kept::Quantity }.into(),           Some(true)),
        (Test::Present { param: amount, kept: Kept::Token }.into(),              Some(false)),
        (Test::Together(vec![vec![token("b")], vec![at_least(7.0)]]).into(),     Some(true)),
        (Test::Together(vec![vec![token("a")], vec![at_least(7.0)]]).into(),     Some(false)),
        (chain(ResourceType::PATIENT).into(),                                    None),
        (chain(kind).into(),                                                     Some(false)),
        (not(chain(ResourceType::PATIENT)),                                      None),
        (has.clone().into(),                                                     None),
        (updated.into(),                                                         None),
        (words.into(),                                                           None),
        // What is known decides where it can.
        (all([has.clone(), token("c")]),                                         Some(false)),
        (all([has.clone(), token("a")]),                                         None),
        (Filter::any_of([has.clone(), token("a")]),                              Some(true)),
        (Filter::any_of([has, token("c")]),                                      None),
    ];
    let name: StreamName = "Observation/o1".parse().unwrap();
    for (at, (filter, expected)) in cases.into_iter().enumerate() {
        let query = Query::new(Some(kind), vec![filter], 1);
        assert_eq!(meets(&query, &name, &entries), expected, "{at}");
    }
}
