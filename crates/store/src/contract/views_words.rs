//! Full text: what is found by the words that records say, now and then.

use anamnesis_kernel::search::{Filter, Query, Test};

use super::Harness;
use super::sample::{PATIENT, at, change, first, next, of_type, open, patients, query, row, says, version};
use crate::{Body, Change, IndexWrite, RecordVersion, Views};

fn said(expression: &str) -> Test {
    Test::Words { expression: expression.into(), narrative: false }
}

fn told(expression: &str) -> Test {
    Test::Words { expression: expression.into(), narrative: true }
}

async fn numbers(views: &dyn Views, query: &Query) -> Vec<u64> {
    let hits = views.search(query).await.expect("searches");
    assert_eq!(views.count(query).await.expect("counts"), hits.len() as u64);
    hits.iter().map(|hit| hit.after.place.record).collect()
}

async fn three(views: &dyn Views) {
    let records = [
        (1, says("The liver is large", "Müller final")),
        (2, says("No metastases", "bone \u{e000} liver biopsy")),
        (3, says("", "Straße, ŁÓDŹ; amended")),
    ];
    let versions = records.iter().map(|(n, _)| first(version(*n, 1, 1))).collect();
    let date = |n: u64| i64::try_from(n).ok();
    let rows = records.into_iter().flat_map(|(n, entry)| {
        [of_type(PATIENT), entry].map(|entry| IndexWrite::Open(row(n, date(n), entry), at(1)))
    });
    views.apply(change(1, versions, rows.collect())).await.expect("applied");
}

/// A table of expressions; alone, beside the type, and denied.
pub async fn words_are_found_in_the_narrative_or_anywhere(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    assert_eq!(numbers(views, &query(vec![vec![said(r#""liver""#)]])).await, [0; 0]);
    three(views).await;
    #[rustfmt::skip]
    let cases = [
     // test                                            found
        (said(r#""liver""#),                            vec![2, 1]),
        (told(r#""liver""#),                            vec![1]),
        (told(r#""liver" OR "metastases""#),            vec![2, 1]),
        (said(r#""liver" AND "final""#),                vec![1]),
        (told(r#""liver" AND "final""#),                vec![]),
        (said(r#""liver" NOT ("biopsy" OR "x")"#),      vec![1]),
        (said(r#""metasta" *"#),                        vec![2]),
        (said(r#""metasta""#),                          vec![]),
        (said(r#""liver biopsy""#),                     vec![2]),
        (said(r#""bone liver""#),                       vec![]),
        (said(r#""MULLER""#),                           vec![1]),
        (said(r#""łódź""#),                             vec![3]),
        (said(r#""the" AND ("large" OR "small")"#),     vec![1]),
        (said(r#""...""#),                              vec![]),
    ];
    for (test, found) in cases {
        let Test::Words { expression, .. } = &test else { continue };
        let title = expression.clone();
        let alone = vec![vec![test.clone()]];
        assert_eq!(numbers(views, &query(alone.clone())).await, found, "{title}");
        let untyped = Query { kind: None, ..query(alone) };
        assert_eq!(numbers(views, &untyped).await, found, "{title}, of any type");
        let beside = query(vec![patients(), vec![test.clone()], vec![test.clone(), said(r#""nobody""#)]]);
        assert_eq!(numbers(views, &beside).await, found, "{title}, beside the type");
        let mut denied = query(vec![]);
        denied.all = vec![Filter::Not(Box::new(test.into()))];
        let others: Vec<u64> = (1..=3).rev().filter(|n| !found.contains(n)).collect();
        assert_eq!(numbers(views, &denied).await, others, "not {title}");
    }
}

/// A record whose words change, go with it, and come back; and one that stays.
fn commits() -> Vec<Change> {
    let of = |n, entry| row(n, Some(5), entry);
    let (was, is) = (|| of(1, says("red", "eyes")), || of(1, says("green", "eyes")));
    let deleted = RecordVersion { body: Body::Deleted, ..version(1, 3, 30) };
    let (open, close, end) = (IndexWrite::Open, IndexWrite::Close, IndexWrite::End);
    let kind = || of(1, of_type(PATIENT));
    let other = of(2, says("red", "hair"));
    vec![
        change(10, vec![first(version(1, 1, 10))], vec![open(kind(), at(10)), open(was(), at(10))]),
        change(
            20,
            vec![next(version(1, 2, 20)), first(version(2, 1, 20))],
            vec![
                close(was(), at(20)),
                open(is(), at(20)),
                open(of(2, of_type(PATIENT)), at(20)),
                open(other, at(20)),
            ],
        ),
        change(30, vec![next(deleted)], vec![end(kind(), at(10), at(30)), end(is(), at(20), at(30))]),
        change(40, vec![next(version(1, 4, 40))], vec![open(kind(), at(40)), open(was(), at(40))]),
    ]
}

/// Today's words, and those of every moment.
pub async fn words_come_and_go_with_versions(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    #[rustfmt::skip]
    let cases = [
     // words        at 9     at 10    at 20       at 30    at 40
        ("red",      [vec![], vec![1], vec![2],    vec![2], vec![1, 2]]),
        ("green",    [vec![], vec![],  vec![1],    vec![],  vec![]]),
        ("eyes",     [vec![], vec![1], vec![1],    vec![],  vec![1]]),
        ("hair",     [vec![], vec![],  vec![2],    vec![2], vec![2]]),
    ];
    let moments = [9, 10, 20, 30, 40];
    let asked = |word: &str| query(vec![vec![said(&format!("\"{word}\""))]]);
    for (commit, step) in commits().into_iter().zip(1..) {
        views.apply(commit).await.expect("applied");
        for (word, found) in &cases {
            let now = numbers(views, &asked(word)).await;
            assert_eq!(Some(&now), found.get(step), "{word} now, step {step}");
            for (moment, found) in moments.into_iter().zip(found).take(step + 1) {
                let then = Query { at: Some(at(moment)), ..asked(word) };
                assert_eq!(numbers(views, &then).await, *found, "{word} as of {moment}, step {step}");
            }
        }
    }
}

/// Commit by commit and in one batch; and other words are other views.
pub async fn words_are_the_same_in_other_batches(harness: &impl Harness) {
    let of = |n, entry| row(n, Some(5), entry);
    let batch = |first_word: &str| {
        let index = vec![
            IndexWrite::Open(of(1, of_type(PATIENT)), at(40)),
            IndexWrite::Past(of(1, of_type(PATIENT)), at(10), at(30)),
            IndexWrite::Past(of(1, says(first_word, "eyes")), at(10), at(20)),
            IndexWrite::Past(of(1, says("green", "eyes")), at(20), at(30)),
            IndexWrite::Open(of(2, of_type(PATIENT)), at(20)),
            IndexWrite::Open(of(2, says("red", "hair")), at(20)),
            IndexWrite::Open(of(1, says("red", "eyes")), at(40)),
        ];
        vec![change(40, commits().into_iter().flat_map(|change| change.records).collect(), index)]
    };
    let mut digests = Vec::new();
    for changes in [commits(), batch("red"), batch("blue")] {
        let another = harness.another();
        let stores = open(&another).await;
        for mut change in changes {
            // Only the words are looked at.
            change.records.clear();
            stores.views.apply(change).await.expect("applied");
        }
        digests.push(stores.views.digest().await.expect("reads"));
    }
    let [apart, together, others] = digests.as_slice() else { return };
    assert_eq!(apart, together);
    assert_ne!(together, others);
}
