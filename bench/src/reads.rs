//! Reads by id with 1, 8 and 64 connections, beside a bare axum echo of the same bytes in the same run.

use std::process::Command;
use std::sync::Arc;

use anamnesis_json::Value;
use anamnesis_testkit::people::People;
use axum::Router;
use axum::body::Bytes;
use axum::routing::get;

use super::machine::processor;
use super::wire::{self, Wire};
use super::{Bench, Table};

/// Rows about reads.
pub(super) async fn rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let server = bench.serve("reads");
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut requests = Vec::new();
    for person in People::new(12).iter().take(30) {
        let bundle = person.bundle_with_ids();
        for entry in bundle.get("entry").map(Value::each).into_iter().flatten() {
            if let Some(url) = entry.get("request").and_then(|r| r.get("url")).and_then(Value::as_str) {
                requests.push(wire::request("GET", &format!("/fhir/{url}"), "", b""));
            }
        }
        let (status, body) = Wire::connect(&address)
            .await?
            .send(&wire::request("POST", "/fhir", "", &bundle.to_text()))
            .await?;
        anyhow::ensure!(status == 200, "loading was answered {status}: {}", String::from_utf8_lossy(&body));
    }
    let requests = Arc::new(requests);
    let echo_address = "127.0.0.1:18099";
    let mut echo = Command::new(std::env::current_exe()?).args(["echo", echo_address]).spawn()?;
    while Wire::connect(echo_address).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for clients in [1, 8, 64] {
        let before = processor(Some(echo.id()));
        let echoed =
            wire::run(echo_address, clients, bench.seconds, |_, _| Some(wire::request("GET", "/", "", b"")))
                .await?;
        let echoed_us = echoed.each_us(processor(Some(echo.id())) - before);
        let requests = Arc::clone(&requests);
        let next =
            move |client: usize, n: usize| requests.get((client * 1_009 + n * 17) % requests.len()).cloned();
        let before = processor(server.pid());
        let run = wire::run(&address, clients, bench.seconds, next).await?;
        let us = run.each_us(processor(server.pid()) - before);
        table.add(
            format!("reads by id, {clients} connections"),
            format!(
                "{:.0}/s, p50 {:.3} ms, p99 {:.3} ms, {us:.1} µs of processor; echo {:.0}/s, {echoed_us:.1} µs; ratio {:.2}",
                run.rate(),
                run.percentile_ms(0.5),
                run.percentile_ms(0.99),
                echoed.rate(),
                run.rate() / echoed.rate()
            ),
        );
    }
    echo.kill()?;
    echo.wait()?;
    Ok(())
}

/// The yardstick: answers 1,000 bytes to anything.
pub(super) fn echo(address: &str) -> anyhow::Result<()> {
    let body = Bytes::from(vec![b'x'; 1_000]);
    let app = Router::new().route("/", get(move || std::future::ready(body.clone())));
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        Ok(axum::serve(listener, app).await?)
    })
}
