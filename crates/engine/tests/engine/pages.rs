//! The log page by page: what one long read would give, in its order.

use anamnesis_engine::Filter;
use anamnesis_kernel::Cursor;

use crate::house::{House, put};

const PATIENTS: u64 = 2_300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_follow_one_another_without_gap_up_to_where_was_asked() {
    let house = House::new().await;
    let mut all = put("Patient/p0", r#"{"active":true}"#);
    for number in 1..PATIENTS {
        all.items.extend(put(&format!("Patient/p{number}"), r#"{"active":true}"#).items);
    }
    house.engine.commit(all).await.unwrap();
    house.engine.commit(put("Patient/p7", r#"{"active":false}"#)).await.unwrap();
    let head = house.engine.head();
    let at = |offset| Cursor { moment: head.moment, offsets: vec![offset] };
    let registered = Filter { kinds: vec!["PatientRegistered".to_owned()], ..Filter::default() };
    let one = Filter { records: vec!["Patient/p7".to_owned()], ..Filter::default() };
    for (from, until, filter, expected) in [
        (0, PATIENTS + 1, Filter::default(), (0..=PATIENTS).collect()),
        (0, PATIENTS + 1, registered, (0..PATIENTS).collect()),
        (5, 2_005, Filter::default(), (5..2_005).collect()),
        (7, PATIENTS + 1, one, vec![7, PATIENTS]),
        (PATIENTS + 1, PATIENTS + 1, Filter::default(), Vec::new()),
        (PATIENTS, 3, Filter::default(), Vec::new()),
    ] {
        let mut pages = house.engine.pages(&at(from), &at(until), filter);
        let mut found: Vec<u64> = Vec::new();
        while let Some(events) = pages.next().await.unwrap() {
            found.extend(events.iter().map(|event| event.position.offset));
        }
        assert_eq!(found, expected, "from {from} until {until}");
    }
    let mut nothing = house.engine.pages(&Cursor::beginning(1), &Cursor::beginning(1), Filter::default());
    assert!(nothing.next().await.unwrap().is_none());
}
