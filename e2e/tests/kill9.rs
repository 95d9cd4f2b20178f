//! Killed at any moment: nothing acknowledged is lost, nothing is applied twice, no bundle is left half.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by its panic what it found")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anamnesis_json::{Object, Value};
use anamnesis_testkit::{Options, People, Server, binary};

const CLIENTS: usize = 16;
const ROUNDS: u64 = 6;
/// How long an import may take to make its store, and a round to have some appends acknowledged.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was acknowledged, by idempotency key: the stream and version answered.
type Acknowledged = Arc<Mutex<BTreeMap<String, (String, u64)>>>;
/// What was sent and got no answer, by idempotency key: stream and body.
type Unanswered = Arc<Mutex<BTreeMap<String, (String, Vec<u8>)>>>;

#[test]
fn appends_survive() {
    let folder = tempfile::tempdir().unwrap();
    let (acknowledged, unanswered) = (Acknowledged::default(), Unanswered::default());
    let server = Options::new().data(folder.path().join("data")).start();
    let mut server = server;
    for round in 0..ROUNDS {
        let before = acknowledged.lock().unwrap().len();
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| append(&server, round, client, &acknowledged, &unanswered, &stop))
            .collect();
        std::thread::sleep(Duration::from_millis(120 + 97 * round));
        enough(&acknowledged, before + 20);
        server.kill9();
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().for_each(|client| client.join().unwrap());
        server.restart();
        check(&server, &acknowledged.lock().unwrap());
        // Kept or not, what got no answer is there once after it was sent again.
        for (key, (stream, body)) in std::mem::take(&mut *unanswered.lock().unwrap()) {
            let reply = server.http().send("POST", "/api/commits", &[("idempotency-key", &key)], Some(body));
            assert!([200, 201, 422].contains(&reply.status), "{}", reply.text());
            if reply.status != 422 {
                acknowledged.lock().unwrap().insert(key, (stream, version(&reply.json())));
            }
        }
        check(&server, &acknowledged.lock().unwrap());
    }
    assert!(acknowledged.lock().unwrap().len() > 100, "too few appends to say anything");
    server.terminate();
    drop(server);
    verify(&folder.path().join("data"));
}

