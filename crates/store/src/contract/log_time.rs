//! Time in the log: moments rise strictly, whatever the clock does, and an instant names one point for ever.

use super::Harness;
use super::sample::{SECOND, all, at, commit, events, head, one, open, reopen, stream, taken};
use crate::AppendError;
use crate::Expected::Any;

/// A clock that stands, and one that goes back by less than a minute, still give each commit a later moment.
pub async fn moments_rise_while_the_clock_stands_or_goes_back(harness: &impl Harness) {
    let stores = open(harness).await;
    let clock = [1, 1, 1, 100, 90, 41, 41, 200];
    let mut last = at(0);
    for (seconds, n) in clock.into_iter().zip(0..) {
        let mut commit = commit(n, vec![stream(1, Any, &[2 * n, 2 * n + 1])]);
        commit.now = at(seconds * SECOND);
        let now = commit.now;
        let appended = taken(&*stores.log, commit).await;
        assert!(appended.moment > last, "{seconds}");
        assert!(appended.moment >= now, "{seconds}");
        assert_eq!(appended.cursor.moment, appended.moment, "{seconds}");
        assert_eq!(head(&*stores.log).cursor, appended.cursor, "{seconds}");
        last = appended.moment;
    }
    // The clock is ahead of the log again, so the log takes its time.
    assert_eq!(last, at(200 * SECOND));
    let read = all(&*stores.log).await;
    for (one, next) in read.iter().zip(read.iter().skip(1)) {
        if one.commit_id == next.commit_id {
            assert_eq!(one.moment, next.moment);
        } else {
            assert!(one.moment < next.moment);
        }
    }
}

/// A clock that is wrong beyond doubt writes nothing; mended, it goes on.
pub async fn a_clock_more_than_a_minute_behind_is_refused(harness: &impl Harness) {
    let stores = open(harness).await;
    let with_clock = |n, micros| {
        let mut commit = one(n, 1, Any);
        commit.now = at(micros);
        stores.log.append(commit)
    };
    with_clock(1, 1_000 * SECOND).await.expect("taken");
    let refused = with_clock(2, 939 * SECOND).await;
    assert!(matches!(refused, Err(AppendError::Clock { behind_s: 61 })), "{refused:?}");
    assert_eq!(events(&*stores.log), 1);
    with_clock(3, 940 * SECOND).await.expect("a minute is taken");
    with_clock(4, 1_001 * SECOND).await.expect("taken");
}

/// What was recorded at or before the instant is in, to the microsecond.
pub async fn an_instant_resolves_to_what_was_recorded_by_then(harness: &impl Harness) {
    let stores = open(harness).await;
    let mut bounds = vec![(at(0), 0)];
    for (n, count) in (1..).zip([1, 3, 2, 5, 1, 1, 4]) {
        let numbers: Vec<u32> = (n * 10..n * 10 + count).collect();
        let mut commit = commit(n, vec![stream(1, Any, &numbers)]);
        commit.now = at(i64::from(n) * SECOND);
        let appended = taken(&*stores.log, commit).await;
        bounds.push((appended.moment, appended.cursor.offset(0)));
    }
    let mut before = 0;
    for (moment, offset) in bounds {
        #[rustfmt::skip]
        let cases = [
         // asked                    how many events
            (moment.plus_micros(-1), before),
            (moment,                 offset),
            (moment.plus_micros(1),  offset),
        ];
        for (asked, count) in cases {
            let cursor = stores.log.resolve(asked).await.expect("resolves");
            assert_eq!((cursor.moment, cursor.offsets), (asked, vec![count]), "{asked}");
        }
        before = offset;
    }
    let long_ago = stores.log.resolve(at(-1_000_000 * SECOND)).await.expect("resolves");
    assert_eq!(long_ago.offsets, [0]);
}

/// An instant once resolved is closed: later commits come after it, after a restart too, and it resolves as before.
pub async fn nothing_appears_at_or_before_a_resolved_instant(harness: &impl Harness) {
    let stores = open(harness).await;
    taken(&*stores.log, one(1, 1, Any)).await;
    let asked = at(30 * SECOND);
    let cursor = stores.log.resolve(asked).await.expect("resolves");
    assert_eq!(cursor.offsets, [1]);
    assert_eq!(head(&*stores.log).cursor.moment, asked);
    let appended = taken(&*stores.log, one(2, 1, Any)).await;
    assert!(appended.moment > asked, "{}", appended.moment);
    assert_eq!(stores.log.resolve(asked).await.expect("resolves"), cursor);

    let syncs = head(&*stores.log).syncs;
    for earlier in [asked, at(29 * SECOND), appended.moment] {
        stores.log.resolve(earlier).await.expect("resolves");
    }
    assert_eq!(head(&*stores.log).syncs, syncs, "what is closed already costs no sync");
    for n in 1..=50 {
        stores.log.resolve(appended.moment.plus_micros(n)).await.expect("resolves");
    }
    assert!(head(&*stores.log).syncs <= syncs + 2, "nor does each of many readers who ask as of now");

    let later = at(50 * SECOND);
    let (resolved, appended) = tokio::join!(stores.log.resolve(later), stores.log.append(one(3, 1, Any)));
    let (resolved, appended) = (resolved.expect("resolves"), appended.expect("taken"));
    assert_eq!(appended.moment > later, resolved.offset(0) < appended.cursor.offset(0));
    let stores = reopen(harness, stores).await;
    assert!(taken(&*stores.log, one(4, 1, Any)).await.moment > later);
    assert_eq!(stores.log.resolve(later).await.expect("resolves"), resolved);
}
