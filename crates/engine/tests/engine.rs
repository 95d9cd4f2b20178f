//! The engine on a real embedded store: deciding, appending, projecting, reading back.

#[path = "engine/as_of.rs"]
mod as_of;
#[path = "engine/caches.rs"]
mod caches;
#[path = "engine/generations.rs"]
mod generations;
#[path = "engine/half_way.rs"]
mod half_way;
#[path = "support/house.rs"]
mod house;
#[path = "engine/leisure.rs"]
mod leisure;
#[path = "engine/order.rs"]
mod order;
#[path = "engine/parked.rs"]
mod parked;
#[path = "engine/snapshots.rs"]
mod snapshots;

use std::ops::ControlFlow;
use std::sync::Arc;

use anamnesis_chart::{Command, Door};
use anamnesis_engine::{CommitError, Expect, Filter, Idempotent, Item, Shown, Step, rebuild, verify};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::search::{Param, Place, Query, Test};
use anamnesis_kernel::{Cursor, Position, ResourceType};
use anamnesis_store::{Body, Views};
use house::{House, patient, put, request};

#[tokio::test]
async fn a_write_is_read_back_in_its_order_and_text() {
    let house = House::new().await;
    let sent = r#"{"name":[{"given":["Zoë"],"family":"Okafor"}],"extension":[{"url":"u","valueDecimal":1.50}],"active":true}"#;
    let answer = house.engine.commit(put("Patient/p1", sent)).await.unwrap();
    let item = &answer.items[0];
    assert!(item.created && item.live && item.version == 1 && answer.seen);
    assert_eq!(item.events[0].kind, "PatientRegistered");
    let found = house.find("Patient/p1").await.unwrap();
    assert_eq!(found.body, Body::InLog, "a whole event is not kept twice");
    let elements = house.engine.elements(&found).await.unwrap().unwrap();
    assert_eq!(String::from_utf8(elements.to_text()).unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn who_waited_for_a_write_reads_it_and_nobody_goes_back() {
    let house = House::new().await;
    let name = patient("p1");
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut readers = Vec::new();
    for _ in 0..2 {
        let (engine, name, stopped) = (Arc::clone(&house.engine), name.clone(), stopped.clone());
        readers.push(tokio::spawn(async move {
            let mut newest = 0;
            while !*stopped.borrow() {
                let version = engine.current(&name).await.unwrap().unwrap().version;
                assert!(version >= newest, "{version} after {newest}");
                newest = version;
                tokio::task::yield_now().await;
            }
        }));
    }
    for version in 2..=100_u64 {
        let elements = format!(r#"{{"active":true,"birthDate":"{}"}}"#, 1_900 + version);
        house.engine.commit(put("Patient/p1", &elements)).await.unwrap();
        let current = house.engine.current(&name).await.unwrap().unwrap();
        assert_eq!(current.version, version);
        let text = String::from_utf8(current.text.unwrap().to_vec()).unwrap();
        assert!(text.contains(&format!("\"birthDate\":\"{}\"", 1_900 + version)));
    }
    house.engine.commit(request("Patient/p1", Command::Delete)).await.unwrap();
    assert!(house.engine.current(&name).await.unwrap().unwrap().text.is_none());
    stop.send_replace(true);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(house.engine.current(&patient("never")).await.unwrap().is_none());
}

#[tokio::test]
async fn what_changes_nothing_adds_nothing() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true,"gender":"female"}"#)).await.unwrap();
    let again = house.engine.commit(put("Patient/p1", r#"{"gender":"female","active":true}"#)).await.unwrap();
    assert_eq!((again.items[0].version, again.items[0].events.len()), (1, 0));
    assert_eq!(house.engine.head().offset(0), 1);
}

#[tokio::test]
async fn expectations_are_held() {
    let house = House::new().await;
    let with = |expected| {
        let mut request = put("Patient/p1", r#"{"active":true}"#);
        request.items[0].expected = expected;
        request
    };
    assert!(matches!(
        house.engine.commit(with(Expect::Live)).await,
        Err(CommitError::Conflict { actual: 0, .. })
    ));
    assert!(house.engine.commit(with(Expect::None)).await.is_ok());
    assert!(matches!(
        house.engine.commit(with(Expect::None)).await,
        Err(CommitError::Conflict { actual: 1, .. })
    ));
    assert!(matches!(
        house.engine.commit(with(Expect::Version(7))).await,
        Err(CommitError::Conflict { actual: 1, .. })
    ));
    house.engine.commit(request("Patient/p1", Command::Delete)).await.unwrap();
    let back = house.engine.commit(with(Expect::None)).await.unwrap();
    assert!(back.items[0].created);
    assert_eq!(back.items[0].version, 3);
}

/// What another is about to write is known before it is durable, and no reason for a no until then.
#[tokio::test(flavor = "multi_thread")]
async fn a_no_that_is_foreseen_waits_for_what_it_rests_on() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    let lock = rusqlite::Connection::open(house.folder.path().join("log.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let engine = Arc::clone(&house.engine);
    let under_way =
        tokio::spawn(async move { engine.commit(put("Patient/p1", r#"{"active":false}"#)).await });
    let mut deletion = request("Patient/p1", Command::Delete);
    while house.engine.preview(&deletion).await.unwrap().items[0].version < 3 {
        tokio::task::yield_now().await;
    }
    deletion.items[0].expected = Expect::Version(1);
    let mut foreseen = Box::pin(house.engine.preview(&deletion));
    let soon = tokio::time::timeout(std::time::Duration::from_millis(300), &mut foreseen).await;
    assert!(soon.is_err(), "nobody knows yet whether it comes to be");
    lock.execute_batch("ROLLBACK").unwrap();
    let foreseen = foreseen.await;
    assert!(matches!(foreseen, Err(CommitError::Conflict { actual: 2, .. })), "{foreseen:?}");
    assert_eq!(under_way.await.unwrap().unwrap().items[0].version, 2);
    assert_eq!(house.engine.head().offset(0), 2, "nothing is kept of what is foreseen");
}

#[tokio::test]
async fn a_request_of_many_streams_is_all_or_nothing() {
    let house = House::new().await;
    let mut both = put("Patient/p1", r#"{"active":true}"#);
    let mut second = put("Patient/p2", r#"{"active":true}"#).items;
    second[0].expected = Expect::Version(4);
    both.items.extend(second);
    assert!(house.engine.commit(both).await.is_err());
    assert_eq!(house.engine.head().offset(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_of_one_record_all_get_their_turn() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    let mut tasks = Vec::new();
    for n in 0..50 {
        let engine = Arc::clone(&house.engine);
        tasks.push(tokio::spawn(async move {
            let data = Object::new()
                .with("address", vec![Value::from(Object::new().with("city", format!("City {n}")))]);
            let command =
                Command::Append { kind: "PatientAddressUpdated".into(), schema_version: None, data };
            engine.commit(request("Patient/p1", command)).await.unwrap().items[0].version
        }));
    }
    let mut versions = Vec::new();
    for task in tasks {
        versions.push(task.await.unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, (2..=51).collect::<Vec<_>>());
    assert_eq!(house.find("Patient/p1").await.unwrap().version, 51);
}

#[tokio::test]
async fn a_key_is_done_once_and_its_answer_given_again() {
    let house = House::new().await;
    let keyed = |family: &str| {
        let mut keyed = put("Patient/p1", &format!(r#"{{"name":[{{"family":"{family}"}}]}}"#));
        let keys = &house.engine.keyring().store;
        let (key, content) = (keys.idempotency_key(b"k1"), keys.content(family.as_bytes()));
        keyed.idempotency = Some(Idempotent { key, content });
        keyed
    };
    let first = house.engine.commit(keyed("Abara")).await.unwrap();
    let again = house.engine.commit(keyed("Abara")).await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!((again.commit_id, again.cursor.to_string()), (first.commit_id, first.cursor.to_string()));
    assert_eq!(again.items[0].events[0].event_id, first.items[0].events[0].event_id);
    assert!(matches!(house.engine.commit(keyed("Other")).await, Err(CommitError::KeyReused)));
    assert_eq!(house.engine.head().offset(0), 1);
}

#[tokio::test]
async fn a_known_event_id_is_already_appended() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    let chosen = |city: &str| {
        let data = Object::new().with("new_address", Object::new().with("city", city));
        let command = Command::Append { kind: "PatientAddressUpdated".into(), schema_version: Some(1), data };
        let mut chosen = request("Patient/p1", command);
        chosen.items[0].steps[0].event_id = Some(uuid::Uuid::from_u128(77));
        chosen
    };
    let first = house.engine.commit(chosen("Ghent")).await.unwrap();
    let again = house.engine.commit(chosen("Ghent")).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.items[0].events[0].position, first.items[0].events[0].position);
    assert!(matches!(house.engine.commit(chosen("Bruges")).await, Err(CommitError::KeyReused)));
}

#[tokio::test]
async fn a_step_that_changed_nothing_does_not_make_a_repetition_another_request() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    let step = |id: u128, kind: &str, data: &str| {
        let data = anamnesis_json::parse(data.as_bytes()).unwrap().as_object().unwrap().clone();
        let command = Command::Append { kind: kind.into(), schema_version: None, data };
        let event_id = Some(uuid::Uuid::from_u128(id));
        Step { event_id, ..Step::of(command) }
    };
    let asked = |idle: &str| {
        let mut asked = put("Patient/p1", "{}");
        asked.items[0].steps = vec![
            step(1, "PatientReactivated", idle),
            step(2, "PatientGenderChanged", r#"{"gender":"female"}"#),
            step(3, "PatientGenderChanged", r#"{"gender":"female"}"#),
        ];
        asked
    };
    let first = house.engine.commit(asked(r#"{"active":true}"#)).await.unwrap();
    assert_eq!(first.items[0].events.len(), 1, "two of the steps change nothing");
    let again = house.engine.commit(asked(r#"{"active":true}"#)).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.items[0].events[0].position, first.items[0].events[0].position);
    assert_eq!(house.engine.head().offset(0), 2);
    let mut more = asked(r#"{"active":true}"#);
    more.items[0].steps.push(step(4, "PatientBirthDateCorrected", r#"{"birthDate":"1970-01-01"}"#));
    assert!(matches!(house.engine.commit(more).await, Err(CommitError::KeyReused)), "it asks for more");
}

#[tokio::test]
async fn every_version_is_kept_with_its_time() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    house.engine.commit(put("Patient/p1", r#"{"active":true,"gender":"male"}"#)).await.unwrap();
    house.engine.commit(request("Patient/p1", Command::Delete)).await.unwrap();
    let name = "Patient/p1".parse().unwrap();
    let history = house.engine.views().history(&name, u64::MAX, None, 10).await.unwrap();
    assert_eq!(history.iter().map(|v| v.version).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(history[0].body, Body::Deleted);
    assert!(history.windows(2).all(|pair| pair[1].ended == Some(pair[0].began)));
}

#[tokio::test]
async fn a_fresh_fold_equals_the_live_one_however_it_was_cut() {
    let house = House::new().await;
    house.live_a_little().await;
    let next = house.store.begin_generation().unwrap();
    rebuild(&house.engine, house::generation(&next, "other"), |_| {}).await.unwrap();
    assert_eq!(next.digest().await.unwrap(), house.engine.views().digest().await.unwrap());
    assert_eq!(next.watermark().await.unwrap().unwrap().shape, "other", "of another shape");
}

#[tokio::test]
async fn the_log_reads_back_whole_until_someone_touches_it() {
    let house = House::new().await;
    house.live_a_little().await;
    let good = verify(&house.engine, |_| {}).await.unwrap();
    assert_eq!((good.events, good.first_bad), (house.engine.head().offset(0), None));
    let cases = [
        (
            "the event is not what was written",
            "UPDATE log_event SET moment = moment + 1 WHERE position = 3",
            3,
        ),
        ("the event is not there", "DELETE FROM log_event WHERE position = 5", 5),
    ];
    for (kind, damage, offset) in cases {
        let house = House::new().await;
        house.live_a_little().await;
        house.damage(damage);
        let bad = verify(&house.engine, |_| {}).await.unwrap().first_bad.unwrap();
        assert_eq!((bad.kind.as_str(), bad.offset), (kind, offset));
    }
    // All in the table of streams, which only many are, but for the newest of one.
    let house = house
        .reopened_after(|folder| {
            let log = rusqlite::Connection::open(folder.join("log.db")).unwrap();
            log.execute_batch(
                "INSERT INTO log_stream SELECT partition, stream, version, position FROM log_event WHERE position <> 7; \
                 INSERT INTO log_meta SELECT 'streams', next FROM log_partition;",
            )
            .unwrap();
        })
        .await;
    let bad = verify(&house.engine, |_| {}).await.unwrap().first_bad.unwrap();
    assert_eq!((bad.kind.as_str(), bad.offset), ("stream", house.engine.head().offset(0)));
}

#[tokio::test]
async fn a_filtered_page_says_where_to_ask_again() {
    let house = House::new().await;
    house.live_a_little().await;
    let filter = Filter { records: vec!["Observation".into()], ..Default::default() };
    let mut from = Cursor::beginning(1);
    let mut seen = 0;
    loop {
        let page = house.engine.events(&from, &house.engine.head(), &filter, 2).await.unwrap();
        assert!(
            page.events
                .iter()
                .all(|event| event.event().is_some_and(|event| event.stream.kind.name() == "Observation"))
        );
        seen += page.events.len();
        if page.next == from {
            break;
        }
        from = page.next;
    }
    assert!(seen > 2);
    assert_eq!(from.offset(0), house.engine.head().offset(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_page_is_in_the_order_of_the_log() {
    let house = House::new().await;
    let patient = |n: usize| format!("Patient/n{n}");
    let mut request = put(&patient(0), r#"{"active":true}"#);
    request.items.extend((1..700).flat_map(|n| put(&patient(n), r#"{"active":true}"#).items));
    house.engine.commit(request).await.unwrap();
    house.destroy_key(&patient(321)).await;
    let (head, all) = (house.engine.head(), anamnesis_engine::Filter::default());
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // from   asked   events                                            next
        (0,    1_000,  (0..700).filter(|n| *n != 321).collect::<Vec<_>>(), 700),
        (1,    600,    (1..602).filter(|n| *n != 321).collect(),           602),
        (100,  256,    (100..357).filter(|n| *n != 321).collect(),         357),
        (300,  255,    (300..556).filter(|n| *n != 321).collect(),         556),
        (321,  1,      vec![322],                                          323),
        (650,  1_000,  (650..700).collect(),                               700),
        (700,  1_000,  vec![],                                             700),
    ];
    for (from, asked, events, next) in cases {
        let start = Cursor { offsets: vec![from], ..Cursor::beginning(1) };
        let page = house.engine.events(&start, &head, &all, asked).await.unwrap();
        let found: Vec<u64> = page.events.iter().map(|event| event.position().unwrap().offset).collect();
        assert_eq!((found, page.next.offset(0)), (events, next), "{asked} from {from}");
    }
}

#[tokio::test]
async fn an_erased_subject_is_gone_and_the_log_still_verifies() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    house.engine.commit(put("Patient/p2", r#"{"active":true}"#)).await.unwrap();
    house.destroy_key("Patient/p1").await;
    let name: anamnesis_kernel::StreamName = "Patient/p1".parse().unwrap();
    assert!(house.engine.stream(&name, 1, 10, None).await.unwrap().events.is_empty());
    let all = house.engine.events(&Cursor::beginning(1), &house.engine.head(), &Filter::default(), 10).await;
    let all = all.unwrap().events;
    assert!(matches!(&all[..], [Shown::Event(event)] if event.stream == patient("p2")), "it is left out");
    assert!(matches!(
        house.engine.commit(put("Patient/p1", r#"{"active":false}"#)).await,
        Err(CommitError::Erased(_))
    ));
    let verdict = verify(&house.engine, |_| {}).await.unwrap();
    assert_eq!((verdict.erased, verdict.first_bad), (1, None));
}

#[tokio::test]
async fn refusals_name_the_item_and_the_step() {
    let house = House::new().await;
    let mut wrong = put("Patient/p1", r#"{"active":true}"#);
    let command =
        Command::Append { kind: "PatientTurnedBlue".into(), schema_version: None, data: Object::new() };
    wrong.items.push(Item { stream: patient("p2"), expected: Expect::Any, steps: vec![Step::of(command)] });
    wrong.door = Door::Api;
    let Err(CommitError::Refused(reasons)) = house.engine.commit(wrong).await else { panic!("it was taken") };
    assert_eq!((reasons[0].0, reasons[0].1), (1, 0));
    assert_eq!(house.engine.head().offset(0), 0);
}

/// A record that went to another patient, and one that was deleted, have still happened to whom they were about.
#[tokio::test]
async fn events_are_found_by_whom_they_are_about() {
    let house = House::new().await;
    let about = |id: &str, patient: &str| {
        put(id, &format!(r#"{{"status":"final","subject":{{"reference":"Patient/{patient}"}}}}"#))
    };
    house.engine.commit(put("Patient/p1", "{}")).await.unwrap();
    house.engine.commit(about("Observation/o", "p1")).await.unwrap();
    house.engine.commit(about("Observation/o", "p2")).await.unwrap();
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    house.engine.commit(about("Observation/o", "p1")).await.unwrap();
    house.engine.commit(request("Observation/o", Command::Delete)).await.unwrap();
    #[rustfmt::skip]
    let cases = [
        ("p1", vec!["Patient/p1 1", "Observation/o 1", "Observation/o 2", "Patient/p1 2", "Observation/o 3", "Observation/o 4"]),
        ("p2", vec!["Observation/o 2", "Observation/o 3"]),
        ("p3", vec![]),
    ];
    for (patient, expected) in cases {
        let test = Test::Reference {
            param: Param::HAPPENED,
            kind: Some(ResourceType::PATIENT.number()),
            id: patient.into(),
        };
        let query = Query::new(None, vec![test.into()], 100);
        let hits = house.engine.views().search(&query).await.unwrap();
        let position = |place: Place| Position {
            partition: place.partition,
            offset: u64::try_from(place.date).unwrap(),
        };
        let places: Vec<_> = hits.iter().map(|hit| (position(hit.after.place), &hit.version.name)).collect();
        let events = house.engine.events_at(&places).await.unwrap();
        let events = events.iter().filter_map(|(_, shown)| shown.as_ref()?.event());
        let found: Vec<String> = events.map(|e| format!("{} {}", e.stream, e.version)).collect();
        assert_eq!(found, expected, "{patient}");
    }
    let mut seen = Vec::new();
    let name = "Observation/o".parse().unwrap();
    let last = house.engine.visit_stream(&name, 1, |event, _| {
        seen.push(event.version);
        if event.version == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(last.await.unwrap(), 3);
    assert_eq!(seen, [1, 2, 3]);
}
