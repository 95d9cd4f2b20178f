//! What happened to many records: in one order, which nothing that happens later disturbs.

use anamnesis_kernel::{Instant, ResourceType, StreamName};

use super::Harness;
use super::sample::{PATIENT, at, change, everything, first, next, open, version};
use crate::{Body, Changes, RecordVersion, RecordWrite, VersionPlace, Views};

/// The version of a record that is no patient: every fifth record is a Task, every seventh a Slot.
fn of(n: u64, number: u64, began: i64) -> RecordVersion {
    let patient = version(n, number, began);
    let kind = match n {
        n if n % 5 == 0 => "Task",
        n if n % 7 == 0 => "Slot",
        _ => return patient,
    };
    let name: StreamName = format!("{kind}/p{n}").parse().expect("a name");
    RecordVersion { name, ..patient }
}

/// Forty records in ten commits, most of which change again, some within one batch, some to be deleted.
async fn forty(views: &dyn Views) {
    for commit in 0..10_u64 {
        let began = i64::try_from(commit).expect("a small number") * 10;
        let begins = (commit * 4..commit * 4 + 4).map(|n| first(of(n, 1, began)));
        views.apply(change(commit + 1, begins.collect(), vec![])).await.expect("applied");
    }
    let changed = (0..40).filter(|n| n % 3 > 0).map(|n| next(of(n, 2, 1_000)));
    views.apply(change(20, changed.collect(), vec![])).await.expect("applied");
    let deleted = RecordVersion { body: Body::Deleted, ..of(7, 3, 2_000) };
    let came = RecordVersion { ended: Some(at(4_000)), ..of(8, 3, 3_000) };
    let batch = vec![next(deleted), next(came), RecordWrite { version: of(8, 4, 4_000), replaces: false }];
    views.apply(change(30, batch, vec![])).await.expect("applied");
}

async fn read(views: &dyn Views, changes: Changes) -> Vec<RecordVersion> {
    views.changes(&changes).await.expect("reads")
}

/// All are there, each as it was, in the order of their places; those of a type are those of that type among all.
pub async fn changes_are_newest_first_of_one_type_or_of_all(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    forty(views).await;
    let all = read(views, everything()).await;
    assert_eq!(all.len(), 40 + 26 + 3);
    assert!(all.is_sorted_by(|one, next| one.place() > next.place()), "newest first");
    for version in &all {
        let found = views.find_version(&version.name, version.version).await.expect("reads");
        assert_eq!(found.as_ref(), Some(version));
    }
    assert_eq!(all.iter().filter(|version| version.body == Body::Deleted).count(), 1);
    let kinds = ["Task", "Slot", "Patient", "Encounter"];
    for kind in kinds.map(|kind| ResourceType::parse(kind).expect("a type")) {
        let of_kind: Vec<_> = all.iter().filter(|version| version.name.kind == kind).cloned().collect();
        assert_eq!(of_kind.is_empty(), kind.name() == "Encounter");
        assert_eq!(read(views, Changes { kind: Some(kind), ..everything() }).await, of_kind, "{kind}");
    }
}

/// What began at `since` is in, what stands at `before` is out.
pub async fn changes_have_a_beginning_and_an_end(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    forty(views).await;
    let all = read(views, everything()).await;
    #[rustfmt::skip]
    let cases = [
     // since  until   commits
        (0,      10_000, 14),
        (0,      0,      1),
        (10,     10,     1),
        (11,     19,     0),
        (90,     1_000,  2),
        (91,     1_999,  1),
        (2_000,  4_000,  3),
        (4_001,  9_999,  0),
    ];
    for (since, until, commits) in cases {
        for kind in [None, Some(PATIENT)] {
            let changes =
                Changes { kind, since: at(since), before: VersionPlace::after(at(until)), ..everything() };
            let found = read(views, changes).await;
            let within = |version: &&RecordVersion| {
                (at(since)..=at(until)).contains(&version.began)
                    && kind.is_none_or(|kind| version.name.kind == kind)
            };
            let expected: Vec<_> = all.iter().filter(within).cloned().collect();
            assert_eq!(found, expected, "{since} {until} {kind:?}");
            let moments: std::collections::BTreeSet<Instant> = found.iter().map(|v| v.began).collect();
            assert!(kind.is_some() || moments.len() == commits, "{since} {until}");
        }
    }
}

/// Pages of any size, put together, are what was there when the first was read.
pub async fn pages_of_changes_follow_each_other_while_others_write(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    forty(views).await;
    let mut moment = 10_000;
    for kind in [None, Some(PATIENT)] {
        for limit in [1, 2, 5, 16, 68, 69, 500] {
            let whole = read(views, Changes { kind, ..everything() }).await;
            let mut paged: Vec<RecordVersion> = Vec::new();
            loop {
                let before = paged.last().map_or(everything().before, RecordVersion::place);
                let page = read(views, Changes { kind, before, limit, ..everything() }).await;
                assert!(page.len() <= limit as usize);
                if page.is_empty() {
                    break;
                }
                paged.extend(page);
                // Someone writes between any two pages.
                moment += 1;
                let version = of(1, u64::try_from(moment).expect("positive"), moment);
                views.apply(change(100, vec![next(version)], vec![])).await.expect("applied");
            }
            let places =
                |versions: &[RecordVersion]| versions.iter().map(RecordVersion::place).collect::<Vec<_>>();
            assert_eq!(places(&paged), places(&whole), "{limit}");
        }
    }
    assert_eq!(read(views, Changes { limit: 0, ..everything() }).await, []);
}
