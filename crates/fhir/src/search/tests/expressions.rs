//! `_filter` and the full text.

use super::*;
use crate::param::{Catalogue, Official};

/// <https://hl7.org/fhir/R4/search_filter.html>
#[test]
fn filters() {
    let limits = Limits { filter_bytes_max: 100, filter_depth_max: 2, ..limits() };
    #[rustfmt::skip] // A table reads by column.
    check(&limits, &[
        ("Patient",     r#"_filter=name co "pet""#,                 "name …pet…"),
        ("Patient",     r#"_filter=name eq "Peter" and birthdate ge 1970-01-01"#, "(name peter and (birthdate .. 86400000000.. or birthdate 0.. ..86399999999))"),
        ("Observation", "_filter=code eq http://loinc.org|1234-5",  "code http://loinc.org|1234-5"),
        ("Observation", r#"_filter=subject.name co "pet""#,         "patient>Patient.name …pet…"),
        ("Observation", "_filter=patient re Patient/4",             "patient Patient/4"),
        ("Patient",     "_filter=name sw a or name sw b and gender eq x", "((name a… or name b…) and gender *|x)"),
        ("Patient",     "_filter=name sw a or (name sw b and gender eq x)", "(name a… or (name b… and gender *|x))"),
        ("Patient",     "_filter=gender eq a and gender eq b and gender eq c", "(gender *|a and gender *|b and gender *|c)"),
        ("Patient",     "_filter=not (gender eq male) and name pr true", "(not gender *|male and name in Text)"),
        ("Patient",     "_filter=name pr false",                    "not name in Text"),
        ("Patient",     "_filter=gender ne male",                   "(gender in Token and not gender *|male)"),
        ("Patient",     "_filter=birthdate ne 1970-01-01",          "(birthdate ..-1 .. or birthdate .. 86400000000..)"),
        ("Patient",     "_filter=birthdate po 1970-01-01",          "birthdate ..86399999999 0.."),
        ("Observation", "_filter=value-quantity gt 5||mg",          "value-quantity .. 5.000000000000001.. *|mg"),
        ("Observation", "_filter=code in http://vs",                "(code |a or code s|a or code |b or code s|b)"),
        ("Observation", "_filter=code ni http://vs",                "not (code |a or code s|a or code |b or code s|b)"),
        ("Observation", "_filter=code ss s|a1",                     "(code s|a or code s|a1)"),
        ("Observation", "_filter=code sb s|a",                      "(code s|a or code s|a1)"),
        ("Patient",     "_filter=_id eq a or _lastUpdated gt 1970-01-01", "(id a or updated 86400000000..)"),
        ("Patient",     r#"_filter=name eq "a, \"b\" (c)""#,        r#"name a, "b" (c)"#),
        ("Patient",     r#"_filter=name eq a,b"#,                   "name a,b"),
        ("Patient",     "_filter=name ew x",                        "! _filter: the operator ew is not supported: no index has the ends of texts"),
        ("Patient",     "_filter=gender co x",                      "! _filter: the operator co is not supported on a parameter of type token"),
        ("Patient",     "_filter=gender zz x",                      "! _filter: not an operator"),
        ("Patient",     "_filter=hair eq red",                      "! _filter: Patient has no such search parameter"),
        ("Observation", "_filter=code[x eq y].z pr true",           "! _filter: filters inside of a path, [...], are not supported"),
        ("Patient",     "_filter=gender eq",                        "! _filter: no value behind an operator"),
        ("Patient",     "_filter=gender",                           "! _filter: not a parameter, an operator and a value: birthdate ge 2014-10-10"),
        ("Patient",     "_filter=(gender eq a",                     "! _filter: a parenthesis that is not closed"),
        ("Patient",     "_filter=gender eq a)",                     "! _filter: something stands behind its end"),
        ("Patient",     "_filter=not gender eq a",                  "! _filter: not stands before a parenthesis: not (a eq b)"),
        ("Patient",     r#"_filter=name eq "a"#,                    "! _filter: a quote that is not closed"),
        ("Patient",     "_filter=(((gender eq a)))",                "! _filter: nested too deep"),
        ("Patient",     &format!("_filter=name eq {}", "a".repeat(99)), "! _filter: longer than 100 bytes"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#content>
#[test]
fn words() {
    let (limits, on) = (limits(), Catalogue::default().with_full_text(true));
    let asked = |kind: &str, query: &str, params: &dyn Params| {
        let context = Context { params, ..context(&limits) };
        let parsed = parse(ResourceType::parse(kind).unwrap(), &pairs(query), &context);
        parsed.map(|parsed| parsed.query.all).map_err(|issues| issues[0].diagnostics.clone())
    };
    let words = |expression: &str, narrative| Test::Words { expression: expression.into(), narrative };
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("_text=bone OR liver",   words(r#""bone" OR "liver""#, true)),
        ("_content=bone",         words(r#""bone""#, false)),
    ];
    for (query, expected) in cases {
        assert!(asked("Patient", query, &on) == Ok(vec![expected.into()]), "{query}");
    }
    let chained = asked("Observation", "patient._content=bone", &on).unwrap();
    assert!(matches!(chained[0].sole_test(), Some(Test::Chain { filter, .. })
        if filter.sole_test() == Some(&words(r#""bone""#, false))));
    let off = "_text: not searched here: the setting search.full_text is off";
    assert_eq!(asked("Patient", "_text=x", &Official).err().as_deref(), Some(off));
}
