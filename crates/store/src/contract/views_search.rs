//! Searching: what each test finds, what criteria do together, and rows that come and go.

use anamnesis_kernel::search::{After, Entry, Filter, Find, Link, Param, Place, Query, SortKey, Test};

use super::Harness;
use super::sample::{
    PATIENT, at, change, date, first, name, of_type, open, patients, quantity, query, reference, row, text,
    token, version,
};
use crate::{IndexWrite, ReadError, Views};

const CODE: u32 = 1;
const NAME: u32 = 2;
const BORN: u32 = 3;
const DOCTOR: u32 = 4;
const OF_TYPE: u32 = 5;
const DOCTOR_UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";

/// Opens each record's rows, with the record's number as its main date, so the last comes first.
async fn index(views: &dyn Views, records: &[(u64, Vec<Entry>)]) {
    let versions = records.iter().map(|(n, _)| first(version(*n, 1, 1))).collect();
    let open = |n: u64, entry| IndexWrite::Open(row(n, i64::try_from(n).ok(), entry), at(1));
    let rows = records
        .iter()
        .flat_map(|(n, entries)| {
            entries.iter().cloned().chain([of_type(PATIENT)]).map(move |entry| open(*n, entry))
        })
        .collect();
    views.apply(change(1, versions, rows)).await.expect("applied");
}

/// The numbers of the records found, in the order found; the count and a first page agree.
async fn numbers(views: &dyn Views, query: &Query) -> Vec<u64> {
    let hits = views.search(query).await.expect("searches");
    assert_eq!(views.count(query).await.expect("counts"), hits.len() as u64);
    let first = Query { limit: 7, ..query.clone() };
    let (page, all) = views.search_counted(&first).await.expect("searches");
    assert_eq!((&*page, all), (hits.get(..7).unwrap_or(&hits), hits.len() as u64));
    assert_eq!(views.search(&first).await.expect("searches"), page);
    hits.iter().map(|hit| hit.after.place.record).collect()
}

fn has(system: Option<&str>, code: Option<&str>) -> Test {
    Test::Token { param: Param(CODE), system: system.map(Into::into), code: code.map(Into::into) }
}

fn begins(prefix: &str) -> Test {
    Test::Text { param: Param(NAME), text: prefix.into(), find: Find::Begins }
}

fn born(low: (i64, i64), high: (i64, i64)) -> Test {
    Test::Date { param: Param(BORN), low, high }
}

fn refers(kind: Option<u16>, id: &str) -> Test {
    Test::Reference { param: Param(DOCTOR), kind, id: id.into() }
}

async fn six(views: &dyn Views) {
    let records = [
        (
            1,
            vec![
                token(CODE, "a", "s1"),
                text(NAME, "anna"),
                date(BORN, 100, 199),
                reference(DOCTOR, 5, "d1"),
            ],
        ),
        (
            2,
            vec![
                token(CODE, "a", "s2"),
                text(NAME, "ann"),
                date(BORN, 200, 299),
                reference(DOCTOR, 5, DOCTOR_UUID),
            ],
        ),
        (3, vec![token(CODE, "a", ""), text(NAME, "an"), date(BORN, -50, -1), reference(DOCTOR, 6, "d1")]),
        (4, vec![token(CODE, "b", "s1"), text(NAME, "bo"), text(NAME, "anders"), date(BORN, 150, 150)]),
        (
            5,
            vec![
                token(CODE, "A", "s1"),
                text(NAME, "änn"),
                date(BORN, 0, 1_000),
                reference(DOCTOR, 0, "urn:uuid:1"),
            ],
        ),
        (
            6,
            vec![
                token(OF_TYPE, "a", "s1"),
                token(CODE, "a", "s1"),
                token(CODE, "b", "s1"),
                reference(DOCTOR, 6, DOCTOR_UUID),
            ],
        ),
    ];
    index(views, &records).await;
}

