//! The digest: equal for equal views however they were built, different as soon as a row is.

use anamnesis_seal::Hash;

use super::Harness;
use anamnesis_kernel::Instant;
use anamnesis_kernel::search::Entry;

use super::sample::{
    PATIENT, at, change, exactly, first, next, of_type, open, quantity, reference, row, text, token, version,
};
use crate::{Body, Change, IndexRow, IndexWrite, RecordVersion, RecordWrite};

async fn digest(harness: &impl Harness, changes: Vec<Change>) -> Hash {
    let another = harness.another();
    let stores = open(&another).await;
    for change in changes {
        stores.views.apply(change).await.expect("applied");
    }
    stores.views.digest().await.expect("reads")
}

fn rows() -> [IndexRow; 4] {
    let of = |entry| row(1, Some(5), entry);
    [of(of_type(PATIENT)), of(token(1, "a", "s1")), of(text(2, "anna")), of(reference(4, 5, "d1"))]
}

/// A record's three versions: its code comes, goes and comes back, its name lasts for one version.
fn one_by_one() -> Vec<Change> {
    let [kind, code, name, doctor] = rows();
    let other = row(2, None, token(1, "b", "s2"));
    let open = IndexWrite::Open;
    let close = IndexWrite::Close;
    vec![
        change(1, vec![first(version(1, 1, 10))], vec![open(kind, at(10)), open(code.clone(), at(10))]),
        change(2, vec![first(version(2, 1, 20))], vec![open(other, at(20))]),
        change(
            3,
            vec![next(version(1, 2, 30))],
            vec![close(code.clone(), at(30)), open(name.clone(), at(30))],
        ),
        change(
            4,
            vec![next(version(1, 3, 40))],
            vec![close(name, at(40)), open(code, at(40)), open(doctor, at(40))],
        ),
    ]
}

/// Another version came next at that moment, within the batch.
fn past(mut version: RecordVersion, ended: i64) -> RecordWrite {
    version.pass(version.version + 1, at(ended));
    RecordWrite { version, replaces: false }
}

/// The same in one batch.
fn at_once() -> Change {
    let [kind, code, name, doctor] = rows();
    let records = vec![
        past(version(1, 1, 10), 30),
        first(version(2, 1, 20)),
        past(version(1, 2, 30), 40),
        first(version(1, 3, 40)),
    ];
    let index = vec![
        IndexWrite::Open(kind, at(10)),
        IndexWrite::Past(code.clone(), at(10), at(30)),
        IndexWrite::Open(row(2, None, token(1, "b", "s2")), at(20)),
        IndexWrite::Past(name, at(30), at(40)),
        IndexWrite::Open(code, at(40)),
        IndexWrite::Open(doctor, at(40)),
    ];
    change(4, records, index)
}

/// The last two commits in one batch, after the first two.
fn in_two() -> Vec<Change> {
    let [_, code, name, doctor] = rows();
    let mut changes = one_by_one();
    changes.truncate(2);
    let second = past(version(1, 2, 30), 40).version;
    let index = vec![
        IndexWrite::Close(code.clone(), at(30)),
        IndexWrite::Past(name, at(30), at(40)),
        IndexWrite::Open(code, at(40)),
        IndexWrite::Open(doctor, at(40)),
    ];
    changes.push(change(4, vec![next(second), first(version(1, 3, 40))], index));
    changes
}

/// The same where whoever closes a row knows since when it held; and one of them that never did.
fn knowing(mut changes: Vec<Change>) -> Vec<Change> {
    let mut began: Vec<(IndexRow, Instant)> = Vec::new();
    for write in changes.iter_mut().flat_map(|change| &mut change.index) {
        match write {
            IndexWrite::Open(row, moment) => began.push((row.clone(), *moment)),
            IndexWrite::Close(row, ended) => {
                let known = began.iter().rfind(|(open, _)| open == row).map(|(_, began)| *began);
                *write = IndexWrite::End(row.clone(), known.expect("it was opened"), *ended);
            }
            _ => {}
        }
    }
    let never = row(9, None, text(2, "nobody"));
    if let Some(last) = changes.last_mut() {
        last.index.push(IndexWrite::End(never, at(1), at(40)));
    }
    changes
}

