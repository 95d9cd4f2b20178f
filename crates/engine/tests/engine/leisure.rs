//! What nobody waits for is folded where others go before it, and what somebody waits for is not.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::time::Duration;

use anamnesis_chart::Command;
use anamnesis_engine::{Expect, Item, Step};
use anamnesis_json::Object;
use tokio::runtime::{Builder, Runtime};

use super::house::{House, patient, request};

const PEOPLE: usize = 2_500;
const PATIENCE: Duration = Duration::from_secs(60);

fn leisure() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).thread_name("at-leisure").enable_all().build().unwrap()
}

/// A house whose views lack what was appended, just opened; nothing was folded yet.
async fn behind(leisure: &Runtime) -> House {
    let house = House::new().await.with_leisure(leisure.handle().clone());
    let mut all = request("Patient/none", Command::Delete);
    all.items.clear();
    for n in 0..PEOPLE {
        let step = Step::of(Command::Put(Object::new().with("active", true)));
        all.items.push(Item { stream: patient(&format!("p{n}")), expected: Expect::Any, steps: vec![step] });
    }
    house.engine.commit(all).await.unwrap();
    let remove = |folder: &std::path::Path| {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.join(format!("views.db{suffix}")));
        }
    };
    let house = house.reopened_after(remove).await;
    assert_eq!(house.engine.reached().offset(0), 0);
    house
}

async fn reached(house: &House) {
    let all = house.engine.head().offset(0);
    tokio::time::timeout(PATIENCE, async {
        while house.engine.reached().offset(0) < all {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_nobody_waits_for_is_folded_at_leisure() {
    let leisure = leisure();
    let house = behind(&leisure).await;
    reached(&house).await;
    assert_eq!(house.tally.folded_on(), ["at-leisure"]);
    // What is but little is not worth the way.
    house.engine.commit(request("Patient/p1", Command::Delete)).await.unwrap();
    reached(&house).await;
    assert_eq!(house.tally.folded_on().len(), 2);
    assert_ne!(house.tally.folded_on().last().unwrap(), "at-leisure");
    leisure.shutdown_background();
}

#[tokio::test]
async fn what_somebody_waits_for_is_not() {
    let leisure = leisure();
    let house = behind(&leisure).await;
    // It waits before the projector, which has this thread alone, begins.
    assert!(house.engine.wait_for_views(&house.engine.head(), PATIENCE).await);
    assert!(house.tally.folded_on().iter().all(|name| name != "at-leisure"), "{:?}", house.tally.folded_on());
    leisure.shutdown_background();
}
