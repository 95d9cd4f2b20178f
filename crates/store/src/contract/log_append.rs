//! Appending: what is written is what is read, each commit wholly or not at all, streams where they were expected.

use anamnesis_kernel::Position;
use anamnesis_seal::{KIND_BYTES_MAX, SubjectNumber, sha256};

use super::Harness;
use super::sample::{all, at, commit, event, events, head, one, open, reopen, stream, tag, taken, uuid};
use crate::Expected::{Any, Exact, Left};
use crate::{AppendError, SealedEvent, StoredEvent, StreamAppend};

/// What an event was is what it is, to the last bit, at the ends of every range.
pub async fn every_field_reads_back(harness: &impl Harness) {
    let stores = open(harness).await;
    let sealed = vec![0xff; 1_000_000];
    let largest = SealedEvent {
        subject: SubjectNumber(i64::MAX),
        kind: "K".repeat(KIND_BYTES_MAX),
        schema_version: u16::MAX,
        sealed_hash: sha256(&sealed),
        sealed,
        ..event(1)
    };
    let smallest = SealedEvent {
        subject: SubjectNumber(1),
        kind: String::new(),
        schema_version: 0,
        sealed_hash: sha256(b""),
        sealed: Vec::new(),
        ..event(2)
    };
    let written = [largest, smallest, event(3)];
    let append = StreamAppend { stream: tag(0xff), expected: Exact(0), events: written.to_vec() };
    let commit = commit(1, vec![append]);
    let appended = taken(&*stores.log, commit.clone()).await;

    assert_eq!(appended.commit_id, commit.commit_id);
    assert_eq!(appended.spans, [(Position { partition: 0, offset: 0 }, 3)]);
    assert_eq!(appended.before, [0]);
    assert_eq!((appended.cursor.moment, appended.cursor.offset(0)), (appended.moment, 3));
    let read = all(&*stores.log).await;
    assert_eq!(read.len(), written.len());
    for ((was, is), offset) in written.iter().zip(&read).zip(0..) {
        let mut stored = StoredEvent {
            position: Position { partition: 0, offset },
            version: offset + 1,
            event_id: was.event_id,
            commit_id: commit.commit_id,
            stream: tag(0xff),
            subject: was.subject,
            kind: was.kind.clone(),
            schema_version: was.schema_version,
            moment: appended.moment,
            sealed: was.sealed.clone(),
            leaf: [0; 32],
        };
        stored.leaf = stored.entry(was.sealed_hash).leaf();
        assert_eq!(*is, stored);
    }
}

/// Positions go on by one over commits of any size; each stream counts for itself.
pub async fn positions_have_no_gap_and_versions_count_within_their_stream(harness: &impl Harness) {
    let stores = open(harness).await;
    let mut n = 0;
    let mut expected = Vec::new();
    let mut versions = [0_u64; 5];
    for commit_number in 0..60_u32 {
        let mut streams = Vec::new();
        for (name, version) in (0..5).zip(&mut versions) {
            let count = (commit_number + u32::from(name)) % 4;
            let numbers: Vec<u32> = (n..n + count).collect();
            n += count;
            streams.push(stream(name, Exact(*version), &numbers));
            for number in numbers {
                *version += 1;
                expected.push((tag(name), *version, event(number).event_id));
            }
        }
        let first = events(&*stores.log);
        let appended = taken(&*stores.log, commit(commit_number, streams)).await;
        let count: u64 = appended.spans.iter().map(|(_, count)| count).sum();
        assert_eq!(appended.spans.first().map(|(position, _)| position.offset), Some(first));
        assert_eq!(appended.cursor.offset(0), first + count);
    }
    let read = all(&*stores.log).await;
    assert!(read.iter().zip(0..).all(|(event, offset)| event.position.offset == offset));
    let found: Vec<_> = read.iter().map(|event| (event.stream, event.version, event.event_id)).collect();
    assert_eq!(found, expected);
}

/// An exact version, none yet (0), or any; what it is told when it is elsewhere.
pub async fn a_stream_must_stand_where_it_is_expected(harness: &impl Harness) {
    let stores = open(harness).await;
    taken(&*stores.log, commit(1, vec![stream(2, Exact(0), &[1, 2])])).await;
    #[rustfmt::skip]
    let cases = [
     // stream  expected         the version it is at, when it is not there
        (1,     Exact(1),        Some(0)),
        (1,     Exact(u64::MAX), Some(0)),
        (1,     Exact(0),        None),
        (2,     Exact(0),        Some(2)),
        (2,     Exact(1),        Some(2)),
        (2,     Exact(3),        Some(2)),
        (2,     Exact(2),        None),
        (2,     Any,             None),
        (3,     Any,             None),
    ];
    for ((name, expected, conflict), n) in cases.into_iter().zip(10..) {
        let before = head(&*stores.log);
        match (stores.log.append(one(n, name, expected)).await, conflict) {
            (Ok(appended), None) => assert_eq!(appended.cursor.offset(0), before.cursor.offset(0) + 1),
            (Err(AppendError::Conflict { stream: 0, actual }), Some(at)) => {
                assert_eq!(actual, at, "stream {name}, {expected:?}");
                assert_eq!(head(&*stores.log), before, "stream {name}, {expected:?}");
            }
            (other, _) => panic!("stream {name}, {expected:?}: {other:?}"),
        }
    }
}

