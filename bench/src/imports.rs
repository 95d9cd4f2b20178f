//! Import: bundles over HTTP and through `import`; memory at rest and at its peak; bytes on disk a resource.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anamnesis_json::Value;
use anamnesis_testkit::people::People;
use anamnesis_testkit::unpack_synthea;

use super::machine::{folder_bytes, memory_mb, processor};
use super::{Bench, Table, wire};

const PEOPLE: u64 = 120;
const CLIENTS: usize = 4;

/// Rows about import.
pub(super) async fn rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let server = bench.serve("idle");
    table.add("memory, idle on an empty store", format!("{:.0} MB", memory_mb(server.pid(), "VmRSS:")));
    drop(server);
    let folder = bench.folder.path().join("people");
    fs::create_dir_all(&folder)?;
    for (n, person) in (0..PEOPLE).zip(People::new(11).iter()) {
        fs::write(folder.join(format!("{n:04}.json")), person.bundle().to_text())?;
    }
    sample(bench, table, "testkit people", &folder).await?;
    let synthea = bench.folder.path().join("synthea");
    fs::create_dir_all(&synthea)?;
    if let Some(folder) = unpack_synthea(&synthea) {
        by_command(bench, table, "Synthea", &folder)?;
    }
    Ok(())
}

async fn sample(bench: &Bench, table: &mut Table, name: &str, folder: &Path) -> anyhow::Result<()> {
    let mut texts = Vec::new();
    let mut resources = 0;
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let text = fs::read(entry?.path())?;
        let bundle = anamnesis_json::parse(&text)?;
        resources += bundle.get("entry").and_then(Value::as_array).map_or(0, <[Value]>::len);
        bytes += text.len();
        texts.push(wire::request("POST", "/fhir", "", &text));
    }
    let server = bench.serve("http");
    let address = server.url().trim_start_matches("http://").to_owned();
    let texts = Arc::new(texts);
    let next = move |client: usize, n: usize| texts.get(n * CLIENTS + client).cloned();
    let run = wire::run(&address, CLIENTS, 600.0, next).await?;
    let seconds = run.total.as_secs_f64();
    let (rate, mb) = (resources as f64 / seconds, bytes as f64 / 1e6 / seconds);
    table.add(
        format!("import over HTTP, {CLIENTS} connections, {name}: {resources} resources"),
        format!(
            "{rate:.0} resources/s, {mb:.1} MB/s, searchable when answered, peak {:.0} MB",
            memory_mb(server.pid(), "VmHWM:")
        ),
    );
    drop(server);
    by_command(bench, table, name, folder)
}

/// `import` into a fresh data directory, until its views are complete.
fn by_command(bench: &Bench, table: &mut Table, name: &str, folder: &Path) -> anyhow::Result<()> {
    let data = bench.data(&format!("import-{}", name.replace(' ', "-")));
    let started = Instant::now();
    let mut child = Command::new(&bench.binary)
        .args(["import", "--json", "--data"])
        .arg(&data)
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (mut peak, mut took) = (0.0_f64, Duration::ZERO);
    while child.try_wait()?.is_none() {
        peak = peak.max(memory_mb(Some(child.id()), "VmHWM:"));
        took = took.max(processor(Some(child.id())));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let seconds = started.elapsed().as_secs_f64();
    let output = child.wait_with_output()?;
    let report = anamnesis_json::parse(&output.stdout)?;
    let taken = report.get("taken").and_then(Value::as_u64).unwrap_or_default();
    let input: u64 = files_bytes(folder);
    table.add(
        format!("import by command, {name}: {taken} resources"),
        format!(
            "{:.0} resources/s, {:.1} MB/s, {:.0} µs of processor a resource, searchable at the end, peak {peak:.0} MB",
            taken as f64 / seconds,
            input as f64 / 1e6 / seconds,
            took.as_secs_f64() * 1e6 / taken.max(1) as f64
        ),
    );
    let each = folder_bytes(&data) as f64 / taken.max(1) as f64;
    let part = |file: &str| {
        fs::metadata(data.join(file)).map_or(0.0, |meta| meta.len() as f64 / taken.max(1) as f64)
    };
    table.add(
        format!("disk, {name}"),
        format!(
            "{each:.0} bytes a resource (log {:.0}, views {:.0}, keys {:.0})",
            part("log.db"),
            part("views.db"),
            part("keys.db")
        ),
    );
    Ok(())
}

fn files_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            let path = entry.path();
            if path.is_dir() { files_bytes(&path) } else { fs::metadata(&path).map_or(0, |meta| meta.len()) }
        })
        .sum()
}
