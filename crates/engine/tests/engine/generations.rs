//! Generations follow one another under load: nobody fails, nobody misses what was acknowledged.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says by its panic what it found")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anamnesis_engine::{Progress, build, rebuild};
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Param, Query, Test};
use anamnesis_store::Views;

use super::house::{House, generation, put, request};

fn people() -> Query {
    let kind = ResourceType::PATIENT;
    Query::new(Some(kind), vec![Test::Kind(Param::of_type(kind.number())).into()], 1)
}

/// Writes and looks at once, until told to stop; gives how often.
async fn write_and_look(house: &House, writer: usize, stop: &AtomicBool) -> u64 {
    let mut written = 0;
    while !stop.load(Ordering::Relaxed) {
        let name = format!("Patient/w{writer}-{}", written / 2);
        let active = written % 2 == 0;
        let answer = house.engine.commit(put(&name, &format!(r#"{{"active":{active}}}"#))).await.unwrap();
        let found = house.find(&name).await.expect("what was acknowledged is there");
        assert_eq!(found.version, answer.items[0].version, "{name}");
        written += 1;
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generations_follow_each_other_while_others_write_and_read() {
    let house = House::new().await;
    let stop = AtomicBool::new(false);
    let swaps = async {
        let mut old = Arc::clone(&house.store.views);
        for shape in ["second", "third", "fourth"] {
            let next = house.store.begin_generation().unwrap();
            let projector = build(&house.engine, generation(&next, shape), |_| true).await.unwrap().unwrap();
            house.store.appoint(&next).unwrap();
            assert!(house.engine.hand_over(projector).await.unwrap());
            assert_eq!(house.engine.serving().indexing.shape(), shape);
            // A reader that had begun goes on.
            assert!(
                old.count(&people()).await.unwrap() <= house.engine.views().count(&people()).await.unwrap()
            );
            old.retire();
            old = next;
        }
        stop.store(true, Ordering::Relaxed);
        old
    };
    let (last, one, two) =
        tokio::join!(swaps, write_and_look(&house, 1, &stop), write_and_look(&house, 2, &stop));
    assert!(one > 0 && two > 0, "nothing was written meanwhile");
    assert_eq!(house.engine.head().offset(0), one + two);
    assert!(house.engine.wait_for_views(&house.engine.head(), std::time::Duration::from_secs(30)).await);
    assert_eq!(house.engine.views().digest().await.unwrap(), last.digest().await.unwrap());
    assert_eq!(last.watermark().await.unwrap().unwrap().shape, "fourth");
    assert_eq!(last.count(&people()).await.unwrap(), one.div_ceil(2) + two.div_ceil(2));
}

#[tokio::test]
async fn a_generation_that_is_told_to_stop_is_none() {
    let house = House::new().await;
    house.live_a_little().await;
    let next = house.store.begin_generation().unwrap();
    assert!(build(&house.engine, generation(&next, "other"), |_| false).await.unwrap().is_none());
    assert_eq!(next.watermark().await.unwrap(), None);
}

#[tokio::test]
async fn what_stands_in_the_log_is_found_without_views() {
    let house = House::new().await;
    house.live_a_little().await;
    let kind = ResourceType::parse("SearchParameter").unwrap();
    assert_eq!(house.engine.scan(kind).await.unwrap(), []);
    for (name, code) in [("b", "one"), ("a", "two"), ("c", "three"), ("b", "four")] {
        let elements = format!(r#"{{"code":"{code}"}}"#);
        house.engine.commit(put(&format!("SearchParameter/{name}"), &elements)).await.unwrap();
    }
    house.engine.commit(request("SearchParameter/c", anamnesis_chart::Command::Delete)).await.unwrap();
    let found = house.engine.scan(kind).await.unwrap();
    let found: Vec<_> =
        found.iter().map(|(name, all)| (name.id.as_str(), all.str("code").unwrap())).collect();
    assert_eq!(found, [("b", "four"), ("a", "two")], "in the order they began");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_while_the_next_is_folded_is_what_one_after_the_other_gives() {
    let house = House::new().await;
    for round in 0..15 {
        let mut all = put("Patient/none", "{}");
        all.items.clear();
        for n in 0..300 {
            let year = 1900 + (7 * round + n) % 100;
            let one = put(&format!("Patient/p{n}"), &format!(r#"{{"birthDate":"{year}-01-01"}}"#));
            all.items.extend(one.items);
        }
        house.engine.commit(all).await.unwrap();
    }
    let next = house.store.begin_generation().unwrap();
    let begun = house.generation(&next, "other");
    let mut looks = 0;
    let stop_soon = |_| {
        looks += 1;
        looks < 4
    };
    assert!(build(&house.engine, Arc::clone(&begun), stop_soon).await.unwrap().is_none());
    let (there, all) = (begun.offset().await.unwrap(), house.engine.head().offset(0));
    assert!(there > 0 && there < all, "{there} of {all}");

    // Whoever goes on knows none of the records, and must look for them in what is being written.
    let mut first = None;
    let go_on = |progress: Progress| {
        first.get_or_insert(progress.done);
        true
    };
    let again = house.generation(&next, "other");
    let projector = build(&house.engine, again, go_on).await.unwrap().unwrap();
    assert_eq!(first, Some(there));
    assert!(projector.offset() + 500 > all);
    drop(projector);
    rebuild(&house.engine, begun, |_| {}).await.unwrap();
    assert!(house.engine.wait_for_views(&house.engine.head(), std::time::Duration::from_secs(30)).await);
    assert_eq!(next.digest().await.unwrap(), house.engine.views().digest().await.unwrap());
}
