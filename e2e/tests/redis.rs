//! A Redis beside the server changes no answer, whatever becomes of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anamnesis_e2e::{at, json, run_with, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Answer, Http, Options, People, Redis, Rng, Server, address_event};

const WORKERS: u64 = 3;
/// How long what must come may take: a Redis that failed is tried again every 30 seconds at the least.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long each fault lasts.
const FAULT: Duration = Duration::from_millis(700);
/// What two servers say of the same otherwise.
const OWN: [&str; 9] = [
    "lastUpdated",
    "recorded_at",
    "event_id",
    "commit_id",
    "cursor",
    "as_of",
    "position",
    "correlation_id",
    "snapshot",
];

/// A server that remembers nothing itself, so that all it remembers is in Redis.
fn beside(redis: &Redis) -> Options {
    Options::new()
        .env("ANAMNESIS_REDIS", redis.url())
        .env("ANAMNESIS_CACHE_BYTES_MAX", "0")
        // Else a busy machine is taken for a Redis that fails.
        .env("ANAMNESIS_CACHE_REDIS_MS_MAX", "5000")
}

/// How often Redis was asked with this result.
fn asked(http: &Http, result: &str) -> u64 {
    let metrics = http.get("/metrics").expect(200).text();
    let name = format!("anamnesis_cache_requests_total{{level=\"redis\",result=\"{result}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn circuit(http: &Http) -> String {
    str(&http.get("/readyz").expect(200).json(), "redis.circuit").to_owned()
}

#[track_caller]
fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(10));
    }
}

/// An answer without what is the server's own.
fn without_own(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(name, _)| !OWN.contains(name));
            Value::Object(kept.map(|(name, value)| (name, without_own(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_own).collect()),
        other => other.clone(),
    }
}

/// One of a worker's commands: method, path, body.
fn command(
    rng: &mut Rng,
    streams: &[String],
    patients: &[String],
    n: u64,
) -> (&'static str, String, Option<Value>) {
    let (stream, patient) = (rng.one_of(streams).clone(), rng.one_of(patients).clone());
    match rng.below(10) {
        0 => {
            let data = text(&Value::Object(address_event(rng.below(1_000))));
            let body = format!(
                r#"{{"stream":"{patient}","type":"PatientAddressUpdated","data":{data},"reason":"moved"}}"#
            );
            ("POST", "/api/commits".to_owned(), Some(json(body)))
        }
        1 => {
            let id = patient.trim_start_matches("Patient/");
            let body = format!(r#"{{"resourceType":"Patient","id":"{id}","multipleBirthInteger":{n}}}"#);
            ("PUT", format!("/fhir/{patient}"), Some(json(body)))
        }
        2 | 3 => ("GET", format!("/api/streams/{patient}?from={}", 1 + rng.below(4)), None),
        4 => ("GET", format!("/api/streams/{stream}"), None),
        5 => ("GET", format!("/api/patients/{}", patient.trim_start_matches("Patient/")), None),
        6 | 7 => ("GET", format!("/fhir/{patient}"), None),
        _ => ("GET", format!("/fhir/{stream}"), None),
    }
}

/// Asks both servers the same until it is told to stop; what they say is the same.
fn work(worker: u64, servers: [&Http; 2], stop: &AtomicBool, done: &AtomicU64) {
    let people: Vec<_> = People::small(40 + worker).iter().take(4).collect();
    let mut streams = Vec::new();
    for person in &people {
        for http in servers {
            http.post("/fhir", &person.bundle_with_ids()).expect(200);
        }
        streams.extend(person.records().iter().map(|record| record.stream()));
    }
    let patients: Vec<String> = people.iter().map(|person| person.stream()).collect();
    let mut rng = Rng::new(7, worker);
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let (method, path, body) = command(&mut rng, &streams, &patients, n);
        let [plain, cached] = servers.map(|http| {
            let kind = if path.starts_with("/fhir") { "application/fhir+json" } else { "application/json" };
            let begun = Instant::now();
            let reply =
                http.send(method, &path, &[("content-type", kind)], body.as_ref().map(Value::to_text));
            assert!(begun.elapsed() < Duration::from_secs(10), "{method} {path} took {:?}", begun.elapsed());
            (reply.status, text(&without_own(&reply.json())))
        });
        assert!(plain.0 < 300, "{method} {path}: {} {}", plain.0, plain.1);
        assert_eq!(cached, plain, "{method} {path}");
        done.fetch_add(1, Ordering::SeqCst);
    }
}

/// Overwrites what Redis has: every other key whole, of the others each field.
fn spoil(redis: &Redis) {
    for (n, key) in redis.keys().iter().enumerate() {
        let key = key.as_bytes();
        let Answer::Many(fields) = redis.ask(&[b"HKEYS", key]) else { continue };
        if n % 2 == 0 {
            redis.ask(&[b"SET", key, b"garbage"]);
        } else {
            for field in fields {
                let Answer::Bytes(field) = field else { continue };
                redis.ask(&[
                    b"HSET",
                    key,
                    &field,
                    b"\x01garbage that is longer than what stands before a seal",
                ]);
            }
        }
    }
}

