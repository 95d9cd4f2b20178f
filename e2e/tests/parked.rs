//! What this program cannot apply is parked and shown, and stops nobody else: events of a newer program on the same store,
//! and rows that the views refuse.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by its panic what it found")]

use std::path::Path;
use std::sync::Arc;

use anamnesis_e2e::{at, bundle, entry, int, issue, list, run, send, status, str, text};
use anamnesis_json::Value;
use anamnesis_kernel::Instant;
use anamnesis_seal::MasterKey;
use anamnesis_store_sql::SqliteStore;
use anamnesis_testkit::{Http, NewerEvent, NewerProgram, Options, Reply, Server};

const HELD: &str = "anamnesis-held";

fn master(data: &Path) -> MasterKey {
    let digits = std::fs::read_to_string(data.join("master.key")).unwrap();
    let byte = |at: usize| u8::from_str_radix(digits.get(2 * at..2 * at + 2).unwrap(), 16).unwrap();
    MasterKey::from_bytes(&std::array::from_fn(byte))
}

/// A newer program has the store for a while, and appends these: stream, type, schema version, whole or not, data.
fn newer(data: &Path, events: &[(&str, &str, u16, bool, &str)]) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = Instant::from_micros(i64::try_from(now.as_micros()).unwrap());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = SqliteStore::open(data, now).unwrap();
        let (log, keys) = (Arc::clone(&store.log) as _, Arc::clone(&store.keys) as _);
        let program = NewerProgram::open(log, keys, &master(data)).await;
        for (stream, kind, schema_version, whole, data) in events.iter().copied() {
            let event = NewerEvent { kind, schema_version, whole, data };
            program.append(&stream.parse().unwrap(), event, now).await;
        }
    });
}

fn put(http: &Http, name: &str, elements: &str) -> Reply {
    let (kind, id) = name.split_once('/').unwrap();
    let body = format!(r#"{{"resourceType":"{kind}","id":"{id}",{elements}}}"#);
    send(http, "PUT", &format!("/fhir/{name}"), &[], &body)
}

fn held(reply: &Reply) -> Option<&str> {
    reply.header(HELD)
}

fn parked(http: &Http) -> Value {
    http.get("/api/parked").expect(200).json()
}

/// The gauges of what is parked: events, records.
fn gauges(http: &Http) -> (String, String) {
    let text = http.get("/metrics").expect(200).text();
    let of = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
        line.unwrap_or_else(|| panic!("no {name}")).rsplit(' ').next().unwrap().to_owned()
    };
    (of("anamnesis_parked_events "), of("anamnesis_held_streams "))
}

