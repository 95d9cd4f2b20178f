//! An engine in process, put together as the server's is but for doors and settings.

use std::sync::Arc;
use std::time::Duration;

use anamnesis_chart::Door;
use anamnesis_engine::{
    Caching, Indexed, Indexing, Item, Keyring, Parts, Request, Silent, SnapshotPolicy, Wait,
};
use anamnesis_json::Object;
use anamnesis_kernel::search::{Entry, Param};
use anamnesis_kernel::{Actor, Clock, Instant, ResourceId, Source, StreamName};
use anamnesis_seal::MasterKey;
use anamnesis_store::{Keys, Log};
use anamnesis_store_sql::SqliteStore;

/// What an engine on this store is put together from, unless a bench has something else in its place.
pub(crate) async fn parts(store: &SqliteStore, master: &MasterKey) -> anyhow::Result<Parts> {
    Ok(Parts {
        log: Arc::clone(&store.log) as Arc<dyn Log>,
        views: Arc::clone(&store.views) as _,
        snapshots: Arc::clone(&store.snapshots) as _,
        snapshot_policy: SnapshotPolicy::default(),
        keyring: Keyring::open(Arc::clone(&store.keys) as Arc<dyn Keys>, master).await?,
        indexing: Arc::new(R4(anamnesis_fhir::Catalogue::default())),
        clock: Arc::new(Machine),
        instruments: Arc::new(Silent),
        caching: Caching::default(),
        views_patience: Duration::from_secs(30),
    })
}

/// What a client of the event API asks for who waits for the log alone.
pub(crate) fn request(items: Vec<Item>) -> Request {
    Request {
        items,
        idempotency: None,
        claims: Vec::new(),
        actor: Actor::default(),
        source: Source { door: "bench".into(), ..Source::default() },
        door: Door::Api,
        correlation_id: None,
        wait: Wait::Log,
    }
}

/// What the server indexes by when nobody registered anything.
struct R4(anamnesis_fhir::Catalogue);

impl Indexing for R4 {
    fn shape(&self) -> &str {
        anamnesis_fhir::index::SHAPE
    }

    fn index(&self, stream: &StreamName, elements: &Object) -> Indexed {
        let found = anamnesis_fhir::index::index(stream, elements, &self.0);
        Indexed { entries: found.entries, date: found.date }
    }

    fn patients(&self, stream: &StreamName, elements: &Object) -> Vec<ResourceId> {
        anamnesis_fhir::compartment::patients(stream, elements)
    }

    fn happened(&self, patient: &ResourceId) -> Option<Entry> {
        let key = anamnesis_fhir::compartment::key(patient);
        Some(Entry { param: Param::HAPPENED, key, group: 0 })
    }
}

/// The machine's clock.
pub(crate) struct Machine;

impl Clock for Machine {
    fn now(&self) -> Instant {
        let since_1970 =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Instant::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or_default())
    }
}
