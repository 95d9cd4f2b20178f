//! Folding in process: changes of address into the views, in batches as small as clients that wait make them, and large.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use anamnesis_chart::Command;
use anamnesis_engine::projector::Projector;
use anamnesis_engine::{Engine, Expect, Item, Request, Step};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Clock, ResourceId, ResourceType, StreamName};
use anamnesis_seal::{MasterKey, SystemRandom};
use anamnesis_store::Views;
use anamnesis_store_sql::SqliteStore;
use anamnesis_testkit::address_event;

use super::house::{self, Machine, parts};

const PATIENTS: usize = 1_000;

/// What folding came to.
pub(super) struct Folded {
    /// Events folded.
    pub(super) events: usize,
    /// By the clock.
    pub(super) taken: Duration,
    /// Of the processor, by the thread that folds and writes.
    pub(super) worked: Duration,
    /// Bytes handed to the system for writing, all files together.
    pub(super) written: u64,
    /// Bytes of the views at the end.
    pub(super) views: u64,
}

impl Folded {
    /// As a cell of the table.
    pub(super) fn cell(&self) -> String {
        let each = |total: f64| total / self.events.max(1) as f64;
        format!(
            "{:.0} events/s, {:.0} µs of processor, {:.1} KiB written, {:.0} bytes kept an event",
            self.events as f64 / self.taken.as_secs_f64(),
            each(self.worked.as_secs_f64() * 1e6),
            each(self.written as f64 / 1024.0),
            each(self.views as f64),
        )
    }
}

/// Folds so many changes of address, `batch` at a time, after a thousand patients were registered.
pub(super) async fn addresses(data: &Path, events: usize, batch: usize) -> anyhow::Result<Folded> {
    let store = SqliteStore::open(data, Machine.now())?;
    let master = MasterKey::generate(&SystemRandom);
    let engine = Engine::new(parts(&store, &master).await?);
    let mut projector = Projector::new(Arc::clone(&engine), engine.serving()).await?;
    let named = |n: usize| Object::new().with("family", format!("Bench{n}"));
    let born = |n| Object::new().with("active", true).with("name", vec![Value::from(named(n))]);
    let register = (0..PATIENTS).map(|n| (n, "PatientRegistered", born(n)));
    engine.commit(request(register)?).await?;
    while projector.step().await? > 0 {}
    let mut folded =
        Folded { events: 0, taken: Duration::ZERO, worked: Duration::ZERO, written: 0, views: 0 };
    while folded.events < events {
        let from = folded.events;
        // Spread as the clients of the other rows are.
        let changes = (from..from + batch).map(|n| ((n * 131 + n / 64 * 7) % PATIENTS, n));
        for commit in changes.collect::<Vec<_>>().chunks(PATIENTS) {
            let of =
                |(patient, n): &(usize, usize)| (*patient, "PatientAddressUpdated", address_event(*n as u64));
            engine.commit(request(commit.iter().map(of))?).await?;
        }
        let (started, worked, written) = (Stopwatch::now(), thread_time(), bytes_written());
        loop {
            let step = projector.step().await?;
            if step == 0 {
                break;
            }
            folded.events += step;
        }
        folded.taken += started.elapsed();
        folded.worked += thread_time().saturating_sub(worked);
        folded.written += bytes_written().saturating_sub(written);
    }
    folded.views = store.views.bytes();
    Ok(folded)
}

fn request(events: impl Iterator<Item = (usize, &'static str, Object)>) -> anyhow::Result<Request> {
    let mut items: Vec<Item> = Vec::new();
    for (patient, kind, data) in events {
        let id = ResourceId::new(&format!("bench-{patient}")).map_err(|_| anyhow::anyhow!("no id"))?;
        let stream = StreamName::new(ResourceType::PATIENT, id);
        let step = Step::of(Command::Append { kind: kind.into(), schema_version: None, data });
        match items.iter_mut().find(|item| item.stream == stream) {
            Some(item) => item.steps.push(step),
            None => items.push(Item { stream, expected: Expect::Any, steps: vec![step] }),
        }
    }
    Ok(house::request(items))
}

/// The processor's time this thread has had, in nanoseconds:
/// <https://docs.kernel.org/scheduler/sched-stats.html>.
fn thread_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// What this process has handed to the system for writing.
fn bytes_written() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|n| n.trim().parse().ok()).unwrap_or_default()
}
