//! As of when: which moments are answered, and that an answer stays true, whatever the clock and the disk do.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by its panic what it found")]

use anamnesis_chart::Command;
use anamnesis_engine::{AsOfError, SnapshotPolicy, When};
use anamnesis_kernel::{Cursor, Instant, StreamName};
use anamnesis_store::{Body, RecordVersion, UpTo};
use anamnesis_testkit::StandingClock;

use crate::house::{House, put, request};

const SECOND: i64 = 1_000_000;

fn noon(seconds: i64) -> Instant {
    "2026-03-01T12:00:00Z".parse::<Instant>().unwrap().plus_micros(seconds * SECOND)
}

/// How a moment was answered, in a word or by its offset.
async fn asked(house: &House, when: &When) -> Result<u64, &'static str> {
    match house.engine.as_of(when).await {
        Ok(cursor) => Ok(cursor.offset(0)),
        Err(AsOfError::Future) => Err("future"),
        Err(AsOfError::BeforeBeginning) => Err("before"),
        Err(AsOfError::CursorUnknown) => Err("unknown"),
        Err(AsOfError::Read(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn which_moments_are_answered() {
    let clock = StandingClock::new(noon(-60));
    let house = House::with_clock(clock.clone()).await;
    clock.set(noon(0));
    assert_eq!(asked(&house, &When::Instant(noon(0))).await, Err("before"), "an empty log has no beginning");
    assert_eq!(asked(&house, &When::Cursor(Cursor::beginning(1))).await, Err("before"));

    // Two events in one commit at noon, another ten seconds later; asked at twenty.
    let mut both = put("Patient/p1", r#"{"active":true}"#);
    both.items.extend(put("Patient/p2", r#"{"active":true}"#).items);
    let first = house.engine.commit(both).await.unwrap().cursor;
    clock.advance_micros(10 * SECOND);
    let second = house.engine.commit(put("Patient/p1", r#"{"active":false}"#)).await.unwrap().cursor;
    clock.advance_micros(10 * SECOND);
    assert_eq!((first.moment, second.moment), (noon(0), noon(10)));
    let at = |seconds| When::Instant(noon(seconds));
    let cursor = |moment: Instant, offset| When::Cursor(Cursor { moment, offsets: vec![offset] });
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // asked                                            events, or why not
        (at(-1),                                         Err("before")),
        (When::Instant(noon(0).plus_micros(-1)),         Err("before")),
        (at(0),                                          Ok(2)),
        (When::Instant(noon(10).plus_micros(-1)),        Ok(2)),
        (at(10),                                         Ok(3)),
        (at(20),                                         Ok(3)),
        (When::Instant(noon(20).plus_micros(1)),         Err("future")),
        (When::Instant(Instant::from_micros(i64::MAX)),  Err("future")),
        (When::Instant(Instant::from_micros(i64::MIN)),  Err("before")),
        (cursor(noon(0), 2),                             Ok(2)),
        (cursor(noon(0), 1),                             Ok(2)),     // Within a commit, which is never seen half.
        (cursor(noon(10), 3),                            Ok(3)),
        (cursor(noon(20), 3),                            Ok(3)),     // The instant that was asked above.
        (cursor(noon(5), 2),                             Ok(2)),
        (cursor(noon(0), 0),                             Err("unknown")),
        (cursor(noon(-5), 0),                            Err("before")),
        (cursor(noon(5), 3),                             Err("unknown")),
        (cursor(noon(10), 2),                            Err("unknown")),
        (cursor(noon(10), 4),                            Err("unknown")),
        (cursor(noon(21), 3),                            Err("unknown")),
        (When::Cursor(Cursor { moment: noon(10), offsets: vec![3, 0] }), Err("unknown")),
    ];
    for (when, expected) in cases {
        assert_eq!(asked(&house, &when).await, expected, "{when:?}");
    }
}

#[tokio::test]
async fn what_is_asked_once_is_closed() {
    let clock = StandingClock::new(noon(0));
    let house = House::with_clock(clock.clone()).await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    clock.set(noon(30));
    let when = When::Instant(noon(30));
    let cursor = house.engine.as_of(&when).await.unwrap();

    // The clock goes back by less than it is refused for, and the house is closed and opened again.
    clock.set(noon(1));
    let house = house.reopened().await;
    let late = house.engine.commit(put("Patient/p2", r#"{"active":true}"#)).await.unwrap().cursor;
    assert!(late.moment > noon(30), "{}", late.moment);
    assert_eq!(
        house.engine.as_of(&when).await.unwrap(),
        cursor,
        "an instant that was answered once stays so"
    );
    assert_eq!(house.engine.as_of(&When::Cursor(cursor.clone())).await.unwrap(), cursor);
    // What is recorded is not the future, though this clock has yet to come to it.
    assert_eq!(house.engine.as_of(&When::Instant(late.moment)).await.unwrap(), late);
    let beyond = When::Instant(late.moment.plus_micros(10 * SECOND));
    assert_eq!(asked(&house, &beyond).await, Err("future"));
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_as_of_now_beside_writers_are_answered_the_same_again() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p", r#"{"active":true}"#)).await.unwrap();
    let mut tasks = Vec::new();
    for n in 0..8 {
        let engine = std::sync::Arc::clone(&house.engine);
        tasks.push(tokio::spawn(async move {
            let mut answered = Vec::new();
            for round in 0..20 {
                if n % 2 == 0 {
                    let text = format!(r#"{{"language":"l{round}"}}"#);
                    engine.commit(put(&format!("Patient/p{n}"), &text)).await.unwrap();
                } else {
                    let when = When::Instant(engine.now());
                    answered.push((when.clone(), engine.as_of(&when).await.unwrap()));
                }
            }
            answered
        }));
    }
    for task in tasks {
        for (when, cursor) in task.await.unwrap() {
            assert_eq!(house.engine.as_of(&when).await.unwrap(), cursor);
            assert_eq!(house.engine.as_of(&When::Cursor(cursor.clone())).await.unwrap(), cursor);
        }
    }
}

#[tokio::test]
async fn a_record_is_found_as_of_each_of_its_versions() {
    let house = House::new().await;
    let name = "Patient/p1".parse().unwrap();
    let mut expected = Vec::new();
    for command in 0..4 {
        let request = match command {
            2 => request("Patient/p1", Command::Delete),
            n => put("Patient/p1", &format!(r#"{{"language":"l{n}"}}"#)),
        };
        let cursor = house.engine.commit(request).await.unwrap().cursor;
        let found = house.engine.views().find_one(&name, None).await.unwrap().unwrap();
        let text = house.engine.text(&found).await.unwrap();
        expected.push((cursor, found, text));
    }
    for (cursor, found, text) in expected {
        let then = house.engine.views().find_one(&name, Some(cursor.moment)).await.unwrap().unwrap();
        assert_eq!(house.engine.text(&then).await.unwrap(), text, "{cursor}");
        // Where its body is, is no part of what it was.
        assert_eq!(RecordVersion { body: found.body.clone(), ..then }, found, "{cursor}");
    }
}

/// Bodies that are not kept come out as the log folds them, by few events each, with snapshots or without; and go with the
/// key of whom they are about.
#[tokio::test]
async fn versions_that_passed_are_what_the_log_says() {
    let never = SnapshotPolicy { every: 0, daily: false, significant: false, ..SnapshotPolicy::default() };
    for policy in [SnapshotPolicy::default(), never] {
        let house = House::with_policy(policy).await;
        let name: StreamName = "Observation/o".parse().unwrap();
        let mut about = "p1";
        for n in 0..90 {
            let one = match n {
                // It goes and comes back, moves to another person, and changes in two ways at once.
                20 | 50 => request("Observation/o", Command::Delete),
                _ => {
                    about = if n < 70 { "p1" } else { "p2" };
                    let status = if n < 30 { "preliminary" } else { "final" };
                    let note =
                        if n % 7 == 0 { format!(r#","note":[{{"text":"n{n}"}}]"#) } else { String::new() };
                    put(
                        "Observation/o",
                        &format!(
                            r#"{{"status":"{status}","subject":{{"reference":"Patient/{about}"}},"valueString":"v{n}"{note}}}"#
                        ),
                    )
                }
            };
            house.engine.commit(one).await.unwrap();
        }
        assert_eq!(about, "p2");
        let house = house.reopened().await;
        let all = house.engine.views().history(&name, u64::MAX, None, 1_000).await.unwrap();
        assert_eq!(all.len(), 90);
        let folded = all.iter().filter(|version| version.body == Body::Folded).count();
        assert!(folded > 60, "{folded} of them are not kept");
        for version in &all {
            let state = house.engine.state(&name, UpTo::Version(version.version)).await.unwrap().unwrap();
            let elements = house.engine.elements(version).await.unwrap();
            assert_eq!(
                elements.map(|it| it.to_text()),
                state.elements.map(|it| it.to_text()),
                "{}",
                version.version
            );
            assert_eq!(elements_are_there(&house, version).await, !matches!(version.body, Body::Deleted));
        }

        house.destroy_key("Patient/p1").await;
        let about_p2 = all.iter().take(20);
        for version in &all {
            let is_there = about_p2.clone().any(|one| one.version == version.version);
            assert_eq!(elements_are_there(&house, version).await, is_there, "{}", version.version);
        }
    }
}

async fn elements_are_there(house: &House, version: &RecordVersion) -> bool {
    house.engine.text(version).await.unwrap().is_some()
}
