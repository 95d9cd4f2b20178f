//! The contract, kept by a store whose texts wait in small runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anamnesis_kernel::Instant;
use anamnesis_store::contract::{Harness, Stores};
use async_trait::async_trait;
use tempfile::TempDir;

use super::{Rows, SMALL, connect, rows};
use crate::SqliteStore;

/// A store whose texts wait in small runs; what was seen of them when stores were let go of.
struct Small {
    folder: TempDir,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    late: AtomicI64,
    merged: AtomicI64,
}

impl Small {
    fn new() -> Self {
        Self::seen_by(Arc::default())
    }

    fn seen_by(seen: Arc<Seen>) -> Self {
        Self { folder: TempDir::new().unwrap(), seen }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        if !self.folder.path().join("views.db").exists() {
            return;
        }
        let Rows { late, then, .. } = rows(&connect(&self.folder));
        self.seen.late.fetch_add(late, Ordering::Relaxed);
        self.seen.merged.fetch_add(then, Ordering::Relaxed);
    }
}

#[async_trait]
impl Harness for Small {
    async fn open(&self, now: Instant) -> Stores {
        let store = SqliteStore::open(self.folder.path(), now).unwrap();
        store.views.limit_late(SMALL);
        let made = store.begin_generation().unwrap();
        made.limit_late(SMALL);
        Stores {
            log: Arc::clone(&store.log) as _,
            keys: Arc::clone(&store.keys) as _,
            views: Arc::clone(&store.views) as _,
            made,
            snapshots: Arc::clone(&store.snapshots) as _,
            held: Box::new(store),
        }
    }

    fn another(&self) -> Self {
        Self::seen_by(Arc::clone(&self.seen))
    }
}

anamnesis_store::contract_tests! { @tests Small::new();
    views_digest {
        the_same_changes_in_other_batches_are_the_same_views,
        a_row_that_differs_shows,
    }
    views_made {
        what_cannot_be_written_takes_what_gathered,
        finished_views_are_those_that_were_never_made_apart,
    }
    views_records {
        a_change_that_cannot_be_written_leaves_nothing,
        a_row_that_is_refused_says_whose_it_is,
    }
    views_search {
        rows_open_close_and_come_back,
    }
}

#[tokio::test]
async fn a_search_as_of_a_moment_finds_what_waits_and_what_was_merged() {
    let seen = Arc::default();
    let harness = Small::seen_by(Arc::clone(&seen));
    anamnesis_store::contract::views_as_of::a_search_as_of_a_moment_is_one_of_what_was_known_then(&harness)
        .await;
    let (late, merged) = (seen.late.load(Ordering::Relaxed), seen.merged.load(Ordering::Relaxed));
    assert!(late > 50 && merged > 50, "{late} rows waited at the ends, {merged} were merged");
}
