//! Views that are made beside those that serve: changes gather, and are there once they are finished.

use super::Harness;
use super::sample::{
    PATIENT, at, change, first, next, of_type, open, quantity, row, token, version, watermark,
};
use crate::{ApplyError, Change, IndexWrite, RecordVersion, Views};

/// A record that begins, changes and is joined by another.
fn changes() -> Vec<Change> {
    let rows = |record| row(record, Some(5), of_type(PATIENT));
    let code = row(1, Some(5), token(1, "a", "s1"));
    let other = row(1, Some(5), token(1, "b", "s2"));
    let amount = row(2, None, quantity(3, 1.0, "kg", "u"));
    let (open, close) = (IndexWrite::Open, IndexWrite::Close);
    vec![
        change(1, vec![first(version(1, 1, 10))], vec![open(rows(1), at(10)), open(code.clone(), at(10))]),
        change(2, vec![next(version(1, 2, 20))], vec![close(code, at(20)), open(other, at(20))]),
        change(3, vec![first(version(2, 1, 30))], vec![open(rows(2), at(30)), open(amount, at(30))]),
    ]
}

async fn find(views: &dyn Views, record: u64) -> Option<RecordVersion> {
    views.find_one(&version(record, 1, 1).name, None).await.expect("reads")
}

async fn apply(views: &dyn Views, changes: Vec<Change>) {
    for change in changes {
        views.apply(change).await.expect("applied");
    }
}

/// Who applies a change finds it, and where it goes on, though nobody else does yet.
pub async fn what_gathers_is_found_by_who_makes_them(harness: &impl Harness) {
    let stores = open(harness).await;
    let made = &*stores.made;
    assert_eq!(made.watermark().await.expect("reads"), None);
    apply(made, changes()).await;
    assert_eq!(made.watermark().await.expect("reads"), Some(watermark(3)));
    assert_eq!(find(made, 1).await, Some(version(1, 2, 20)));
    assert_eq!(find(made, 2).await, Some(version(2, 1, 30)));
    assert_eq!(find(&*stores.views, 1).await, None, "the others have nothing of it");
}

/// What cannot be written takes what gathered with it, and the watermark says where to go on.
pub async fn what_cannot_be_written_takes_what_gathered(harness: &impl Harness) {
    let stores = open(harness).await;
    let made = &*stores.made;
    let amount = || IndexWrite::Open(row(9, None, quantity(3, 2.0, "g", "u")), at(30));
    let twice = || vec![first(version(9, 1, 30)), first(version(9, 2, 32))];
    apply(made, changes()).await;
    let refused = made.apply(change(4, twice(), vec![amount()])).await.expect_err("a record begins once");
    assert!(matches!(&refused, ApplyError::Refused { record, .. } if record.record == 9), "{refused:?}");
    let left =
        made.watermark().await.expect("reads").and_then(|left| Some(left.marks.first()?.offset)).unwrap_or(0);
    let found = find(made, 1).await.map_or(0, |found| found.version);
    assert_eq!(found, left.min(2), "as far as it says");
    assert_eq!(find(made, 9).await, None);
    apply(made, changes().split_off(usize::try_from(left).expect("few"))).await;
    made.finish().await.expect("finished");
    made.apply(change(4, twice(), vec![amount()])).await.expect_err("as before");
    assert_eq!(made.watermark().await.expect("reads"), Some(watermark(3)), "from now on only that is gone");
    apply(&*stores.views, changes()).await;
    let digest = made.digest().await.expect("reads");
    assert_eq!(digest, stores.views.digest().await.expect("reads"), "nothing is left of it");
    assert_eq!(made.units("u"), ["kg"]);
}

/// Once they are finished they are as others are; and others are finished from the beginning.
pub async fn finished_views_are_those_that_were_never_made_apart(harness: &impl Harness) {
    let stores = open(harness).await;
    let (made, views) = (&*stores.made, &*stores.views);
    for views in [made, views] {
        apply(views, changes()).await;
        views.finish().await.expect("finished");
        views.finish().await.expect("finished once more");
    }
    assert_eq!(made.digest().await.expect("reads"), views.digest().await.expect("reads"));
    assert_eq!(made.units("u"), ["kg"]);
    let more = || change(4, vec![next(version(2, 2, 40))], vec![]);
    for views in [made, views] {
        apply(views, vec![more()]).await;
        let history = views.history(&version(2, 1, 30).name, 9, None, 9).await.expect("reads");
        assert_eq!(history.len(), 2, "each change is seen at once");
    }
    assert_eq!(made.digest().await.expect("reads"), views.digest().await.expect("reads"));
}
