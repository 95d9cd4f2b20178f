//! Pages: newest first, one after the other without gap or double, counted without regard to the page.

use anamnesis_kernel::search::{After, Find, Param, Place, Query, Test};

use super::Harness;
use super::sample::{
    PATIENT, at, change, first, of_type, open, patients, query, reference, row, text, token, version,
};
use crate::{Hit, IndexRow, IndexWrite, Views};

/// Sixty records of three dates and of none, so that many stand at the same date.
async fn sixty(views: &dyn Views) {
    let dates = [Some(3_000), None, Some(-1_000), Some(2_000)];
    let mut rows = Vec::new();
    for (n, micros) in (0..60_u64).zip(dates.into_iter().cycle()) {
        for entry in [
            of_type(PATIENT),
            token(1, if n % 3 == 0 { "a" } else { "b" }, "s"),
            text(2, "anna"),
            text(2, "anne"),
        ] {
            rows.push(IndexWrite::Open(row(n, micros, entry), at(1)));
        }
    }
    let versions = (0..60).map(|n| first(version(n, 1, 1))).collect();
    views.apply(change(60, versions, rows)).await.expect("applied");
}

fn queries() -> Vec<Query> {
    let code = |code: &str| Test::Token { param: Param(1), system: None, code: Some(code.into()) };
    let whole = Test::Token { param: Param(1), system: Some("s".into()), code: Some("a".into()) };
    let name = Test::Text { param: Param(2), text: "ann".into(), find: Find::Begins };
    vec![
        query(vec![patients()]),
        query(vec![vec![whole]]),
        query(vec![vec![code("a"), code("b")]]),
        query(vec![vec![name.clone()], vec![code("b")]]),
        query(vec![vec![code("b")], vec![name, code("a")]]),
    ]
}

/// The order is that of the places; each hit is the record's current version.
pub async fn hits_come_newest_first_and_carry_the_current_version(harness: &impl Harness) {
    let stores = open(harness).await;
    sixty(&*stores.views).await;
    for query in queries() {
        let hits = stores.views.search(&query).await.expect("searches");
        assert!(hits.is_sorted_by(|one, next| one.after.place < next.after.place));
        for Hit { after, version: found } in hits {
            assert_eq!(found, version(after.place.record, 1, 1));
        }
    }
    let all = stores.views.search(&query(vec![patients()])).await.expect("searches");
    let order: Vec<u64> = all.iter().map(|hit| hit.after.place.record % 4).collect();
    // Records 0, 4, 8 … have the newest date, then 3, 7 …, then 2, 6 …; those without one come last.
    assert_eq!(order, [[0; 15], [3; 15], [2; 15], [1; 15]].concat());
}

/// Pages of any size, put together, are the whole.
pub async fn pages_follow_each_other_without_gap_or_double(harness: &impl Harness) {
    let stores = open(harness).await;
    sixty(&*stores.views).await;
    for query in queries() {
        let whole = stores.views.search(&query).await.expect("searches");
        assert!(whole.len() >= 20);
        for limit in [1, 7, 15, 59, 60, 61] {
            let mut paged: Vec<Hit> = Vec::new();
            loop {
                let after = paged.last().map(|hit| hit.after.clone());
                let page = Query { after, limit, ..query.clone() };
                let hits = stores.views.search(&page).await.expect("searches");
                if hits.is_empty() {
                    break;
                }
                assert!(hits.len() <= limit as usize);
                paged.extend(hits);
            }
            assert_eq!(paged, whole, "pages of {limit}");
        }
        let none = Query { limit: 0, ..query };
        assert_eq!(stores.views.search(&none).await.expect("searches"), []);
    }
}

/// The count of a page's query is that of the whole.
pub async fn counts_ignore_page_and_limit(harness: &impl Harness) {
    let stores = open(harness).await;
    sixty(&*stores.views).await;
    for query in queries() {
        let whole = stores.views.search(&query).await.expect("searches");
        let after = whole.get(9).map(|hit| hit.after.clone());
        for page in [
            query.clone(),
            Query { limit: 0, ..query.clone() },
            Query { after: after.clone(), limit: 3, ..query.clone() },
        ] {
            assert_eq!(stores.views.count(&page).await.expect("counts"), whole.len() as u64);
            let hits = stores.views.search(&page).await.expect("searches");
            let both = stores.views.search_counted(&page).await.expect("searches");
            assert_eq!(both, (hits, whole.len() as u64));
        }
    }
    // Without a criterion it is the whole type.
    assert_eq!(stores.views.count(&query(vec![])).await.expect("counts"), 60);
    assert_eq!(stores.views.search(&query(vec![])).await.expect("searches").len(), 60);
}

/// Whichever record they are of and whatever became of it since, page by page, and as of a moment.
pub async fn events_are_found_by_patient_in_the_order_of_the_log(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    // Where each event stands in the log, of which record it is, and which patient it is about.
    let events = [(1, 1, "p1"), (2, 2, "p1"), (3, 3, "p3"), (4, 1, "p1"), (5, 2, "p1")];
    let happened = |(offset, n, patient): (i64, u64, &str)| {
        let entry = reference(Param::HAPPENED.0, PATIENT.number(), patient);
        let place = Place { date: offset, record: n, partition: 0 };
        IndexWrite::Open(IndexRow { entry, place }, at(offset))
    };
    let versions = (1..=3).map(|n| first(version(n, 1, 1))).collect();
    views.apply(change(5, versions, events.map(happened).into())).await.expect("applied");
    let test = Test::Reference { param: Param::HAPPENED, kind: Some(PATIENT.number()), id: "p1".into() };
    let of = |after: Option<After>, limit, at| Query {
        after,
        at,
        ..Query::new(None, vec![test.clone().into()], limit)
    };
    let places = |hits: Vec<Hit>| -> Vec<_> {
        hits.iter().map(|hit| (hit.after.place.date, hit.after.place.record)).collect()
    };
    let all = views.search(&of(None, 10, None)).await.expect("searches");
    assert_eq!(places(all.clone()), [(1, 1), (2, 2), (4, 1), (5, 2)]);
    let second = all.get(1).map(|hit| hit.after.clone());
    let page = views.search(&of(second, 1, None)).await.expect("searches");
    assert_eq!(places(page), [(4, 1)]);
    let then = views.search(&of(None, 10, Some(at(4)))).await.expect("searches");
    assert_eq!(places(then), [(1, 1), (2, 2), (4, 1)]);
}
