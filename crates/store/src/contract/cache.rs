//! What a cache outside the process must do, case by case; where it is away, and what its entries are worth, is part of it.
//!
//! A cache is held to it with one line in its tests, `anamnesis_store::cache_contract_tests!(HARNESS)`, where the expression
//! makes a [`CacheHarness`] over a place that nobody else uses, or none where there is nothing to make it of, which says so
//! itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anamnesis_seal::{SubjectNumber, Tag};
use async_trait::async_trait;

use crate::{Cache, Cached, Circuit, Found, Place};

/// How long what is done soon may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a caller waits at most for a cache that does not answer.
const ANSWER_MAX: Duration = Duration::from_secs(4);

/// One place outside the process where a cache keeps things.
#[async_trait]
pub trait CacheHarness: Send + Sync + Sized {
    /// A cache of the first store or of the second, as another process would open it.
    fn open(&self, store: Store) -> Arc<dyn Cache>;

    /// From now on it does not answer; what it has it keeps.
    async fn go_away(&self);

    /// It answers again.
    async fn come_back(&self);
}

/// Whose cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// One store's.
    First,
    /// Another's, in the same place.
    Second,
}

/// Makes a test of every case.
#[macro_export]
macro_rules! cache_contract_tests {
    ($harness:expr) => {
        $crate::cache_contract_tests! { @tests $harness;
            what_is_put_is_found_as_it_was,
            places_are_apart,
            what_is_put_anew_takes_the_place,
            what_is_removed_is_gone_alone,
            one_process_finds_what_another_put,
            two_stores_never_meet,
            who_is_forgotten_is_gone_with_all_that_was_put_before,
            one_that_is_away_costs_little_and_fails_nobody,
            who_was_to_be_forgotten_meanwhile_is_gone_when_it_is_back,
        }
    };
    (@tests $harness:expr; $($case:ident,)+) => {
        mod cache {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(harness) = $harness else { return };
                    $crate::contract::cache::$case(&harness).await;
                }
            )+
        }
    };
}

