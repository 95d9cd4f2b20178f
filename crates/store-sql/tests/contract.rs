//! The contract, kept by the embedded store.

use std::sync::Arc;

use anamnesis_kernel::Instant;
use anamnesis_store::contract::{Harness, Stores};
use anamnesis_store_sql::SqliteStore;
use async_trait::async_trait;
use tempfile::TempDir;

struct Sqlite(TempDir);

impl Sqlite {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder for the test"))
    }
}

#[async_trait]
impl Harness for Sqlite {
    async fn open(&self, now: Instant) -> Stores {
        let store = SqliteStore::open(self.0.path(), now).expect("the store opens");
        Stores {
            log: Arc::clone(&store.log) as _,
            keys: Arc::clone(&store.keys) as _,
            views: Arc::clone(&store.views) as _,
            made: store.begin_generation().expect("begun"),
            snapshots: Arc::clone(&store.snapshots) as _,
            held: Box::new(store),
        }
    }

    fn another(&self) -> Self {
        Self::new()
    }
}

anamnesis_store::contract_tests!(Sqlite::new());
