//! Reading the log: always limited, in order, never with a gap in silence, and the same after a restart.

use anamnesis_kernel::Position;

use super::Harness;
use super::sample::{all, commit, event, head, one, open, reopen, stream, tag, taken};
use crate::Direction::{Backward, Forward};
use crate::Expected::{Any, Exact};
use crate::{Claim, Idempotency, Log, ReadError, StreamHead};

/// Ten events of two streams: stream 1 has the even offsets, stream 2 the odd ones.
async fn ten(log: &dyn Log) {
    for n in 0..5 {
        taken(log, commit(n, vec![stream(1, Any, &[2 * n]), stream(2, Any, &[2 * n + 1])])).await;
    }
}

/// From an offset on, so many, and nothing at the end.
pub async fn a_partition_is_read_in_pages(harness: &impl Harness) {
    let stores = open(harness).await;
    assert_eq!(stores.log.read(0, 0, 10).await.expect("reads"), []);
    ten(&*stores.log).await;
    #[rustfmt::skip]
    let cases = [
     // offset    limit     read
        (0,        3,        0..3),
        (0,        10,       0..10),
        (0,        u32::MAX, 0..10),
        (3,        4,        3..7),
        (8,        5,        8..10),
        (9,        1,        9..10),
        (4,        0,        0..0),
        (10,       5,        0..0),
        (11,       5,        0..0),
        (u64::MAX, 5,        0..0),
    ];
    for (offset, limit, expected) in cases {
        let read = stores.log.read(0, offset, limit).await.expect("reads");
        let offsets: Vec<u64> = read.iter().map(|event| event.position.offset).collect();
        assert_eq!(offsets, expected.collect::<Vec<u64>>(), "{offset}, {limit}");
    }
}

/// From a version on, oldest first or newest first, so many.
pub async fn a_stream_is_read_both_ways(harness: &impl Harness) {
    let stores = open(harness).await;
    ten(&*stores.log).await;
    assert_eq!(stores.log.stream_events(tag(1)).await.expect("reads"), 5);
    assert_eq!(stores.log.stream_events(tag(9)).await.expect("reads"), 0);
    #[rustfmt::skip]
    let cases = [
     // from      direction  limit     versions
        (0,        Forward,   10,       vec![1, 2, 3, 4, 5]),
        (1,        Forward,   2,        vec![1, 2]),
        (3,        Forward,   u32::MAX, vec![3, 4, 5]),
        (5,        Forward,   1,        vec![5]),
        (6,        Forward,   10,       vec![]),
        (2,        Forward,   0,        vec![]),
        (u64::MAX, Forward,   10,       vec![]),
        (u64::MAX, Backward,  10,       vec![5, 4, 3, 2, 1]),
        (5,        Backward,  2,        vec![5, 4]),
        (3,        Backward,  u32::MAX, vec![3, 2, 1]),
        (1,        Backward,  5,        vec![1]),
        (0,        Backward,  5,        vec![]),
        (4,        Backward,  0,        vec![]),
    ];
    for (from, direction, limit, expected) in cases {
        let read = stores.log.read_stream(tag(2), from, direction, limit).await.expect("reads");
        let versions: Vec<u64> = read.iter().map(|event| event.version).collect();
        assert_eq!(versions, expected, "{from}, {direction:?}, {limit}");
        assert!(
            read.iter().all(|event| event.stream == tag(2) && event.position.offset == 2 * event.version - 1)
        );
        assert_eq!(stores.log.read_stream(tag(3), from, direction, limit).await.expect("reads"), []);
    }
}

/// What is told of it is what its newest event says, after a restart too; nothing where there is no such stream.
pub async fn a_stream_stands_where_its_newest_event_does(harness: &impl Harness) {
    let mut stores = open(harness).await;
    assert_eq!(stores.log.stream_head(tag(1)).await.expect("reads"), None);
    ten(&*stores.log).await;
    for _ in 0..2 {
        for stream in [tag(1), tag(2)] {
            let newest = stores.log.read_stream(stream, u64::MAX, Backward, 1).await.expect("reads");
            let head = stores.log.stream_head(stream).await.expect("reads");
            assert_eq!(head, newest.first().map(StreamHead::of));
            assert_eq!(head.map(|head| head.version), Some(5));
        }
        assert_eq!(stores.log.stream_head(tag(3)).await.expect("reads"), None);
        stores = reopen(harness, stores).await;
    }
    // A condition is no event.
    taken(&*stores.log, commit(20, vec![stream(1, Exact(5), &[20]), stream(2, Exact(5), &[])])).await;
    let head = stores.log.stream_head(tag(1)).await.expect("reads").expect("it is there");
    assert_eq!((head.version, head.subject), (6, event(20).subject));
    let head = stores.log.stream_head(tag(2)).await.expect("reads").expect("it is there");
    assert_eq!(head.version, 5);
}

/// In the order asked, as often as asked.
pub async fn events_are_read_where_they_stand(harness: &impl Harness) {
    let stores = open(harness).await;
    ten(&*stores.log).await;
    let asked: Vec<Position> = [7, 0, 9, 0].map(|offset| Position { partition: 0, offset }).to_vec();
    let read = stores.log.read_at(&asked).await.expect("reads");
    let whole = all(&*stores.log).await;
    assert_eq!(read.iter().map(|event| event.position).collect::<Vec<_>>(), asked);
    assert!(read.iter().all(|event| whole.contains(event)));
    assert_eq!(stores.log.read_at(&[]).await.expect("reads"), []);
}

/// Whoever asks for a place was told that an event stands there: when none does, something is wrong.
pub async fn a_position_without_an_event_is_damage(harness: &impl Harness) {
    let stores = open(harness).await;
    ten(&*stores.log).await;
    let asked = [3, 10].map(|offset| Position { partition: 0, offset });
    let read = stores.log.read_at(&asked).await;
    assert!(matches!(read, Err(ReadError::Damaged { partition: 0, offset: 10, .. })), "{read:?}");
}

/// Everything that was answered is there after a restart, and the next commit goes on from it.
pub async fn an_open_store_goes_on_where_it_was_left(harness: &impl Harness) {
    let stores = open(harness).await;
    ten(&*stores.log).await;
    let mut last = one(20, 1, Exact(5));
    last.claims = vec![Claim { claim: tag(8), seen: None }];
    last.idempotency = Some(Idempotency { key: tag(9), content: [1; 32], outcome: vec![2] });
    let last = taken(&*stores.log, last).await;
    let (info, was, events) = (stores.log.info(), head(&*stores.log), all(&*stores.log).await);
    let kept = stores.log.kept(tag(9)).await.expect("reads");
    assert_eq!(info.partitions, 1);

    let stores = reopen(harness, stores).await;
    assert_eq!(stores.log.info(), info);
    let is = head(&*stores.log);
    assert_eq!((is.cursor, is.bytes, is.roots), (was.cursor, was.bytes, was.roots));
    assert_eq!(all(&*stores.log).await, events);
    assert_eq!(stores.log.kept(tag(9)).await.expect("reads"), kept);
    assert_eq!(stores.log.claim(tag(8)).await.expect("reads"), Some(last.commit_id));
    assert_eq!(
        stores.log.find_event(event(20).event_id).await.expect("reads"),
        Some(Position { partition: 0, offset: 10 })
    );
    let next =
        taken(&*stores.log, commit(21, vec![stream(1, Exact(6), &[21]), stream(2, Exact(5), &[22])])).await;
    assert_eq!(next.cursor.offset(0), 13);
    assert!(next.moment > last.moment);
    let other = harness.another();
    assert_ne!(open(&other).await.log.info().id, info.id);
}
