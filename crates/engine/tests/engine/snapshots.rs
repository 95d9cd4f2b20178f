//! Snapshots: with them and without, however they were spoilt, a state is the same; only how much is folded differs.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::fs;
use std::path::Path;

use anamnesis_chart::{Command, EventRef, evolve};
use anamnesis_engine::SnapshotPolicy;
use anamnesis_json::Object;
use anamnesis_kernel::{Instant, Version};
use anamnesis_store::{Reason, Snapshots, UpTo};
use anamnesis_testkit::StandingClock;

use super::house::{House, patient, put, request};

const NEVER: SnapshotPolicy =
    SnapshotPolicy { every: 0, daily: false, significant: false, significant_gap: 10 };

/// A patient of a name that tells versions apart.
async fn write(house: &House, id: &str, n: u64) {
    let elements = format!(r#"{{"name":[{{"family":"Family {n}"}}],"active":true}}"#);
    house.engine.commit(put(&format!("Patient/{id}"), &elements)).await.unwrap();
}

async fn history(house: &House, id: &str, from: u64, to: u64) {
    for n in from..=to {
        write(house, id, n).await;
    }
}

async fn state(house: &House, id: &str, upto: UpTo) -> (Version, Option<String>) {
    let found = house.engine.state(&patient(id), upto).await.unwrap().unwrap();
    (found.version, found.elements.map(|elements| String::from_utf8(elements.to_text()).unwrap()))
}

async fn versions(house: &House, id: &str) -> Vec<Version> {
    house.engine.snapshots(&patient(id)).await.unwrap().iter().map(|listed| listed.version).collect()
}

/// Whether the state at the end is as it was written, and how many events were folded for it.
async fn is_at(house: &House, id: &str, n: u64) -> usize {
    house.tally.folded();
    let (version, elements) = state(house, id, UpTo::Newest).await;
    assert_eq!(version, n);
    assert!(elements.unwrap().contains(&format!("\"Family {n}\"")));
    house.tally.folded()
}

#[tokio::test]
async fn every_so_many_events_a_state_is_kept_and_loading_starts_from_it() {
    let mut house = House::with_policy(SnapshotPolicy { every: 10, ..NEVER }).await;
    history(&house, "p1", 1, 45).await;
    assert_eq!(versions(&house, "p1").await, Vec::<Version>::new(), "nobody waited for it");
    house.taker.take_queued().await;
    assert_eq!(versions(&house, "p1").await, [40, 30, 20], "the newest three");
    assert_eq!(is_at(&house, "p1", 45).await, 5);
    let listed = house.engine.snapshot(&patient("p1"), None).await.unwrap().unwrap();
    assert_eq!((listed.version, listed.reason), (40, Reason::Count));
    // Decisions too: the head is not remembered after a restart.
    let house = house.reopened().await;
    write(&house, "p1", 46).await;
    assert_eq!(house.tally.folded(), 5);
    assert_eq!(versions(&house, "p2").await, Vec::<Version>::new());
    assert!(house.engine.state(&patient("p2"), UpTo::Newest).await.unwrap().is_none());
}

#[tokio::test]
async fn a_significant_event_is_kept_but_not_one_after_the_other() {
    let policy = SnapshotPolicy { significant: true, significant_gap: 5, ..NEVER };
    let mut house = House::with_policy(policy).await;
    write(&house, "p1", 1).await;
    for n in 2..=12 {
        // Who dies and lives again each time.
        let dead = format!(r#"{{"deceasedBoolean":{},"active":true}}"#, n % 2 == 0);
        house.engine.commit(put("Patient/p1", &dead)).await.unwrap();
        house.taker.take_queued().await;
    }
    let listed = house.engine.snapshots(&patient("p1")).await.unwrap();
    let kept: Vec<_> = listed.iter().map(|listed| (listed.version, listed.reason)).collect();
    assert_eq!(kept, [(12, Reason::Significant), (7, Reason::Significant), (2, Reason::Significant)]);
}

#[tokio::test]
async fn a_state_of_the_past_is_folded_from_the_snapshot_before_it() {
    let clock = StandingClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let mut house = House::with(clock.clone(), SnapshotPolicy { every: 100, ..NEVER }).await;
    let mut moments = Vec::new();
    for n in 1..=250 {
        clock.advance_micros(1_000_000);
        write(&house, "p1", n).await;
        moments.push(house.engine.head().moment);
    }
    house.taker.take_queued().await;
    for (version, events) in [(250_u64, 50), (201, 1), (199, 99), (150, 50), (100, 0), (99, 99), (1, 1)] {
        let moment = moments[usize::try_from(version).unwrap() - 1];
        for upto in [UpTo::Version(version), UpTo::Moment(moment), UpTo::Moment(moment.plus_micros(9))] {
            house.tally.folded();
            let (found, elements) = state(&house, "p1", upto).await;
            assert_eq!(found, version);
            assert!(elements.unwrap().contains(&format!("\"Family {version}\"")));
            assert_eq!(house.tally.folded(), events, "{upto:?}");
        }
    }
    let before = UpTo::Moment(moments[0].plus_micros(-1));
    assert!(house.engine.state(&patient("p1"), before).await.unwrap().is_none());
    let then = house.engine.snapshot(&patient("p1"), Some(moments[149])).await.unwrap();
    assert_eq!(then.map(|listed| listed.version), Some(100));
}

#[tokio::test]
async fn a_stream_without_snapshots_is_folded_once_and_has_them_then() {
    let mut house = House::with_policy(NEVER).await;
    history(&house, "p1", 1, 1_050).await;
    house.taker.take_queued().await;
    let mut house = house.reopened().await;
    assert_eq!(is_at(&house, "p1", 1_050).await, 1_050);
    house.taker.take_queued().await;
    assert_eq!(versions(&house, "p1").await, Vec::<Version>::new(), "nobody wants any");

    let mut house = house.with_other_policy(SnapshotPolicy { every: 100, ..NEVER }).await;
    assert_eq!(is_at(&house, "p1", 1_050).await, 1_050);
    house.taker.take_queued().await;
    let expected = [1_050, 1_000, 900, 800, 700, 600, 500, 400, 300, 200, 100];
    assert_eq!(versions(&house, "p1").await, expected);
    assert_eq!(is_at(&house, "p1", 1_050).await, 0);
    house.tally.folded();
    state(&house, "p1", UpTo::Version(555)).await;
    assert_eq!(house.tally.folded(), 55);
}

/// Changes the file of the snapshots behind the program's back.
fn edit(folder: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(folder.join("snapshots.db")).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
}

#[tokio::test]
async fn what_does_not_fit_is_thrown_away_and_the_one_before_used() {
    #[rustfmt::skip]
    let cases = [
        ("a bit of the state",     "UPDATE snapshot SET sealed = CAST(substr(sealed, 1, 20) || x'00' || substr(sealed, 22) AS BLOB) WHERE version = 30", 15),
        ("a shorter state",        "UPDATE snapshot SET sealed = substr(sealed, 1, 20) WHERE version = 30",     15),
        ("no state",               "UPDATE snapshot SET sealed = x'' WHERE version = 30",                       15),
        ("another's key",          "UPDATE snapshot SET subject = 7 WHERE version = 30",                        15),
        ("another shape",          "UPDATE snapshot SET shape = zeroblob(16) WHERE version = 30",               15),
        ("another event",          "UPDATE snapshot SET leaf = zeroblob(32) WHERE version = 30",                15),
        ("another moment",         "UPDATE snapshot SET moment = moment - 1 WHERE version = 30",                15),
        ("beyond the log",         "UPDATE snapshot SET version = 36 WHERE version = 30",                       15),
        ("another version",        "UPDATE snapshot SET version = 31 WHERE version = 30",                       15),
        ("two of them",            "UPDATE snapshot SET leaf = zeroblob(32) WHERE version > 10",                25),
        ("all of them",            "UPDATE snapshot SET leaf = zeroblob(32)",                                   35),
        ("none of them",           "UPDATE snapshot SET taken_at = taken_at - 1",                               5),
    ];
    for (name, sql, events) in cases {
        let mut house = House::with_policy(SnapshotPolicy { every: 10, ..NEVER }).await;
        history(&house, "p1", 1, 35).await;
        house.taker.take_queued().await;
        let mut house = house.reopened_after(|folder| edit(folder, sql)).await;
        assert_eq!(is_at(&house, "p1", 35).await, events, "{name}");
        house.taker.take_queued().await;
        // What was thrown away is not tried again, and a fold that went far leaves another.
        let again = is_at(&house, "p1", 35).await;
        assert_eq!(again, if events > 20 { 0 } else { events }, "{name}");
        history(&house, "p1", 36, 40).await;
        house.taker.take_queued().await;
        assert_eq!(is_at(&house, "p1", 40).await, 0, "{name}");
    }
}

#[tokio::test]
async fn a_log_that_took_another_course_is_folded_without_what_was_kept_of_the_first() {
    let mut house = House::with_policy(SnapshotPolicy { every: 10, ..NEVER }).await;
    history(&house, "p1", 1, 15).await;
    house.taker.take_queued().await;
    let copy = tempfile::tempdir().unwrap();
    let files = ["log.db", "keys.db"];
    let copied = |folder: &Path| {
        for file in files {
            let connection = rusqlite::Connection::open(folder.join(file)).unwrap();
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
            fs::copy(folder.join(file), copy.path().join(file)).unwrap();
        }
    };
    let mut house = house.reopened_after(copied).await;
    history(&house, "p1", 16, 45).await;
    house.taker.take_queued().await;
    assert_eq!(versions(&house, "p1").await, [40, 30, 20]);
    // The log is put back as it was, the snapshots are left as they are.
    let restored = |folder: &Path| {
        for file in files {
            for beside in ["-wal", "-shm"] {
                let _ = fs::remove_file(folder.join(format!("{file}{beside}")));
            }
            fs::copy(copy.path().join(file), folder.join(file)).unwrap();
        }
        for file in ["views.db", "views.db-wal", "views.db-shm"] {
            let _ = fs::remove_file(folder.join(file));
        }
    };
    let mut house = house.reopened_after(restored).await;
    assert_eq!(is_at(&house, "p1", 15).await, 15, "the log has none of them");
    for n in 116..=148 {
        write(&house, "p1", n).await;
    }
    for version in [20_u64, 30, 40, 48] {
        let (found, elements) = state(&house, "p1", UpTo::Version(version)).await;
        assert_eq!(found, version);
        let n = 100 + version;
        assert!(elements.unwrap().contains(&format!("\"Family {n}\"")), "of the course the log took");
    }
    house.taker.take_queued().await;
    house.tally.folded();
    assert!(state(&house, "p1", UpTo::Newest).await.1.unwrap().contains("\"Family 148\""));
    assert_eq!(house.tally.folded(), 8);
}

#[tokio::test]
async fn nothing_is_left_of_who_was_erased() {
    let mut house = House::with_policy(SnapshotPolicy { every: 10, ..NEVER }).await;
    history(&house, "p1", 1, 25).await;
    history(&house, "p2", 1, 25).await;
    house.taker.take_queued().await;
    assert_eq!(house.store.snapshots.tally().await.unwrap().count, 4);
    history(&house, "p1", 26, 30).await;
    house.destroy_key("Patient/p1").await;
    assert_eq!(versions(&house, "p1").await, Vec::<Version>::new());
    assert_eq!(state(&house, "p1", UpTo::Newest).await, (30, None));
    assert_eq!(state(&house, "p1", UpTo::Version(21)).await, (21, None));
    // What was due then has nobody's key.
    house.taker.take_queued().await;
    assert_eq!(house.store.snapshots.tally().await.unwrap().count, 2);
    assert_eq!(is_at(&house, "p2", 25).await, 5);
}

#[tokio::test]
async fn a_day_that_ended_leaves_a_snapshot_of_each_record_that_was_active() {
    let day = 24 * 3_600 * 1_000_000;
    let noon: Instant = "2026-03-01T12:00:00Z".parse().unwrap();
    let clock = StandingClock::new(noon);
    let mut house = House::with(clock.clone(), SnapshotPolicy { daily: true, ..NEVER }).await;
    let go_on = || true;
    house.engine.sweep(go_on).await.unwrap();
    history(&house, "p1", 1, 3).await;
    history(&house, "p2", 1, 1).await;
    house.engine.sweep(go_on).await.unwrap();
    assert_eq!(versions(&house, "p1").await, Vec::<Version>::new(), "the day has not ended");

    clock.set(noon.plus_micros(day));
    // The first write of a day needs no sweep; what was active the day before and is not now does.
    history(&house, "p3", 1, 2).await;
    house.engine.sweep(go_on).await.unwrap();
    assert_eq!(versions(&house, "p1").await, [3]);
    assert_eq!(versions(&house, "p2").await, Vec::<Version>::new(), "never of a first version");
    assert_eq!(versions(&house, "p3").await, Vec::<Version>::new());
    let listed = house.engine.snapshot(&patient("p1"), None).await.unwrap().unwrap();
    assert_eq!((listed.reason, listed.taken_at), (Reason::Daily, house.engine.now()));
    write(&house, "p2", 2).await;
    write(&house, "p1", 4).await;
    house.taker.take_queued().await;
    assert_eq!(versions(&house, "p2").await, [2], "its first write of that day");
    assert_eq!(versions(&house, "p1").await, [3], "one was taken that day");

    // Days later, after a restart that forgot nothing, and once more for nothing.
    clock.set(noon.plus_micros(5 * day));
    let mut house = house.reopened().await;
    for _ in 0..2 {
        house.engine.sweep(go_on).await.unwrap();
        assert_eq!(versions(&house, "p1").await, [4, 3]);
        assert_eq!(versions(&house, "p2").await, [2]);
        assert_eq!(versions(&house, "p3").await, [2]);
    }
    write(&house, "p1", 5).await;
    house.taker.take_queued().await;
    assert_eq!(versions(&house, "p1").await, [4, 3], "the sweep took one that day");
    let end = house.engine.head().offset(0);
    assert!(house.store.snapshots.swept().await.unwrap() < Some(end));
}

#[tokio::test]
async fn a_sweep_that_is_stopped_goes_on_where_it_was() {
    let day = 24 * 3_600 * 1_000_000;
    let noon: Instant = "2026-03-01T12:00:00Z".parse().unwrap();
    let clock = StandingClock::new(noon);
    let house = House::with(clock.clone(), SnapshotPolicy { daily: true, ..NEVER }).await;
    history(&house, "p0", 1, 1).await;
    house.engine.sweep(|| true).await.unwrap();
    for n in 0..50 {
        history(&house, &format!("p{n}"), 2, 3).await;
    }
    clock.set(noon.plus_micros(day));
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let twice = || asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2;
    house.engine.sweep(twice).await.unwrap();
    let some = house.store.snapshots.tally().await.unwrap().count;
    assert!((1..50).contains(&some), "{some}");
    let house = house.reopened().await;
    house.engine.sweep(|| true).await.unwrap();
    assert_eq!(house.store.snapshots.tally().await.unwrap().count, 50);
}

/// Every state of a stream, folded from its beginning without any help.
async fn folded(house: &House, name: &str) -> Vec<Option<Object>> {
    let mut elements = None;
    let mut states = Vec::new();
    let fold = |event: anamnesis_kernel::Event, data: Object| {
        let event = EventRef { kind: &event.kind, whole: event.whole, data: &data };
        elements = evolve(elements.take(), &event);
        states.push(elements.clone());
        std::ops::ControlFlow::Continue(())
    };
    house.engine.visit_stream(&name.parse().unwrap(), 1, fold).await.unwrap();
    states
}

#[tokio::test]
async fn whatever_happened_every_version_is_the_same_with_snapshots_and_without() {
    for seed in 1..=4_u64 {
        let every = [1, 7, 20, 100][usize::try_from(seed - 1).unwrap()];
        let policy = SnapshotPolicy { every, significant: true, significant_gap: 3, daily: true };
        let mut house = House::with_policy(policy).await;
        let mut random = seed;
        let mut draw = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let name = "Observation/o1";
        for n in 0..160_u64 {
            let whose = draw(12);
            let request = match draw(20) {
                0 => request(name, Command::Delete),
                // Now and then it turns out to be another's.
                _ => {
                    let whose = if whose == 0 { "b" } else { "a" };
                    let issued = if draw(2) == 0 { r#""issued":"2026-03-01T12:00:00Z","# } else { "" };
                    put(
                        name,
                        &format!(
                            r#"{{"status":"final",{issued}"code":{{"text":"{n}"}},"subject":{{"reference":"Patient/{whose}"}},"note":[{{"text":"{}"}}]}}"#,
                            "n".repeat(usize::try_from(draw(40)).unwrap())
                        ),
                    )
                }
            };
            let _ = house.engine.commit(request).await.unwrap();
            if draw(9) == 0 {
                house.taker.take_queued().await;
            }
            if draw(30) == 0 {
                house = house.reopened().await;
            }
        }
        house.taker.take_queued().await;
        let expected = folded(&house, name).await;
        assert!(expected.len() > 120, "{}", expected.len());
        for (version, expected) in (1..).zip(&expected) {
            let found = house.engine.state(&name.parse().unwrap(), UpTo::Version(version)).await.unwrap();
            let found = found.unwrap();
            let text = |elements: &Option<Object>| elements.as_ref().map(Object::to_text);
            assert_eq!((found.version, text(&found.elements)), (version, text(expected)), "seed {seed}");
        }
        let newest = house.engine.state(&name.parse().unwrap(), UpTo::Newest).await.unwrap().unwrap();
        assert_eq!(newest.elements, *expected.last().unwrap());
    }
}