/// Commit by commit, in two batches, and in one: the same views.
pub async fn the_same_changes_in_other_batches_are_the_same_views(harness: &impl Harness) {
    let expected = digest(harness, one_by_one()).await;
    assert_eq!(digest(harness, one_by_one()).await, expected);
    assert_eq!(digest(harness, in_two()).await, expected);
    assert_eq!(digest(harness, vec![at_once()]).await, expected);
    assert_eq!(digest(harness, knowing(one_by_one())).await, expected);
    assert_eq!(digest(harness, knowing(in_two())).await, expected);
    assert_ne!(digest(harness, vec![]).await, expected);
}

/// Each kind of row, one value at a time.
pub async fn a_row_that_differs_shows(harness: &impl Harness) {
    let expected = digest(harness, vec![at_once()]).await;
    type Edit = fn(&mut Change);
    fn record(change: &mut Change, at: usize) -> &mut RecordVersion {
        &mut change.records.get_mut(at).expect("a record").version
    }
    fn set(change: &mut Change, at: usize, write: IndexWrite) {
        *change.index.get_mut(at).expect("a row") = write;
    }
    #[rustfmt::skip]
    let edits: [(&str, Edit); 18] = [
        ("the body now",         |change| record(change, 3).body = Body::Here(b"{}".to_vec())),
        ("the body then",        |change| record(change, 0).body = Body::InLog),
        ("a deletion",           |change| record(change, 3).body = Body::Deleted),
        ("what it corrects",     |change| record(change, 3).corrects = Some(1)),
        ("when it began",        |change| record(change, 1).began = at(21)),
        ("when it ended",        |change| record(change, 0).ended = Some(at(31))),
        ("where it stands",      |change| record(change, 3).offset = 99),
        ("a row that is not",    |change| drop(change.index.pop())),
        ("a past that is not",   |change| drop(change.index.remove(3))),
        ("a code's system",      |change| set(change, 2, IndexWrite::Open(row(2, None, token(1, "b", "s1")), at(20)))),
        ("a code's begin",       |change| set(change, 2, IndexWrite::Open(row(2, None, token(1, "b", "s2")), at(21)))),
        ("a record's date",      |change| set(change, 2, IndexWrite::Open(row(2, Some(0), token(1, "b", "s2")), at(20)))),
        ("a row of a group",     |change| set(change, 5, IndexWrite::Open(row(1, Some(5), Entry { group: 1, ..reference(4, 5, "d1") }), at(40)))),
        ("a text as written",    |change| set(change, 3, IndexWrite::Past(row(1, Some(5), exactly(2, "anna", "Anna")), at(30), at(40)))),
        ("a quantity",           |change| change.index.push(IndexWrite::Open(row(1, Some(5), quantity(3, 1.5, "mg", "u")), at(40)))),
        ("a past quantity",      |change| change.index.push(IndexWrite::Past(row(1, Some(5), quantity(3, 1.5, "mg", "u")), at(1), at(2)))),
        ("a type's place",       |change| set(change, 0, IndexWrite::Open(row(1, Some(6), of_type(PATIENT)), at(10)))),
        ("a reference's target", |change| set(change, 5, IndexWrite::Open(row(1, Some(5), reference(4, 6, "d1")), at(40)))),
    ];
    for (title, edit) in edits {
        let mut changed = at_once();
        edit(&mut changed);
        assert_ne!(digest(harness, vec![changed]).await, expected, "{title}");
    }
}

/// Of a quantity, each part.
pub async fn a_quantity_that_differs_shows(harness: &impl Harness) {
    let mut digests = Vec::new();
    for (low, unit, system) in
        [(1.5, "mg", "u"), (1.6, "mg", "u"), (1.5, "g", "u"), (1.5, "mg", ""), (1.5, "", "u")]
    {
        let entry = IndexWrite::Open(row(1, None, quantity(3, low, unit, system)), at(1));
        digests.push(digest(harness, vec![change(1, vec![first(version(1, 1, 1))], vec![entry])]).await);
    }
    let different: std::collections::BTreeSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
}
