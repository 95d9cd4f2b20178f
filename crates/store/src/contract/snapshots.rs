//! The snapshots: the newest usable one is found, what is surplus goes, what is lost is lost whole.

use anamnesis_kernel::Version;
use anamnesis_seal::SubjectNumber;

use super::Harness;
use super::sample::{at, open, reopen, tag};
use crate::{Reason, SealedState, Shape, Snapshot, SnapshotWrite, Snapshots, Tally, UpTo};

const OURS: Shape = Shape([1; 16]);
const OTHER: Shape = Shape([2; 16]);

/// A stream's state at a version, whose event was recorded that many seconds after the beginning.
fn snapshot(stream: u8, version: Version, shape: Shape) -> Snapshot {
    let seconds = i64::try_from(version).expect("a small version") * 1_000_000;
    Snapshot {
        state: SealedState {
            stream: tag(stream),
            version,
            shape,
            subject: SubjectNumber(i64::from(stream) + 1),
            moment: at(seconds),
            leaf: [stream; 32],
            sealed: vec![stream; 40],
        },
        taken_at: at(seconds + 1),
        reason: Reason::Count,
    }
}

fn write(snapshot: Snapshot) -> SnapshotWrite {
    SnapshotWrite { snapshot, surplus: Vec::new() }
}

async fn put(snapshots: &dyn Snapshots, kept: &[Snapshot]) {
    snapshots.put(kept.iter().cloned().map(write).collect()).await.expect("kept");
}

async fn newest(snapshots: &dyn Snapshots, stream: u8, upto: UpTo) -> Option<Version> {
    let found = snapshots.newest(tag(stream), OURS, upto).await.expect("reads");
    found.map(|snapshot| snapshot.state.version)
}

async fn versions(snapshots: &dyn Snapshots, stream: u8) -> Vec<Version> {
    let listed = snapshots.list(tag(stream)).await.expect("reads");
    listed.into_iter().map(|listed| listed.version).collect()
}

/// Where nothing was kept, nothing is found.
pub async fn new_snapshots_are_none(harness: &impl Harness) {
    let stores = open(harness).await;
    assert_eq!(newest(&*stores.snapshots, 1, UpTo::Newest).await, None);
    assert_eq!(versions(&*stores.snapshots, 1).await, Vec::<Version>::new());
    assert_eq!(stores.snapshots.tally().await.expect("reads"), Tally::default());
    assert_eq!(stores.snapshots.swept().await.expect("reads"), None);
    assert_eq!(stores.snapshots.remove_subject(SubjectNumber(1)).await.expect("answers"), 0);
    assert_eq!(stores.snapshots.remove_other_shapes(OURS, 9).await.expect("answers"), 0);
    stores.snapshots.put(Vec::new()).await.expect("nothing to keep");
}

/// Every field, whatever it holds.
pub async fn a_snapshot_reads_back_as_it_was(harness: &impl Harness) {
    let stores = open(harness).await;
    for (n, reason) in (1_u8..).zip(Reason::ALL) {
        let mut kept = snapshot(n, 1_u64 << (10 * n), OURS);
        kept.reason = reason;
        kept.state.subject = SubjectNumber(i64::MAX - i64::from(n));
        kept.state.sealed = (0..=u8::MAX).cycle().take(usize::from(n) * 100_000).collect();
        put(&*stores.snapshots, std::slice::from_ref(&kept)).await;
        let found = stores.snapshots.newest(tag(n), OURS, UpTo::Newest).await.expect("reads");
        assert_eq!(found.as_ref(), Some(&kept));
        assert_eq!(stores.snapshots.list(tag(n)).await.expect("reads"), [kept.listed()]);
    }
    assert!(stores.snapshots.bytes() > 0);
}

/// Another stream's, another shape's and later ones do not come into question.
pub async fn the_newest_is_of_its_shape_and_not_beyond_what_is_asked(harness: &impl Harness) {
    let stores = open(harness).await;
    let kept = [
        snapshot(1, 100, OURS),
        snapshot(1, 300, OURS),
        snapshot(1, 200, OURS),
        snapshot(1, 250, OTHER),
        snapshot(1, 400, OTHER),
        snapshot(2, 500, OURS),
    ];
    put(&*stores.snapshots, &kept).await;
    let second = 1_000_000;
    let cases = [
        (UpTo::Newest, Some(300)),
        (UpTo::Version(u64::MAX), Some(300)),
        (UpTo::Version(300), Some(300)),
        (UpTo::Version(299), Some(200)),
        (UpTo::Version(99), None),
        (UpTo::Moment(at(i64::MAX / 2)), Some(300)),
        (UpTo::Moment(at(200 * second)), Some(200)),
        (UpTo::Moment(at(200 * second - 1)), Some(100)),
        (UpTo::Moment(at(100 * second - 1)), None),
    ];
    for (upto, version) in cases {
        assert_eq!(newest(&*stores.snapshots, 1, upto).await, version, "{upto:?}");
    }
    assert_eq!(versions(&*stores.snapshots, 1).await, [400, 300, 250, 200, 100]);
}

/// Who takes a snapshot again replaces it.
pub async fn of_one_stream_and_version_the_last_is_kept(harness: &impl Harness) {
    let stores = open(harness).await;
    put(&*stores.snapshots, &[snapshot(1, 100, OURS)]).await;
    let again = Snapshot { reason: Reason::Daily, taken_at: at(7), ..snapshot(1, 100, OURS) };
    put(&*stores.snapshots, &[snapshot(1, 100, OTHER), snapshot(1, 100, OURS), again.clone()]).await;
    let found = stores.snapshots.newest(tag(1), OURS, UpTo::Newest).await.expect("reads");
    assert_eq!(found, Some(again));
    assert_eq!(versions(&*stores.snapshots, 1).await, [100, 100], "one of each shape");
    assert_eq!(stores.snapshots.tally().await.expect("reads").count, 2);
}

