//! What operators ask of generations: how far one is, that it be cancelled, that one go back; and what a kill leaves of one.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::path::Path;
use std::time::{Duration, Instant};

use anamnesis_e2e::{at, count, generations, indexed, int, run, send, str, text, verified};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, People, Reply, Server};

/// How long what must come may take.
const PATIENCE: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(5);

fn register(http: &Http, code: &str) {
    let body = format!(
        r#"{{"resourceType":"SearchParameter","id":"{code}","url":"http://example.org/{code}","name":"s","status":"active",
        "description":"d","code":"{code}","base":["Patient"],"type":"string","expression":"Patient.contact.name.family"}}"#
    );
    send(http, "PUT", &format!("/fhir/SearchParameter/{code}"), &[], &body).expect(201);
}

/// Enough that making a generation takes several batches.
fn people(http: &Http) {
    for n in 0..25 {
        http.post("/fhir", &People::new(5).person(n).bundle_with_ids()).expect(200);
    }
}

fn ask(http: &Http, method: &str, path: &str) -> Reply {
    http.send(method, path, &[], None)
}

fn is_null(said: &Value, path: &str) -> bool {
    *at(said, path) == Value::Null
}

/// Waits until the generation that is being made has some of its events.
fn begun(http: &Http) -> (u64, u64) {
    let began = Instant::now();
    loop {
        let said = generations(http);
        assert_eq!(int(&said, "serving.search_parameters"), 0, "it was made before anybody looked");
        if !is_null(&said, "building") && int(&said, "building.events") > 0 {
            return (int(&said, "building.number"), int(&said, "building.events"));
        }
        assert!(began.elapsed() < PATIENCE, "none is begun: {}", text(&said));
    }
}

fn found(http: &Http, code: &str) -> u16 {
    http.get(&format!("/fhir/Patient?{code}=x")).status
}

#[test]
fn a_cancelled_generation_is_gone_until_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    let http = server.http();
    people(&http);
    ask(&http, "DELETE", "/api/generations/1").expect(409);
    ask(&http, "DELETE", "/api/generations/7").expect(404);
    ask(&http, "DELETE", "/api/generations/x").expect(404);
    register(&http, "kin");
    let (number, _) = begun(&http);
    ask(&http, "POST", "/api/generations").expect(409);
    let said = ask(&http, "DELETE", &format!("/api/generations/{number}")).expect(200).json();
    assert!(is_null(&said, "building") && !is_null(&said, "cancelled"));
    left(&data, "views.db");
    ask(&http, "DELETE", &format!("/api/generations/{number}")).expect(404);
    let refused = http.get("/fhir/Patient?kin=x").expect(503);
    assert!(refused.text().contains("cancelled"), "{}", refused.text());

    server.restart();
    let http = server.http();
    count(&http, "Patient");
    let said = generations(&http);
    assert!(is_null(&said, "building") && !is_null(&said, "cancelled"), "a restart asks for nothing");
    ask(&http, "POST", "/api/generations").expect(200);
    indexed(&http, 1);
    assert!(is_null(&generations(&http), "cancelled"));
    assert_eq!(found(&http, "kin"), 200);

    // Another shape is another wish.
    register(&http, "folk");
    let began = Instant::now();
    let number = loop {
        let said = generations(&http);
        if !is_null(&said, "building") {
            break int(&said, "building.number");
        }
        assert!(int(&said, "serving.search_parameters") < 2, "it was made before anybody looked");
        assert!(began.elapsed() < PATIENCE, "none is begun: {}", text(&said));
    };
    ask(&http, "DELETE", &format!("/api/generations/{number}")).expect(200);
    register(&http, "tribe");
    indexed(&http, 3);
    assert_eq!(found(&http, "folk"), 200);
}

#[test]
fn killed_or_stopped_it_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    people(&server.http());
    register(&server.http(), "kin");
    let (number, mut events) = begun(&server.http());
    for kill in [true, false] {
        if kill {
            server.kill9();
        } else {
            server.terminate();
        }
        let left = files(&data);
        assert!(left.contains(&format!("views-{number}.db")), "{left:?}");
        server.restart();
        let first = gone_on_with(&server, if kill { 1 } else { 2 });
        // A kill takes what was not committed yet, an orderly stop takes nothing.
        let least = if kill { 1 } else { events };
        assert!(first >= least, "from {first}, and had {events}");
        events = first;
    }
    indexed(&server.http(), 1);
    assert_eq!(server.stderr().matches("the next generation of the views is begun").count(), 1);
    assert_eq!(found(&server.http(), "kin"), 200);
    server.terminate();
    verified(&data);
}

/// From how many events on it was gone on with, as this start of the process tells.
fn gone_on_with(server: &Server, start: usize) -> u64 {
    let began = Instant::now();
    loop {
        let said = server.stderr();
        let mut told = said.lines().filter(|line| line.contains("is gone on with"));
        if let Some(line) = told.nth(start - 1) {
            return field(line, " events=");
        }
        assert!(began.elapsed() < PATIENCE, "nothing is gone on with:\n{said}");
        std::thread::sleep(GLANCE);
    }
}

