//! What is Redis's own about the cache: its keys, and all that can happen to a server. The rest is the contract.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anamnesis_cache_redis::{Options, RedisCache};
use anamnesis_seal::{SubjectNumber, Tag};
use anamnesis_store::{Cache, Cached, Circuit, Found, Place};
use anamnesis_testkit::{Answer, Redis};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(60);
const STORE: Uuid = Uuid::from_u128(0x5704e);

fn options(url: String) -> Options {
    Options {
        url,
        certificates: None,
        prefix: "test".into(),
        store: STORE,
        ttl: Duration::from_secs(3_600),
        // None of these waits for one that says nothing, and a busy machine is not to be taken for it.
        answer: Duration::from_secs(10),
        connect: Duration::from_secs(10),
        opened: Box::new(|_| {}),
    }
}

async fn opened(options: Options) -> RedisCache {
    let cache = RedisCache::open(options).unwrap();
    until("it answers", async || cache.health().circuit == Circuit::Closed).await;
    cache
}

/// Waits for what is done soon, by somebody else.
async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is().await {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn place(subject: i64, stream: u8) -> Place {
    Place { subject: SubjectNumber(subject), stream: Tag([stream; 16]), what: Cached::State }
}

fn key(subject: i64) -> String {
    format!("test:{}:{subject:016x}", STORE.simple())
}

/// Puts, and waits until it is there.
async fn keep(cache: &RedisCache, place: Place, bytes: &[u8]) {
    cache.put(place, bytes.to_vec());
    until("it is kept", async || cache.get(place).await == Found::Bytes(bytes.to_vec())).await;
}

/// All that is kept of one person is one key, which goes as a whole.
#[tokio::test]
async fn one_person_is_one_key() {
    let Some(redis) = Redis::start() else { return };
    let cache = opened(options(redis.url())).await;
    keep(&cache, place(1, 1), b"one").await;
    keep(&cache, Place { what: Cached::Events, ..place(1, 1) }, b"events").await;
    keep(&cache, place(1, 2), b"").await;
    assert_eq!(redis.keys(), [key(1)]);
    let Answer::Number(left) = redis.ask(&[b"PTTL", key(1).as_bytes()]) else { unreachable!("a number") };
    assert!((3_500_000..=3_600_000).contains(&left), "{left}");
    keep(&cache, place(2, 1), b"another's").await;
    assert!(cache.forget(SubjectNumber(1)).await);
    assert_eq!(redis.keys(), [key(2)]);
}

/// What is put later lives no longer than what was there first.
#[tokio::test]
async fn nothing_is_kept_longer_than_was_asked() {
    let Some(redis) = Redis::start() else { return };
    let cache = opened(Options { ttl: Duration::from_millis(300), ..options(redis.url()) }).await;
    cache.put(place(1, 1), b"one".to_vec());
    until("it expires, whatever is put beside it", async || {
        cache.put(place(1, 2), b"two".to_vec());
        cache.get(place(1, 2)).await != Found::Nothing && cache.get(place(1, 1)).await == Found::Nothing
    })
    .await;
}

#[tokio::test]
async fn what_is_not_ours_fails_and_is_removed() {
    let Some(redis) = Redis::start() else { return };
    let cache = opened(options(redis.url())).await;
    let spoil = || redis.ask(&[b"SET", key(1).as_bytes(), b"garbage"]);
    keep(&cache, place(1, 1), b"one").await;
    spoil();
    assert_eq!(cache.get(place(1, 1)).await, Found::Failed);
    until("it is removed", async || redis.keys().is_empty()).await;
    assert_eq!(cache.health().circuit, Circuit::Closed, "Redis is not at fault");
    keep(&cache, place(1, 1), b"one").await;
    spoil();
    cache.put(place(1, 2), b"two".to_vec());
    until("what cannot be put onto it makes room", async || redis.keys().is_empty()).await;
    keep(&cache, place(1, 2), b"two").await;
}

#[tokio::test]
async fn a_redis_that_is_gone_is_left_alone_until_it_is_back() {
    let Some(mut redis) = Redis::start() else { return };
    let told = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&told);
    let tell = Box::new(move |is| open.store(is, Ordering::SeqCst));
    let cache = opened(Options { opened: tell, ..options(redis.url()) }).await;
    until("it is told", async || !told.load(Ordering::SeqCst)).await;
    keep(&cache, place(1, 1), b"one").await;
    redis.stop();
    until("it is left alone", async || cache.get(place(1, 1)).await == Found::Unasked).await;
    assert!(told.load(Ordering::SeqCst));
    assert!(cache.health().trouble.is_some());
    cache.put(place(1, 1), b"one".to_vec());
    assert!(!cache.forget(SubjectNumber(1)).await);
    redis.go();
    until("it is asked again", async || cache.get(place(1, 1)).await == Found::Nothing).await;
    until("it is told", async || !told.load(Ordering::SeqCst)).await;
    assert_eq!(cache.health().trouble, None);
    keep(&cache, place(1, 1), b"one").await;
}

