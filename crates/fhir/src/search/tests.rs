//! Query strings in, criteria out.

use super::*;

fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|p| !p.is_empty());
    pairs.map(|p| p.split_once('=').unwrap_or((p, ""))).map(|(k, v)| (k.into(), v.into())).collect()
}

/// A bound as text: the ends of time are left out.
fn bound((low, high): (i64, i64)) -> String {
    let end = |at: i64| if matches!(at, i64::MIN | i64::MAX) { String::new() } else { at.to_string() };
    format!("{}..{}", end(low), end(high))
}

fn shown(kind: ResourceType, test: &Test) -> String {
    let code = |of| param::params(kind).find(|p| p.number(kind) == of).map_or("?", |p| p.code);
    match test {
        Test::Id(id) => format!("id {id}"),
        Test::Kind(of) if *of == param::of_this_type(kind) => "type".into(),
        Test::Kind(_) => "?".into(),
        Test::Token { param, system, code: value } => {
            format!(
                "{} {}|{}",
                code(*param),
                system.as_deref().unwrap_or("*"),
                value.as_deref().unwrap_or("*")
            )
        }
        Test::Text { param, text, .. } => format!("{} {text}…", code(*param)),
        Test::Date { param, low, high } => format!("{} {} {}", code(*param), bound(*low), bound(*high)),
        Test::Reference { param, kind, id } => {
            let target = match kind {
                None => "*",
                Some(number) => ResourceType::from_number(*number).map_or("", ResourceType::name),
            };
            format!("{} {target}/{id}", code(*param))
        }
        _ => "?".into(),
    }
}

fn asked(kind: &str, query: &str, limits: &Limits) -> String {
    let kind = ResourceType::parse(kind).unwrap();
    match parse(kind, &pairs(query), limits) {
        Ok(parsed) => {
            fn text(kind: ResourceType, filter: &Filter) -> String {
                let joined =
                    |all: &[Filter], by| all.iter().map(|f| text(kind, f)).collect::<Vec<_>>().join(by);
                match filter {
                    Filter::Test(test) => shown(kind, test),
                    Filter::Any(any) => joined(any, " or "),
                    Filter::All(all) => joined(all, " and "),
                    Filter::Not(not) => format!("not {}", text(kind, not)),
                }
            }
            text(kind, &Filter::All(parsed.query.all))
        }
        Err(issues) => issues.iter().map(|i| format!("! {}", i.diagnostics)).collect::<Vec<_>>().join(" "),
    }
}

