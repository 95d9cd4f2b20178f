//! What is parked: kept with the change that parks it, in the order of the log, until it is released.

use anamnesis_kernel::{Position, Version};

use super::Harness;
use super::sample::{at, change, first, name, open, reopen, tag, uuid, version, watermark};
use crate::{Change, HeldStream, ParkWrite, Parked, RecordWrite, Unapplied, Views};

const BEGINNING: Position = Position { partition: 0, offset: 0 };

/// The event of the stream `stream` at this version, which stands at this offset.
fn parked(stream: u8, version: Version, offset: u64, why: Unapplied) -> Parked {
    let micros = i64::try_from(offset).expect("a small number");
    Parked {
        stream: tag(stream),
        name: Some(name(stream.into())),
        version,
        position: Position { partition: 0, offset },
        event_id: uuid(u32::try_from(offset).expect("a small number")),
        kind: "PatientTurnedBlue".into(),
        schema_version: 7,
        recorded_at: at(micros),
        why,
        since: at(micros + 1_000),
        attempts: u32::from(why != Unapplied::Behind),
    }
}

fn release(stream: u8, through: Version) -> ParkWrite {
    ParkWrite::Release { partition: 0, stream: tag(stream), through }
}

fn parking(events: u64, records: Vec<RecordWrite>, parked: Vec<ParkWrite>) -> Change {
    Change { parked, ..change(events, records, Vec::new()) }
}

/// Two streams: one at its second version, one that was never applied and does not say its name.
fn two() -> [Parked; 4] {
    let nameless = Parked { name: None, ..parked(2, 1, 4, Unapplied::Unopened) };
    [
        parked(1, 3, 3, Unapplied::UnknownType),
        nameless.clone(),
        parked(1, 4, 6, Unapplied::Behind),
        Parked {
            version: 2,
            position: Position { partition: 0, offset: 9 },
            why: Unapplied::Behind,
            ..nameless
        },
    ]
}

async fn all(views: &dyn Views) -> Vec<Parked> {
    views.parked(BEGINNING, 100).await.expect("reads")
}

/// Every field, in pages.
pub async fn what_is_parked_reads_back_in_the_order_of_the_log(harness: &impl Harness) {
    let stores = open(harness).await;
    assert_eq!((all(&*stores.views).await, stores.views.held().await.expect("reads")), (vec![], vec![]));
    let [a, b, c, d] = two();
    let writes = [&d, &a, &c, &b].map(|parked| ParkWrite::Park(parked.clone()));
    stores.views.apply(parking(10, vec![], writes.to_vec())).await.expect("applied");
    let stores = reopen(harness, stores).await;
    let views = &*stores.views;
    assert_eq!(all(views).await, [a.clone(), b.clone(), c.clone(), d.clone()]);
    let page = |offset, limit| views.parked(Position { partition: 0, offset }, limit);
    assert_eq!(page(0, 2).await.expect("reads"), [a, b.clone()]);
    assert_eq!(page(4, 2).await.expect("reads"), [b, c]);
    assert_eq!(page(10, 2).await.expect("reads"), []);
    for why in Unapplied::ALL {
        let odd = parked(3, 1, 20, why);
        let writes = vec![ParkWrite::Park(odd.clone())];
        views.apply(parking(21, vec![], writes)).await.expect("applied");
        assert_eq!(page(20, 1).await.expect("reads").first().map(|parked| parked.why), Some(why));
    }
}

/// In two steps, the first of which leaves a later event behind.
pub async fn a_stream_is_held_until_its_last_event_is_released(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    let writes = two().map(ParkWrite::Park).to_vec();
    views.apply(parking(10, vec![], writes)).await.expect("applied");
    let held = |stream: u8, version, from: i64, events| HeldStream {
        partition: 0,
        stream: tag(stream),
        name: (stream == 1).then(|| name(1)),
        version,
        held_from: at(from),
        events,
    };
    assert_eq!(views.held().await.expect("reads"), [held(1, 2, 3, 2), held(2, 0, 4, 2)]);
    views.apply(parking(10, vec![], vec![release(1, 3)])).await.expect("applied");
    assert_eq!(views.held().await.expect("reads"), [held(2, 0, 4, 2), held(1, 3, 6, 1)]);
    views
        .apply(parking(10, vec![], vec![release(1, 4), release(2, 2), release(9, 9)]))
        .await
        .expect("applied");
    assert_eq!((all(views).await, views.held().await.expect("reads")), (vec![], vec![]));
}

/// A retry that failed: since when it is parked stays, why and how often do not.
pub async fn what_is_parked_again_keeps_its_beginning(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    let first = parked(1, 3, 3, Unapplied::UnknownType);
    let again = Parked { why: Unapplied::Bug, since: at(9_000), attempts: 2, ..first.clone() };
    for parked in [&first, &again] {
        views.apply(parking(4, vec![], vec![ParkWrite::Park(parked.clone())])).await.expect("applied");
    }
    assert_eq!(all(views).await, [Parked { why: Unapplied::Bug, attempts: 3, ..first }]);
}

/// With the rows and the watermark of its change or not at all; and it is part of no digest.
pub async fn what_is_parked_comes_and_goes_with_its_change(harness: &impl Harness) {
    let stores = open(harness).await;
    let views = &*stores.views;
    let [a, ..] = two();
    let twice = vec![first(version(1, 1, 1)), first(version(1, 1, 1))];
    views.apply(parking(4, twice, vec![ParkWrite::Park(a.clone())])).await.expect_err("a record begins once");
    assert_eq!((all(views).await, views.watermark().await.expect("reads")), (vec![], None));
    views.apply(change(4, vec![first(version(1, 1, 1))], vec![])).await.expect("applied");
    let digest = views.digest().await.expect("reads");
    views.apply(parking(5, vec![], vec![ParkWrite::Park(a.clone())])).await.expect("applied");
    assert_eq!((all(views).await, views.watermark().await.expect("reads")), (vec![a], Some(watermark(5))));
    assert_eq!(views.digest().await.expect("reads"), digest);
}
