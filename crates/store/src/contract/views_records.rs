//! Records in the views: what each is, what it was, and all of a change at once.

use std::sync::Arc;

use anamnesis_kernel::StreamName;
use tokio::task::yield_now;

use super::Harness;
use super::sample::{
    PATIENT, at, change, everything, first, name, next, of_type, open, patients, query, reopen, row, version,
    watermark,
};
use crate::{ApplyError, Body, IndexWrite, RecordNumber, RecordVersion, RecordWrite, Views};

async fn find(views: &dyn Views, n: u64) -> Option<RecordVersion> {
    views.find(&[name(n)], None).await.expect("reads").into_iter().next().flatten()
}

fn until(version: RecordVersion, ended: i64) -> RecordVersion {
    RecordVersion { ended: Some(at(ended)), ..passed(version) }
}

/// As it is kept once another came soon after it.
fn passed(version: RecordVersion) -> RecordVersion {
    let body = if version.body == Body::Deleted { Body::Deleted } else { Body::Folded };
    RecordVersion { body, ..version }
}

/// Nothing is in them, and they say so.
pub async fn new_views_are_empty(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    assert_eq!(views.watermark().await.expect("reads"), None);
    assert_eq!(find(views, 1).await, None);
    assert_eq!(views.find(&[], None).await.expect("reads"), []);
    assert_eq!(views.find_version(&name(1), 1).await.expect("reads"), None);
    assert_eq!(views.history(&name(1), u64::MAX, None, 10).await.expect("reads"), []);
    assert_eq!(views.history_count(&name(1), None).await.expect("reads"), 0);
    assert_eq!(views.changes(&everything()).await.expect("reads"), []);
    assert_eq!(views.count(&query(vec![patients()])).await.expect("counts"), 0);
}

/// A plan that was noted stays, whatever is written, and is part of no digest.
pub async fn a_plan_is_kept_beside_the_rows(harness: &impl Harness) {
    let stores = open(harness).await;
    assert_eq!(stores.views.plan().await.expect("reads"), None);
    let before = stores.views.digest().await.expect("reads");
    stores.views.set_plan(b"one").await.expect("noted");
    stores.views.set_plan(b"").await.expect("noted");
    assert_eq!(stores.views.plan().await.expect("reads").as_deref(), Some(&b""[..]));
    stores.views.set_plan(b"\0two").await.expect("noted");
    assert_eq!(stores.views.digest().await.expect("reads"), before);
    stores.views.apply(change(1, vec![first(version(1, 1, 10))], Vec::new())).await.expect("applied");
    drop(stores);
    let stores = open(harness).await;
    assert_eq!(stores.views.plan().await.expect("reads").as_deref(), Some(&b"\0two"[..]));
}

/// Every field of a version and of the watermark comes back; a change may move the watermark alone.
pub async fn a_change_and_its_watermark_are_kept(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    let largest = i64::MAX.unsigned_abs();
    let in_log = RecordVersion { body: Body::InLog, offset: largest, ..version(1, 1, 5) };
    let corrected = RecordVersion { corrects: Some(3), version: largest, ..version(2, 9, 6) };
    let empty = RecordVersion { body: Body::Here(Vec::new()), ..version(largest, 1, 7) };
    let written = [in_log, corrected, empty];
    views.apply(change(3, written.iter().cloned().map(first).collect(), vec![])).await.expect("applied");
    assert_eq!(views.watermark().await.expect("reads"), Some(watermark(3)));
    for version in written {
        let found = views.find(std::slice::from_ref(&version.name), None).await.expect("reads");
        assert_eq!(found, [Some(version)]);
    }
    views.apply(change(4, vec![], vec![])).await.expect("applied");
    assert_eq!(views.watermark().await.expect("reads"), Some(watermark(4)));
    assert!(views.bytes() > 0);
}

