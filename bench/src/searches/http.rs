//! Searches over HTTP: what each shape takes of a client, now and as of the middle of the history.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anamnesis_testkit::{Options, Server};

use super::history::{self, History};
use super::shapes::{SHAPES, Shape};
use crate::wire::{self, Run, Wire};
use crate::{Bench, Table};

/// How many connections the rate is of.
const CLIENTS: usize = 8;
/// How long the views may take until words are searched.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Rows about searches of so many resources.
pub(crate) async fn rows(bench: &Bench, table: &mut Table, resources: usize) -> anyhow::Result<()> {
    let history = history::made(bench, table, resources).await?;
    let server = bench.serve(&history.data);
    for shape in SHAPES.iter().filter(|shape| !shape.full_text) {
        row(bench, table, &server, &history, resources, shape).await?;
    }
    drop(server);
    let server = Options::new().binary(bench.binary.clone()).data(bench.data(&history.data));
    let server = server.arg("--full-text=true").start();
    for shape in SHAPES.iter().filter(|shape| shape.full_text) {
        let waited = indexed(&server, &history, shape).await?;
        table.add(
            format!("views of {resources} resources made anew with their words, while serving"),
            format!("{:.0} s", waited.as_secs_f64()),
        );
        row(bench, table, &server, &history, resources, shape).await?;
    }
    Ok(())
}

/// Waits until views serve that have what the shape asks for.
async fn indexed(server: &Server, history: &History, shape: &Shape) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let path = shape.paths(&history.known, None).into_iter().next().unwrap_or_default();
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut wire = Wire::connect(&address).await?;
    let request = wire::request("GET", &path, "prefer: handling=strict\r\n", b"");
    while wire.send(&request).await?.0 != 200 {
        anyhow::ensure!(started.elapsed() < PATIENCE, "the views do not get there");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(started.elapsed())
}

async fn row(
    bench: &Bench,
    table: &mut Table,
    server: &Server,
    history: &History,
    resources: usize,
    shape: &Shape,
) -> anyhow::Result<()> {
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut cells = Vec::new();
    for as_of in [None, Some(history.middle.as_str())] {
        let paths = shape.paths(&history.known, as_of);
        let found = totals(&address, &paths).await?;
        let requests: Arc<Vec<_>> =
            Arc::new(paths.iter().map(|path| wire::request("GET", path, "", b"")).collect());
        let asked = async |clients: usize, seconds: f64| -> anyhow::Result<Run> {
            let requests = Arc::clone(&requests);
            let next = move |client: usize, n: usize| {
                requests.get((client * 31 + n) % requests.len().max(1)).cloned()
            };
            wire::run(&address, clients, seconds, next).await
        };
        let alone = asked(1, bench.seconds / 2.0).await?;
        let together = asked(CLIENTS, bench.seconds / 2.0).await?;
        cells.push(format!(
            "p50 {:.2} p99 {:.2} ms, {:.0}/s with {CLIENTS} ({found:.0} found)",
            alone.percentile_ms(0.5),
            alone.percentile_ms(0.99),
            together.rate()
        ));
    }
    table.add(format!("search over HTTP of {resources}: {}", shape.title), cells.join("; as of: "));
    Ok(())
}

/// How many are found on average, by the totals of the answers; it warms what there is to warm, too.
async fn totals(address: &str, paths: &[String]) -> anyhow::Result<f64> {
    let mut wire = Wire::connect(address).await?;
    let mut sum = 0;
    for path in paths {
        let (status, body) =
            wire.send(&wire::request("GET", path, "prefer: handling=strict\r\n", b"")).await?;
        anyhow::ensure!(status == 200, "{path} was answered {status}: {}", String::from_utf8_lossy(&body));
        let answer = anamnesis_json::parse(&body)?;
        sum += answer.get("total").and_then(anamnesis_json::Value::as_u64).unwrap_or_default();
    }
    Ok(sum as f64 / paths.len().max(1) as f64)
}