/// Waits until so many are acknowledged, which a busy machine may not bring about in a moment.
fn enough(acknowledged: &Acknowledged, count: usize) {
    let begun = Instant::now();
    while acknowledged.lock().unwrap().len() < count {
        assert!(begun.elapsed() < PATIENCE, "too few appends to say anything");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Appends to a few shared streams until the server dies.
fn append(
    server: &Server,
    round: u64,
    client: usize,
    acknowledged: &Acknowledged,
    unanswered: &Unanswered,
    stop: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<()> {
    let (http, acknowledged, stop) = (server.http(), Arc::clone(acknowledged), Arc::clone(stop));
    let unanswered = Arc::clone(unanswered);
    std::thread::spawn(move || {
        for n in 0.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let key = format!("{round}-{client}-{n}");
            let stream = format!("Patient/k{}", (client + n) % 10);
            let (kind, data) = event(&key, round == 0 && n == 0 && client < 10);
            let body = Object::new().with("stream", stream.as_str()).with("type", kind).with("data", data);
            let headers = [("idempotency-key", key.as_str()), ("anamnesis-wait", "log")];
            let Ok(reply) = http.try_send("POST", "/api/commits", &headers, Some(body.to_text())) else {
                unanswered.lock().unwrap().insert(key, (stream, body.to_text()));
                return;
            };
            if reply.status == 201 {
                let version = version(&reply.json());
                acknowledged.lock().unwrap().insert(key, (stream, version));
            } else {
                assert_eq!(
                    reply.status,
                    422,
                    "only a stream that is not begun yet is refused: {}",
                    reply.text()
                );
            }
        }
    })
}

fn event(key: &str, first: bool) -> (&'static str, Object) {
    let address = Value::from(vec![Value::from(Object::new().with("city", key))]);
    let kind = if first { "PatientRegistered" } else { "PatientAddressUpdated" };
    (kind, Object::new().with("address", address))
}

fn version(answer: &Value) -> u64 {
    answer
        .get("events")
        .and_then(|e| e.each().next())
        .and_then(|e| e.get("version"))
        .and_then(Value::as_u64)
        .unwrap()
}

/// Every acknowledged append is there once, where it was said to be; versions have no gap.
fn check(server: &Server, acknowledged: &BTreeMap<String, (String, u64)>) {
    let http = server.http();
    let mut cities: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for n in 0..10 {
        let stream = format!("Patient/k{n}");
        let mut from = 1;
        loop {
            let reply = http.get(&format!("/api/streams/{stream}?from={from}&_count=500"));
            if reply.status == 404 {
                break;
            }
            let page = reply.expect(200).json();
            let events: Vec<Value> = page.get("events").unwrap().each().cloned().collect();
            if events.is_empty() {
                break;
            }
            for event in events {
                assert_eq!(event.get("version").and_then(Value::as_u64), Some(from), "a gap in {stream}");
                let address = event.get("data").and_then(|d| d.get("address")).unwrap();
                let city = address.each().next().and_then(|a| a.get("city")).and_then(Value::as_str).unwrap();
                let twice = cities.insert(city.to_owned(), (stream.clone(), from));
                assert!(twice.is_none(), "{city} was applied twice");
                from += 1;
            }
        }
    }
    for (key, place) in acknowledged {
        assert_eq!(cities.get(key), Some(place), "{key} was acknowledged");
    }
    for (key, (stream, version)) in acknowledged.iter().take(5) {
        let (kind, data) = event(key, *version == 1);
        let body = Object::new().with("stream", stream.as_str()).with("type", kind).with("data", data);
        let reply = http.send("POST", "/api/commits", &[("idempotency-key", key)], Some(body.to_text()));
        assert_eq!((reply.status, self::version(&reply.json())), (200, *version), "the first answer again");
    }
}

#[test]
fn an_import_goes_on_where_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (bundles, data) = (folder.path().join("bundles"), folder.path().join("data"));
    std::fs::create_dir(&bundles).unwrap();
    let mut sizes: Vec<usize> = Vec::new();
    for (n, person) in People::new(3).iter().take(24).enumerate() {
        let bundle = person.bundle();
        sizes.push(bundle.get("entry").unwrap().each().len());
        std::fs::write(bundles.join(format!("{n:02}.json")), bundle.to_text()).unwrap();
    }
    let wanted = sizes.iter().sum::<usize>() as u64;
    let import = || {
        let mut command = Command::new(binary());
        command.args(["import", "--json", "--data"]).arg(&data).arg(&bundles);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command
    };
    for round in 0..6 {
        let mut child = import().spawn().unwrap();
        // The first may be killed before it has made a store; the others find one, so that each is looked at.
        assert!(round == 0 || made(&data), "no store within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(60 + 70 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        if !data.join("log.db").exists() {
            assert_eq!(round, 0);
            continue;
        }
        verify(&data);
        let mut left = sizes.clone();
        for size in commits(&data) {
            let found = left.iter().position(|known| *known == size);
            left.remove(found.unwrap_or_else(|| panic!("a commit of {size} events is no whole bundle")));
        }
    }
    let output = import().output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let report = anamnesis_json::parse(&output.stdout).unwrap();
    assert_eq!(report.get("taken").and_then(Value::as_u64), Some(wanted));
    let events = verify(&data);
    assert_eq!(events, wanted, "each resource once");
}

/// Whether a store comes to be in time.
fn made(data: &Path) -> bool {
    let begun = Instant::now();
    while !data.join("log.db").exists() && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    data.join("log.db").exists()
}

/// How many events each commit has.
fn commits(data: &Path) -> Vec<usize> {
    let output = Command::new(binary()).args(["log", "--json", "--data"]).arg(data).output().unwrap();
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let event = anamnesis_json::parse(line).unwrap();
        let id = event.get("commit_id").and_then(Value::as_str).unwrap();
        *sizes.entry(id.to_owned()).or_default() += 1;
    }
    sizes.into_values().collect()
}

/// The log and the views are good; gives the number of events.
fn verify(data: &Path) -> u64 {
    let output =
        Command::new(binary()).args(["verify", "--json", "--views", "--data"]).arg(data).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said} {}", String::from_utf8_lossy(&output.stderr));
    let Ok(verdict) = anamnesis_json::parse(said.trim().as_bytes()) else { panic!("not JSON: {said}") };
    verdict.get("events").and_then(Value::as_u64).unwrap()
}
