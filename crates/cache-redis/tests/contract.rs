//! The contract of a cache, kept by Redis.

use std::sync::Arc;
use std::time::Duration;

use anamnesis_cache_redis::{Options, RedisCache};
use anamnesis_store::Cache;
use anamnesis_store::contract::cache::{CacheHarness, Store};
use anamnesis_testkit::Redis;
use async_trait::async_trait;
use uuid::Uuid;

/// A Redis that nobody else uses; where there is none, that is said.
struct Outside(Redis);

#[async_trait]
impl CacheHarness for Outside {
    fn open(&self, store: Store) -> Arc<dyn Cache> {
        let options = Options {
            url: self.0.url(),
            certificates: None,
            prefix: "contract".into(),
            store: Uuid::from_u128(if store == Store::First { 1 } else { 2 }),
            ttl: Duration::from_secs(3_600),
            // Five that wait so long are less than the contract lets anybody wait.
            answer: Duration::from_millis(500),
            connect: Duration::from_secs(2),
            opened: Box::new(|_| {}),
        };
        Arc::new(RedisCache::open(options).expect("its address is one"))
    }

    async fn go_away(&self) {
        self.0.signal("STOP");
    }

    async fn come_back(&self) {
        self.0.signal("CONT");
    }
}

anamnesis_store::cache_contract_tests!(Redis::start().map(Outside));