/// A record that is already there cannot begin again: the change is refused, and all that came with it.
pub async fn a_change_that_cannot_be_written_leaves_nothing(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    views.apply(change(1, vec![first(version(1, 1, 1))], vec![])).await.expect("applied");
    let digest = views.digest().await.expect("reads");
    let rows = vec![IndexWrite::Open(row(2, None, of_type(PATIENT)), at(2))];
    let twice = vec![first(version(2, 1, 2)), next(version(1, 2, 3)), first(version(2, 2, 4))];
    let refused = views.apply(change(4, twice, rows)).await.expect_err("a record begins once");
    let whose = |record: RecordNumber| (record.partition, record.record);
    assert!(
        matches!(&refused, ApplyError::Refused { record, .. } if whose(*record) == (0, 2)),
        "{refused:?}: it says of which record"
    );
    assert_eq!(views.watermark().await.expect("reads"), Some(watermark(1)));
    assert_eq!(views.digest().await.expect("reads"), digest);
    assert_eq!(find(views, 2).await, None);
    assert_eq!(find(views, 1).await, Some(version(1, 1, 1)));
    views.apply(change(2, vec![first(version(2, 1, 2))], vec![])).await.expect("the next is taken");
}

/// Among many rows that are written together, the one that is refused says of which record it is.
pub async fn a_row_that_is_refused_says_whose_it_is(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    for count in [3, 16, 40] {
        for wrong in [1, 2, count / 2 + 1, count] {
            let opens = |number: u64| IndexWrite::Open(row(number, None, of_type(PATIENT)), at(2));
            let rows = (1..=count).map(opens).chain([opens(wrong)]).collect();
            let refused = views.apply(change(1, vec![], rows)).await.expect_err("a row begins once");
            assert!(
                matches!(&refused, ApplyError::Refused { record, .. } if record.record == wrong),
                "{refused:?}: not {wrong} of {count}"
            );
        }
    }
    assert_eq!(views.watermark().await.expect("reads"), None);
}

/// One answer for each name, whatever form the id has; types do not mix.
pub async fn records_are_found_in_the_order_asked(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    let names: Vec<StreamName> = [
        "Patient/01234567-89ab-cdef-0123-456789abcdef",
        "Patient/01234567-89AB-CDEF-0123-456789ABCDEF",
        "Observation/01234567-89ab-cdef-0123-456789abcdef",
        "Patient/1",
        "Patient/0123456789abcdef",
        "Patient/A.b-C",
        "Patient/a.b-c",
    ]
    .iter()
    .map(|name| name.parse().expect("a name"))
    .collect();
    let versions: Vec<RecordVersion> = names
        .iter()
        .zip(0..)
        .map(|(name, n)| RecordVersion { name: name.clone(), ..version(n, 1, 1) })
        .collect();
    views.apply(change(9, versions.iter().cloned().map(first).collect(), vec![])).await.expect("applied");
    let mut asked = names.clone();
    asked.reverse();
    asked.insert(3, "Encounter/1".parse().expect("a name"));
    let mut expected: Vec<_> = versions.into_iter().rev().map(Some).collect();
    expected.insert(3, None);
    assert_eq!(views.find(&asked, None).await.expect("reads"), expected);
}

/// Versions that were replaced one by one, and versions that came and went within one change.
pub async fn each_version_is_found_as_it_was(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    views.apply(change(1, vec![first(version(1, 1, 10))], vec![])).await.expect("applied");
    views.apply(change(3, vec![next(version(1, 3, 20))], vec![])).await.expect("applied");
    let batch = vec![
        next(until(version(1, 4, 30), 40)),
        RecordWrite { version: until(version(1, 6, 40), 50), replaces: false },
        RecordWrite { version: version(1, 7, 50), replaces: false },
    ];
    views.apply(change(7, batch, vec![])).await.expect("applied");
    #[rustfmt::skip]
    let cases = [
     // version  what it was
        (0,      None),
        (1,      Some(until(version(1, 1, 10), 20))),
        (2,      None),
        (3,      Some(until(version(1, 3, 20), 30))),
        (4,      Some(until(version(1, 4, 30), 40))),
        (5,      None),
        (6,      Some(until(version(1, 6, 40), 50))),
        (7,      Some(version(1, 7, 50))),
        (8,      None),
        (u64::MAX, None),
    ];
    for (number, was) in cases {
        assert_eq!(views.find_version(&name(1), number).await.expect("reads"), was, "{number}");
    }
    assert_eq!(find(views, 1).await, Some(version(1, 7, 50)));
    assert_eq!(views.find_version(&name(2), 1).await.expect("reads"), None);
}

