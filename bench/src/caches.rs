//! What the caches are worth: a mix of reads and writes as many doctors make it, with and without them.
//!
//! Nine requests of ten read, of a patient that Zipf's law chooses; one of ten appends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anamnesis_json::{Object, Value};
use anamnesis_testkit::people::{People, Person};
use anamnesis_testkit::{Options, Redis, Rng, Server, address_event, zipf};
use anyhow::Context;

use super::wire::{self, Run, Wire};
use super::{Bench, Table};

const PEOPLE: usize = 400;
const CLIENTS: usize = 4;
/// Requests that are laid out beforehand; each client has its part of them.
const REQUESTS: usize = 40_000;

/// One way to remember.
struct Way {
    name: &'static str,
    bytes_max: u64,
    redis: bool,
    /// Whether the process begins anew once all is warm.
    restarted: bool,
}

const WAYS: [Way; 7] = [
    Way { name: "nothing", bytes_max: 0, redis: false, restarted: false },
    Way { name: "Redis alone", bytes_max: 0, redis: true, restarted: false },
    Way { name: "2 MiB", bytes_max: 2 << 20, redis: false, restarted: false },
    Way { name: "2 MiB and Redis", bytes_max: 2 << 20, redis: true, restarted: false },
    Way { name: "128 MiB", bytes_max: 128 << 20, redis: false, restarted: false },
    Way { name: "128 MiB, just started", bytes_max: 128 << 20, redis: false, restarted: true },
    Way { name: "128 MiB and Redis, just started", bytes_max: 128 << 20, redis: true, restarted: true },
];

/// A request that is laid out, and whether it writes.
type Laid = (bool, Vec<u8>);

/// Rows about the caches.
pub(super) async fn rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let people: Vec<Person> = People::small(23).iter().take(PEOPLE).collect();
    let mix = Arc::new(mix(&people));
    for (n, way) in WAYS.iter().enumerate() {
        let redis = if way.redis { Redis::start().context("no redis-server")?.into() } else { None };
        let mut server = start(bench, &format!("caches-{n}"), way, redis.as_ref());
        let address = server.url().trim_start_matches("http://").to_owned();
        load(&address, &people).await?;
        run(&address, &mix, bench.seconds).await?;
        if way.restarted {
            server.restart();
        }
        let seconds = if way.restarted { 1.0 } else { bench.seconds };
        let before = asked(&address).await?;
        let (reads, writes) = run(&address, &mix, seconds).await?;
        let rates = rates(&before, &asked(&address).await?);
        table.add(
            format!(
                "mix of reads and writes over {PEOPLE} patients, {CLIENTS} clients, remembered: {}",
                way.name
            ),
            format!(
                "{:.0}/s, reads p50 {:.3} ms, p99 {:.3} ms, writes p50 {:.2} ms; {rates}",
                reads.rate() + writes.rate(),
                reads.percentile_ms(0.5),
                reads.percentile_ms(0.99),
                writes.percentile_ms(0.5),
            ),
        );
    }
    Ok(())
}

fn start(bench: &Bench, name: &str, way: &Way, redis: Option<&Redis>) -> Server {
    let options = Options::new().binary(bench.binary.clone()).data(bench.data(name));
    let options = options.env("ANAMNESIS_CACHE_BYTES_MAX", way.bytes_max.to_string());
    match redis {
        Some(redis) => options.env("ANAMNESIS_REDIS", redis.url()).start(),
        None => options.start(),
    }
}

