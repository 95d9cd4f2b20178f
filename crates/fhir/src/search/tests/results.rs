//! Pages, orders, what comes along, and what is not understood.

use anamnesis_kernel::search::{By, Order};

use super::*;

/// <https://hl7.org/fhir/R4/search.html#count>, <https://hl7.org/fhir/R4/search.html#summary>
#[test]
fn pages_and_summaries() {
    let limits = Limits::default();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // query                                 limit  count        number only  page         ignored    understood
        ("",                                  20,    None,        false,       None,        "",        ""),
        ("_count=7&_page=x~1",                7,     Some(7),     false,       Some("x~1"), "",        "_count"),
        ("_count=5000",                       1_000, Some(5_000), false,       None,        "",        "_count"),
        ("_count=99999999999",                1_000, Some(u32::MAX), false,    None,        "",        "_count"),
        ("_count=0",                          0,     Some(0),     true,        None,        "",        "_count"),
        ("_summary=count&name=a",             20,    None,        true,        None,        "",        "_summary name"),
        ("_summary=text&_total=accurate",     20,    None,        false,       None,        "",        "_summary _total"),
        ("_elements=name",                    20,    None,        false,       None,        "",        "_elements"),
        ("_format=json&_pretty=true",         20,    None,        false,       None,        "",        ""),
        ("hair=red&hair=x&name=a",            20,    None,        false,       None,        "hair",    "name"),
        ("name=&birthdate=1970",              20,    None,        false,       None,        "name",    "birthdate"),
        ("_contained=false&_containedType=container&_type=Patient", 20, None, false, None,  "",        "_contained _containedType _type"),
    ];
    for (query, limit, count, summary_count, page, ignored, understood) in cases {
        let parsed = parsed("Patient", query, &limits).unwrap();
        assert_eq!(parsed.query.limit, limit, "{query}");
        assert_eq!(
            (parsed.count, parsed.summary_count, parsed.page.as_deref()),
            (count, summary_count, page),
            "{query}"
        );
        assert_eq!(parsed.ignored.join(" "), ignored, "{query}");
        let keys: Vec<&str> = parsed.understood.iter().map(|(k, _)| k.as_str()).collect();
        assert_eq!(keys.join(" "), understood, "{query}");
    }
    let past = parsed("Patient", "_asOf=2026-01-01T00:00:00Z&_total=none", &limits).unwrap();
    assert_eq!((past.as_of.as_deref(), past.total), (Some("2026-01-01T00:00:00Z"), Total::None));
}

#[test]
fn refused_of_results() {
    let limits = Limits { sorts_max: 2, includes_max: 1, ..limits() };
    #[rustfmt::skip] // A table reads by column.
    check(&limits, &[
        ("Patient", "_count=x&_total=all&name=",       "! _count: not a whole number from 0 ! _total: not a kind of total: none, estimate or accurate"),
        ("Patient", "_count=-1",                       "! _count: not a whole number from 0"),
        ("Patient", "_count=1&_count=2",               "! _count: stands twice"),
        ("Patient", "_asOf=a&_asOf=b",                 "! _asOf: stands twice"),
        ("Patient", "_contained=true",                 "! _contained: contained resources are not searched"),
        ("Patient", "_contained=x",                    "! _contained: not false, true or both"),
        ("Patient", "_containedType=contained",        "! _containedType: contained resources are not searched"),
        ("Patient", "_query=x",                        "! _query: there are no named queries"),
        ("Patient", "_type=Observation",               "! _type: another type than the one that is searched"),
        ("Patient", "_sort=hair",                      "! _sort: names a parameter that this type does not have"),
        ("Patient", "_sort=name,",                     "! _sort: names no parameter, or an empty one"),
        ("Patient", "_sort=_score",                    "! _sort: how well a record matches is not counted"),
        ("Observation", "_sort=code-value-quantity",   "! _sort: names a parameter whose values have no order of their own"),
        ("Patient", "_sort=name,gender,birthdate",     "! _sort: more than 2 parameters"),
        ("Patient", "_include=*&_include=*",           "! _include: more than 1 in one search"),
        ("Patient", "_include=Patient",                "! _include: not a type and a parameter that refers, such as Observation:subject or Observation:subject:Patient"),
        ("Patient", "_include=Dragon:x",               "! _include: names no type of resource to begin with"),
        ("Patient", "_include=Patient:name",           "! _include: Patient does not refer by a parameter of that name"),
        ("Patient", "_include=Patient:link:Dragon",    "! _include: names no type of resource at its end"),
        ("Patient", "_include=Patient:link:Group",     "! _include: Patient does not refer to a Group there"),
        ("Patient", "_include:deep=Patient:link",      "! _include:deep: this modifier is not supported; :iterate is"),
    ]);
}

