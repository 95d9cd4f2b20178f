//! Durable appends of one event, by 1, 8 and 64 clients, and of a thousand at a time.

use std::sync::Arc;

use anamnesis_json::{Object, Value};
use anamnesis_testkit::address_event;

use super::machine::processor;
use super::wire::{self, Wire};
use super::{Bench, Table};

const PATIENTS: usize = 1_000;
const BATCH: usize = 1_000;

/// Rows about appends of one event.
pub(super) async fn rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let server = bench.serve("appends");
    let address = server.url().trim_start_matches("http://").to_owned();
    register(&address).await?;
    for wait in ["log", "views"] {
        for clients in [1, 8, 64] {
            let before = syncs(&address).await?;
            let headers = format!("anamnesis-wait: {wait}\r\n");
            let next = move |client: usize, n: usize| Some(one(client, n, &headers));
            let run = wire::run(&address, clients, bench.seconds, next).await?;
            let shared = run.times.len() as f64 / (syncs(&address).await? - before).max(1.0);
            table.add(
                format!("append of a 400-byte PatientAddressUpdated over {PATIENTS} patients, {clients} clients, wait: {wait}"),
                format!(
                    "{:.0}/s, p50 {:.2} ms, p99 {:.2} ms, {shared:.1} commits a sync",
                    run.rate(),
                    run.percentile_ms(0.5),
                    run.percentile_ms(0.99)
                ),
            );
        }
    }
    Ok(())
}

/// The row about appends of many events together.
pub(super) async fn batch_rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let server = bench.serve("batches");
    let address = server.url().trim_start_matches("http://").to_owned();
    register(&address).await?;
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new((0..16).map(batch).collect());
    let next = move |client: usize, n: usize| bodies.get((client * 7 + n) % bodies.len()).cloned();
    let before = processor(server.pid());
    let run = wire::run(&address, 8, bench.seconds, next).await?;
    let us = run.each_us(processor(server.pid()) - before) / BATCH as f64;
    table.add(
        format!("batch appends of {BATCH} such events, 8 clients, wait: log"),
        format!(
            "{:.0} events/s, p50 {:.0} ms a batch, {us:.1} µs of processor an event",
            run.rate() * BATCH as f64,
            run.percentile_ms(0.5)
        ),
    );
    Ok(())
}

/// Registers the patients in one commit.
pub(super) async fn register(address: &str) -> anyhow::Result<()> {
    let streams: Vec<Value> = (0..PATIENTS)
        .map(|n| {
            let name = Object::new().with("family", format!("Bench{n}"));
            let data = Object::new().with("active", true).with("name", vec![Value::from(name)]);
            let event = Object::new().with("type", "PatientRegistered").with("data", data);
            Object::new()
                .with("stream", format!("Patient/bench-{n}"))
                .with("events", vec![Value::from(event)])
                .into()
        })
        .collect();
    let body = Object::new().with("streams", streams).to_text();
    let (status, body) =
        Wire::connect(address).await?.send(&wire::request("POST", "/api/commits", "", &body)).await?;
    anyhow::ensure!(status == 201, "registering was answered {status}: {}", String::from_utf8_lossy(&body));
    Ok(())
}

fn one(client: usize, n: usize, headers: &str) -> Vec<u8> {
    let event = (client * 1_000_003 + n) as u64;
    let body = Object::new()
        .with("stream", format!("Patient/bench-{}", (client * 131 + n * 7) % PATIENTS))
        .with("type", "PatientAddressUpdated")
        .with("data", address_event(event))
        .to_text();
    wire::request("POST", "/api/commits", headers, &body)
}

pub(super) fn batch(seed: usize) -> Vec<u8> {
    let streams: Vec<Value> = (0..BATCH)
        .map(|n| {
            let data = address_event((seed * BATCH + n) as u64);
            let event = Object::new().with("type", "PatientAddressUpdated").with("data", data);
            Object::new()
                .with("stream", format!("Patient/bench-{}", n % PATIENTS))
                .with("events", vec![Value::from(event)])
                .into()
        })
        .collect();
    let body = Object::new().with("streams", streams).to_text();
    wire::request("POST", "/api/commits", "anamnesis-wait: log\r\n", &body)
}

/// How many groups of commits the log has synced.
async fn syncs(address: &str) -> anyhow::Result<f64> {
    let (_, text) = Wire::connect(address).await?.send(&wire::request("GET", "/metrics", "", b"")).await?;
    let text = String::from_utf8(text)?;
    let line = text.lines().find_map(|line| line.strip_prefix("anamnesis_log_syncs_total "));
    Ok(line.and_then(|n| n.trim().parse().ok()).unwrap_or(0.0))
}