/// Where most dates begin with their record's main date and last less than a day, or where many do not.
pub async fn dates_are_found_wherever_records_stand(harness: &impl Harness) {
    const DAY: i64 = 86_400_000_000;
    const ANY: (i64, i64) = (i64::MIN, i64::MAX);
    for every in [40, 2] {
        let harness = harness.another();
        let stores = open(&harness).await;
        // Of every so many records one has a long span, and one begins long before its main date.
        let main = |n: i64| n * DAY / 3;
        let span = |n: i64| match n % every {
            0 => (main(n), main(n) + 30 * DAY),
            1 => (main(n) - 20 * DAY, main(n) - 20 * DAY + 5),
            _ => (main(n), main(n) + (n % 3) * (DAY - 1) / 2),
        };
        let spans: Vec<(u64, i64, (i64, i64))> =
            (0..600).zip(0..).map(|(number, n)| (number, main(n), span(n))).collect();
        let versions = spans.iter().map(|(number, ..)| first(version(*number, 1, 1))).collect();
        let rows = spans.iter().flat_map(|(number, main, (low, high))| {
            let code = if number % 5 == 0 { "b" } else { "a" };
            let entries = [of_type(PATIENT), token(CODE, code, "s"), date(BORN, *low, *high)];
            entries.map(|entry| IndexWrite::Open(row(*number, Some(*main), entry), at(1)))
        });
        stores.views.apply(change(600, versions, rows.collect())).await.expect("applied");
        let (from, to) = (main(200), main(230));
        #[rustfmt::skip]
        let cases = [
            ("within",       vec![((from, i64::MAX), (i64::MIN, to))]),
            ("overlapping",  vec![((i64::MIN, to), (from, i64::MAX))]),
            ("from",         vec![(ANY, (from, i64::MAX))]),
            ("until",        vec![((i64::MIN, to), ANY)]),
            ("begins after", vec![((from, i64::MAX), ANY)]),
            ("ends before",  vec![(ANY, (i64::MIN, to))]),
            ("at least",     vec![(ANY, (from + 1, i64::MAX)), ((from, i64::MAX), (i64::MIN, from))]),
        ];
        for (name, lies) in cases {
            let meets = |(low, high): (i64, i64)| {
                lies.iter().any(|(l, h)| (l.0..=l.1).contains(&low) && (h.0..=h.1).contains(&high))
            };
            for coded in [false, true] {
                let dates = lies.iter().map(|(low, high)| born(*low, *high)).collect();
                let codes = coded.then(|| vec![has(Some("s"), Some("a"))]);
                let asked = query([dates].into_iter().chain(codes).collect());
                let found = spans.iter().filter(|(n, _, span)| meets(*span) && (!coded || n % 5 > 0));
                let mut found: Vec<u64> = found.map(|(number, ..)| *number).collect();
                found.reverse();
                assert_eq!(numbers(&*stores.views, &asked).await, found, "{name}, {coded}, {every}");
            }
        }
    }
}