/// A store that a newer program wrote to: p1 is held at 1, p3 at 0, p2 is as it was.
fn upgraded_and_back(folder: &Path) -> Server {
    let data = folder.join("data");
    let mut server = Options::new().data(&data).start();
    let http = server.http();
    for name in ["Patient/p1", "Patient/p2"] {
        put(&http, name, r#""gender":"female","birthDate":"1970-01-01""#).expect(201);
    }
    server.terminate();
    newer(
        &data,
        &[
            ("Patient/p1", "PatientTurnedBlue", 1, false, r#"{"gender":"other"}"#),
            ("Patient/p1", "PatientGenderChanged", 1, false, r#"{"gender":"male"}"#),
            ("Patient/p3", "PatientRegistered", 9, true, r#"{"sort":"blue"}"#),
        ],
    );
    drop(server);
    Options::new().data(&data).start()
}

#[test]
fn events_of_a_newer_program_hold_their_records_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = upgraded_and_back(folder.path());
    let http = server.http();

    // Others go on, and nothing is said of them.
    let other = put(&http, "Patient/p2", r#""gender":"male","birthDate":"1970-01-01""#);
    assert_eq!((other.status, held(&other)), (200, None));
    let other = http.get("/fhir/Patient/p2").expect(200);
    assert_eq!((held(&other), str(&other.json(), "meta.versionId")), (None, "2"));
    assert_eq!(http.get("/readyz").status, 200);

    // What was known of them is shown, and that it is held.
    for (path, status, version) in [
        ("/fhir/Patient/p1", 200, "1"),
        ("/fhir/Patient/p1/_history/1", 200, "1"),
        ("/fhir/Patient/p1/_history/2", 404, "1"),
        ("/fhir/Patient/p1/_history", 200, "1"),
        ("/fhir/Patient/p1/$everything", 200, "1"),
        ("/api/streams/Patient/p1", 200, "1"),
        ("/api/patients/p1", 200, "1"),
        ("/api/patients/p1/clinical-record", 200, "1"),
        ("/api/patients/p1/timeline", 200, "1"),
        ("/api/patients/p1/diff", 200, "1"),
        ("/api/diff/Patient/p1", 200, "1"),
        ("/fhir/Patient/p3", 404, "0"),
        ("/api/streams/Patient/p3", 200, "0"),
    ] {
        let reply = http.get(path);
        assert_eq!((reply.status, held(&reply)), (status, Some(version)), "{path}: {}", reply.text());
    }
    assert_eq!(str(&http.get("/fhir/Patient/p1").json(), "gender"), "female");

    // An entry of a batch or a transaction has no headers, and says it in its outcome.
    let urls = ["Patient/p1", "Patient/p1/_history/1", "Patient/p2", "Patient/p3"];
    let entries = urls.map(|url| entry("", "GET", url, "", ""));
    for kind in ["batch", "transaction"] {
        let answer = bundle(&http, kind, &entries).expect(200).json();
        let said = |n| at(&answer, &format!("entry.{n}.response.outcome")).clone();
        let statuses: Vec<_> = (0..urls.len()).map(|n| status(&answer, n)).collect();
        assert_eq!((statuses, said(2)), (vec![200, 200, 200, 404], Value::Null), "{kind}");
        for (n, held) in
            [(0, "p1 is held: it is shown as of its version 1"), (1, "p1 is held"), (3, "p3 is held")]
        {
            assert!(text(&said(n)).contains(held), "{kind}, {n}: {}", text(&said(n)));
        }
        assert_eq!(str(&answer, "entry.0.resource.gender"), "female");
    }

    // The events are there as they were written.
    let events = http.get("/api/streams/Patient/p1").expect(200).json();
    let told: Vec<_> = list(&events, "events")
        .iter()
        .map(|event| (str(event, "type"), int(event, "schema_version"), at(event, "lifted").clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("PatientRegistered", 1, Value::Null),
            ("PatientTurnedBlue", 1, Value::Bool(false)),
            ("PatientGenderChanged", 1, Value::Null)
        ]
    );
    assert_eq!(str(&events, "events.1.data.gender"), "other");

    // As of a moment before, nothing is missing.
    let recorded = str(&events, "events.0.recorded_at").to_owned();
    for path in ["/fhir/Patient/p1", "/api/patients/p1", "/api/streams/Patient/p1"] {
        let reply = http.get(&format!("{path}?_asOf={recorded}")).expect(200);
        assert_eq!(held(&reply), None, "{path} as of {recorded}");
        let since =
            http.get(&format!("{path}?_asOf={}", http.get("/api").header("anamnesis-cursor").unwrap()));
        assert_eq!((since.status, held(&since)), (200, Some("1")), "{path} as of now");
    }
}

#[test]
fn nothing_is_decided_on_what_is_not_understood() {
    let folder = tempfile::tempdir().unwrap();
    let server = upgraded_and_back(folder.path());
    let http = server.http();
    let before = http.get("/api").header("anamnesis-cursor").unwrap().to_owned();
    assert_eq!(issue(put(&http, "Patient/p1", r#""gender":"male""#), 409), "not-supported");
    assert_eq!(issue(send(&http, "DELETE", "/fhir/Patient/p1", &[], ""), 409), "not-supported");
    let entries = ["p2", "p1"].map(|id| {
        let resource = format!(r#"{{"resourceType":"Patient","id":"{id}","gender":"unknown"}}"#);
        entry("", "PUT", &format!("Patient/{id}"), "", &resource)
    });
    assert_eq!(issue(bundle(&http, "transaction", &entries), 409), "not-supported");
    let commit = r#"{"stream":"Patient/p1","type":"PatientGenderChanged","data":{"gender":"male"}}"#;
    let problem = http.post("/api/commits", &anamnesis_e2e::json(commit)).expect(409).json();
    assert_eq!(str(&problem, "type"), "/problems/event-unknown");
    assert_eq!(http.get("/api").header("anamnesis-cursor").unwrap(), before, "nothing was kept");
    assert_eq!(
        str(&http.get("/fhir/Patient/p2").json(), "gender"),
        "female",
        "nor of others in the same bundle"
    );
}

#[test]
fn what_is_parked_is_shown_counted_and_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = upgraded_and_back(folder.path());
    let http = server.http();
    let said = parked(&http);
    assert_eq!((int(&said, "records"), int(&said, "events")), (2, 3));
    let rows: Vec<_> = list(&said, "parked")
        .iter()
        .map(|one| {
            (
                str(one, "stream"),
                int(one, "version"),
                str(one, "type"),
                str(one, "reason"),
                int(one, "attempts"),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("Patient/p1", 2, "PatientTurnedBlue", "unknown-type", 1),
            ("Patient/p1", 3, "PatientGenderChanged", "behind", 0),
            ("Patient/p3", 1, "PatientRegistered", "newer-schema", 1),
        ]
    );
    let first = http.get("/api/parked?_count=1").expect(200).json();
    let rest = http.get(&format!("/api/parked?from={}", str(&first, "next"))).expect(200).json();
    assert_eq!((list(&first, "parked").len(), list(&rest, "parked").len()), (1, 2));
    let end = http.get(&format!("/api/parked?from={}", str(&rest, "next"))).expect(200).json();
    assert_eq!((list(&end, "parked").len(), str(&end, "next")), (0, str(&rest, "next")));
    assert_eq!(gauges(&http), ("3".into(), "2".into()));

    let lines: Vec<String> =
        server.stderr().lines().filter(|line| line.contains("is parked")).map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "one for each record: {lines:?}");
    assert!(
        lines.iter().all(|line| line.contains("ERROR") && !line.contains("p1") && !line.contains("blue"))
    );

    // Tried again by the same program, it stays.
    let tried = http.send("POST", "/api/parked/retry", &[], None).expect(200).json();
    assert_eq!(text(&tried), r#"{"tried":2,"released":0,"applied":0,"parked":3}"#);
    assert_eq!(int(&parked(&http), "parked.0.attempts"), 2);
    for (query, status) in [("stream=Patient/p2", 200), ("stream=Patient", 400), ("stram=Patient/p1", 400)] {
        assert_eq!(
            http.send("POST", &format!("/api/parked/retry?{query}"), &[], None).status,
            status,
            "{query}"
        );
    }
    let url = server.url();
    let shown = run(&["parked", "--url", &url]).expect(1).out;
    assert_eq!(shown.lines().count(), 3, "{shown}");
    assert!(shown.contains("unknown-type") && shown.contains("Patient/p1 v2"), "{shown}");
    let retried = run(&["parked", "retry", "Patient/p1", "--json", "--url", &url]).expect(1);
    assert_eq!(int(&retried.json(), "tried"), 1);
}

#[test]
fn a_store_is_looked_at_without_a_server_and_the_log_checked() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = upgraded_and_back(folder.path());
    server.terminate();
    let data = server.data();
    let data = data.to_str().unwrap();
    let shown = run(&["parked", "--json", "--data", data]).expect(1).out;
    assert_eq!(shown.lines().count(), 3, "{shown}");
    let retried = run(&["parked", "retry", "--json", "--data", data]).expect(1).json();
    assert_eq!((int(&retried, "tried"), int(&retried, "released"), int(&retried, "parked")), (2, 0, 3));

    // Nothing is damaged, and views made anew hold the same.
    run(&["verify", "--views", "--json", "--data", data]).expect(0);
    run(&["rebuild", "--data", data]).expect(0);
    assert_eq!(run(&["parked", "--json", "--data", data]).expect(1).out.lines().count(), 3);

    // What this program cannot lift.
    let checked = run(&["verify", "--events", "--json", "--data", data]).expect(1).json();
    assert_eq!((at(&checked, "ok").as_bool(), int(&checked, "events")), (Some(false), 5));
    let rows: Vec<_> = list(&checked, "unlifted")
        .iter()
        .map(|one| {
            let of = |name| int(one, name);
            (str(one, "type"), of("schema_version"), of("events"), of("first.offset"), str(one, "reason"))
        })
        .collect();
    assert_eq!(
        rows,
        [("PatientRegistered", 9, 1, 4, "newer-schema"), ("PatientTurnedBlue", 1, 1, 2, "unknown-type"),]
    );
    let words = run(&["verify", "--events", "--data", data]).expect(1).out;
    assert!(words.contains("PatientTurnedBlue") && words.contains("cannot be lifted"), "{words}");
}

#[test]
fn the_log_of_this_program_alone_is_lifted_whole() {
    let mut server = Server::start();
    put(&server.http(), "Patient/p1", r#""gender":"female""#).expect(201);
    server.terminate();
    let data = server.data();
    let data = data.to_str().unwrap();
    let checked = run(&["verify", "--events", "--json", "--data", data]).expect(0).json();
    assert_eq!((at(&checked, "ok").as_bool(), list(&checked, "unlifted").len()), (Some(true), 0));
    assert_eq!(run(&["parked", "--data", data]).expect(0).out, "nothing is parked\n");
}

/// Rows that the views refuse: those who write are not kept waiting, searches warn, and when the cause is gone a retry makes
/// good all of it; words that came late to the index are no difference to a fresh fold.
#[test]
fn a_retry_makes_good_what_can_be_applied_again() {
    let server = Options::new().arg("--full-text=true").start();
    let http = server.http();
    put(&http, "Patient/p1", r#""name":[{"family":"Abara"}]"#).expect(201);
    put(&http, "Patient/p2", r#""name":[{"family":"Abara"}]"#).expect(201);
    let views = rusqlite::Connection::open(server.data().join("views.db")).unwrap();
    views.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    views
        .execute_batch(
            "CREATE TRIGGER odd BEFORE INSERT ON text_now WHEN NEW.text = 'okafor' BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .unwrap();
    let reply = put(&http, "Patient/p1", r#""name":[{"family":"Okafor"}]"#);
    assert_eq!((reply.status, held(&reply)), (202, Some("1")));
    let reply = put(&http, "Patient/p1", r#""name":[{"family":"Okafor"}],"gender":"female""#);
    assert_eq!((reply.status, held(&reply), reply.header("etag")), (202, Some("1"), Some(r#"W/"3""#)));
    let commit =
        r#"{"stream":"Patient/p1","type":"PatientBirthDateCorrected","data":{"birthDate":"1970-01-01"}}"#;
    let commit = http.post("/api/commits", &anamnesis_e2e::json(commit)).expect(202).json();
    assert_eq!(int(&commit, "events.0.version"), 4);
    let entries = [entry(
        "",
        "PUT",
        "Patient/p1",
        "",
        r#"{"resourceType":"Patient","id":"p1","name":[{"family":"Okafor"}],"birthDate":"1970-01-02"}"#,
    )];
    bundle(&http, "transaction", &entries).expect(202);
    let made = send(
        &http,
        "POST",
        "/fhir/Patient",
        &[],
        r#"{"resourceType":"Patient","name":[{"family":"Okafor"}]}"#,
    );
    assert_eq!(made.status, 202);
    assert!(made.header("location").is_some());

    // Searches find what was, and say so.
    let found = http.get("/fhir/Patient?name=abara").expect(200).json();
    let outcome = list(&found, "entry").last().unwrap();
    assert_eq!(str(outcome, "search.mode"), "outcome");
    let said: Vec<&str> =
        list(outcome, "resource.issue").iter().map(|issue| str(issue, "diagnostics")).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said.iter().any(|said| said.contains("Patient/p1 is held") && said.contains("version 1")),
        "{said:?}"
    );
    let found = http.get("/fhir/Observation?status=final").expect(200).json();
    assert_eq!(list(&found, "entry").len(), 0, "no observation is held");
    let everything = http.get("/fhir/Patient/p1/$everything").expect(200).json();
    assert!(text(&everything).contains("Patient/p1 is held"));

    // So do histories and whatever else shows several records.
    let history_says = |path: &str| {
        let history = http.get(path).expect(200).json();
        let last = list(&history, "entry").last().cloned().unwrap_or(Value::Null);
        let url = path.split_once('?').map_or(path, |(path, _)| path).strip_prefix("/fhir/").unwrap();
        let is_said = text(at(&last, "request")) == format!(r#"{{"method":"GET","url":"{url}"}}"#);
        let issues = if is_said { list(&last, "response.outcome.issue") } else { &[] };
        issues.iter().map(|issue| str(issue, "diagnostics").to_owned()).collect::<Vec<_>>().join("; ")
    };
    for (path, named, others) in [
        ("/fhir/Patient/_history", 1, 1),
        ("/fhir/_history", 1, 1),
        ("/fhir/_history?_count=1", 0, 1),
        ("/fhir/_history?_since=2999-01-01", 0, 1),
        ("/fhir/Patient/p1/_history", 1, 0),
        ("/fhir/Patient/p2/_history", 0, 0),
        ("/fhir/Observation/_history", 0, 0),
    ] {
        let said = history_says(path);
        let counts = (said.matches("Patient/p1 is held").count(), said.matches("not shown here").count());
        assert_eq!(counts, (named, others), "{path}: {said}");
    }
    for (path, held, others) in [
        ("/api/patients/p1/timeline", Some("Patient/p1"), 1),
        ("/api/patients/p2/timeline", None, 2),
        ("/api/patients/p1/diff", Some("Patient/p1"), 1),
        ("/api/diff/Patient/p1", Some("Patient/p1"), 0),
        ("/api/patients/p1/clinical-record", Some("Patient/p1"), 1),
        ("/api/patients/p2/lab-results", None, 2),
        ("/api/patients/p2", None, 0),
    ] {
        let answer = http.get(path).expect(200).json();
        assert_eq!(at(&answer, "held.0.stream").as_str(), held, "{path}: {}", text(&answer));
        assert_eq!(at(&answer, "held_not_shown").as_u64().unwrap_or(0), others, "{path}: {}", text(&answer));
    }
    let model = http.get("/api/patients/p1").expect(200).json();
    assert_eq!((str(&model, "held.0.stream"), int(&model, "held.0.version")), ("Patient/p1", 1));
    let p2 = http.get("/api/patients/p2").expect(200).json();
    assert_eq!(at(&p2, "held"), &Value::Null);

    // The words of another come before those of the one that is held.
    put(&http, "Patient/p2", r#""name":[{"family":"Abara"}],"gender":"male""#).expect(200);
    views.execute_batch("DROP TRIGGER odd").unwrap();
    let retried = run(&["parked", "retry", "--json", "--url", &server.url()]).expect(0).json();
    assert_eq!((int(&retried, "tried"), int(&retried, "released"), int(&retried, "parked")), (2, 2, 0));
    let reply = http.get("/fhir/Patient/p1").expect(200);
    assert_eq!((held(&reply), reply.header("etag")), (None, Some(r#"W/"6""#)));
    let found = http.get("/fhir/Patient?name=okafor").expect(200).json();
    assert_eq!((int(&found, "total"), list(&found, "entry").len()), (2, 2));
    assert_eq!(gauges(&http), ("0".into(), "0".into()));
    let history = http.get("/fhir/Patient/p1/_history").expect(200).json();
    assert_eq!(int(&history, "total"), 5, "one for each commit");
    drop(views);
    let mut server = server;
    server.terminate();
    anamnesis_e2e::verified(&server.data());
}
