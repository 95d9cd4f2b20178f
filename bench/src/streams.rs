//! Long streams, in process: how long the state of a record takes to load, and what the snapshots that spare it cost.
//!
//! Nothing is read from a cache of the engine but where a row says so; the machine's own cache of files is warm.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use anamnesis_chart::Command;
use anamnesis_engine::{Engine, Expect, Instruments, Item, Parts, SnapshotPolicy, Step, Taker};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Clock, Instant, StreamName, Version};
use anamnesis_seal::{MasterKey, SystemRandom};
use anamnesis_store::{Snapshots, UpTo};
use anamnesis_store_sql::{SqliteSnapshots, SqliteStore};
use anamnesis_testkit::{StandingClock, address_event};
use anyhow::Context;

use super::inside::{Machine, parts, request};
use super::{Bench, Table};

/// How long the streams are that are loaded.
const LENGTHS: [u64; 4] = [100, 1_000, 10_000, 100_000];
/// Events of one commit.
const COMMIT: u64 = 50;
/// How often a state is loaded that takes little, and how long at most.
const LOADS: usize = 500;
const LOADS_TIME: Duration = Duration::from_secs(6);

const NEVER: SnapshotPolicy =
    SnapshotPolicy { every: 0, daily: false, significant: false, significant_gap: 10 };

/// Counts the events that are folded.
#[derive(Default)]
struct Folded(AtomicUsize);

impl Instruments for Folded {
    fn loaded(&self, events: usize) {
        self.0.fetch_add(events, Ordering::Relaxed);
    }
}

/// A store with an engine on it.
struct House {
    store: SqliteStore,
    engine: Arc<Engine>,
    taker: Taker,
    folded: Arc<Folded>,
}

impl House {
    /// Opens the store in a folder; with `beside`, its snapshots are in that file instead.
    async fn open(
        folder: &Path,
        master: &MasterKey,
        clock: Arc<dyn Clock>,
        policy: SnapshotPolicy,
        beside: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let store = SqliteStore::open(folder, clock.now())?;
        let folded = Arc::new(Folded::default());
        let snapshots: Arc<dyn Snapshots> = match beside {
            Some(path) => Arc::new(SqliteSnapshots::open(path)?),
            None => Arc::clone(&store.snapshots) as _,
        };
        let engine = Engine::new(Parts {
            snapshots,
            snapshot_policy: policy,
            clock,
            instruments: Arc::clone(&folded) as _,
            ..parts(&store, master).await?
        });
        let taker = Taker::new(&engine).context("nobody takes yet")?;
        Ok(Self { store, engine, taker, folded })
    }

    /// Makes a patient with so many events; gives how long taking its snapshots took, apart from the commits.
    async fn live(&mut self, name: &StreamName, events: u64) -> anyhow::Result<Duration> {
        let mut taking = Duration::ZERO;
        let named = Object::new().with("family", "Bench");
        let born = Object::new().with("active", true).with("name", vec![Value::from(named)]);
        self.commit(name, vec![("PatientRegistered", born)]).await?;
        let mut version = 1;
        while version < events {
            let count = COMMIT.min(events - version);
            let change = |n: u64| ("PatientAddressUpdated", address_event(n));
            self.commit(name, (version..version + count).map(change).collect()).await?;
            version += count;
            let started = Stopwatch::now();
            self.taker.take_queued().await;
            taking += started.elapsed();
        }
        Ok(taking)
    }

    async fn commit(&self, name: &StreamName, events: Vec<(&str, Object)>) -> anyhow::Result<()> {
        self.engine.commit(request(vec![item(name, events)])).await?;
        Ok(())
    }
}

fn item(name: &StreamName, events: Vec<(&str, Object)>) -> Item {
    let step = |(kind, data): (&str, Object)| {
        Step::of(Command::Append { kind: kind.into(), schema_version: None, data })
    };
    let steps = events.into_iter().map(step).collect();
    Item { stream: name.clone(), expected: Expect::Any, steps }
}

fn name(n: u64) -> anyhow::Result<StreamName> {
    format!("Patient/bench-{n}").parse().ok().context("no name")
}

/// The rows about loading.
pub(super) async fn rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let folder = bench.data("streams");
    let master = MasterKey::generate(&SystemRandom);
    let clock: Arc<dyn Clock> = Arc::new(Machine);
    let with = SnapshotPolicy { every: 100, ..NEVER };
    let mut house = House::open(&folder, &master, Arc::clone(&clock), with, None).await?;
    for length in LENGTHS {
        house.live(&name(length)?, length).await?;
    }
    drop(house);

    let house = House::open(&folder, &master, Arc::clone(&clock), with, None).await?;
    for length in LENGTHS {
        let (name, engine) = (name(length)?, &house.engine);
        let load = |_| engine.state(&name, UpTo::Newest);
        loaded(table, &format!("state of {length} events, snapshots, no cache"), &house, load).await?;
    }
    for length in LENGTHS {
        let name = name(length)?;
        // What changes nothing leaves the head of its stream in the process.
        let again = || request(vec![item(&name, vec![("PatientAddressUpdated", address_event(length - 1))])]);
        house.engine.commit(again()).await?;
        let engine = &house.engine;
        let request = again();
        let load = |_| engine.preview(&request);
        let what = format!("state of {length} events, in the process, with a decision on it");
        loaded(table, &what, &house, load).await?;
    }
    for length in LENGTHS {
        let (name, engine) = (name(length)?, &house.engine);
        let load = |n: usize| engine.state(&name, UpTo::Version(somewhere(n, length)));
        loaded(table, &format!("a state amid {length} events, snapshots, no cache"), &house, load).await?;
    }
    drop(house);
    for length in LENGTHS {
        let name = name(length)?;
        let mut times = Vec::new();
        for _ in 0..20 {
            let house = House::open(&folder, &master, Arc::clone(&clock), with, None).await?;
            let started = Stopwatch::now();
            house.engine.state(&name, UpTo::Newest).await?;
            times.push(started.elapsed());
        }
        times.sort_unstable();
        table.add(
            format!("state of {length} events, snapshots, the store just opened"),
            format!("p50 {}, p99 {}", shown(at(&times, 50)), shown(at(&times, 99))),
        );
    }

    let beside = bench.data("no-snapshots.db");
    let house = House::open(&folder, &master, clock, NEVER, Some(&beside)).await?;
    for length in LENGTHS {
        let (name, engine) = (name(length)?, &house.engine);
        let load = |_| engine.state(&name, UpTo::Newest);
        loaded(table, &format!("state of {length} events, no snapshots, no cache"), &house, load).await?;
        let load = |n: usize| engine.state(&name, UpTo::Version(somewhere(n, length)));
        loaded(table, &format!("a state amid {length} events, no snapshots, no cache"), &house, load).await?;
    }
    Ok(())
}

