//! A batch of which one record cannot be read is folded again as a whole, and nothing of it is remembered.

use std::time::Duration;

use anamnesis_engine::{Request, Wait};
use anamnesis_store::Views;

use super::house::{House, generation, put};

const PATIENCE: Duration = Duration::from_secs(60);

fn named(id: &str, family: &str) -> Request {
    put(&format!("Patient/{id}"), &format!(r#"{{"name":[{{"family":"{family}"}}]}}"#))
}

#[tokio::test]
async fn a_batch_that_ends_half_way_leaves_nothing_in_memory() {
    let house = House::new().await;
    for id in ["p1", "p2"] {
        house.engine.commit(named(id, "Abara")).await.unwrap();
    }
    // Opened anew, it has to look both of them up, and the second is not what it should be.
    let house = house.reopened().await;
    house.change_views(
        "UPDATE record_now SET began = 'x' || began WHERE record = (SELECT max(record) FROM record_now)",
    );
    let mut both = named("p1", "Okafor");
    both.items.extend(named("p2", "Okafor").items);
    both.wait = Wait::Log;
    house.engine.commit(both).await.unwrap();
    let stuck = async {
        while house.engine.stuck().is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, stuck).await.unwrap();
    house.change_views(
        "UPDATE record_now SET began = CAST(substr(began, 2) AS INTEGER) WHERE typeof(began) = 'text'",
    );
    assert!(house.engine.wait_for_views(&house.engine.head(), PATIENCE).await);
    assert_eq!(house.engine.stuck(), None);
    let next = house.store.begin_generation().unwrap();
    anamnesis_engine::rebuild(&house.engine, generation(&next, "fresh"), |_| {}).await.unwrap();
    assert_eq!(next.digest().await.unwrap(), house.engine.views().digest().await.unwrap());
}
