//! An event that cannot be read stands in its place on every page, with why; the others are shown, and who follows goes on.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anamnesis_e2e::{at, bundle, entry, int, json, list, run, send, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Server};

/// Four events: of p1, of p2, of an observation of p2, and of p1 again.
fn some_events(http: &Http) {
    let patient = |id: &str, gender: &str| {
        let body = format!(r#"{{"resourceType":"Patient","id":"{id}","gender":"{gender}"}}"#);
        send(http, "PUT", &format!("/fhir/Patient/{id}"), &[], &body);
    };
    patient("p1", "female");
    patient("p2", "female");
    let observation = r#"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"},"subject":{"reference":"Patient/p2"}}"#;
    bundle(http, "transaction", &[entry("", "PUT", "Observation/o", "", observation)]).expect(200);
    patient("p1", "male");
}

fn edit(data: &Path, file: &str, sql: &str) {
    let connection = rusqlite::Connection::open(data.join(file)).unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
}

/// The same store, after something was done to one of its files behind the program's back.
fn after(folder: &Path, file: &str, sql: &str) -> Server {
    let data = folder.join("data");
    let mut server = Options::new().data(&data).start();
    some_events(&server.http());
    server.terminate();
    edit(&data, file, sql);
    drop(server);
    Options::new().data(&data).start()
}

/// Of each event of a page its offset or else its version, and why it cannot be read.
fn told(page: &Value) -> Vec<(u64, String)> {
    let place = |event: &Value| {
        let offset = at(event, "position.offset").as_u64();
        offset.or_else(|| at(event, "version").as_u64()).unwrap()
    };
    let why = |event: &Value| match at(event, "unreadable").as_str() {
        Some(why) => {
            assert_eq!(at(event, "data"), &Value::Null, "{}", text(event));
            why.to_owned()
        }
        None => {
            assert!(at(event, "data").as_object().is_some(), "{}", text(event));
            String::new()
        }
    };
    list(page, "events").iter().map(|event| (place(event), why(event))).collect()
}

fn page(http: &Http, path: &str) -> Vec<(u64, String)> {
    told(&http.get(path).expect(200).json())
}

fn of(told: &[(u64, &str)]) -> Vec<(u64, String)> {
    told.iter().map(|(place, why)| (*place, (*why).to_owned())).collect()
}

#[test]
fn a_key_that_is_missing_hides_what_it_sealed_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "DELETE FROM key_subject WHERE number = (SELECT subject FROM l.log_event WHERE position = 1)";
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    some_events(&server.http());
    server.terminate();
    let connection = rusqlite::Connection::open(data.join("keys.db")).unwrap();
    connection.execute("ATTACH ?1 AS l", [data.join("log.db").to_str().unwrap()]).unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1);
    drop((connection, server));
    let mut server = Options::new().data(&data).start();
    let http = server.http();

    let all = http.get("/api/events").expect(200).json();
    assert_eq!(told(&all), of(&[(0, ""), (1, "key"), (2, "key"), (3, "")]));
    let hidden = at(&all, "events.1");
    assert_eq!((str(hidden, "type"), int(hidden, "version")), ("PatientRegistered", 1));
    assert!(at(hidden, "recorded_at").as_str().is_some() && at(hidden, "event_id").as_str().is_some());
    assert_eq!(at(hidden, "stream"), &Value::Null, "the stream's name stands under the seal");

    // A filter rules out what stands in clear, and nothing else.
    for (query, expected) in [
        ("type=PatientRegistered", &[(0, ""), (1, "key")][..]),
        ("type=PatientGenderChanged", &[(3, "")]),
        ("record=Patient/p1", &[(0, ""), (3, "")]),
        ("record=Patient/p2", &[(1, "key")]),
        ("record=Observation", &[(1, "key"), (2, "key")]),
        ("patient=p1", &[(0, ""), (3, "")]),
        ("patient=p2", &[(1, "key"), (2, "key")]),
    ] {
        assert_eq!(page(&http, &format!("/api/events?{query}")), of(expected), "{query}");
    }

    // Pages go on behind it.
    let first = http.get("/api/events?_count=2").expect(200).json();
    let rest = page(&http, &format!("/api/events?from={}", str(&first, "next")));
    assert_eq!((told(&first).len(), rest), (2, of(&[(2, "key"), (3, "")])));

    // So does a stream, whose name is known.
    let stream = http.get("/api/streams/Patient/p2").expect(200).json();
    assert_eq!((told(&stream), int(&stream, "next")), (of(&[(1, "key")]), 2));
    assert_eq!(str(&stream, "events.0.stream"), "Patient/p2");
    // To whom a patient's record yielded stands in that record; what happened under its own name is told all the same.
    let timeline = http.get("/api/patients/p2/timeline").expect(200).json();
    assert_eq!(told(&timeline), of(&[(1, "key"), (2, "key")]));
    assert!(str(&timeline, "incomplete").contains("cannot be read"));
    let whole = http.get("/api/patients/p1/timeline").expect(200).json();
    assert_eq!(at(&whole, "incomplete"), &Value::Null);
    // A read model is made of what the record says.
    let problem = http.get("/api/patients/p2/clinical-record").expect(500).json();
    assert_eq!(str(&problem, "type"), "/problems/damaged");

    // Records of others are read and written.
    http.get("/fhir/Patient/p1").expect(200);
    send(&http, "PUT", "/fhir/Patient/p1", &[], r#"{"resourceType":"Patient","id":"p1","active":true}"#);
    // Nothing is decided on what cannot be read.
    let commit = r#"{"stream":"Patient/p2","type":"PatientGenderChanged","data":{"gender":"male"}}"#;
    assert_eq!(http.post("/api/commits", &json(commit)).status, 500);

    let url = server.url();
    let lines = run(&["log", "--url", &url]).expect(0).out;
    assert_eq!(lines.lines().filter(|line| line.contains("unreadable: key")).count(), 2, "{lines}");
    server.terminate();
    let lines = run(&["log", "--data", data.to_str().unwrap()]).expect(0).out;
    assert_eq!(lines.lines().filter(|line| line.contains("unreadable: key")).count(), 2, "{lines}");
    let bad = run(&["verify", "--json", "--data", data.to_str().unwrap()]).expect(1).json();
    assert_eq!((int(&bad, "first_bad.offset"), str(&bad, "first_bad.kind")), (1, "seal"));
}

