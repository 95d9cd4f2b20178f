//! Reading a log in process: every event fetched, opened with its key, and laid out as an envelope.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use anamnesis_engine::{Caching, Engine, Filter, Indexed, Indexing, Keyring, Parts, Silent, SnapshotPolicy};
use anamnesis_json::Object;
use anamnesis_kernel::{Clock, Cursor, Instant, ResourceId, StreamName};
use anamnesis_seal::MasterKey;
use anamnesis_store::{Keys, Log};
use anamnesis_store_sql::SqliteStore;
use anyhow::Context;

/// Events a second that `readers` tasks read of the log in `data`, each its own part of it.
pub(super) async fn rate(data: &Path, readers: u64) -> anyhow::Result<f64> {
    let store = SqliteStore::open(data, Instant::default())?;
    let master = master(&SqliteStore::master_key_path(data))?;
    let keyring = Keyring::open(Arc::clone(&store.keys) as Arc<dyn Keys>, &master).await?;
    let engine = Engine::new(Parts {
        log: Arc::clone(&store.log) as Arc<dyn Log>,
        views: Arc::clone(&store.views) as _,
        snapshots: Arc::clone(&store.snapshots) as _,
        snapshot_policy: SnapshotPolicy::default(),
        keyring,
        indexing: Arc::new(Nothing),
        clock: Arc::new(Stopped),
        instruments: Arc::new(Silent),
        caching: Caching::default(),
        views_patience: Duration::from_secs(30),
    });
    let total = engine.head().offset(0);
    let started = Stopwatch::now();
    let mut tasks = Vec::new();
    for reader in 0..readers {
        let engine = Arc::clone(&engine);
        let (from, to) = (total * reader / readers, total * (reader + 1) / readers);
        tasks.push(tokio::spawn(async move { read(&engine, from, to).await }));
    }
    let mut events = 0;
    for task in tasks {
        events += task.await??;
    }
    anyhow::ensure!(events >= total, "{events} of {total} events were read");
    Ok(events as f64 / started.elapsed().max(Duration::from_nanos(1)).as_secs_f64())
}

async fn read(engine: &Engine, from: u64, to: u64) -> anyhow::Result<u64> {
    let mut at = Cursor { moment: Instant::default(), offsets: vec![from] };
    let mut events = 0;
    while at.offset(0) < to {
        let page = engine.events(&at, &engine.head(), &Filter::default(), 1_000).await?;
        events += page.events.len() as u64;
        at = page.next;
    }
    Ok(events)
}

fn master(path: &Path) -> anyhow::Result<MasterKey> {
    let text = std::fs::read_to_string(path).context("no master key")?;
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        let digits = text.get(at * 2..at * 2 + 2).context("a short master key")?;
        *byte = u8::from_str_radix(digits, 16)?;
    }
    Ok(MasterKey::from_bytes(&bytes))
}

/// Nothing is indexed: the log alone is read.
struct Nothing;

impl Indexing for Nothing {
    fn shape(&self) -> &str {
        "none"
    }

    fn index(&self, _: &StreamName, _: &Object) -> Indexed {
        Indexed { entries: Vec::new(), date: 0 }
    }

    fn patients(&self, _: &StreamName, _: &Object) -> Vec<ResourceId> {
        Vec::new()
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Instant {
        Instant::default()
    }
}