#[test]
fn no_fault_of_redis_changes_an_answer() {
    let Some(mut redis) = Redis::start() else { return };
    let cached = beside(&redis).env("ANAMNESIS_CACHE_REDIS_MS_MAX", "50").start();
    let plain = Server::start();
    let [without, with] = [plain.http(), cached.http()];
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        // Whatever fails here, the workers must end.
        let _stop = OnDrop(&stop);
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (without, with, stop, done) = (without.clone(), with.clone(), &stop, &done);
                scope.spawn(move || work(worker, [&without, &with], stop, done))
            })
            .collect();
        let works = |what: &str| {
            let before = done.load(Ordering::SeqCst);
            let begun = Instant::now();
            until(what, || {
                assert!(!workers.iter().any(|worker| worker.is_finished()), "{what}: an answer was wrong");
                done.load(Ordering::SeqCst) > before + 60 && begun.elapsed() > FAULT
            });
            with.get("/readyz").expect(200);
        };
        let is_back = |what: &str| {
            let before = asked(&with, "hit");
            until(what, || circuit(&with) == "closed" && asked(&with, "hit") > before);
        };

        is_back("at first");
        works("all is well");

        redis.stop();
        works("it is gone");
        assert_ne!(circuit(&with), "closed");
        until("it is measured", || {
            with.get("/metrics").text().contains("\nanamnesis_cache_circuit_open 1\n")
        });
        redis.go();
        works("it comes back, empty");
        is_back("it is back");

        redis.signal("STOP");
        works("it stands still");
        assert_ne!(circuit(&with), "closed");
        redis.signal("CONT");
        works("it goes on");
        is_back("it goes on");

        redis.ask(&[b"FLUSHALL"]);
        works("it was flushed");
        is_back("it was flushed");

        redis.ask(&[b"CONFIG", b"SET", b"maxmemory", b"1"]);
        works("it is full");
        until("it says so", || at(&with.get("/readyz").json(), "redis.trouble").as_str().is_some());
        redis.ask(&[b"CONFIG", b"SET", b"maxmemory", b"0"]);
        works("it has room again");

        let errors = asked(&with, "error");
        for _ in 0..5 {
            spoil(&redis);
            works("it is spoilt");
        }
        // On a busy machine it may have been passed over all the while.
        until("garbage is met", || {
            spoil(&redis);
            asked(&with, "error") > errors
        });
        is_back("at last");
        stop.store(true, Ordering::SeqCst);
        for worker in workers {
            worker.join().expect("its answers were right");
        }
    });
    assert!(!cached.stderr().contains("panicked"));
}

/// Sets what it has when it is dropped, by a panic too.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn two_stores_on_one_redis_answer_each_for_itself() {
    let Some(redis) = Redis::start() else { return };
    let servers = [beside(&redis).start(), beside(&redis).start()];
    let patient = |name: &str| {
        json(format!(r#"{{"resourceType":"Patient","id":"p1","name":[{{"family":"{name}"}}]}}"#))
    };
    for (server, name) in servers.iter().zip(["One", "Other"]) {
        until("it answers", || circuit(&server.http()) == "closed");
        server.http().put("/fhir/Patient/p1", &patient(name)).expect(201);
    }
    for (server, name) in servers.iter().zip(["One", "Other"]) {
        until("it is found in Redis", || {
            let read = server.http().get("/fhir/Patient/p1").expect(200).json();
            assert_eq!(str(&read, "name.0.family"), name);
            asked(&server.http(), "hit") > 2
        });
        assert_eq!(asked(&server.http(), "error"), 0);
    }
    assert_eq!(redis.keys().len(), 2);
}

#[test]
fn nothing_of_a_person_or_a_password_stands_anywhere_in_clear() {
    let Some(redis) = Redis::start() else { return };
    let server = beside(&redis).start();
    let http = server.http();
    let secrets = ["Zanzibarski", "zz-patient-4711", "Xylophonia"];
    let body = r#"{"resourceType":"Patient","id":"zz-patient-4711","name":[{"family":"Zanzibarski"}],
        "address":[{"city":"Xylophonia"}]}"#;
    http.put("/fhir/Patient/zz-patient-4711", &json(body)).expect(201);
    let kept = |key: &str| match redis.ask(&[b"HGETALL", key.as_bytes()]) {
        Answer::Many(parts) => parts,
        other => panic!("{key}: {other:?}"),
    };
    until("a state and events are kept", || {
        http.get("/fhir/Patient/zz-patient-4711").expect(200);
        http.get("/api/streams/Patient/zz-patient-4711").expect(200);
        asked(&http, "hit") > 4 && redis.keys().iter().map(|key| kept(key).len()).eq([4])
    });
    let mut all = Vec::new();
    for key in redis.keys() {
        all.extend(key.as_bytes());
        for part in kept(&key) {
            let Answer::Bytes(bytes) = part else { panic!("{part:?}") };
            all.extend(bytes);
        }
    }
    assert!(all.len() > 300);
    for secret in secrets {
        assert!(!all.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        assert!(!server.stderr().contains(secret));
    }
}

#[test]
fn redis_behind_tls_and_a_password() {
    let Some(redis) = Redis::guarded("s3cr3t-word") else { return };
    let ca = format!("cache.redis_ca={}", redis.ca().display());
    let server = beside(&redis).arg("--set").arg(&ca).start();
    let http = server.http();
    http.put("/fhir/Patient/p1", &json(r#"{"resourceType":"Patient","id":"p1"}"#)).expect(201);
    until("it is found in Redis", || {
        http.get("/fhir/Patient/p1").expect(200);
        asked(&http, "hit") > 0
    });
    assert!(!server.stderr().contains("s3cr3t"));

    let folder = tempfile::tempdir().expect("a test may write");
    let url = redis.url();
    let config = run_with(&["config"], &[("ANAMNESIS_REDIS", &url)], Some(folder.path())).expect(0);
    assert!(config.out.contains("rediss://***@127.0.0.1"), "{}", config.out);
    assert!(!config.out.contains("s3cr3t"));
    let wrong = [("ANAMNESIS_REDIS", "redis://:s3cr3t@here:70000")];
    let refused = run_with(&["serve", "--listen", "127.0.0.1:0"], &wrong, Some(folder.path())).expect(2);
    assert!(refused.err.contains("the address of Redis"), "{}", refused.err);
    assert!(!refused.err.contains("s3cr3t"));
}