/// A table of what each kind of test finds.
pub async fn each_test_finds_what_it_says(harness: &impl Harness) {
    const ANY: (i64, i64) = (i64::MIN, i64::MAX);
    let stores = open(harness).await;
    six(&*stores.views).await;
    let id = |n| Test::Id(name(n).id);
    let of_type = Test::Token { param: Param(OF_TYPE), system: Some("s1".into()), code: Some("a".into()) };
    let elsewhere = Test::Token { param: Param(99), system: None, code: Some("a".into()) };
    #[rustfmt::skip]
    let cases = [
     // name                               test                                             found
        ("all of the type",                Test::Kind(Param::of_type(PATIENT.number())),    vec![6, 5, 4, 3, 2, 1]),
        ("all of another type",            Test::Kind(Param::of_type(1)),                   vec![]),
        ("an id",                          id(4),                                           vec![4]),
        ("an id that is not there",        id(7),                                           vec![]),
        ("a code of any system",           has(None, Some("a")),                            vec![6, 3, 2, 1]),
        ("a code of a system",             has(Some("s1"), Some("a")),                      vec![6, 1]),
        ("a code of no system",            has(Some(""), Some("a")),                        vec![3]),
        ("a code of an unknown system",    has(Some("s9"), Some("a")),                      vec![]),
        ("a system, any code",             has(Some("s1"), None),                           vec![6, 5, 4, 1]),
        ("codes keep their case",          has(None, Some("A")),                            vec![5]),
        ("a code that is not there",       has(None, Some("z")),                            vec![]),
        ("any code of any system",         has(None, None),                                 vec![6, 5, 4, 3, 2, 1]),
        ("another parameter",              elsewhere,                                       vec![]),
        ("a type's identifier",            of_type,                                         vec![6]),
        ("a text begins",                  begins("an"),                                    vec![4, 3, 2, 1]),
        ("a text begins, longer",          begins("ann"),                                   vec![2, 1]),
        ("a whole text",                   begins("anna"),                                  vec![1]),
        ("longer than any",                begins("annab"),                                 vec![]),
        ("beyond one byte",                begins("än"),                                    vec![5]),
        ("any text",                       begins(""),                                      vec![5, 4, 3, 2, 1]),
        ("no pattern",                     begins("%"),                                     vec![]),
        ("within",                         born((100, i64::MAX), (i64::MIN, 299)),          vec![4, 2, 1]),
        ("overlapping",                    born((i64::MIN, 150), (150, i64::MAX)),          vec![5, 4, 1]),
        ("bounds are in",                  born((150, 150), (150, 150)),                    vec![4]),
        ("before",                         born((i64::MIN, 99), ANY),                       vec![5, 3]),
        ("after",                          born(ANY, (200, i64::MAX)),                      vec![5, 2]),
        ("any date",                       born(ANY, ANY),                                  vec![5, 4, 3, 2, 1]),
        ("no date",                        born((2_000, 3_000), ANY),                       vec![]),
        ("a reference",                    refers(Some(5), "d1"),                           vec![1]),
        ("a reference to another type",    refers(Some(6), "d1"),                           vec![3]),
        ("a reference to any type",        refers(None, "d1"),                              vec![3, 1]),
        ("a uuid",                         refers(Some(5), DOCTOR_UUID),                    vec![2]),
        ("a uuid of any type",             refers(None, DOCTOR_UUID),                       vec![6, 2]),
        ("a reference that is a text",     refers(None, "urn:uuid:1"),                      vec![5]),
        ("the same, asked as a text",      refers(Some(0), "urn:uuid:1"),                   vec![5]),
        ("a reference that is not there",  refers(Some(5), "d2"),                           vec![]),
    ];
    for (title, test, found) in cases {
        // Alone it drives the search; beside another it is looked up.
        assert_eq!(numbers(&*stores.views, &query(vec![vec![test.clone()]])).await, found, "{title}");
        let beside = query(vec![patients(), vec![test.clone()]]);
        assert_eq!(numbers(&*stores.views, &beside).await, found, "{title}, beside the type");
        let twice = query(vec![vec![test.clone(), test]]);
        assert_eq!(numbers(&*stores.views, &twice).await, found, "{title}, twice");
    }
}

/// A comma is or, an ampersand is and; a record that meets two tests of one criterion is found once.
pub async fn criteria_are_all_met_by_any_of_their_tests(harness: &impl Harness) {
    let stores = open(harness).await;
    six(&*stores.views).await;
    let (a, b) = (|| has(None, Some("a")), || has(None, Some("b")));
    #[rustfmt::skip]
    let cases = [
     // name                           criteria                                                          found
        ("or",                         vec![vec![a(), b()]],                                             vec![6, 4, 3, 2, 1]),
        ("and",                        vec![vec![a()], vec![b()]],                                       vec![6]),
        ("or of kinds",                vec![vec![begins("bo"), refers(Some(5), "d1"), a()]],             vec![6, 4, 3, 2, 1]),
        ("and of kinds",               vec![vec![a()], vec![begins("an")], vec![refers(None, "d1")]],    vec![3, 1]),
        ("and of ors",                 vec![vec![b(), begins("anna")], vec![has(Some("s1"), None)]],     vec![6, 4, 1]),
        ("two texts of one record",    vec![vec![begins("bo")], vec![begins("anders")]],                 vec![4]),
        ("one that nothing meets",     vec![vec![a()], vec![has(None, Some("z"))]],                      vec![]),
        ("or nothing",                 vec![vec![a()], vec![]],                                          vec![]),
        ("an id and a code",           vec![vec![Test::Id(name(3).id)], vec![a()]],                      vec![3]),
        ("an id or an id",             vec![vec![Test::Id(name(3).id), Test::Id(name(5).id)]],           vec![5, 3]),
        ("all and more",               vec![patients(), vec![b()], vec![a(), begins("bo")]],             vec![6, 4]),
    ];
    for (title, criteria, found) in cases {
        assert_eq!(numbers(&*stores.views, &query(criteria.clone())).await, found, "{title}");
        let reversed = criteria.into_iter().rev().collect();
        assert_eq!(numbers(&*stores.views, &query(reversed)).await, found, "{title}, reversed");
    }
    // Criteria that say enough need no type.
    let untyped = Query { kind: None, ..query(vec![vec![b()]]) };
    assert_eq!(numbers(&*stores.views, &untyped).await, [6, 4]);
}

