//! Both levels of the caches: what they hold is right, and gone when it must be.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by its panic what it found")]

use std::time::Duration;

use anamnesis_engine::Shown;
use anamnesis_testkit::{Answer, Redis};

use crate::house::{House, patient, put};

/// A patient of a few versions, read in each way there is.
async fn read(house: &House) -> (String, Vec<u64>) {
    let name = patient("p1");
    let text = house.engine.current(&name).await.unwrap().unwrap().text.unwrap();
    let events = house.engine.stream(&name, 1, 100, None).await.unwrap().events;
    let version = |shown: &Shown| shown.event().unwrap().version;
    (String::from_utf8(text.to_vec()).unwrap(), events.iter().map(version).collect())
}

async fn written(house: &House, versions: std::ops::RangeInclusive<u32>) {
    for version in versions {
        let elements = format!(r#"{{"active":true,"birthDate":"19{version:02}-01-01"}}"#);
        house.engine.commit(put("Patient/p1", &elements)).await.unwrap();
    }
}

/// Waits until Redis has so many entries, all of one person.
async fn kept(redis: &Redis, entries: i64) {
    for _ in 0..2_000 {
        if let [key] = &redis.keys()[..]
            && redis.ask(&[b"HLEN", key.as_bytes()]) == Answer::Number(entries)
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{:?} are kept", redis.keys());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_read_another_need_not() {
    let Some(redis) = Redis::start() else { return };
    let house = House::beside(&redis).await;
    written(&house, 10..=13).await;
    house.tally.taken();
    let first = read(&house).await;
    assert!(first.0.contains("1913-01-01") && first.1 == [1, 2, 3, 4]);
    assert_eq!(house.tally.taken(), [0, 2, 0], "the state and the events were asked for");
    kept(&redis, 2).await;
    assert_eq!(read(&house).await, first);
    assert_eq!(house.tally.taken(), [0, 0, 0], "the process remembers");

    let house = house.reopened().await;
    assert_eq!(read(&house).await, first);
    assert_eq!(house.tally.taken(), [2, 0, 0]);
    // The state of a decision is the same one.
    let house = house.reopened().await;
    written(&house, 14..=14).await;
    assert_eq!(house.tally.taken(), [1, 0, 0]);
    let second = read(&house).await;
    assert!(second.0.contains("1914-01-01") && second.1 == [1, 2, 3, 4, 5]);
    assert_eq!(house.tally.taken(), [0, 2, 0], "what is there is of the version before");
}

/// What is there is of the version before, so one event is folded onto it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_state_is_gone_on_from() {
    let Some(redis) = Redis::start() else { return };
    let house = House::beside(&redis).await;
    written(&house, 10..=13).await;
    read(&house).await;
    kept(&redis, 2).await;
    let house = house.reopened().await;
    written(&house, 14..=14).await;
    let house = house.reopened().await;
    house.tally.taken();
    house.tally.folded();
    house.engine.commit(put("Patient/p1", r#"{"active":true,"birthDate":"1914-01-01"}"#)).await.unwrap();
    assert_eq!((house.tally.taken(), house.tally.folded()), ([1, 0, 0], 1));
    let (text, versions) = read(&house).await;
    assert!(text.contains("1914-01-01"));
    assert_eq!(versions, [1, 2, 3, 4, 5], "it was told that nothing changes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_erased_is_in_no_cache() {
    let Some(redis) = Redis::start() else { return };
    let house = House::beside(&redis).await;
    house.live_a_little().await;
    written(&house, 10..=13).await;
    house.engine.commit(put("Patient/p2", r#"{"active":true}"#)).await.unwrap();
    read(&house).await;
    house.engine.current(&patient("p2")).await.unwrap();
    let tag = house.engine.keyring().store.subject_tag(&patient("p1"));
    let number = anamnesis_store::Keys::find_by_tag(&*house.store.keys, &[tag]).await.unwrap()[0].clone();
    let theirs = format!("{:016x}", number.unwrap().number.0);
    let is_kept = || redis.keys().iter().any(|key| key.ends_with(&theirs));
    for _ in 0..2_000 {
        if is_kept() && redis.keys().len() > 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(is_kept() && house.engine.remembers() > 0);
    let others = redis.keys().len() - 1;

    house.destroy_key("Patient/p1").await;
    assert_eq!(house.engine.remembers(), 0);
    assert!(!is_kept());
    assert!(redis.keys().len() >= others, "what is of others stays");
    // Nothing that is asked for brings anything back.
    let name = patient("p1");
    assert!(house.engine.current(&name).await.unwrap().unwrap().text.is_none());
    assert!(house.engine.stream(&name, 1, 100, None).await.unwrap().events.is_empty());
    assert!(house.engine.commit(put("Patient/p1", r#"{"active":false}"#)).await.is_err());
    let found = house.find("Patient/p1").await.unwrap();
    assert!(house.engine.text(&found).await.unwrap().is_none());
    house.engine.current(&patient("p2")).await.unwrap();
    assert!(!is_kept());
    assert!(!house.engine.destroy_key(&name).await.unwrap(), "it was destroyed");
    assert!(!house.engine.destroy_key(&patient("nobody")).await.unwrap());
}

/// A log that was put back from a copy comes to the same version along another course.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_course_of_the_log_left_is_not_used() {
    let Some(redis) = Redis::start() else { return };
    let house = House::beside(&redis).await;
    written(&house, 10..=12).await;
    let copy = tempfile::tempdir().unwrap();
    let files = ["log.db", "keys.db", "views.db"];
    let house = house
        .reopened_after(|folder| {
            for file in files {
                std::fs::copy(folder.join(file), copy.path().join(file)).unwrap();
            }
        })
        .await;
    written(&house, 13..=13).await;
    assert!(read(&house).await.0.contains("1913-01-01"));
    kept(&redis, 2).await;
    let house = house
        .reopened_after(|folder| {
            for file in files {
                let _ = std::fs::remove_file(folder.join(format!("{file}-wal")));
                std::fs::copy(copy.path().join(file), folder.join(file)).unwrap();
            }
        })
        .await;
    written(&house, 44..=44).await;
    let (text, versions) = read(&house).await;
    assert!(text.contains("1944-01-01") && !text.contains("1913"), "{text}");
    assert_eq!(versions, [1, 2, 3, 4]);
    let [hits, _, errors] = house.tally.taken();
    assert_eq!((hits, errors), (0, 0), "it is old, not spoilt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spoilt_is_an_error_and_removed_and_changes_nothing() {
    let Some(redis) = Redis::start() else { return };
    let mut house = House::beside(&redis).await;
    written(&house, 10..=13).await;
    let first = read(&house).await;
    kept(&redis, 2).await;
    let key = redis.keys().remove(0);
    let Answer::Many(parts) = redis.ask(&[b"HGETALL", key.as_bytes()]) else { panic!("it is a hash") };
    let parts: Vec<Vec<u8>> = parts
        .into_iter()
        .map(|part| match part {
            Answer::Bytes(bytes) => bytes,
            other => panic!("{other:?}"),
        })
        .collect();
    let [one, its, other, others] = &parts[..] else { panic!("it has two fields") };
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        bytes
    };
    let cases = [
        ("nothing", Vec::new(), Vec::new()),
        ("words", b"garbage".to_vec(), b"garbage".to_vec()),
        ("half", its[..its.len() / 2].to_vec(), others[..others.len() / 2].to_vec()),
        ("a bit", flipped(its), flipped(others)),
        ("each other's", others.clone(), its.clone()),
    ];
    for (case, one_bytes, other_bytes) in cases {
        house = house.reopened().await;
        redis.ask(&[b"HSET", key.as_bytes(), one, &one_bytes, other, &other_bytes]);
        assert_eq!(read(&house).await, first, "{case}");
        assert_eq!(house.tally.taken(), [0, 0, 2], "{case}");
        kept(&redis, 2).await;
    }
    house = house.reopened().await;
    redis.ask(&[b"SET", key.as_bytes(), b"no hash"]);
    assert_eq!(read(&house).await, first);
    assert_eq!(house.tally.taken()[0], 0);
}
