//! What cannot be applied is parked: its stream is held, all others go on, and a retry makes good what can be.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::sync::Arc;

use anamnesis_chart::Command;
use anamnesis_engine::projector::ProjectError;
use anamnesis_engine::{CommitError, HeldSet, Retried, Wait, build};
use anamnesis_kernel::Position;
use anamnesis_store::{Parked, ReadError, Unapplied, Views};

use super::house::{House, generation, patient, put, request};

async fn parked(views: &dyn Views) -> Vec<Parked> {
    views.parked(Position { partition: 0, offset: 0 }, 100).await.unwrap()
}

/// By offset: version, why, attempts.
async fn short(house: &House) -> Vec<(u64, u64, Unapplied, u32)> {
    let parked = parked(&*house.engine.views()).await;
    parked.iter().map(|one| (one.position.offset, one.version, one.why, one.attempts)).collect()
}

/// How many streams are held, and how many events are parked.
fn events(house: &House) -> (u64, u64) {
    let (events, streams) = house.engine.look_at_held(HeldSet::counts);
    (streams, events)
}

#[tokio::test]
async fn an_event_of_an_unknown_type_holds_its_record_and_no_other() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    house.newer("Patient/p1", "PatientTurnedBlue", 1, r#"{"active":false}"#).await;
    house.engine.commit(put("Patient/p2", r#"{"active":true}"#)).await.unwrap();
    assert_eq!(house.find("Patient/p2").await.unwrap().version, 1, "others go on");
    assert_eq!(house.find("Patient/p1").await.unwrap().version, 1, "what was known stays");
    assert_eq!(house.engine.stuck(), None);
    assert_eq!(house.engine.held(&patient("p1"), None), Some(1));
    assert_eq!(house.engine.held(&patient("p2"), None), None);
    let all = parked(&*house.engine.views()).await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].name, Some(patient("p1")));
    assert_eq!((all[0].kind.as_str(), all[0].schema_version), ("PatientTurnedBlue", 1));
    assert_eq!(short(&house).await, [(1, 2, Unapplied::UnknownType, 1)]);

    // As of before it, the answer is whole.
    let place = (Position { partition: 0, offset: 0 }, &patient("p1"));
    let before = house.engine.events_at(&[place]).await.unwrap()[0].0;
    assert_eq!(house.engine.held(&patient("p1"), before), None);
    assert_eq!(house.engine.held(&patient("p1"), Some(house.engine.head().moment)), Some(1));

    // It is not dropped from the log, and nothing is decided on what is not understood.
    assert_eq!(house.engine.stream(&patient("p1"), 1, 10, None).await.unwrap().events.len(), 2);
    let refused = house.engine.commit(put("Patient/p1", r#"{"gender":"female"}"#)).await;
    assert!(matches!(refused, Err(CommitError::EventUnknown(ReadError::Newer { offset: 1, .. }))));
}

#[tokio::test]
async fn later_events_wait_behind_it_and_a_restart_tries_again() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    house.newer("Patient/p1", "PatientAddressUpdated", 9, r#"{"places":[]}"#).await;
    house.newer("Patient/p1", "PatientGenderChanged", 1, r#"{"gender":"female"}"#).await;
    house.newer("Patient/p1", "PatientGenderChanged", 1, r#"{"gender":"male"}"#).await;
    let expected = |attempts| {
        vec![
            (1, 2, Unapplied::NewerSchema, attempts),
            (2, 3, Unapplied::Behind, 0),
            (3, 4, Unapplied::Behind, 0),
        ]
    };
    assert_eq!((short(&house).await, events(&house)), (expected(1), (1, 3)));
    let house = house.reopened().await;
    house.engine.commit(put("Patient/p2", r#"{"active":true}"#)).await.unwrap();
    assert_eq!((short(&house).await, events(&house)), (expected(2), (1, 3)));
    assert_eq!(house.find("Patient/p1").await.unwrap().version, 1);
    let tried = house.engine.retry(Some(patient("p1"))).await.unwrap().unwrap();
    assert_eq!(tried, Retried { tried: 1, released: 0, applied: 0 });
    let tried = house.engine.retry(Some(patient("p2"))).await.unwrap().unwrap();
    assert_eq!(tried, Retried::default(), "it is not held");
    assert_eq!((short(&house).await, events(&house)), (expected(3), (1, 3)));
}

#[tokio::test]
async fn a_record_whose_first_event_is_unknown_is_held_at_nothing() {
    let house = House::new().await;
    house.newer("Patient/p1", "PatientImagined", 1, r#"{"active":true}"#).await;
    assert_eq!(house.engine.held(&patient("p1"), None), Some(0));
    assert!(house.find("Patient/p1").await.is_none());
    assert_eq!(parked(&*house.engine.views()).await[0].name, Some(patient("p1")));
}

/// A bug in an extractor: others go on, the writer is not kept waiting, and once it is mended the record is what it would
/// have been, in every row.
#[tokio::test]
async fn a_mended_extractor_makes_the_record_what_it_would_have_been() {
    let house = House::new().await;
    for (name, elements) in [
        ("Patient/p1", r#"{"active":true,"name":[{"family":"Abara"}]}"#),
        ("Patient/p2", r#"{"active":true}"#),
    ] {
        house.engine.commit(put(name, elements)).await.unwrap();
    }
    let named = |family: &str| format!(r#"{{"active":true,"name":[{{"family":"{family}"}}]}}"#);
    house.trip_over("p1");
    let answer = house.engine.commit(put("Patient/p1", &named("Okafor"))).await.unwrap();
    assert!(!answer.seen, "it is recorded, and not seen");
    assert_eq!(house.engine.held(&patient("p1"), None), Some(1));
    assert_eq!(short(&house).await, [(2, 2, Unapplied::Bug, 1)]);
    // What can be decided is recorded, and waits.
    let answer = house.engine.commit(put("Patient/p1", &named("Zoli"))).await.unwrap();
    assert!(!answer.seen && answer.items[0].version == 3);
    let mut hasty = put("Patient/p1", r#"{"active":true,"name":[{"family":"Zoli"}],"gender":"female"}"#);
    hasty.wait = Wait::Log;
    assert!(house.engine.commit(hasty).await.unwrap().seen, "nobody waited to see it");
    house.engine.commit(request("Patient/p1", Command::Delete)).await.unwrap();
    house.engine.commit(put("Patient/p1", r#"{"name":[{"family":"Anew"}]}"#)).await.unwrap();
    assert_eq!(house.engine.current(&patient("p1")).await.unwrap().unwrap().version, 1);

    house.mend();
    let tried = house.engine.retry(None).await.unwrap().unwrap();
    assert_eq!(tried, Retried { tried: 1, released: 1, applied: 5 });
    assert_eq!((short(&house).await, events(&house)), (vec![], (0, 0)));
    assert_eq!(house.engine.held(&patient("p1"), None), None);
    assert_eq!(house.engine.current(&patient("p1")).await.unwrap().unwrap().version, 6);
    let seen = house.engine.commit(put("Patient/p1", r#"{"active":false}"#)).await.unwrap();
    assert!(seen.seen);
    let next = house.store.begin_generation().unwrap();
    anamnesis_engine::rebuild(&house.engine, generation(&next, "fresh"), |_| {}).await.unwrap();
    assert_eq!(next.digest().await.unwrap(), house.engine.views().digest().await.unwrap());
}

/// A row that the views refuse is found among many commits, and only its record is held.
#[tokio::test]
async fn a_row_that_the_views_refuse_holds_its_record_alone() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p0", r#"{"active":true}"#)).await.unwrap();
    let trigger = |body: &str| house.change_views(body);
    trigger(
        "CREATE TRIGGER odd BEFORE INSERT ON text_now WHEN NEW.text = 'okafor' BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    let all: Vec<_> = (0..40).map(|n| (n, if n == 17 { "Okafor" } else { "Abara" })).collect();
    for (n, family) in &all {
        let mut one = put(&format!("Patient/q{n}"), &format!(r#"{{"name":[{{"family":"{family}"}}]}}"#));
        one.wait = Wait::Log;
        house.engine.commit(one).await.unwrap();
    }
    house.engine.commit(put("Patient/p0", r#"{"active":false}"#)).await.unwrap();
    assert_eq!(house.engine.stuck(), None);
    for (n, _) in &all {
        let held = house.engine.held(&patient(&format!("q{n}")), None);
        assert_eq!(held, (*n == 17).then_some(0), "q{n}");
    }
    assert_eq!(short(&house).await, [(18, 1, Unapplied::Refused, 1)]);
    // In one commit with others, of which one is refused too.
    let mut both = put("Patient/r1", r#"{"name":[{"family":"Okafor"}]}"#);
    both.items.extend(put("Patient/r2", r#"{"name":[{"family":"Abara"}]}"#).items);
    both.items.extend(put("Patient/r3", r#"{"name":[{"family":"Okafor"}]}"#).items);
    assert!(!house.engine.commit(both).await.unwrap().seen);
    assert_eq!(house.find("Patient/r2").await.unwrap().version, 1);
    assert_eq!(events(&house), (3, 3));
    let tried = house.engine.retry(None).await.unwrap().unwrap();
    assert_eq!((tried, events(&house)), (Retried { tried: 3, released: 0, applied: 0 }, (3, 3)));
    assert_eq!(short(&house).await[0], (18, 1, Unapplied::Refused, 2));
    trigger("DROP TRIGGER odd");
    let tried = house.engine.retry(None).await.unwrap().unwrap();
    assert_eq!((tried, events(&house)), (Retried { tried: 3, released: 3, applied: 3 }, (0, 0)));
    let next = house.store.begin_generation().unwrap();
    anamnesis_engine::rebuild(&house.engine, generation(&next, "fresh"), |_| {}).await.unwrap();
    assert_eq!(next.digest().await.unwrap(), house.engine.views().digest().await.unwrap());
}

/// Part of what is parked can be applied, and what follows cannot: the record goes as far as it can.
#[tokio::test]
async fn a_retry_goes_as_far_as_it_can() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    house.trip_over("p1");
    house.engine.commit(put("Patient/p1", r#"{"active":false}"#)).await.unwrap();
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    house.newer("Patient/p1", "PatientTurnedBlue", 1, "{}").await;
    house.newer("Patient/p1", "PatientGenderChanged", 1, r#"{"gender":"female"}"#).await;
    house.mend();
    let tried = house.engine.retry(None).await.unwrap().unwrap();
    assert_eq!(tried, Retried { tried: 1, released: 0, applied: 2 });
    assert_eq!(house.engine.held(&patient("p1"), None), Some(3));
    assert_eq!(house.find("Patient/p1").await.unwrap().version, 3);
    assert_eq!(short(&house).await, [(3, 4, Unapplied::UnknownType, 1), (4, 5, Unapplied::Behind, 0)]);
    assert_eq!(events(&house), (1, 2));
}

/// What was sealed for someone else does not open: parked, though its name is not known.
#[tokio::test]
async fn what_does_not_open_is_parked() {
    let house = House::new().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    house.sealed_wrongly("Patient/p1").await;
    house.sealed_wrongly("Patient/p9").await;
    house.engine.commit(put("Patient/p2", r#"{"active":true}"#)).await.unwrap();
    assert_eq!(house.find("Patient/p2").await.unwrap().version, 1);
    let names: Vec<_> =
        parked(&*house.engine.views()).await.into_iter().map(|one| (one.name, one.why)).collect();
    assert_eq!(names, [(Some(patient("p1")), Unapplied::Unopened), (None, Unapplied::Unopened)]);
    assert_eq!(
        (house.engine.held(&patient("p1"), None), house.engine.held(&patient("p9"), None)),
        (Some(1), Some(0))
    );
}

/// The erased leave nothing to be applied: what was parked of theirs is passed over.
#[tokio::test]
async fn what_is_parked_of_someone_erased_is_let_go() {
    let house = House::new().await;
    house.newer("Patient/p1", "PatientTurnedBlue", 1, "{}").await;
    assert_eq!(events(&house), (1, 1));
    house.destroy_key("Patient/p1").await;
    let tried = house.engine.retry(None).await.unwrap().unwrap();
    assert_eq!((tried, events(&house)), (Retried { tried: 1, released: 1, applied: 1 }, (0, 0)));
}

/// The next generation may not know less than the one that serves.
#[tokio::test]
async fn a_generation_that_holds_more_does_not_come_to_serve() {
    let house = House::new().await;
    house.live_a_little().await;
    house.engine.commit(put("Patient/p1", r#"{"active":true}"#)).await.unwrap();
    house.newer("Patient/p8", "PatientTurnedBlue", 1, "{}").await;
    house.trip_over("p1");
    let next = house.store.begin_generation().unwrap();
    let projector = build(&house.engine, house.generation(&next, "worse"), |_| true).await.unwrap().unwrap();
    let refused = house.engine.hand_over(projector).await;
    assert!(matches!(refused, Err(ProjectError::Held { streams: 1 })), "{:?}", refused.err());
    assert_ne!(house.engine.serving().indexing.shape(), "worse");
    house.mend();
    let next = house.store.begin_generation().unwrap();
    let projector =
        build(&house.engine, house.generation(&next, "as good"), |_| true).await.unwrap().unwrap();
    assert!(house.engine.hand_over(projector).await.unwrap(), "both hold the same");
    assert_eq!(house.engine.serving().indexing.shape(), "as good");
    assert_eq!(house.engine.held(&patient("p8"), None), Some(0), "which is known of the one that serves");
    assert!(Arc::ptr_eq(&house.engine.views(), &(next as Arc<dyn Views>)));
}