/// The last below each multiple keeps its body, and so does what has none to lose, whether they came one by one or at once.
pub async fn a_version_that_passed_keeps_its_body_once_in_a_while(harness: &impl Harness) {
    let numbers = [1, 3, 6, 7, 9, 14, 17, 23, 24, 32, 33];
    let kept = [7, 14, 23, 24, 33];
    let moment = |number: u64| i64::try_from(number).expect("small");
    let mut apart = Vec::new();
    let mut together: Vec<RecordWrite> = Vec::new();
    for number in numbers {
        let version = version(1, number, moment(number));
        if let Some(last) = together.last_mut() {
            last.version.pass(number, at(moment(number)));
        }
        together.push(first(version.clone()));
        apart.push(if number == 1 { first(version) } else { next(version) });
    }
    let another = harness.another();
    let (one, other) = (open(harness).await, open(&another).await);
    for (write, n) in apart.into_iter().zip(1..) {
        one.views.apply(change(n, vec![write], vec![])).await.expect("applied");
    }
    other.views.apply(change(11, together, vec![])).await.expect("applied");
    assert_eq!(one.views.digest().await.expect("reads"), other.views.digest().await.expect("reads"));
    for number in numbers {
        let found = one.views.find_version(&name(1), number).await.expect("reads").expect("it is there");
        let expected = version(1, number, moment(number)).body;
        let expected = if kept.contains(&number) { expected } else { Body::Folded };
        assert_eq!(found.body, expected, "{number}");
    }
}

/// As of a moment a record, its history and their count are what they would be had nothing happened since.
pub async fn records_are_found_as_of_a_moment(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    let deleted = |version| RecordVersion { body: Body::Deleted, ..version };
    let batch = vec![
        RecordWrite { version: until(version(1, 1, 10), 20), replaces: false },
        RecordWrite { version: version(1, 3, 20), replaces: false },
        first(version(2, 1, 20)),
    ];
    views.apply(change(1, batch, vec![])).await.expect("applied");
    views.apply(change(2, vec![next(deleted(version(1, 4, 30)))], vec![])).await.expect("applied");
    views.apply(change(3, vec![next(version(1, 5, 40))], vec![])).await.expect("applied");
    #[rustfmt::skip]
    let cases = [
     // as of       its versions, newest first, and how long each was known to last
        (Some(9),   vec![]),
        (Some(10),  vec![passed(version(1, 1, 10))]),
        (Some(19),  vec![passed(version(1, 1, 10))]),
        (Some(20),  vec![passed(version(1, 3, 20)), until(version(1, 1, 10), 20)]),
        (Some(29),  vec![passed(version(1, 3, 20)), until(version(1, 1, 10), 20)]),
        (Some(30),  vec![deleted(version(1, 4, 30)), until(version(1, 3, 20), 30), until(version(1, 1, 10), 20)]),
        (Some(40),  vec![version(1, 5, 40), until(deleted(version(1, 4, 30)), 40), until(version(1, 3, 20), 30), until(version(1, 1, 10), 20)]),
        (Some(99),  vec![version(1, 5, 40), until(deleted(version(1, 4, 30)), 40), until(version(1, 3, 20), 30), until(version(1, 1, 10), 20)]),
        (None,      vec![version(1, 5, 40), until(deleted(version(1, 4, 30)), 40), until(version(1, 3, 20), 30), until(version(1, 1, 10), 20)]),
    ];
    for (moment, versions) in cases {
        let when = moment.map(at);
        let other = moment.is_none_or(|moment| moment >= 20).then(|| version(2, 1, 20));
        let found = views.find(&[name(1), name(2), name(3)], when).await.expect("reads");
        assert_eq!(found, [versions.first().cloned(), other, None], "{moment:?}");
        let one = views.find(&[name(1)], when).await.expect("reads");
        assert_eq!(one, [versions.first().cloned()], "{moment:?}");
        let count = views.history_count(&name(1), when).await.expect("reads");
        assert_eq!(count, versions.len() as u64, "{moment:?}");
        let history = views.history(&name(1), u64::MAX, when, 10).await.expect("reads");
        assert_eq!(history, versions, "{moment:?}");
        for below in 0..7 {
            let expected: Vec<_> =
                versions.iter().filter(|version| version.version < below).take(2).cloned().collect();
            let history = views.history(&name(1), below, when, 2).await.expect("reads");
            assert_eq!(history, expected, "{moment:?}, {below}");
        }
    }
}