/// A row is found from when it opens until it closes; what was past when it came is never found.
pub async fn rows_open_close_and_come_back(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    let entries = [token(CODE, "a", "s1"), text(NAME, "anna"), date(BORN, 1, 2), reference(DOCTOR, 5, "d1")];
    let tests = [has(None, Some("a")), begins("anna"), born((1, 1), (2, 2)), refers(Some(5), "d1")];
    index(views, &[(1, vec![]), (2, entries.to_vec())]).await;
    for (entry, test) in entries.into_iter().zip(tests) {
        let query = query(vec![vec![test]]);
        let of = |n: u64| row(n, i64::try_from(n).ok(), entry.clone());
        #[rustfmt::skip]
        let steps = [
         // what happens                                                               found then
            (vec![],                                                                   vec![2]),
            (vec![IndexWrite::Open(of(1), at(10))],                                    vec![2, 1]),
            (vec![IndexWrite::Close(of(2), at(20))],                                   vec![1]),
            (vec![IndexWrite::Past(of(2), at(21), at(22))],                            vec![1]),
            (vec![IndexWrite::Open(of(2), at(30)), IndexWrite::Close(of(1), at(30))],  vec![2]),
            (vec![IndexWrite::Close(of(2), at(40)), IndexWrite::Open(of(2), at(41))],  vec![2]),
            (vec![IndexWrite::Past(of(1), at(50), at(51)), IndexWrite::Past(of(1), at(52), at(53))], vec![2]),
            (vec![IndexWrite::Past(of(1), at(60), at(61)), IndexWrite::Open(of(1), at(62))],         vec![2, 1]),
            (vec![IndexWrite::Close(of(2), at(70)), IndexWrite::Close(of(1), at(70))], vec![]),
        ];
        for ((writes, found), step) in steps.into_iter().zip(0..) {
            views.apply(change(2, vec![], writes)).await.expect("applied");
            assert_eq!(numbers(views, &query).await, found, "step {step}");
        }
    }
}

/// The most values a criterion may have, driving the search and beside another.
pub async fn a_thousand_values_are_one_criterion(harness: &impl Harness) {
    let stores = open(harness).await;
    six(&*stores.views).await;
    let others = (0..996).map(|n| has(None, Some(&format!("other-{n}"))));
    let any: Vec<Test> = others
        .chain([has(None, Some("b")), refers(Some(6), "d1"), begins("anna"), born((0, 0), (1_000, 1_000))])
        .collect();
    assert_eq!(any.len(), 1_000);
    for criteria in [vec![any.clone()], vec![any.clone(), patients()], vec![any.clone(), any]] {
        assert_eq!(numbers(&*stores.views, &query(criteria)).await, [6, 5, 4, 3, 1]);
    }
}

/// As a chain that many times, about a patient's patient.
fn nested(chains: u32) -> Test {
    (0..chains).fold(has(None, Some("a")), |inner, _| Test::Chain {
        param: Param(DOCTOR),
        by: Link::Name,
        kind: PATIENT,
        filter: Box::new(inner.into()),
    })
}

