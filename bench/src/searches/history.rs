//! A store with a history: half of the people and what happened to them, then a moment, then the other half.

use std::fs;
use std::ops::Range;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anamnesis_json::{Object, Value};
use anamnesis_testkit::people::{People, StepKind};
use anyhow::Context;

use crate::wire::{self, Wire};
use crate::{Bench, Table};

/// Which people they are.
const SEED: u64 = 17;
/// How many connections tell what happened.
const CLIENTS: usize = 8;

/// What was made.
pub(super) struct History {
    /// The name of the data directory.
    pub(super) data: String,
    /// The people of the first half, of whom searches ask: they are there at both moments.
    pub(super) known: Range<u64>,
    /// The moment between the halves, as a cursor.
    pub(super) middle: String,
}

/// The people there are.
pub(super) const fn people() -> People {
    People::new(SEED)
}

/// Makes a store of so many resources: import by command, then the steps of the same people over HTTP; twice.
pub(super) async fn made(bench: &Bench, table: &mut Table, resources: usize) -> anyhow::Result<History> {
    let data = format!("people-{resources}");
    let halves = halves(resources);
    let mut middle = String::new();
    for (n, people) in halves.iter().enumerate() {
        let (taken, seconds) = imported(bench, &data, people.clone())?;
        let server = bench.serve(&data);
        let address = server.url().trim_start_matches("http://").to_owned();
        let started = Instant::now();
        let steps = told(&address, people.clone()).await?;
        table.add(
            format!("{resources} resources, half {}: {} people", n + 1, people.end - people.start),
            format!(
                "{:.0} resources/s by import; {steps} moves, corrections, amendments at {:.0}/s",
                taken as f64 / seconds,
                steps as f64 / started.elapsed().as_secs_f64()
            ),
        );
        if n == 0 {
            middle = cursor(&address, people.start).await?;
        }
    }
    let [known, _] = halves;
    Ok(History { data, known, middle })
}

/// So many people that half of the resources are theirs, and so many for the other half.
fn halves(resources: usize) -> [Range<u64>; 2] {
    let (mut told, mut half) = (0, 0);
    for person in people().iter() {
        told += person.records().len();
        if half == 0 && told >= resources / 2 {
            half = person.number() + 1;
        }
        if told >= resources {
            return [0..half, half..person.number() + 1];
        }
    }
    [0..0, 0..0]
}

/// Takes in the bundles of these people by command; says how many resources, and in how many seconds.
fn imported(bench: &Bench, data: &str, of: Range<u64>) -> anyhow::Result<(u64, f64)> {
    let folder = bench.folder.path().join(format!("{data}-bundles-{}", of.start));
    fs::create_dir_all(&folder)?;
    for n in of {
        fs::write(folder.join(format!("{n:06}.json")), people().person(n).bundle_with_ids().to_text())?;
    }
    let started = Instant::now();
    let import = ["import", "--json", "--data"];
    let mut command = Command::new(&bench.binary);
    command.args(import).arg(bench.data(data)).arg(&folder).stderr(Stdio::null());
    let output = command.output()?;
    let seconds = started.elapsed().as_secs_f64();
    anyhow::ensure!(output.status.success(), "the import refused some");
    fs::remove_dir_all(&folder)?;
    let report = anamnesis_json::parse(&output.stdout)?;
    Ok((report.get("taken").and_then(Value::as_u64).unwrap_or_default(), seconds))
}

/// Tells what happened to these people since, each in order; says how many steps there were.
async fn told(address: &str, of: Range<u64>) -> anyhow::Result<usize> {
    let mut by_client: Vec<Vec<Vec<u8>>> = vec![Vec::new(); CLIENTS];
    for (n, client) in of.zip((0..CLIENTS).cycle()) {
        let steps = people().person(n).history();
        if let Some(requests) = by_client.get_mut(client) {
            requests.extend(steps.into_iter().map(|step| request(&step.stream, step.kind)));
        }
    }
    let steps = by_client.iter().map(Vec::len).sum();
    let all = Arc::new(by_client);
    let next = move |client: usize, n: usize| all.get(client).and_then(|own| own.get(n)).cloned();
    wire::run(address, CLIENTS, f64::INFINITY, next).await?;
    Ok(steps)
}

/// A step as a request, which does not wait for the views.
fn request(stream: &str, kind: StepKind) -> Vec<u8> {
    const HEADERS: &str = "anamnesis-wait: log\r\nanamnesis-reason: told by the bench\r\n";
    match kind {
        StepKind::Put(resource) => {
            wire::request("PUT", &format!("/fhir/{stream}"), HEADERS, &resource.to_text())
        }
        StepKind::Delete => wire::request("DELETE", &format!("/fhir/{stream}"), HEADERS, b""),
        StepKind::Event { kind, schema_version, data, reason } => {
            let mut body = Object::new().with("stream", stream).with("type", kind).with("data", data);
            if let Some(version) = schema_version {
                body.push("schema_version", u64::from(version));
            }
            if let Some(reason) = reason {
                body.push("reason", reason);
            }
            wire::request("POST", "/api/commits", HEADERS, &body.to_text())
        }
    }
}

/// The present as a cursor, as an answer names it.
async fn cursor(address: &str, person: u64) -> anyhow::Result<String> {
    let path = format!("/api/patients/{}", people().person(person).id());
    let (status, body) = Wire::connect(address).await?.send(&wire::request("GET", &path, "", b"")).await?;
    anyhow::ensure!(status == 200, "a patient was answered {status}");
    let answer = anamnesis_json::parse(&body)?;
    Ok(answer.get("cursor").and_then(Value::as_str).context("an answer without a cursor")?.to_owned())
}
