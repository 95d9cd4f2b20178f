//! What happens once: claims, idempotency keys and event ids that were seen before.

use std::sync::Arc;

use anamnesis_kernel::Position;

use super::Harness;
use super::sample::{
    DAY, SECOND, at, commit, event, events, head, one, open, reopen, stream, tag, taken, uuid,
};
use crate::Expected::{Any, Exact};
use crate::{AppendError, Claim, Commit, Idempotency, Kept};

fn claiming(mut commit: Commit, claims: &[(u8, Option<uuid::Uuid>)]) -> Commit {
    commit.claims = claims.iter().map(|(claim, seen)| Claim { claim: tag(*claim), seen: *seen }).collect();
    commit
}

fn keyed(mut commit: Commit, key: u8, content: u8) -> Commit {
    commit.idempotency =
        Some(Idempotency { key: tag(key), content: [content; 32], outcome: vec![content; 9] });
    commit
}

fn chosen(mut commit: Commit) -> Commit {
    commit.streams.iter_mut().flat_map(|stream| &mut stream.events).for_each(|event| event.chosen_id = true);
    commit
}

/// Untouched, touched by this commit or that one: only the one that was seen will do.
pub async fn a_claim_holds_only_while_it_is_untouched(harness: &impl Harness) {
    let stores = open(harness).await;
    let log = &*stores.log;
    assert_eq!(log.claim(tag(1)).await.expect("reads"), None);
    let first = taken(log, claiming(one(1, 1, Any), &[(1, None)])).await.commit_id;
    assert_eq!(log.claim(tag(1)).await.expect("reads"), Some(first));
    let before = head(log);
    #[rustfmt::skip]
    let refused = [
     // the claims and what was seen of each       the one that was touched
        (vec![(1, None)],                          0),
        (vec![(1, Some(uuid(9)))],                 0),
        (vec![(2, None), (1, None)],               1),
        (vec![(1, Some(first)), (2, Some(first))], 1),
    ];
    for (claims, touched) in refused {
        match log.append(claiming(one(2, 2, Any), &claims)).await {
            Err(AppendError::Claimed { claim }) => assert_eq!(claim, touched, "{claims:?}"),
            other => panic!("{claims:?}: {other:?}"),
        }
        assert_eq!(head(log), before, "{claims:?}");
        assert_eq!(log.claim(tag(2)).await.expect("reads"), None, "{claims:?}");
    }
    let second = taken(log, claiming(one(3, 3, Any), &[(1, Some(first)), (2, None)])).await.commit_id;
    for claim in [1, 2] {
        assert_eq!(log.claim(tag(claim)).await.expect("reads"), Some(second));
    }
    let stores = reopen(harness, stores).await;
    assert_eq!(stores.log.claim(tag(1)).await.expect("reads"), Some(second));
}

/// Whoever waits for the head after he was told of a touch has waited for that commit.
pub async fn a_touch_that_is_told_is_not_beyond_the_head(harness: &impl Harness) {
    const COMMITS: u32 = 200;
    let stores = open(harness).await;
    let log = Arc::clone(&stores.log);
    let writer = tokio::spawn(async move {
        let mut seen = None;
        for n in 1..=COMMITS {
            seen = Some(taken(&*log, claiming(one(n, 1, Any), &[(1, seen)])).await.commit_id);
        }
    });
    let last = commit(COMMITS, Vec::new()).commit_id;
    let first = commit(0, Vec::new()).commit_id.as_u128();
    loop {
        let told = stores.log.claim(tag(1)).await.expect("reads");
        let head = events(&*stores.log);
        let touched = told.map_or(0, |told| told.as_u128() - first);
        assert!(u128::from(head) >= touched, "commit {touched} was told of at the head {head}");
        if told == Some(last) {
            break;
        }
    }
    writer.await.expect("all are taken");
}

/// Two that saw the same claim untouched, judged in one group: the first is taken, the other told.
pub async fn of_two_racing_claims_one_wins(harness: &impl Harness) {
    let stores = open(harness).await;
    let first = stores.log.append(claiming(one(1, 1, Exact(0)), &[(1, None)]));
    let second = stores.log.append(claiming(one(2, 2, Exact(0)), &[(1, None)]));
    let (first, second) = (first.await, second.await);
    assert!(first.is_ok(), "{first:?}");
    assert!(matches!(second, Err(AppendError::Claimed { claim: 0 })), "{second:?}");
    assert_eq!(events(&*stores.log), 1);
}