/// A query is answered or refused, never broken, however deep and long it is.
pub async fn what_asks_too_much_is_refused(harness: &impl Harness) {
    let stores = open(harness).await;
    six(&*stores.views).await;
    let codes = |count: u32| (0..count).map(|n| has(Some("s1"), Some(&format!("c{n}")))).collect::<Vec<_>>();
    let denied = |times: u32| {
        let code = Filter::Test(has(None, Some("a")));
        vec![(0..times).fold(code, |inner, _| Filter::Not(Box::new(inner)))]
    };
    let of = |all| Query::new(Some(PATIENT), all, 10);
    #[rustfmt::skip]
    let cases = [
     // name                        query                                                    answered
        ("chains",                  query(vec![vec![nested(10)]]),                           true),
        ("chains beside another",   query(vec![vec![has(None, Some("b"))], vec![nested(10)]]), true),
        ("chains denied",           of(vec![Filter::Not(Box::new(nested(6).into()))]),       true),
        ("many chains denied",      of(vec![Filter::Not(Box::new(nested(11).into()))]),      false),
        ("too many chains",         query(vec![vec![nested(30)]]),                           false),
        ("no and no",               of(denied(20)),                                          true),
        ("no and no and no",        of(denied(60)),                                          false),
        ("many values",             query(vec![codes(10_000)]),                              true),
        ("too many values",         query(vec![codes(40_000)]),                              false),
    ];
    for (title, now, answered) in cases {
        for query in [now.clone(), Query { at: Some(at(5)), ..now }] {
            let (found, counted) = (stores.views.search(&query).await, stores.views.count(&query).await);
            let refused = |error: Option<&ReadError>| matches!(error, Some(ReadError::Unanswerable(_)));
            assert_eq!(found.is_ok(), answered, "{title}: {:?}", found.err());
            assert_eq!(counted.is_ok(), answered, "{title}: {:?}", counted.err());
            assert!(answered || refused(found.as_ref().err()) && refused(counted.as_ref().err()), "{title}");
        }
    }
    let other =
        Query { after: Some(After { keys: vec![SortKey::None], ..first_place().into() }), ..query(vec![]) };
    let found = stores.views.search(&other).await;
    assert!(matches!(found, Err(ReadError::Unanswerable(_))), "a page of another order");
}

fn first_place() -> Place {
    Place { date: 0, record: 0, partition: 0 }
}

/// Of each system, once, also those that no amount has any more; and after a restart.
pub async fn the_units_of_amounts_are_known_as_soon_as_they_are_applied(harness: &impl Harness) {
    let amount = |number, unit, system| row(1, None, quantity(1, number, unit, system));
    let stores = open(harness).await;
    let views = &*stores.views;
    assert!(views.units("u").is_empty());
    #[rustfmt::skip]
    let steps = [
     // what happens                                                   units of u            of v      of none
        (IndexWrite::Open(amount(1.0, "mg", "u"), at(1)),              vec!["mg"],           vec![],   vec![]),
        (IndexWrite::Open(amount(2.0, "mg", "u"), at(2)),              vec!["mg"],           vec![],   vec![]),
        (IndexWrite::Open(amount(1.0, "EUR", "v"), at(3)),             vec!["mg"],           vec!["EUR"], vec![]),
        (IndexWrite::Past(amount(1.0, "g", "u"), at(3), at(4)),        vec!["g", "mg"],      vec!["EUR"], vec![]),
        (IndexWrite::Close(amount(1.0, "mg", "u"), at(5)),             vec!["g", "mg"],      vec!["EUR"], vec![]),
        (IndexWrite::Open(amount(1.0, "pills", ""), at(6)),            vec!["g", "mg"],      vec!["EUR"], vec!["pills"]),
        (IndexWrite::Open(amount(1.0, "", "u"), at(7)),                vec!["g", "mg"],      vec!["EUR"], vec!["pills"]),
    ];
    for (write, u, v, none) in steps {
        views.apply(change(1, vec![], vec![write])).await.expect("applied");
        assert_eq!([views.units("u"), views.units("v"), views.units("")], [u, v, none]);
    }
    drop(stores);
    assert_eq!(open(harness).await.views.units("u"), ["g", "mg"]);
}