/// What a write names goes with it, and no other.
pub async fn surplus_goes_as_others_come(harness: &impl Harness) {
    let stores = open(harness).await;
    let kept =
        [snapshot(1, 100, OURS), snapshot(1, 200, OURS), snapshot(1, 200, OTHER), snapshot(2, 200, OURS)];
    put(&*stores.snapshots, &kept).await;
    let surplus = vec![(100, OURS), (200, OTHER), (150, OURS)];
    let write = SnapshotWrite { snapshot: snapshot(1, 300, OURS), surplus };
    stores.snapshots.put(vec![write]).await.expect("kept");
    assert_eq!(versions(&*stores.snapshots, 1).await, [300, 200]);
    assert_eq!(versions(&*stores.snapshots, 2).await, [200]);
    assert_eq!(stores.snapshots.tally().await.expect("reads").count, 3);
}

/// No store holds a version as high as this; what came before it in the batch is not kept either.
pub async fn a_batch_that_cannot_be_written_leaves_nothing(harness: &impl Harness) {
    let stores = open(harness).await;
    put(&*stores.snapshots, &[snapshot(1, 100, OURS)]).await;
    let mut impossible = snapshot(1, 3, OURS);
    impossible.state.version = u64::MAX;
    let first = SnapshotWrite { snapshot: snapshot(1, 200, OURS), surplus: vec![(100, OURS)] };
    stores.snapshots.put(vec![first, write(impossible)]).await.expect_err("it cannot be written");
    assert_eq!(versions(&*stores.snapshots, 1).await, [100]);
    assert_eq!(stores.snapshots.tally().await.expect("reads").count, 1);
}

/// Of all streams and shapes, and of nobody else.
pub async fn what_a_subject_sealed_goes_at_once(harness: &impl Harness) {
    let stores = open(harness).await;
    let mut theirs = snapshot(3, 100, OTHER);
    theirs.state.subject = SubjectNumber(2);
    put(&*stores.snapshots, &[snapshot(1, 100, OURS), snapshot(1, 200, OURS), theirs, snapshot(2, 5, OURS)])
        .await;
    assert_eq!(stores.snapshots.remove_subject(SubjectNumber(2)).await.expect("removed"), 3);
    assert_eq!(stores.snapshots.remove_subject(SubjectNumber(2)).await.expect("removed"), 0);
    assert_eq!(versions(&*stores.snapshots, 1).await, Vec::<Version>::new());
    assert_eq!(versions(&*stores.snapshots, 2).await, [5]);
    assert_eq!(stores.snapshots.tally().await.expect("reads").count, 1);
}

/// What other code folded goes in steps, so that nobody waits for long.
pub async fn other_shapes_go_some_at_a_time(harness: &impl Harness) {
    let stores = open(harness).await;
    for version in 1..=5 {
        put(&*stores.snapshots, &[snapshot(1, version, OTHER), snapshot(1, version, OURS)]).await;
    }
    let mut removed = Vec::new();
    for _ in 0..4 {
        removed.push(stores.snapshots.remove_other_shapes(OURS, 2).await.expect("removed"));
    }
    assert_eq!(removed, [2, 2, 1, 0]);
    let left = stores.snapshots.list(tag(1)).await.expect("reads");
    assert!(left.len() == 5 && left.iter().all(|listed| listed.shape == OURS));
}

/// The offset is what was noted last, after a restart too.
pub async fn the_sweep_goes_on_where_it_was(harness: &impl Harness) {
    let stores = open(harness).await;
    for offset in [0, 7, 1 << 40] {
        stores.snapshots.set_swept(offset).await.expect("noted");
        assert_eq!(stores.snapshots.swept().await.expect("reads"), Some(offset));
    }
    let stores = reopen(harness, stores).await;
    assert_eq!(stores.snapshots.swept().await.expect("reads"), Some(1 << 40));
}

/// The count and the ages follow what comes and goes.
pub async fn snapshots_are_counted_with_their_ages(harness: &impl Harness) {
    let stores = open(harness).await;
    put(&*stores.snapshots, &[snapshot(1, 100, OURS), snapshot(2, 300, OURS), snapshot(3, 200, OURS)]).await;
    let taken = |version: i64| Some(at(version * 1_000_000 + 1));
    let tally = stores.snapshots.tally().await.expect("reads");
    assert_eq!(tally, Tally { count: 3, oldest: taken(100), newest: taken(300) });
    stores.snapshots.remove_subject(SubjectNumber(2)).await.expect("removed");
    let tally = stores.snapshots.tally().await.expect("reads");
    assert_eq!(tally, Tally { count: 2, oldest: taken(200), newest: taken(300) });
}

/// What was kept is there after a restart, and counted.
pub async fn snapshots_outlive_a_restart(harness: &impl Harness) {
    let stores = open(harness).await;
    let kept = snapshot(1, 100, OURS);
    put(&*stores.snapshots, &[kept.clone(), snapshot(2, 100, OTHER)]).await;
    let stores = reopen(harness, stores).await;
    let found = stores.snapshots.newest(tag(1), OURS, UpTo::Newest).await.expect("reads");
    assert_eq!(found, Some(kept));
    assert_eq!(stores.snapshots.tally().await.expect("reads").count, 2);
}