/// The key is looked at before all else, and gives what was answered then, wholly.
pub async fn a_known_key_gives_the_first_answer(harness: &impl Harness) {
    let stores = open(harness).await;
    assert_eq!(stores.log.kept(tag(1)).await.expect("reads"), None);
    taken(&*stores.log, one(1, 1, Any)).await;
    let given =
        claiming(commit(2, vec![stream(1, Exact(1), &[2, 3]), stream(2, Exact(0), &[4])]), &[(1, None)]);
    let given = chosen(keyed(given, 1, 5));
    let appended = taken(&*stores.log, given.clone()).await;
    taken(&*stores.log, one(5, 1, Exact(3))).await;
    let before = head(&*stores.log);
    let kept = Kept { content: [5; 32], outcome: vec![5; 9], appended };

    let mut repeated = given.clone();
    repeated.commit_id = uuid(77);
    for again in [repeated, keyed(one(6, 9, Exact(8)), 1, 6)] {
        match stores.log.append(again).await {
            Err(AppendError::KeyKnown(found)) => assert_eq!(*found, kept),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(head(&*stores.log), before);
    let stores = reopen(harness, stores).await;
    assert_eq!(stores.log.kept(tag(1)).await.expect("reads"), Some(kept));
    assert_eq!(stores.log.kept(tag(2)).await.expect("reads"), None);
}

/// A request and its impatient repetition in one group: the second gets the first's answer.
pub async fn of_two_racing_keys_one_wins(harness: &impl Harness) {
    let stores = open(harness).await;
    let first = stores.log.append(keyed(one(1, 1, Any), 1, 1));
    let second = stores.log.append(keyed(one(2, 1, Any), 1, 1));
    let first = first.await.expect("the first is taken");
    match second.await {
        Err(AppendError::KeyKnown(kept)) => assert_eq!(kept.appended, first),
        other => panic!("{other:?}"),
    }
    assert_eq!(events(&*stores.log), 1);
}

/// Where nothing was recorded there is nothing to repeat, and nothing was claimed.
pub async fn a_commit_without_events_leaves_no_key_and_no_claim(harness: &impl Harness) {
    let stores = open(harness).await;
    let empty = claiming(keyed(commit(1, vec![stream(1, Exact(0), &[])]), 1, 1), &[(1, None)]);
    taken(&*stores.log, empty.clone()).await;
    taken(&*stores.log, empty).await;
    assert_eq!(stores.log.kept(tag(1)).await.expect("reads"), None);
    assert_eq!(stores.log.claim(tag(1)).await.expect("reads"), None);
    let refused = stores.log.append(keyed(one(2, 1, Exact(4)), 1, 1)).await;
    assert!(matches!(refused, Err(AppendError::Conflict { .. })), "{refused:?}");
    assert_eq!(stores.log.kept(tag(1)).await.expect("reads"), None);
}

/// Six days later a key is known; after seven it is as new.
pub async fn keys_are_forgotten_after_seven_days(harness: &impl Harness) {
    let stores = open(harness).await;
    taken(&*stores.log, keyed(one(1, 1, Any), 1, 1)).await;
    let mut later = one(2, 2, Any);
    later.now = at(6 * DAY);
    taken(&*stores.log, later).await;
    assert!(stores.log.kept(tag(1)).await.expect("reads").is_some());
    let mut later = one(3, 2, Any);
    later.now = at(7 * DAY + 120 * SECOND);
    taken(&*stores.log, later).await;
    assert_eq!(stores.log.kept(tag(1)).await.expect("reads"), None);
    let mut again = keyed(one(4, 1, Any), 1, 1);
    again.now = at(7 * DAY + 180 * SECOND);
    let appended = taken(&*stores.log, again).await;
    assert_eq!(stores.log.kept(tag(1)).await.expect("reads").map(|kept| kept.appended), Some(appended));
}

/// An id the caller chose is looked for, in the log and in what the same group has added to it.
pub async fn a_known_event_id_is_told_with_its_place(harness: &impl Harness) {
    let stores = open(harness).await;
    taken(&*stores.log, commit(1, vec![stream(1, Any, &[1, 2]), stream(2, Any, &[3])])).await;
    for (n, offset) in [(1, 0), (2, 1), (3, 2)] {
        let there = Position { partition: 0, offset };
        assert_eq!(stores.log.find_event(event(n).event_id).await.expect("reads"), Some(there));
        match stores.log.append(chosen(commit(2, vec![stream(3, Any, &[9, n])]))).await {
            Err(AppendError::EventKnown { event_id, position }) => {
                assert_eq!((event_id, position), (event(n).event_id, there));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stores.log.find_event(event(9).event_id).await.expect("reads"), None);
    let first = stores.log.append(chosen(one(9, 3, Any)));
    let second = stores.log.append(chosen(one(9, 4, Any)));
    assert!(first.await.is_ok());
    let second = second.await;
    assert!(
        matches!(second, Err(AppendError::EventKnown { position: Position { offset: 3, .. }, .. })),
        "{second:?}"
    );
    assert_eq!(events(&*stores.log), 4);
}

/// A repetition meets its own events, not the versions they made, in whichever stream they stand.
pub async fn a_known_event_id_is_told_before_any_conflict(harness: &impl Harness) {
    let stores = open(harness).await;
    let mut given = commit(1, vec![stream(1, Exact(0), &[1]), stream(2, Exact(0), &[2])]);
    if let Some(event) = given.streams.last_mut().and_then(|stream| stream.events.first_mut()) {
        event.chosen_id = true;
    }
    taken(&*stores.log, given.clone()).await;
    let again = stores.log.append(given).await;
    assert!(
        matches!(again, Err(AppendError::EventKnown { position: Position { offset: 1, .. }, .. })),
        "{again:?}"
    );
}