/// <https://hl7.org/fhir/R4/search.html#sort>
#[test]
fn orders() {
    let order = |query| {
        let shown = |order: &Order| {
            let by = match order.by {
                By::MainDate => "main date".to_owned(),
                By::Updated => "updated".to_owned(),
                By::Id => "id".to_owned(),
                By::Param { param, kept } => format!("{} {kept:?}", code(param)),
            };
            format!("{}{by}", if order.descending { "-" } else { "" })
        };
        let query = parsed("Observation", query, &limits()).unwrap().query;
        query.order.iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("",                              ""),
        ("_sort=-date",                   "-date Date"),
        ("_sort=code,-date,_id",          "code Token, -date Date, id"),
        ("_sort=-_lastUpdated",           "-updated"),
        ("_sort=code&_sort=-date",        "code Token, -date Date"),
        ("_sort=value-quantity,subject",  "value-quantity Quantity, patient Reference"),
        // The union of others is ordered by them in turn.
        ("_sort=-combo-code",             "-code Token, -component-code Token"),
    ];
    for (query, expected) in cases {
        assert_eq!(order(query), expected, "{query}");
    }
}

/// <https://hl7.org/fhir/R4/search.html#include>
#[test]
fn includes() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("_include=Observation:subject",                     "+ Observation subject *"),
        ("_include=Observation:subject:Patient",             "+ Observation subject Patient"),
        ("_include=Observation:subject:",                    "+ Observation subject *"),
        ("_include:iterate=Patient:organization",            "+ again Patient organization *"),
        ("_include:recurse=Patient:organization",            "+ again Patient organization *"),
        ("_include=*&_include=Observation:*",                "+ * * *, + Observation * *"),
        ("_revinclude=AuditEvent:entity&_revinclude:iterate=*", "- AuditEvent entity *, - again * * *"),
    ];
    for (query, expected) in cases {
        let shown = |include: &Include| {
            let kind = |kind: Option<ResourceType>| kind.map_or("*", ResourceType::name);
            let param = include.param.as_ref().map_or("*", |known| known.code.as_str());
            let way = if include.reverse { "-" } else { "+" };
            let again = if include.iterate { " again" } else { "" };
            format!("{way}{again} {} {param} {}", kind(include.from), kind(include.target))
        };
        let found = parsed("Observation", query, &limits()).unwrap();
        assert_eq!(found.includes.iter().map(shown).collect::<Vec<_>>().join(", "), expected, "{query}");
        assert_eq!(joined(&found.query.all, " and "), "type Observation", "{query}");
    }
}

/// <https://hl7.org/fhir/R4/search.html#errors>
#[test]
fn strict_refuses_what_it_does_not_know() {
    let limits = Limits { strict: true, ..limits() };
    let what = "not supported for Patient, or without a value";
    let said = asked("Patient", "hair=red&Anna Smith=1&name=a&name=&familySmith", &limits);
    assert_eq!(said, format!("! hair: {what} ! a parameter: {what} ! name: {what} ! a parameter: {what}"));
}

#[test]
fn values_are_counted_with_what_comes_of_them() {
    let limits = Limits { values_max: 4, ..limits() };
    let most = "more than 4 values in one search";
    #[rustfmt::skip] // A table reads by column.
    let cases: &[(&str, &str, &str)] = &[
        ("Patient",     "name=1,2,3,4,5",                 &format!("! name: {most}")),
        ("Patient",     "name=1,2,3&identifier=4,5",      &format!("! identifier: {most}")),
        ("Observation", "combo-code=1,2,3",               &format!("! combo-code: {most}")),
        ("Observation", "performer.name=1,2",             &format!("! performer.name: {most}")),
        ("Observation", "code:in=http://vs&status=x,y",   "(code |a or code s|a or code |b or code s|b)"),
        ("Observation", "code:in=http://vs&date=1970",    &format!("! date: {most}")),
    ];
    check(&limits, cases);
    let around = format!("{}._id=a", ["entity"; 7].join("."));
    let limits = Limits { values_max: 100, ..limits };
    let most = "leads over more than 100 types: name those that are meant";
    assert_eq!(asked("AuditEvent", &around, &limits), format!("! {}: {most}", around.trim_end_matches("=a")));
}

#[test]
fn results_are_no_criteria() {
    for key in
        ["_sort", "_include", "_include:iterate", "_revinclude", "_count", "_summary", "_total", "_elements"]
    {
        assert!(is_about_result(key), "{key}");
    }
    for key in ["_id", "_lastUpdated", "name", "_has:Observation:patient:code", "_asOf", "_page"] {
        assert!(!is_about_result(key), "{key}");
    }
}