/// A version may be expected as a certain commit left it, since by its number alone it may be that of another event.
pub async fn a_version_is_of_the_commit_it_was_decided_on(harness: &impl Harness) {
    let mut stores = open(harness).await;
    let by = |n: u32| uuid(1_000_000 + n);
    taken(&*stores.log, one(0, 1, Exact(0))).await;
    #[rustfmt::skip]
    let cases = [
     // the commit   expects          taken
        (1,          Exact(1),        true),
        (2,          Exact(1),        false),
        (3,          Left(2, by(2)),  false),
        (4,          Left(2, by(1)),  true),
        (5,          Left(2, by(4)),  false),
        (6,          Left(3, by(3)),  false),
    ];
    let queued: Vec<_> =
        cases.iter().map(|(n, expected, _)| stores.log.append(one(*n, 1, *expected))).collect();
    for (answer, (n, _, taken)) in queued.into_iter().zip(cases) {
        assert_eq!(answer.await.is_ok(), taken, "{n}");
    }
    stores = reopen(harness, stores).await;
    let conflict = stores.log.append(one(7, 1, Left(3, by(1)))).await;
    assert!(matches!(conflict, Err(AppendError::Conflict { stream: 0, actual: 3 })), "{conflict:?}");
    taken(&*stores.log, one(8, 1, Left(3, by(4)))).await;
    assert_eq!(events(&*stores.log), 4);
}

/// The second stream's conflict undoes the first stream's events, and the log goes on as if nothing had been.
pub async fn a_conflict_in_one_stream_keeps_nothing_of_the_others(harness: &impl Harness) {
    let stores = open(harness).await;
    taken(&*stores.log, one(1, 1, Exact(0))).await;
    let before = head(&*stores.log);
    let streams = vec![stream(1, Exact(1), &[2, 3]), stream(2, Any, &[4]), stream(3, Exact(7), &[5])];
    let refused = stores.log.append(commit(2, streams)).await;
    assert!(matches!(refused, Err(AppendError::Conflict { stream: 2, actual: 0 })), "{refused:?}");
    assert_eq!(head(&*stores.log), before);
    assert_eq!(all(&*stores.log).await.len(), 1);
    assert_eq!(stores.log.find_event(event(2).event_id).await.expect("reads"), None);
    let appended =
        taken(&*stores.log, commit(3, vec![stream(1, Exact(1), &[2]), stream(2, Exact(0), &[4])])).await;
    assert_eq!((appended.before, appended.cursor.offset(0)), (vec![1, 0], 3));
}

/// A stream without events is a condition; a commit of conditions alone is confirmed or refused, and leaves nothing.
pub async fn conditions_alone_are_judged_and_leave_nothing(harness: &impl Harness) {
    let stores = open(harness).await;
    taken(&*stores.log, commit(1, vec![stream(1, Exact(0), &[1, 2])])).await;
    let before = head(&*stores.log);

    let mut confirmed = commit(2, vec![stream(1, Exact(2), &[]), stream(2, Exact(0), &[])]);
    confirmed.now = at(100);
    let appended = taken(&*stores.log, confirmed).await;
    assert_eq!(appended.before, [2, 0]);
    assert_eq!(appended.spans.iter().map(|(_, count)| count).sum::<u64>(), 0);
    assert_eq!(appended.cursor, before.cursor);
    let refused = stores.log.append(commit(3, vec![stream(2, Any, &[]), stream(1, Exact(1), &[])])).await;
    assert!(matches!(refused, Err(AppendError::Conflict { stream: 1, actual: 2 })), "{refused:?}");
    assert_eq!(head(&*stores.log), before);

    let mixed = taken(&*stores.log, commit(4, vec![stream(1, Exact(2), &[]), stream(3, Any, &[3])])).await;
    assert_eq!((mixed.before, mixed.cursor.offset(0)), (vec![2, 0], 3));
    let refused = stores.log.append(commit(5, vec![stream(1, Exact(3), &[]), stream(3, Any, &[4])])).await;
    assert!(matches!(refused, Err(AppendError::Conflict { stream: 0, actual: 2 })), "{refused:?}");
}

/// Several events of a stream in one commit are consecutive versions, of one commit and one moment.
pub async fn events_of_one_stream_in_one_commit_follow_each_other(harness: &impl Harness) {
    let stores = open(harness).await;
    let numbers: Vec<u32> = (0..500).collect();
    let appended = taken(&*stores.log, commit(1, vec![stream(1, Exact(0), &numbers)])).await;
    let read = all(&*stores.log).await;
    assert_eq!(read.len(), numbers.len());
    for (event, version) in read.iter().zip(1..) {
        assert_eq!(
            (event.version, event.commit_id, event.moment),
            (version, appended.commit_id, appended.moment)
        );
    }
}
