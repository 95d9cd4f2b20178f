//! Many who decide on the same records at once, some of whom go away in the middle.

use std::sync::Arc;
use std::time::Duration;

use anamnesis_chart::Command;
use anamnesis_engine::{Answer, CommitError, Expect, Item, Request, Step, Wait, verify};
use anamnesis_json::Object;
use anamnesis_store::{Direction, UpTo};

use crate::house::{House, patient, put};

/// So many that others are let go before the rest of a request.
const PATIENTS: usize = 120;
const CLIENTS: usize = 6;
const ROUNDS: usize = 6;

/// What the `n`th request makes of every record. A request that was decided on anything but what is recorded just before
/// leaves a mixture, since only what differs is written down.
fn content(n: usize) -> Object {
    let genders = ["male", "female", "other", "unknown"];
    Object::new()
        .with("active", n.is_multiple_of(2))
        .with("gender", genders.get(n / 2 % 4).copied().unwrap_or_default())
        .with("birthDate", format!("{:04}-01-01", 1_000 + n))
}

fn request(n: usize) -> Request {
    let item = |at: usize| Item {
        stream: patient(&format!("p{at}")),
        expected: Expect::Any,
        steps: vec![Step::of(Command::Put(content(n)))],
    };
    // Each begins elsewhere, and every third leaves half of them out.
    let first = n * 7 % PATIENTS;
    let count = if n.is_multiple_of(3) { PATIENTS / 2 } else { PATIENTS };
    let items = (0..count).map(|at| item((first + at) % PATIENTS)).collect();
    Request { items, wait: Wait::Log, ..put("Patient/p0", "{}") }
}

/// Which request made this.
fn number(elements: &Object) -> usize {
    let year = elements.str("birthDate").and_then(|date| date.get(..4)).expect("a date");
    year.parse::<usize>().expect("a year") - 1_000
}

/// Lets all clients make their requests, each with as much patience as is said for its number; gives what was
/// acknowledged, by that number.
async fn run(house: &House, first: usize, patience: fn(usize) -> Duration) -> Vec<(usize, Answer)> {
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let engine = Arc::clone(&house.engine);
        clients.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for n in (0..ROUNDS).map(|round| first + round * CLIENTS + client) {
                if let Ok(answer) = tokio::time::timeout(patience(n), engine.commit(request(n))).await {
                    acknowledged.push((n, answer.expect("it is taken")));
                }
            }
            acknowledged
        }));
    }
    let mut acknowledged = Vec::new();
    for client in clients {
        acknowledged.extend(client.await.expect("it ends"));
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn each_is_decided_on_what_is_recorded_just_before_it_whoever_goes_away() {
    let house = House::new().await;
    house.engine.commit(request(1)).await.unwrap();
    let stays = |_: usize| Duration::from_secs(60);
    let mut acknowledged = run(&house, 2, stays).await;
    assert_eq!(acknowledged.len(), CLIENTS * ROUNDS);
    assert_eq!(house.tally.conflicts(), 0, "they are handed in as they were decided");
    // Half of them go away, sooner or later on the way.
    let may_leave = |n: usize| match n.is_multiple_of(2) {
        true => Duration::from_secs(60),
        false => Duration::from_millis(n as u64 * 7 % 60),
    };
    acknowledged.extend(run(&house, 2 + CLIENTS * ROUNDS, may_leave).await);
    for (n, answer) in &acknowledged {
        for item in answer.items.iter().step_by(7) {
            let then = house.engine.state(&item.stream, UpTo::Version(item.version)).await.unwrap().unwrap();
            assert!(then.elements.unwrap().same(&content(*n)), "request {n}, version {}", item.version);
        }
    }
    for at in (0..PATIENTS).step_by(7) {
        let name = patient(&format!("p{at}"));
        let tag = house.engine.keyring().store.stream_tag(&name);
        let events = house.engine.log().read_stream(tag, 1, Direction::Forward, u32::MAX).await.unwrap();
        // A request that changes several elements makes several events.
        let last = events.chunk_by(|a, b| a.commit_id == b.commit_id).filter_map(<[_]>::last);
        for version in last.map(|event| event.version) {
            let then = house.engine.state(&name, UpTo::Version(version)).await.unwrap().unwrap();
            let elements = then.elements.unwrap();
            assert!(elements.same(&content(number(&elements))), "{at}, version {version}");
        }
    }
    assert_eq!(verify(&house.engine, |_| {}).await.unwrap().first_bad, None);
}

#[tokio::test]
async fn what_was_given_up_is_built_on_by_nobody() {
    let house = House::new().await;
    house.engine.commit(put("Patient/erased", r#"{"active":true}"#)).await.unwrap();
    house.engine.commit(request(1)).await.unwrap();
    house.engine.commit(request(2)).await.unwrap();
    house.destroy_key("Patient/erased").await;
    house.engine.commit(request(4)).await.unwrap();

    // A large one has decided on all when it lets others go first; the second, decided on what that will leave, is given
    // up since the one it is also about was erased; the others come after both.
    let erased = Item {
        stream: patient("erased"),
        expected: Expect::Any,
        steps: vec![Step::of(Command::Put(content(9)))],
    };
    let only = |n: usize| {
        let item = Item {
            stream: patient("p0"),
            expected: Expect::Any,
            steps: vec![Step::of(Command::Put(content(n)))],
        };
        Request { items: vec![item], ..request(n) }
    };
    let given_up = Request { items: [only(5).items, vec![erased]].concat(), ..request(5) };
    let (large, given_up, third, fourth) = tokio::join!(
        house.engine.commit(request(7)),
        house.engine.commit(given_up),
        house.engine.commit(only(8)),
        house.engine.commit(only(10)),
    );
    assert!(matches!(given_up, Err(CommitError::Erased(_))), "{given_up:?}");
    for (n, answer) in [(7, large), (8, third), (10, fourth)] {
        for item in answer.unwrap().items {
            let then = house.engine.state(&item.stream, UpTo::Version(item.version)).await.unwrap().unwrap();
            assert!(then.elements.unwrap().same(&content(n)), "request {n}, version {}", item.version);
        }
    }
}
