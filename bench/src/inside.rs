//! Reads of the log, inside and over HTTP, and folding it into views.

mod checks;
mod folded;
mod house;
mod opened;

pub(super) use house::{Machine, parts, request};

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anamnesis_json::Value;

use super::appends::{batch, register};
use super::machine::processor;
use super::wire::{self, Wire};
use super::{Bench, Table};

/// Batches of a thousand events that make the log which is read.
const BATCHES: usize = 200;

/// Rows about checking resources, where the shared data is.
pub(super) fn check_rows(table: &mut Table) -> anyhow::Result<()> {
    let Some(shared) = anamnesis_testkit::shared_data() else { return Ok(()) };
    let (all, observations) = checks::micros(&shared.join("synthea/loose"))?;
    table.add("checking a Synthea resource of any type, inside, one core", format!("{all:.1} µs"));
    table.add("checking a Synthea Observation, inside, one core", format!("{observations:.1} µs"));
    Ok(())
}

/// Rows about folding, in process.
pub(super) async fn fold_rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    for (events, batch) in [(40_000, 64), (200_000, 5_000)] {
        let data = bench.data(&format!("folded-{batch}"));
        let folded = folded::addresses(&data, events, batch).await?;
        let what =
            format!("folding {} changes of address over 1,000 patients, {batch} at a time", folded.events);
        table.add(what, folded.cell());
    }
    Ok(())
}

/// Rows about reading the log.
pub(super) async fn rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let server = bench.serve("log");
    let address = server.url().trim_start_matches("http://").to_owned();
    register(&address).await?;
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new((0..16).map(batch).collect());
    let next = move |_: usize, n: usize| (n < BATCHES).then(|| bodies.get(n % 16).cloned()).flatten();
    wire::run(&address, 1, 600.0, next).await?;
    let started = Instant::now();
    let (mut events, mut from) = (0_usize, String::new());
    let mut wire = Wire::connect(&address).await?;
    loop {
        let path = if from.is_empty() {
            "/api/events?_count=1000".to_owned()
        } else {
            format!("/api/events?_count=1000&from={from}")
        };
        let (_, body) = wire.send(&wire::request("GET", &path, "", b"")).await?;
        let next = next_of(&body)?;
        if next == from {
            break;
        }
        events += count_of(&body);
        from = next;
    }
    table.add(
        "log reads over HTTP, 1 connection, pages of 1,000",
        format!("{:.0} events/s", events as f64 / started.elapsed().as_secs_f64()),
    );
    drop(server);
    for readers in [1, 2] {
        let before = processor(Some(std::process::id()));
        let rate = opened::rate(&bench.data("log"), readers).await?;
        let us = (processor(Some(std::process::id())) - before).as_secs_f64() * 1e6 / events as f64;
        table.add(
            format!("log reads inside, opened, {readers} at once"),
            format!("{rate:.0} events/s, {us:.2} µs of processor an event"),
        );
    }
    let started = Instant::now();
    let rebuilt = Command::new(&bench.binary).args(["rebuild", "--data"]).arg(bench.data("log")).output()?;
    anyhow::ensure!(rebuilt.status.success(), "rebuild failed");
    let rate = events as f64 / started.elapsed().as_secs_f64();
    table.add(format!("catch-up from nothing, {events} address events"), format!("{rate:.0} events/s"));
    let data = bench.data("import-testkit-people");
    if data.exists() {
        let started = Instant::now();
        let output = Command::new(&bench.binary).args(["rebuild", "--json", "--data"]).arg(&data).output()?;
        let report = anamnesis_json::parse(&output.stdout)?;
        let events = report.get("events").and_then(Value::as_u64).unwrap_or_default();
        let rate = events as f64 / started.elapsed().as_secs_f64();
        table.add(
            format!("catch-up from nothing, {events} events of an import"),
            format!("{rate:.0} events/s"),
        );
    }
    Ok(())
}

/// The cursor at the end of a page, without reading the page.
fn next_of(body: &[u8]) -> anyhow::Result<String> {
    let tail = String::from_utf8_lossy(body.get(body.len().saturating_sub(2_100)..).unwrap_or_default())
        .into_owned();
    let at = tail.rfind("\"next\":\"").ok_or_else(|| anyhow::anyhow!("a page without next"))?;
    Ok(tail.get(at + 8..).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned())
}

fn count_of(body: &[u8]) -> usize {
    body.windows(12).filter(|window| window == b"\"event_id\":\"").count()
}