fn field(line: &str, name: &str) -> u64 {
    let (_, after) = line.split_once(name).unwrap();
    after.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// The files of the views there are, without what SQLite keeps beside them.
fn files(data: &Path) -> Vec<String> {
    let names =
        std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("views") && name.ends_with(".db")).collect();
    names.sort();
    names
}

/// Waits until this is the only file of views: who reads another when it is given up may read to the end.
fn left(data: &Path, only: &str) {
    let began = Instant::now();
    while files(data) != [only] {
        assert!(began.elapsed() < PATIENCE, "there still are {:?}", files(data));
        std::thread::sleep(GLANCE);
    }
}

#[test]
fn within_the_grace_one_goes_back_and_forth() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    let http = server.http();
    let patient = |id: &str| {
        let body =
            format!(r#"{{"resourceType":"Patient","id":"{id}","contact":[{{"name":{{"family":"x"}}}}]}}"#);
        send(&http, "PUT", &format!("/fhir/Patient/{id}"), &[], &body).expect(201);
    };
    patient("a");
    register(&http, "kin");
    indexed(&http, 1);
    let said = generations(&http);
    assert_eq!((int(&said, "kept.number"), int(&said, "kept.search_parameters")), (1, 0));
    assert!(str(&said, "kept.until") > str(&said, "serving.since"));
    let number = int(&said, "serving.number");
    patient("b");

    let serve = |number: u64, expected: u16| {
        ask(&http, "POST", &format!("/api/generations/{number}/serve")).expect(expected).json()
    };
    serve(number, 409);
    serve(9, 404);
    let said = serve(1, 200);
    assert_eq!((int(&said, "serving.number"), int(&said, "kept.number")), (1, number));
    assert!(is_null(&said, "building") && !is_null(&said, "cancelled"), "it is not made again");
    assert_eq!(found(&http, "kin"), 503);
    assert_eq!(count(&http, "Patient"), 2, "what came meanwhile is there");
    patient("c");
    let said = serve(number, 200);
    assert_eq!((int(&said, "serving.number"), int(&said, "serving.search_parameters")), (number, 1));
    assert!(is_null(&said, "cancelled"));
    assert_eq!(count(&http, "Patient?kin=x"), 3);

    ask(&http, "DELETE", "/api/generations/1").expect(200);
    assert!(is_null(&generations(&http), "kept"));
    left(&data, &format!("views-{number}.db"));
    server.terminate();
    assert_eq!(files(&data), ["views.db"]);
    verified(&data);
}

#[test]
fn after_the_grace_the_old_one_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Long enough that it is seen, also by one who gets little of the machine.
    let server = Options::new().data(&data).arg("--set").arg("generations.grace_s=5").start();
    register(&server.http(), "kin");
    indexed(&server.http(), 1);
    assert_eq!(int(&generations(&server.http()), "kept.number"), 1);
    let began = Instant::now();
    while !is_null(&generations(&server.http()), "kept") {
        assert!(began.elapsed() < PATIENCE, "it is still kept");
        std::thread::sleep(GLANCE);
    }
    left(&data, "views-2.db");

    let server = Options::new().arg("--set").arg("generations.grace_s=0").start();
    register(&server.http(), "kin");
    indexed(&server.http(), 1);
    assert!(is_null(&generations(&server.http()), "kept"));
    left(&server.data(), "views-2.db");
}

/// A rebuild that was killed is gone on with by the next; what it makes is what a fresh fold gives.
#[test]
fn a_rebuild_that_was_killed_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    people(&server.http());
    server.terminate();
    drop(server);
    // Where it is killed before its first batch was kept, there is nothing to go on with: then it is killed later.
    let gone_on = (1..=8).any(|megabytes| {
        let mut rebuild = std::process::Command::new(anamnesis_testkit::binary());
        let mut rebuild = rebuild.arg("rebuild").arg("--data").arg(&data).spawn().unwrap();
        let began = Instant::now();
        // Its write-ahead log grows as soon as something is in it.
        while std::fs::metadata(data.join("views-2.db-wal")).map_or(0, |wal| wal.len()) < megabytes << 20 {
            assert!(began.elapsed() < PATIENCE && rebuild.try_wait().unwrap().is_none());
        }
        rebuild.kill().unwrap();
        rebuild.wait().unwrap();
        assert_eq!(files(&data), ["views-2.db", "views.db"]);
        let rebuilt = run(&["rebuild", "--data", &data.to_string_lossy()]).expect(0);
        assert_eq!(files(&data), ["views.db"]);
        rebuilt.out.contains("were there already")
    });
    assert!(gone_on, "nothing of a rebuild that was killed was kept");
    verified(&data);
}

#[test]
fn a_server_says_how_far_it_is() {
    let server = Server::start();
    let http = server.http();
    people(&http);
    register(&http, "kin");
    let (_, events) = begun(&http);
    let said = generations(&http);
    if !is_null(&said, "building") {
        assert!(int(&said, "building.events") >= events && int(&said, "building.of") > events);
        assert!(int(&said, "building.events_per_s") > 0);
        assert!(!is_null(&said, "building.seconds_left") && is_null(&said, "building.failed"));
    }
    indexed(&http, 1);
}
