//! A search that takes longer than is allowed is given up, and nothing else is.

use std::time::Duration;

use anamnesis_kernel::search::{By, Order, Query};
use anamnesis_store::contract::clinic::Clinic;
use anamnesis_store::{ReadError, Views};
use anamnesis_store_sql::SqliteStore;

const CLINIC: Clinic = Clinic { records: 3_000 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_statement() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), CLINIC.middle()).unwrap();
    for change in CLINIC.changes() {
        store.views.apply(change).await.unwrap();
    }
    let order = [By::Updated, By::Id].map(|by| Order { by, descending: true }).to_vec();
    for at in [None, Some(CLINIC.middle())] {
        let mut ended = 0;
        for (title, query) in CLINIC.queries(1) {
            // Sorted by two keys, every record is looked at.
            let query = Query { order: order.clone(), at, ..query };
            store.views.limit_queries(Duration::MAX);
            let whole = store.views.search(&query).await.unwrap();
            store.views.limit_queries(Duration::ZERO);
            match store.views.search(&query).await {
                Ok(found) => assert_eq!(found, whole, "{title}"),
                Err(error) => {
                    assert!(matches!(error, ReadError::TooLong), "{title}: {error}");
                    ended += 1;
                }
            }
            // What is read by name has no such limit.
            assert!(store.views.find(&[CLINIC.name(0)], at).await.unwrap()[0].is_some());
        }
        assert!(ended > 5, "only {ended} searches took long enough to be given up");
    }
}