#[test]
fn an_event_that_was_altered_is_told_of_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let sql = "UPDATE log_event SET sealed = X'00' || substr(sealed, 2) WHERE position = 0";
    let mut server = after(folder.path(), "log.db", sql);
    let http = server.http();
    let all = http.get("/api/events").expect(200).json();
    assert_eq!(told(&all), of(&[(0, "damaged"), (1, ""), (2, ""), (3, "")]));
    // Nothing that is there is vouched for but the place.
    assert_eq!(
        text(at(&all, "events.0")),
        r#"{"position":{"partition":0,"offset":0},"unreadable":"damaged"}"#
    );
    // Whatever is asked for may be what stood there.
    assert_eq!(page(&http, "/api/events?type=ObservationRecorded&patient=p2").first().unwrap().1, "damaged");
    let first = http.get("/api/events?_count=1").expect(200).json();
    let rest = page(&http, &format!("/api/events?from={}", str(&first, "next")));
    assert_eq!((told(&first).len(), rest), (1, of(&[(1, ""), (2, ""), (3, "")])));

    let stream = http.get("/api/streams/Patient/p1").expect(200).json();
    assert_eq!(
        text(at(&stream, "events.0")),
        r#"{"stream":"Patient/p1","version":1,"unreadable":"damaged"}"#
    );
    assert_eq!((list(&stream, "events").len(), int(&stream, "next")), (2, 3));
    assert_eq!(str(&stream, "events.1.type"), "PatientGenderChanged");
    assert_eq!(page(&http, "/api/patients/p1/timeline"), of(&[(0, "damaged"), (3, "")]));

    server.terminate();
    let data = folder.path().join("data");
    let bad = run(&["verify", "--json", "--data", data.to_str().unwrap()]).expect(1).json();
    assert_eq!(int(&bad, "first_bad.offset"), 0);
}

#[test]
fn an_event_that_is_gone_is_told_of_too() {
    let folder = tempfile::tempdir().unwrap();
    let server = after(folder.path(), "log.db", "DELETE FROM log_event WHERE position = 2");
    let http = server.http();
    assert_eq!(page(&http, "/api/events"), of(&[(0, ""), (1, ""), (2, "damaged"), (3, "")]));
    assert_eq!(page(&http, "/api/patients/p2/timeline"), of(&[(1, ""), (2, "damaged")]));
    // Who follows is told under a name that no type has, and goes on.
    let host = server.url().replace("http://", "");
    let mut stream = TcpStream::connect(&host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let request = format!("GET /api/events HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    let seen: Vec<String> = lines.take_while(|line| line != "event: PatientGenderChanged").collect();
    let seen = seen.join("\n");
    let frame =
        "event: unreadable\ndata: {\"position\":{\"partition\":0,\"offset\":2},\"unreadable\":\"damaged\"}\n";
    assert!(seen.contains(frame), "{seen}");
    assert_eq!(seen.matches("\nid: ").count(), 4, "each has a point to resume from: {seen}");
}
