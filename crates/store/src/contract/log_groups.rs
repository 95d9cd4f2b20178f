//! Commits that come together share a sync; each is judged by itself, in the order of the calls.

use std::collections::BTreeSet;
use std::sync::Arc;

use anamnesis_seal::Tree;
use futures::future::join_all;

use super::Harness;
use super::sample::{all, commit, event, events, head, one, open, reopen, stream, taken};
use crate::AppendError;
use crate::Expected::{Any, Exact};

/// Sixty-four tasks at once: every one gets its own place, and offsets and moments rise together.
pub async fn all_of_many_at_once_are_answered(harness: &impl Harness) {
    let stores = open(harness).await;
    let tasks = (0..64_u32).map(|n| {
        let log = Arc::clone(&stores.log);
        let name = u8::try_from(n).expect("less than 64");
        tokio::spawn(async move { taken(&*log, one(n, name, Exact(0))).await })
    });
    let mut answers: Vec<_> =
        join_all(tasks).await.into_iter().map(|answer| answer.expect("no panic")).collect();
    answers.sort_by_key(|answer| answer.cursor.offset(0));
    for (answer, offset) in answers.iter().zip(0..) {
        assert_eq!(
            answer.spans.first().map(|(position, count)| (position.offset, *count)),
            Some((offset, 1))
        );
        assert_eq!(answer.cursor.offset(0), offset + 1);
    }
    let moments: BTreeSet<_> = answers.iter().map(|answer| answer.moment).collect();
    assert_eq!(moments.len(), 64);
    assert!(answers.is_sorted_by_key(|answer| answer.moment));
    let read = all(&*stores.log).await;
    assert_eq!(read.len(), 64);
    for (stored, answer) in read.iter().zip(&answers) {
        assert_eq!((stored.commit_id, stored.moment), (answer.commit_id, answer.moment));
    }
}

/// A hundred commits to one stream, each expecting the one before it, none waited for until all are queued.
pub async fn calls_are_judged_in_their_order(harness: &impl Harness) {
    let stores = open(harness).await;
    let queued: Vec<_> = (0..100).map(|n| stores.log.append(one(n, 1, Exact(n.into())))).collect();
    // The last is waited for first: the order is that of the calls, not of the waiting.
    for (future, version) in queued.into_iter().rev().zip((0..100).rev()) {
        assert_eq!(future.await.expect("taken").before, [version]);
    }
    assert_eq!(events(&*stores.log), 100);
}

/// Refusals between commits that are taken: neighbours in the group see only what was taken.
pub async fn a_refused_commit_does_not_harm_its_neighbours(harness: &impl Harness) {
    let stores = open(harness).await;
    let queued: Vec<_> = (0..30)
        .map(|n| {
            let version = u64::from(n / 3);
            let expected = if n % 3 == 0 { version } else { version + 100 };
            stores.log.append(commit(n, vec![stream(2, Any, &[1_000 + n]), stream(1, Exact(expected), &[n])]))
        })
        .collect();
    for (answer, n) in join_all(queued).await.into_iter().zip(0..30_u64) {
        match answer {
            Ok(appended) => assert_eq!((n % 3, appended.before), (0, vec![n / 3, n / 3])),
            Err(AppendError::Conflict { stream: 1, actual }) => {
                assert_ne!(n % 3, 0);
                assert_eq!(actual, n / 3 + 1);
            }
            Err(other) => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(events(&*stores.log), 20);
}

/// The caller that goes away takes nothing with it.
pub async fn a_commit_stands_when_nobody_waits_for_it(harness: &impl Harness) {
    let stores = open(harness).await;
    drop(stores.log.append(one(1, 1, Exact(0))));
    let appended = taken(&*stores.log, one(2, 1, Exact(1))).await;
    assert_eq!(appended.cursor.offset(0), 2);
    assert!(stores.log.find_event(event(1).event_id).await.expect("reads").is_some());
}

/// Whoever watches is told of each commit that was taken, of nothing else, and reads it at once.
pub async fn the_head_tells_of_each_commit(harness: &impl Harness) {
    let stores = open(harness).await;
    let mut watch = stores.log.head();
    let new = watch.borrow_and_update().clone();
    assert_eq!((new.cursor.offsets, new.bytes), (vec![0], 0));
    let mut bytes = 0;
    for n in 1..5_u32 {
        let appended = taken(&*stores.log, one(n, 1, Any)).await;
        bytes += event(n).sealed.len() as u64;
        assert!(watch.has_changed().expect("the log is open"), "{n}");
        let head = watch.borrow_and_update().clone();
        assert_eq!((head.cursor, head.bytes), (appended.cursor, bytes), "{n}");
        assert_eq!(all(&*stores.log).await.len() as u64, u64::from(n));
    }
    stores.log.append(one(9, 1, Exact(0))).await.expect_err("it is elsewhere");
    taken(&*stores.log, commit(10, vec![stream(1, Exact(4), &[])])).await;
    assert!(!watch.has_changed().expect("the log is open"));

    let log = Arc::clone(&stores.log);
    let appended = tokio::spawn(async move { taken(&*log, one(11, 1, Any)).await });
    watch.changed().await.expect("the log is open");
    assert_eq!(watch.borrow().cursor, appended.await.expect("no panic").cursor);
}

/// After each commit, and after a restart, the root is that of a tree made of the leaves alone.
pub async fn the_root_is_that_of_the_leaves(harness: &impl Harness) {
    let mut stores = open(harness).await;
    assert_eq!(head(&*stores.log).roots, [Tree::default().root()]);
    let mut n = 0;
    for count in [1, 2, 1, 7, 20, 1, 33] {
        let numbers: Vec<u32> = (n..n + count).collect();
        n += count;
        taken(&*stores.log, commit(n, vec![stream(1, Any, &numbers)])).await;
        let mut tree = Tree::default();
        all(&*stores.log).await.iter().for_each(|event| tree.push(event.leaf));
        assert_eq!(head(&*stores.log).roots, [tree.root()]);
        if count == 7 {
            stores = reopen(harness, stores).await;
            assert_eq!(head(&*stores.log).roots, [tree.root()]);
        }
    }
}
