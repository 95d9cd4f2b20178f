//! A generation of the views made beside the serving one, over HTTP: how fast, and what readers notice of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anamnesis_json::Value;
use anamnesis_testkit::people::People;
use anyhow::Context;

use super::machine::{memory_mb, processor};
use super::wire::{self, Run, Wire};
use super::{Bench, Table};

/// The log is at least so long.
const EVENTS: u64 = 300_000;
const WRITERS: usize = 4;
/// Readers ask at this pace together, whatever the answers take: the time they wait for their turn counts.
const READERS: usize = 8;
const READS_PER_S: f64 = 500.0;
/// What makes another generation wanted.
const PARAMETER: &str = r#"{"resourceType":"SearchParameter","id":"rebuild","url":"http://example.org/rebuild","name":"rebuild","status":"active","description":"d","code":"contact-name","base":["Patient"],"type":"string","expression":"Patient.contact.name.family"}"#;

/// Rows about a rebuild while reads are served.
pub(super) async fn rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let server = bench.serve("rebuild");
    let address = server.url().trim_start_matches("http://").to_owned();
    let reads = Arc::new(load(&address).await?);
    let events = serving(&address, "of").await?;
    while serving(&address, "events").await? < events {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (alone, ()) = reading(&address, &reads, async {
        tokio::time::sleep(Duration::from_secs_f64(bench.seconds)).await;
        Ok(())
    })
    .await?;
    table.add(format!("{READS_PER_S:.0} reads/s, {events} events"), latencies(&alone));

    let started = Instant::now();
    let before = processor(server.pid());
    let put = wire::request("PUT", "/fhir/SearchParameter/rebuild", "", PARAMETER.as_bytes());
    Wire::connect(&address).await?.send(&put).await?;
    let (beside, took) = reading(&address, &reads, async {
        while serving(&address, "search_parameters").await? == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(started.elapsed())
    })
    .await?;
    let us = |time: Duration| time.as_secs_f64() * 1e6 / events as f64;
    let used = processor(server.pid()) - before;
    table.add(
        format!("a generation of {events} events made beside the serving one, at {READS_PER_S:.0} reads/s"),
        format!(
            "{:.0} events/s in {:.1} s, {:.1} µs of processor an event with the reads; reads {}; peak {:.0} MB",
            events as f64 / took.as_secs_f64(),
            took.as_secs_f64(),
            us(used),
            latencies(&beside),
            memory_mb(server.pid(), "VmHWM:")
        ),
    );
    Ok(())
}

/// Writes people until the log is long enough; gives what can be read.
async fn load(address: &str) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut reads = Vec::new();
    let mut people = People::new(7).iter();
    let mut written = 0;
    while written < EVENTS {
        let mut bundles = Vec::new();
        for person in people.by_ref().take(100) {
            let bundle = person.bundle_with_ids();
            let entries = bundle.get("entry").map(Value::each).into_iter().flatten();
            let urls = entries.filter_map(|entry| entry.get("request")?.get("url")?.as_str());
            written += bundle.get("entry").and_then(Value::as_array).map_or(0, <[Value]>::len) as u64;
            for url in urls.step_by(7) {
                reads.push(wire::request("GET", &format!("/fhir/{url}"), "", b""));
            }
            let patient = person.stream();
            let id = patient.trim_start_matches("Patient/");
            let search = format!("/fhir/Observation?patient={id}&_count=20");
            reads.push(wire::request("GET", &search, "", b""));
            bundles.push(wire::request("POST", "/fhir", "anamnesis-wait: log\r\n", &bundle.to_text()));
        }
        let bundles = Arc::new(bundles);
        let next = move |client: usize, n: usize| bundles.get(n * WRITERS + client).cloned();
        wire::run(address, WRITERS, f64::MAX, next).await?;
    }
    Ok(reads)
}

/// Reads at the pace until `work` is done.
async fn reading<R>(
    address: &str,
    reads: &Arc<Vec<Vec<u8>>>,
    work: impl Future<Output = anyhow::Result<R>>,
) -> anyhow::Result<(Run, R)> {
    let stop = Arc::new(AtomicBool::new(false));
    let (reads, stopped) = (Arc::clone(reads), Arc::clone(&stop));
    let next = move |client: usize, n: usize| {
        let read = reads.get((client * 1_009 + n * 17) % reads.len().max(1)).cloned();
        read.filter(|_| !stopped.load(Ordering::Relaxed))
    };
    let every = Duration::from_secs_f64(READERS as f64 / READS_PER_S);
    let reading = tokio::spawn(wire::paced(address.to_owned(), READERS, every, next));
    let done = work.await;
    stop.store(true, Ordering::Relaxed);
    Ok((reading.await??, done?))
}

fn latencies(run: &Run) -> String {
    format!(
        "p50 {:.2} ms, p99 {:.2} ms, slowest {:.1} ms of {}",
        run.percentile_ms(0.5),
        run.percentile_ms(0.99),
        run.percentile_ms(1.0),
        run.times.len()
    )
}

/// A number of what `GET /api/generations` says of the generation that serves.
async fn serving(address: &str, what: &str) -> anyhow::Result<u64> {
    let (_, body) =
        Wire::connect(address).await?.send(&wire::request("GET", "/api/generations", "", b"")).await?;
    let said = anamnesis_json::parse(&body)?;
    let number = said.get("serving").and_then(|serving| serving.get(what)?.as_u64());
    number.context("the generation that serves does not say it")
}