#[tokio::test]
async fn one_that_was_never_there_harms_nobody() {
    let Some(mut redis) = Redis::start() else { return };
    redis.stop();
    let cache = RedisCache::open(options(redis.url())).unwrap();
    assert_eq!(cache.get(place(1, 1)).await, Found::Unasked);
    cache.put(place(1, 1), b"one".to_vec());
    redis.go();
    until("it is found", async || cache.get(place(1, 1)).await == Found::Nothing).await;
}

#[tokio::test]
async fn a_full_redis_is_read_and_left_as_it_is() {
    let Some(redis) = Redis::start() else { return };
    let cache = opened(options(redis.url())).await;
    keep(&cache, place(1, 1), b"one").await;
    redis.ask(&[b"CONFIG", b"SET", b"maxmemory-policy", b"noeviction"]);
    redis.ask(&[b"CONFIG", b"SET", b"maxmemory", b"1"]);
    until("it takes no more", async || {
        cache.put(place(1, 2), b"two".to_vec());
        cache.health().trouble.is_some()
    })
    .await;
    assert_eq!(cache.health().circuit, Circuit::Closed);
    assert_eq!(cache.get(place(1, 1)).await, Found::Bytes(b"one".to_vec()));
    assert!(cache.forget(SubjectNumber(1)).await, "it forgets all the same");
    redis.ask(&[b"CONFIG", b"SET", b"maxmemory", b"0"]);
    until("it takes again", async || {
        cache.put(place(1, 2), b"two".to_vec());
        cache.get(place(1, 2)).await == Found::Bytes(b"two".to_vec())
    })
    .await;
    until("it says so", async || cache.health().trouble.is_none()).await;
}

#[tokio::test]
async fn what_is_too_much_is_dropped() {
    let Some(redis) = Redis::start() else { return };
    let cache = opened(options(redis.url())).await;
    for stream in 0..100 {
        cache.put(place(1, stream), vec![stream; 1 << 20]);
    }
    // On one thread nobody has taken any of them yet.
    assert_eq!(cache.health().dropped, 85);
    cache.put(place(1, 1), vec![0; (1 << 20) + 1]);
    assert_eq!(cache.health().dropped, 85, "what is too large was never meant to be kept");
    keep(&cache, place(2, 1), b"two").await;
}

#[tokio::test]
async fn tls_and_a_password() {
    let Some(redis) = Redis::guarded("a:b@c/d%") else { return };
    let url = redis.url().replace("a:b@c/d%", "a%3Ab%40c%2Fd%25");
    let ca = std::fs::read(redis.ca()).unwrap();
    let with = |url: &str, certificates| Options { certificates, ..options(url.to_owned()) };
    let good = opened(with(&url, Some(ca.clone()))).await;
    keep(&good, place(1, 1), b"one").await;

    let refused = "it does not take our name and password, or lets us do too little";
    let unreached = "it cannot be reached, or the connection broke";
    let cases = [
        ("wrong password", with(&url.replace("%25", ""), Some(ca)), refused),
        ("unknown certificate", with(&url, None), unreached),
        ("no TLS", with(&url.replace("rediss", "redis"), None), unreached),
    ];
    for (name, options, trouble) in cases {
        let cache = RedisCache::open(options).unwrap();
        until(name, async || cache.health().trouble == Some(trouble)).await;
        assert_eq!(cache.get(place(1, 1)).await, Found::Unasked);
    }
}