async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is().await {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn opened(harness: &impl CacheHarness, store: Store) -> Arc<dyn Cache> {
    let cache = harness.open(store);
    until("it answers", async || cache.health().circuit == Circuit::Closed).await;
    cache
}

const fn state(subject: i64, stream: u8) -> Place {
    Place { subject: SubjectNumber(subject), stream: Tag([stream; 16]), what: Cached::State }
}

const fn events(subject: i64, stream: u8) -> Place {
    Place { what: Cached::Events, ..state(subject, stream) }
}

fn bytes(text: &str) -> Found {
    Found::Bytes(text.as_bytes().to_vec())
}

/// Puts, and waits until it is there.
async fn keep(cache: &dyn Cache, place: Place, text: &str) {
    cache.put(place, text.as_bytes().to_vec());
    until("it is kept", async || cache.get(place).await == bytes(text)).await;
}

/// Whatever bytes, none among them.
pub async fn what_is_put_is_found_as_it_was(harness: &impl CacheHarness) {
    let cache = opened(harness, Store::First).await;
    assert_eq!(cache.get(state(1, 1)).await, Found::Nothing);
    for kept in [Vec::new(), b"text".to_vec(), vec![0, 255, 10, 13, 0], vec![7; 100_000]] {
        cache.put(state(1, 1), kept.clone());
        until("it is kept", async || cache.get(state(1, 1)).await == Found::Bytes(kept.clone())).await;
    }
    assert_eq!((cache.health().trouble, cache.health().dropped), (None, 0));
}

/// By person, stream, and what of it is kept.
pub async fn places_are_apart(harness: &impl CacheHarness) {
    let cache = opened(harness, Store::First).await;
    let places = [state(1, 1), events(1, 1), state(1, 2), state(2, 1), events(-1, 2), state(i64::MIN, 0)];
    for (n, place) in places.into_iter().enumerate() {
        assert_eq!(cache.get(place).await, Found::Nothing, "{place:?}");
        keep(&*cache, place, &n.to_string()).await;
    }
    for (n, place) in places.into_iter().enumerate() {
        assert_eq!(cache.get(place).await, bytes(&n.to_string()), "{place:?}");
    }
}

/// The last counts.
pub async fn what_is_put_anew_takes_the_place(harness: &impl CacheHarness) {
    let cache = opened(harness, Store::First).await;
    keep(&*cache, state(1, 1), "one").await;
    for n in 0..50 {
        cache.put(state(1, 1), n.to_string().into_bytes());
    }
    until("the last is there", async || cache.get(state(1, 1)).await == bytes("49")).await;
}

/// What else is kept of the same person stays.
pub async fn what_is_removed_is_gone_alone(harness: &impl CacheHarness) {
    let cache = opened(harness, Store::First).await;
    keep(&*cache, state(1, 1), "one").await;
    keep(&*cache, events(1, 1), "two").await;
    cache.remove(state(1, 1));
    until("it is gone", async || cache.get(state(1, 1)).await == Found::Nothing).await;
    cache.remove(state(9, 9));
    assert_eq!(cache.get(events(1, 1)).await, bytes("two"));
    keep(&*cache, state(1, 1), "anew").await;
}

/// What is kept is kept outside.
pub async fn one_process_finds_what_another_put(harness: &impl CacheHarness) {
    let [one, other] = [opened(harness, Store::First).await, opened(harness, Store::First).await];
    keep(&*one, state(1, 1), "one").await;
    assert_eq!(other.get(state(1, 1)).await, bytes("one"));
    assert!(other.forget(SubjectNumber(1)).await);
    assert_eq!(one.get(state(1, 1)).await, Found::Nothing);
    drop(one);
    keep(&*other, state(1, 1), "two").await;
}

/// Not by the same numbers and tags either.
pub async fn two_stores_never_meet(harness: &impl CacheHarness) {
    let [one, other] = [opened(harness, Store::First).await, opened(harness, Store::Second).await];
    keep(&*one, state(1, 1), "one").await;
    assert_eq!(other.get(state(1, 1)).await, Found::Nothing);
    keep(&*other, state(1, 1), "other").await;
    assert_eq!(one.get(state(1, 1)).await, bytes("one"));
    assert!(other.forget(SubjectNumber(1)).await);
    assert_eq!(one.get(state(1, 1)).await, bytes("one"));
}

/// Once that is said nothing comes back, whatever was put just before.
pub async fn who_is_forgotten_is_gone_with_all_that_was_put_before(harness: &impl CacheHarness) {
    let cache = opened(harness, Store::First).await;
    keep(&*cache, state(2, 1), "another's").await;
    for _ in 0..10 {
        for stream in 0..50 {
            cache.put(state(1, stream), vec![stream; 1_000]);
            cache.put(events(1, stream), vec![stream; 1_000]);
        }
        assert!(cache.forget(SubjectNumber(1)).await);
        for stream in 0..50 {
            assert_eq!(cache.get(state(1, stream)).await, Found::Nothing);
            assert_eq!(cache.get(events(1, stream)).await, Found::Nothing);
        }
    }
    assert_eq!(cache.get(state(2, 1)).await, bytes("another's"));
    assert!(cache.forget(SubjectNumber(7)).await, "of whom there was nothing");
}

/// Who asks is not kept waiting again and again, and sees when it is back.
pub async fn one_that_is_away_costs_little_and_fails_nobody(harness: &impl CacheHarness) {
    let cache = opened(harness, Store::First).await;
    keep(&*cache, state(1, 1), "one").await;
    harness.go_away().await;
    let begun = Instant::now();
    until("it is left alone", async || match cache.get(state(1, 1)).await {
        Found::Unasked => true,
        found => {
            assert_eq!(found, Found::Failed, "nothing is made up");
            false
        }
    })
    .await;
    assert!(begun.elapsed() < ANSWER_MAX, "{:?}", begun.elapsed());
    assert_ne!(cache.health().circuit, Circuit::Closed);
    assert!(cache.health().trouble.is_some());
    let begun = Instant::now();
    for stream in 0..100 {
        cache.put(state(3, stream), vec![stream; 100]);
        cache.remove(state(3, stream));
        assert_eq!(cache.get(state(3, stream)).await, Found::Unasked);
    }
    assert!(begun.elapsed() < ANSWER_MAX, "{:?}", begun.elapsed());
    harness.come_back().await;
    until("it is asked again", async || cache.get(state(1, 1)).await == bytes("one")).await;
    until("it says so", async || cache.health().trouble.is_none()).await;
    keep(&*cache, state(1, 2), "two").await;
}

/// Before anybody could read what there is of them.
pub async fn who_was_to_be_forgotten_meanwhile_is_gone_when_it_is_back(harness: &impl CacheHarness) {
    let cache = opened(harness, Store::First).await;
    keep(&*cache, state(1, 1), "one").await;
    keep(&*cache, state(2, 1), "two").await;
    harness.go_away().await;
    until("it is left alone", async || cache.get(state(1, 1)).await == Found::Unasked).await;
    assert!(!cache.forget(SubjectNumber(1)).await, "it is not gone yet");
    harness.come_back().await;
    until("it is asked again", async || {
        let found = cache.get(state(1, 1)).await;
        assert_ne!(found, bytes("one"), "what was to be forgotten");
        found == Found::Nothing
    })
    .await;
    assert_eq!(cache.get(state(2, 1)).await, bytes("two"));
}