/// Below a version, so many; the count is of all.
pub async fn history_is_newest_first_and_limited(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    views
        .apply(change(1, vec![first(version(1, 1, 1)), first(version(2, 1, 1))], vec![]))
        .await
        .expect("applied");
    for n in 2..=6_u32 {
        let write = next(version(1, n.into(), n.into()));
        views.apply(change(n.into(), vec![write], vec![])).await.expect("applied");
    }
    #[rustfmt::skip]
    let cases = [
     // below     limit     versions
        (u64::MAX, 10,       vec![6, 5, 4, 3, 2, 1]),
        (u64::MAX, 2,        vec![6, 5]),
        (7,        1,        vec![6]),
        (6,        10,       vec![5, 4, 3, 2, 1]),
        (4,        2,        vec![3, 2]),
        (1,        10,       vec![]),
        (0,        10,       vec![]),
        (7,        0,        vec![]),
        (5,        u32::MAX, vec![4, 3, 2, 1]),
    ];
    for (below, limit, expected) in cases {
        let found = views.history(&name(1), below, None, limit).await.expect("reads");
        let versions: Vec<u64> = found.iter().map(|version| version.version).collect();
        assert_eq!(versions, expected, "{below}, {limit}");
    }
    assert_eq!(views.history_count(&name(1), None).await.expect("reads"), 6);
    assert_eq!(views.history_count(&name(2), None).await.expect("reads"), 1);
}

/// A deletion is a version; what was before it can still be read, and the record may live again.
pub async fn a_deleted_record_lives_on_in_its_versions(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    let deleted = RecordVersion { body: Body::Deleted, ..version(1, 2, 20) };
    views.apply(change(1, vec![first(version(1, 1, 10))], vec![])).await.expect("applied");
    views.apply(change(2, vec![next(deleted.clone())], vec![])).await.expect("applied");
    assert_eq!(find(views, 1).await, Some(deleted.clone()));
    assert_eq!(views.history_count(&name(1), None).await.expect("reads"), 2);
    views.apply(change(3, vec![next(version(1, 3, 30))], vec![])).await.expect("applied");
    let history = views.history(&name(1), u64::MAX, None, 10).await.expect("reads");
    assert_eq!(history, [version(1, 3, 30), until(deleted, 30), until(version(1, 1, 10), 20)]);
}

/// While changes go on, whoever reads two records that always change together finds them alike.
pub async fn readers_never_see_half_a_change(harness: &impl Harness) {
    const CHANGES: u32 = 150;
    let stores = open(harness).await;
    let rows = [1, 2].map(|n| IndexWrite::Open(row(n, None, of_type(PATIENT)), at(1)));
    let both = vec![first(version(1, 1, 1)), first(version(2, 1, 1))];
    stores.views.apply(change(1, both, rows.to_vec())).await.expect("applied");
    let views = Arc::clone(&stores.views);
    let writer = tokio::spawn(async move {
        for n in 2..=CHANGES {
            let both = vec![next(version(1, n.into(), n.into())), next(version(2, n.into(), n.into()))];
            views.apply(change(n.into(), both, vec![])).await.expect("applied");
            yield_now().await;
        }
    });
    let views = &*stores.views;
    let mut seen = 0;
    while seen < u64::from(CHANGES) {
        let found = views.find(&[name(1), name(2)], None).await.expect("reads");
        let versions: Vec<u64> = found.iter().flatten().map(|found| found.version).collect();
        assert_eq!(versions.first(), versions.last());
        let hits = views.search(&query(vec![patients()])).await.expect("searches");
        let hits: Vec<u64> = hits.iter().map(|hit| hit.version.version).collect();
        assert_eq!((hits.len(), hits.first()), (2, hits.last()));
        let history = views.history(&name(1), u64::MAX, None, 1_000).await.expect("reads");
        let newest = history.first().map_or(0, |version| version.version);
        assert_eq!(history.len() as u64, newest, "a version is missing or double");
        assert!(newest >= seen);
        seen = newest;
        yield_now().await;
    }
    writer.await.expect("no panic");
}

/// A restart that was no power cut loses nothing.
pub async fn views_outlive_a_restart(harness: &impl Harness) {
    let stores = open(harness).await;
    let rows = vec![IndexWrite::Open(row(1, Some(5), of_type(PATIENT)), at(1))];
    stores.views.apply(change(1, vec![first(version(1, 1, 1))], rows)).await.expect("applied");
    let digest = stores.views.digest().await.expect("reads");
    let stores = reopen(harness, stores).await;
    assert_eq!(stores.views.watermark().await.expect("reads"), Some(watermark(1)));
    assert_eq!(stores.views.digest().await.expect("reads"), digest);
    assert_eq!(stores.views.count(&query(vec![patients()])).await.expect("counts"), 1);
}