/// Puts everybody there, with what happened to them.
async fn load(address: &str, people: &[Person]) -> anyhow::Result<()> {
    let mut wire = Wire::connect(address).await?;
    for person in people {
        let bundle = person.bundle_with_ids().to_text();
        let (status, body) = wire.send(&wire::request("POST", "/fhir", "", &bundle)).await?;
        anyhow::ensure!(status == 200, "loading was answered {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}

/// Requests in the order they are sent.
fn mix(people: &[Person]) -> Vec<Laid> {
    let records: Vec<Vec<String>> =
        people.iter().map(|person| person.records().iter().map(|record| record.stream()).collect()).collect();
    let mut rng = Rng::new(5, 0x6361_6368);
    let mut mix = Vec::with_capacity(REQUESTS);
    for (n, chosen) in zipf(people.len(), 9).take(REQUESTS).enumerate() {
        let (Some(person), Some(records)) = (people.get(chosen), records.get(chosen)) else { continue };
        let (stream, id) = (person.stream(), person.id());
        let read = |path: &str| (false, wire::request("GET", path, "", b""));
        mix.push(match rng.below(20) {
            0 | 1 => {
                let body = Object::new()
                    .with("stream", stream)
                    .with("type", "PatientAddressUpdated")
                    .with("data", Value::Object(address_event(n as u64)));
                (true, wire::request("POST", "/api/commits", "", &body.to_text()))
            }
            2..=4 => read(&format!("/api/streams/{stream}")),
            5 | 6 => read(&format!("/api/patients/{id}")),
            7 => read(&format!("/fhir/Observation?patient={id}&_count=10")),
            8..=11 => read(&format!("/fhir/{stream}")),
            _ => read(&format!("/fhir/{}", rng.one_of(records))),
        });
    }
    mix
}

/// What reads and writes took.
async fn run(address: &str, mix: &Arc<Vec<Laid>>, seconds: f64) -> anyhow::Result<(Run, Run)> {
    let started = Instant::now();
    let mut tasks = Vec::new();
    for client in 0..CLIENTS {
        let (address, mix) = (address.to_owned(), Arc::clone(mix));
        tasks.push(tokio::spawn(async move {
            let mut wire = Wire::connect(&address).await?;
            let mut times = [Vec::new(), Vec::new()];
            for (writes, request) in mix.iter().skip(client).step_by(CLIENTS).cycle() {
                if started.elapsed().as_secs_f64() > seconds {
                    break;
                }
                let sent = Instant::now();
                let (status, body) = wire.send(request).await?;
                anyhow::ensure!(status < 300, "answered {status}: {}", String::from_utf8_lossy(&body));
                let [read, written] = &mut times;
                if *writes { written } else { read }.push(sent.elapsed());
            }
            Ok::<[Vec<Duration>; 2], anyhow::Error>(times)
        }));
    }
    let (mut reads, mut writes) = (Run::default(), Run::default());
    for task in tasks {
        let [read, written] = task.await??;
        reads.times.extend(read);
        writes.times.extend(written);
    }
    for run in [&mut reads, &mut writes] {
        run.total = started.elapsed();
        run.times.sort();
    }
    Ok((reads, writes))
}

/// How often each level was asked, with what result.
async fn asked(address: &str) -> anyhow::Result<Vec<(String, f64)>> {
    let (_, text) = Wire::connect(address).await?.send(&wire::request("GET", "/metrics", "", b"")).await?;
    let text = String::from_utf8(text)?;
    let lines = text.lines().filter_map(|line| line.strip_prefix("anamnesis_cache_requests_total"));
    let series = lines.filter_map(|line| {
        let (labels, value) = line.rsplit_once(' ')?;
        Some((labels.to_owned(), value.parse().ok()?))
    });
    Ok(series.collect())
}

/// The share of hits in each level, of what was asked between.
fn rates(before: &[(String, f64)], after: &[(String, f64)]) -> String {
    let count = |level: &str, result: &str| {
        let of = |all: &[(String, f64)]| {
            let has = |labels: &str| labels.contains(level) && labels.contains(result);
            all.iter().filter(|(labels, _)| has(labels)).map(|(_, count)| count).sum::<f64>()
        };
        of(after) - of(before)
    };
    let levels = ["process", "redis"].map(|level| {
        let (hits, misses, errors) = (count(level, "hit"), count(level, "miss"), count(level, "error"));
        let all = hits + misses + errors;
        match all {
            0.0 => format!("{level} not asked"),
            all => format!("{level} {:.1} % of {all:.0}", 100.0 * hits / all),
        }
    });
    levels.join(", ")
}
