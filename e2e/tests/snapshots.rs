//! Snapshots from outside: when they are taken, what says so, and that nothing is lost with them.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::fs;
use std::time::{Duration, Instant};

use anamnesis_e2e::{at, commit, int, list, str};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Server};

/// How long a snapshot may take to be there, since nothing waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

fn register(http: &Http, id: &str) {
    let born = format!(r#"{{"stream":"Patient/{id}","type":"PatientRegistered","data":{{"active":true}}}}"#);
    commit(http, &born).expect(201);
}

/// Appends so many changes of name, many to a commit.
fn rename(http: &Http, id: &str, from: u64, to: u64) {
    let versions: Vec<u64> = (from..=to).collect();
    for chunk in versions.chunks(50) {
        let events: Vec<String> = chunk
            .iter()
            .map(|n| format!(r#"{{"type":"PatientNameChanged","data":{{"name":[{{"family":"N{n}"}}]}}}}"#))
            .collect();
        let body = format!(r#"{{"streams":[{{"stream":"Patient/{id}","events":[{}]}}]}}"#, events.join(","));
        commit(http, &body).expect(201);
    }
}

fn listed(http: &Http, stream: &str) -> Vec<(i64, String)> {
    let said = http.get(&format!("/api/streams/{stream}/snapshots")).expect(200).json();
    assert_eq!(str(&said, "stream"), stream);
    let shown = |snapshot: &Value| {
        assert!(str(snapshot, "taken_at").ends_with('Z'));
        (i64::try_from(int(snapshot, "version")).unwrap(), str(snapshot, "reason").to_owned())
    };
    list(&said, "snapshots").iter().map(shown).collect()
}

/// Waits until a stream has these snapshots.
#[track_caller]
fn has(http: &Http, stream: &str, expected: &[(i64, &str)]) {
    let expected: Vec<(i64, String)> =
        expected.iter().map(|(version, reason)| (*version, (*reason).to_owned())).collect();
    let begun = Instant::now();
    while listed(http, stream) != expected {
        assert!(begun.elapsed() < PATIENCE, "{:?} instead of {expected:?}", listed(http, stream));
        std::thread::yield_now();
    }
}

#[test]
fn a_long_stream_has_snapshots_that_are_listed_named_and_counted() {
    let server = Server::start();
    let http = server.http();
    register(&http, "p1");
    rename(&http, "p1", 2, 99);
    assert_eq!(listed(&http, "Patient/p1"), []);
    let model = http.get("/api/patients/p1").expect(200).json();
    assert_eq!(at(&model, "snapshot"), &Value::Null);

    rename(&http, "p1", 100, 149);
    has(&http, "Patient/p1", &[(149, "count")]);
    let earlier = http.get("/api/patients/p1").expect(200).json();
    rename(&http, "p1", 150, 320);
    has(&http, "Patient/p1", &[(320, "count"), (249, "count"), (149, "count")]);

    for model in ["", "/clinical-record", "/lab-results"] {
        let said = http.get(&format!("/api/patients/p1{model}")).expect(200).json();
        assert_eq!((int(&said, "version"), int(&said, "snapshot.version")), (320, 320));
        assert_eq!(str(&said, "snapshot.reason"), "count");
        let taken: String = str(&said, "snapshot.taken_at").to_owned();
        assert!(taken.len() == "2026-01-01T00:00:00.000000Z".len(), "{taken}");
        // As of a moment it is the newest of those that were there.
        let then = format!("/api/patients/p1{model}?_asOf={}", str(&earlier, "cursor"));
        let said = http.get(&then).expect(200).json();
        assert_eq!((int(&said, "version"), int(&said, "snapshot.version")), (149, 149));
    }
    let metrics = http.get("/metrics").expect(200);
    assert!(metrics.text().contains("anamnesis_snapshots_total{reason=\"count\"} 3"));
    http.get("/api/streams/Patient/nobody/snapshots").expect(404);
    http.get("/api/streams/Patient/p1/snapshots?from=1").expect(400);
}

#[test]
fn policies_are_settings() {
    let server = Options::new().arg("--set=snapshot.every=4").arg("--set=snapshot.significant_gap=3").start();
    let http = server.http();
    register(&http, "p1");
    for version in 2..=7 {
        let died = format!(
            r#"{{"stream":"Patient/p1","type":"{}","data":{{"deceasedBoolean":{}}}}}"#,
            if version % 2 == 0 { "PatientDied" } else { "PatientDeathRetracted" },
            version % 2 == 0
        );
        commit(&http, &died).expect(201);
    }
    has(&http, "Patient/p1", &[(7, "significant"), (4, "count"), (2, "significant")]);

    let server = Options::new().arg("--set=snapshot.every=0").arg("--set=snapshot.significant=false").start();
    let http = server.http();
    register(&http, "p1");
    rename(&http, "p1", 2, 250);
    let died = r#"{"stream":"Patient/p1","type":"PatientDied","data":{"deceasedBoolean":true}}"#;
    commit(&http, died).expect(201);
    assert_eq!(listed(&http, "Patient/p1"), []);
}

/// What a record was and is, by every way that folds it.
fn told(http: &Http) -> Vec<String> {
    let paths = [
        "/fhir/Patient/p1",
        "/fhir/Patient/p1/_history/251",
        "/api/patients/p1",
        "/api/diff/Patient/p1?from=51&to=101",
        "/api/diff/Patient/p1?from=101&to=301",
        "/api/diff/Patient/p1?from=151&to=251",
        "/api/diff/Patient/p1?from=310",
        "/api/diff/Patient/p1",
        "/api/streams/Patient/p1?from=248&_count=3",
    ];
    let without_snapshot = |mut said: Value| {
        if let Some(object) = said.as_object_mut() {
            object.remove("snapshot");
        }
        String::from_utf8(said.to_text()).unwrap()
    };
    for inside in ["from=102&to=301", "from=101&to=202", "from=300"] {
        http.get(&format!("/api/diff/Patient/p1?{inside}")).expect(404);
    }
    paths.iter().map(|path| without_snapshot(http.get(path).expect(200).json())).collect()
}

#[test]
fn the_file_may_be_deleted_or_spoilt_and_every_answer_is_the_same() {
    let mut server = Server::start();
    let http = server.http();
    register(&http, "p1");
    rename(&http, "p1", 2, 310);
    has(&http, "Patient/p1", &[(301, "count"), (201, "count"), (101, "count")]);
    let file = server.data().join("snapshots.db");
    for (version, spoil) in [(310, "deleted"), (311, "spoilt")] {
        let before = told(&server.http());
        server.terminate();
        for beside in ["-wal", "-shm"] {
            // There is none after an orderly end.
            let _ = fs::remove_file(format!("{}{beside}", file.display()));
        }
        match spoil {
            "deleted" => fs::remove_file(&file).unwrap(),
            _ => fs::write(&file, "this is no database ".repeat(1_000)).unwrap(),
        }
        server.restart();
        let http = server.http();
        assert_eq!(listed(&http, "Patient/p1"), []);
        assert_eq!(told(&http), before, "{spoil}");
        // The next write folds the stream, and what was lost is there again.
        rename(&http, "p1", version + 1, version + 1);
        let last = i64::try_from(version).unwrap();
        has(&http, "Patient/p1", &[(last, "count"), (300, "count"), (200, "count"), (100, "count")]);
        assert_eq!(told(&http)[4..6], before[4..6], "the past is as it was");
    }
}
