//! Reading a log in process: every event fetched, opened with its key, and laid out as an envelope.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use anamnesis_engine::{Engine, Filter};
use anamnesis_kernel::{Cursor, Instant};
use anamnesis_seal::MasterKey;
use anamnesis_store_sql::SqliteStore;
use anyhow::Context;

use super::house::parts;

/// Events a second that `readers` tasks read of the log in `data`, each its own part of it.
pub(super) async fn rate(data: &Path, readers: u64) -> anyhow::Result<f64> {
    let store = SqliteStore::open(data, Instant::default())?;
    let master = master(&SqliteStore::master_key_path(data))?;
    let engine = Engine::new(parts(&store, &master).await?);
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

async fn read(engine: &Arc<Engine>, from: u64, to: u64) -> anyhow::Result<u64> {
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
