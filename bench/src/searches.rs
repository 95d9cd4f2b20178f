//! Searches of the views, inside: what each shape takes now and as of the middle of the history.

mod history;
mod http;
mod shapes;

use std::time::{Duration, Instant};

use anamnesis_kernel::search::Query;
use anamnesis_store::Views;
use anamnesis_store::contract::clinic::Clinic;
use anamnesis_store_sql::SqliteStore;

use super::{Bench, Table};

pub(crate) use http::rows as rows_http;

/// How many searches of a shape are timed, each for other records.
const RUNS: u64 = 60;

/// Rows about searches in a small clinic and a large one.
pub(super) async fn rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    for records in [30_000, 300_000] {
        let clinic = Clinic { records };
        let folder = bench.data(&format!("clinic-{records}"));
        let store = SqliteStore::open(&folder, clinic.middle())?;
        let mut taken = Duration::ZERO;
        for change in clinic.changes() {
            let started = Instant::now();
            store.views.apply(change).await.map_err(|error| anyhow::anyhow!("{error}"))?;
            taken += started.elapsed();
        }
        table.add(
            format!("views of {records} records written, half of the observations amended"),
            format!(
                "{:.0} records/s, {:.0} bytes a record",
                records as f64 / taken.as_secs_f64(),
                store.views.bytes() as f64 / records as f64
            ),
        );
        for shape in 0..clinic.queries(0).len() {
            shape_row(table, &clinic, &*store.views, shape).await?;
        }
    }
    Ok(())
}

async fn shape_row(
    table: &mut Table,
    clinic: &Clinic,
    views: &dyn Views,
    shape: usize,
) -> anyhow::Result<()> {
    let mut title = "";
    let mut results = Vec::new();
    for at in [None, Some(clinic.middle())] {
        let (mut pages, mut counts, mut hits) = (Vec::new(), Vec::new(), 0);
        for run in 0..RUNS {
            let Some((name, query)) = clinic.queries(run).into_iter().nth(shape) else { continue };
            let query = Query { at, ..query };
            title = name;
            let started = Instant::now();
            hits += views.search(&query).await?.len();
            pages.push(started.elapsed());
            let started = Instant::now();
            views.count(&query).await?;
            counts.push(started.elapsed());
        }
        results.push(format!(
            "{}, counted {} ({:.0} hits)",
            percentiles(pages),
            percentiles(counts),
            hits as f64 / RUNS as f64
        ));
    }
    table.add(format!("search of {}: {title}", clinic.records), results.join("; as of: "));
    Ok(())
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() - 1) * share / 100).copied().unwrap_or_default();
    format!("p50 {:.2} p99 {:.2} ms", at(50).as_secs_f64() * 1e3, at(99).as_secs_f64() * 1e3)
}