/// A version of a stream, spread over all of it.
fn somewhere(n: usize, length: u64) -> Version {
    1 + (n as u64 * 7_919 + 4_177) % length
}

/// Adds a row about how long a load takes, and how much it folds.
async fn loaded<T, E, F>(
    table: &mut Table,
    what: &str,
    house: &House,
    load: impl Fn(usize) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = Result<T, E>>,
    E: std::error::Error + Send + Sync + 'static,
{
    load(0).await?;
    let mut times = Vec::with_capacity(LOADS);
    let (mut folded, mut most) = (0, 0);
    house.folded.0.store(0, Ordering::Relaxed);
    let begun = Stopwatch::now();
    while times.len() < LOADS && (begun.elapsed() < LOADS_TIME || times.len() < 3) {
        let started = Stopwatch::now();
        load(times.len()).await?;
        times.push(started.elapsed());
        let events = house.folded.0.swap(0, Ordering::Relaxed);
        folded += events;
        most = most.max(events);
    }
    times.sort_unstable();
    let mean = folded / times.len().max(1);
    let result = format!(
        "p50 {}, p99 {}; {mean} events folded, at most {most}",
        shown(at(&times, 50)),
        shown(at(&times, 99))
    );
    table.add(what, result);
    Ok(())
}

/// The time that so many of a hundred are within; the times are sorted.
fn at(times: &[Duration], percent: usize) -> Duration {
    let last = times.len().saturating_sub(1);
    times.get(last * percent / 100).copied().unwrap_or_default()
}

fn shown(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    if us < 1_000.0 { format!("{us:.1} µs") } else { format!("{:.2} ms", us / 1_000.0) }
}

/// The rows about what snapshots cost.
pub(super) async fn cost_rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    #[rustfmt::skip] // A table reads by column.
    let policies = [
        ("none",                     NEVER),
        ("every 100 events",         SnapshotPolicy { every: 100, ..NEVER }),
        ("every 10 events",          SnapshotPolicy { every: 10, ..NEVER }),
        ("daily",                    SnapshotPolicy { daily: true, ..NEVER }),
        ("significant, 10 apart",    SnapshotPolicy { significant: true, ..NEVER }),
        ("all, as they are set",     SnapshotPolicy::default()),
    ];
    for (number, (what, policy)) in policies.into_iter().enumerate() {
        let folder = bench.data(&format!("cost-{number}"));
        let noon: Instant = "2026-03-01T12:00:00Z".parse().ok().context("a moment")?;
        let clock = StandingClock::new(noon);
        let given: Arc<dyn Clock> = Arc::new(clock.clone());
        let mut house =
            House::open(&folder, &MasterKey::generate(&SystemRandom), given, policy, None).await?;
        house.engine.sweep(|| true).await?;
        let started = Stopwatch::now();
        let mut taking = Duration::ZERO;
        for n in 0..100 {
            taking += house.live(&name(n)?, 250).await?;
            // Who dies and lives again: ten changes that are significant.
            for change in 0..10 {
                let dead = change % 2 == 0;
                let kind = if dead { "PatientDied" } else { "PatientDeathRetracted" };
                house.commit(&name(n)?, vec![(kind, Object::new().with("deceasedBoolean", dead))]).await?;
                let started = Stopwatch::now();
                house.taker.take_queued().await;
                taking += started.elapsed();
            }
        }
        let writing = started.elapsed().saturating_sub(taking);
        // A day later, what was active is swept.
        clock.set(noon.plus_micros(24 * 3_600 * 1_000_000));
        let started = Stopwatch::now();
        house.engine.sweep(|| true).await?;
        let sweeping = started.elapsed();
        let kept = house.store.snapshots.tally().await?.count;
        let bytes = house.store.snapshots.bytes();
        let log = house.engine.log().head().borrow().bytes;
        table.add(
            format!("snapshots: {what}, of 26,000 events in 100 streams"),
            format!(
                "{:.0} events/s written; beside that {:.0} ms taking, {:.0} ms sweeping; {kept} kept, {} KiB beside {} KiB of log",
                26_000.0 / writing.as_secs_f64(),
                taking.as_secs_f64() * 1e3,
                sweeping.as_secs_f64() * 1e3,
                bytes / 1_024,
                log / 1_024,
            ),
        );
    }
    Ok(())
}