#[test]
fn criteria() {
    let limits = Limits { base: Some("http://here/fhir".into()), values_max: 4, ..Limits::default() };
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // type            query                                     criteria, or what was said
        ("Patient",     "",                                       "type"),
        ("Patient",     "_id=a,b",                                "id a or id b"),
        ("Patient",     "identifier=s|1",                         "identifier s|1"),
        ("Patient",     "identifier=|1",                          "identifier |1"),
        ("Patient",     "identifier=1",                           "identifier *|1"),
        ("Patient",     "identifier=s|",                          "identifier s|*"),
        ("Patient",     r"identifier=a\|b\,c|d\\",                r"identifier a|b,c|d\"),
        ("Patient",     r"identifier=x\y",                        r"identifier *|x\y"),
        ("Patient",     "name=MUÑOZ,van  Dyk&birthdate=1970-01-01", "family munoz… or given munoz… or name munoz… or family van dyk… or given van dyk… or name van dyk… and birthdate 0.. ..86399999999"),
        ("Observation", "code=l|1,2&status=final",                "code l|1 or code *|2 and status *|final"),
        ("Observation", "patient=p1",                             "subject Patient/p1"),
        ("Observation", "patient=Patient/p1",                     "subject Patient/p1"),
        ("Observation", "patient=http://here/fhir/Patient/p1",    "subject Patient/p1"),
        ("Observation", "patient=Group/g",                        "! patient: not a reference to a Patient"),
        ("Observation", "patient=http://else/Patient/p1",         "! patient: not a reference to a Patient of this server"),
        ("Observation", "subject=p1",                             "subject */p1"),
        ("Observation", "subject=Group/g",                        "subject Group/g"),
        ("Observation", "subject=http://else/Patient/p1",         "subject /http://else/Patient/p1"),
        ("AllergyIntolerance", "patient=p1",                      "patient Patient/p1"),
        ("Observation", "date=1970-01-01",                        "date 0.. ..86399999999"),
        ("Observation", "date=ne1970-01-01",                      "date ..-1 .. or date .. 86400000000.."),
        ("Observation", "date=lt1970-01-01",                      "date ..-1 .."),
        ("Observation", "date=gt1970-01-01",                      "date .. 86400000000.."),
        ("Observation", "date=le1970-01-01",                      "date ..-1 .. or date 0.. ..86399999999"),
        ("Observation", "date=ge1970-01-01&date=lt1971",          "date .. 86400000000.. or date 0.. ..86399999999 and date ..31535999999999 .."),
        ("Observation", "date=sa1970-01-01",                      "date 86400000000.. .."),
        ("Observation", "date=eb1970-01-01",                      "date .. ..-1"),
        ("Observation", "date=ap1970-01-01",                      "date ..86399999999 0.."),
        ("Observation", "date=xx1970-01-01",                      "! date: not a prefix: eq, ne, lt, gt, le, ge, sa, eb or ap"),
        ("Observation", "date=soon",                              "! date: not a date, such as 2026-03-01 or ge2026-03"),
        ("Observation", "date=ä",                                 "! date: not a date, such as 2026-03-01 or ge2026-03"),
        ("Patient",     "name:exact=X",                           "! name: modifiers of a parameter are not supported"),
        ("Observation", "subject:Patient.name=X",                 "! subject: chained searches are not supported"),
        ("Patient",     "identifier=|",                           "! identifier: an empty value"),
        ("Patient",     "identifier=a|b|c",                       r"! identifier: more than one |; inside a code it is written \|"),
        ("Patient",     "name=a,",                                "! name: an empty value"),
        ("Patient",     "_id=a_b",                                "! _id: not an id: 1 to 64 of A-Z a-z 0-9 - ."),
        ("Patient",     "name=1,2,3,4,5",                         "! name: more than 4 values in one search"),
        ("Patient",     "name=1,2,3&identifier=4,5",              "! identifier: more than 4 values in one search"),
        ("Patient",     "_count=x&_total=all&name=",              "! _count: not a whole number from 0 ! _total: not a kind of total"),
    ];
    for (kind, query, expected) in cases {
        assert_eq!(asked(kind, query, &limits), expected, "{kind}?{query}");
    }
}

#[test]
fn pages_and_summaries() {
    let limits = Limits::default();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // query                                 limit  count        number only  page         ignored             understood
        ("",                                  20,    None,        false,       None,        "",                 ""),
        ("_count=7&_page=x~1",                7,     Some(7),     false,       Some("x~1"), "",                 "_count"),
        ("_count=5000",                       1_000, Some(5_000), false,       None,        "",                 "_count"),
        ("_count=99999999999",                1_000, Some(u32::MAX), false,    None,        "",                 "_count"),
        ("_count=0",                          0,     Some(0),     true,        None,        "",                 "_count"),
        ("_summary=count&name=a",             20,    None,        true,        None,        "",                 "_summary name"),
        ("_summary=text&_total=accurate",     20,    None,        false,       None,        "",                 "_summary _total"),
        ("_elements=name",                    20,    None,        false,       None,        "",                 "_elements"),
        ("_format=json&_pretty=true",         20,    None,        false,       None,        "",                 ""),
        ("hair=red&hair=x&name=a&_sort=name", 20,    None,        false,       None,        "hair _sort",       "name"),
        ("name=&birthdate=1970",              20,    None,        false,       None,        "name",             "birthdate"),
    ];
    for (query, limit, count, summary_count, page, ignored, understood) in cases {
        let parsed = parse(ResourceType::PATIENT, &pairs(query), &limits).unwrap();
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
}

#[test]
fn strict_refuses_what_it_does_not_know() {
    let limits = Limits { strict: true, ..Limits::default() };
    let said = asked("Patient", "hair=red&Anna Smith=1&name=a", &limits);
    assert_eq!(
        said,
        "! hair: not supported for Patient, or without a value ! a parameter: not supported for Patient, or without a value"
    );
}

#[test]
fn codes_of_a_type() {
    let found: Vec<_> =
        codes(ResourceType::PATIENT).take(5).map(|(code, kind)| format!("{code} {}", kind.name())).collect();
    assert_eq!(found, ["_id token", "_security token", "_tag token", "active token", "address string"]);
}
