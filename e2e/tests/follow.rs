//! The log read from outside: filtered pages, and server-sent events that follow it as it grows.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by its panic what it found")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anamnesis_e2e::{at, commit, count, events, events_after, int, json, last_cursor, list, str};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, People, Server};

/// How long a follower waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

fn peopled(people: u64) -> (Server, Http) {
    let server = Server::start();
    let http = server.http();
    for n in 0..people {
        http.post("/fhir", &People::small(5).person(n).bundle_with_ids()).expect(200);
    }
    (server, http)
}

fn moved(stream: &str, city: &str) -> String {
    format!(
        r#"{{"stream":"{stream}","type":"PatientAddressUpdated","data":{{"address":[{{"city":"{city}"}}]}}}}"#
    )
}

#[test]
fn pages_follow_each_other_without_gap() {
    let (_server, http) = peopled(3);
    let all = events(&http, "_count=1000").events;
    let paged = events(&http, "_count=7").events;
    assert!(all == paged);
    let offsets: Vec<_> = all.iter().map(|event| int(event, "position.offset")).collect();
    assert_eq!(offsets, (0..all.len() as u64).collect::<Vec<_>>());

    let cursor = last_cursor(&http);
    assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)));
    let page = http.get(&format!("/api/events?from={cursor}")).expect(200).json();
    assert_eq!(
        (list(&page, "events").len(), str(&page, "next")),
        (0, &*cursor),
        "the end is where to ask again"
    );
    commit(&http, &moved(&People::small(5).person(0).stream(), "Ghent")).expect(201);
    assert_eq!(events_after(&http, &cursor, "").kinds(), ["PatientAddressUpdated"]);
}

#[test]
fn filters_leave_out_exactly_the_rest() {
    let (_server, http) = peopled(3);
    let all = events(&http, "_count=1000").events;
    let person = People::small(5).person(1);
    let keeps =
        |keep: &dyn Fn(&Value) -> bool| all.iter().filter(|event| keep(event)).cloned().collect::<Vec<_>>();
    let is = |event: &Value, kind: &str| str(event, "type") == kind;
    let of = |event: &Value, kind: &str| str(event, "stream").starts_with(kind);
    let patient = |event: &Value| at(event, "subject").as_str() == Some(&*person.stream());
    #[rustfmt::skip] // A table reads by column.
    let cases: [(String, Vec<Value>); 7] = [
        ("type=PatientRegistered".into(),                            keeps(&|e| is(e, "PatientRegistered"))),
        ("type=PatientRegistered,LabResultFinalized".into(),         keeps(&|e| is(e, "PatientRegistered") || is(e, "LabResultFinalized"))),
        ("type=PatientRegistered&type=LabResultFinalized".into(),    keeps(&|e| is(e, "PatientRegistered") || is(e, "LabResultFinalized"))),
        ("record=Observation".into(),                                keeps(&|e| of(e, "Observation/"))),
        (format!("record={}", person.stream()),                      keeps(&|e| str(e, "stream") == person.stream())),
        (format!("patient={}", person.id()),                         keeps(&patient)),
        (format!("patient={}&record=Observation", person.stream()),  keeps(&|e| patient(e) && of(e, "Observation/"))),
    ];
    for (query, wanted) in cases {
        assert!(!wanted.is_empty() && wanted.len() < all.len(), "{query} says something");
        assert!(events(&http, &query).events == wanted, "{query}");
        assert!(events(&http, &format!("{query}&_count=2")).events == wanted, "{query} in pages of two");
    }
    let stream = format!("/api/streams/{}?from=1&_count=1", person.stream());
    let page = http.get(&stream).expect(200).json();
    assert_eq!((list(&page, "events").len(), int(&page, "next")), (1, 2));
}

/// One server-sent event.
struct Frame {
    id: String,
    kind: String,
    data: Value,
}

/// A connection that follows the log.
struct Follower(BufReader<TcpStream>);

impl Follower {
    fn start(server: &Server, query: &str, headers: &str) -> Self {
        let host = server.url().replace("http://", "");
        let mut stream = TcpStream::connect(&host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET /api/events{query} HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut follower = Self(BufReader::new(stream));
        assert!(follower.line().starts_with("HTTP/1.1 200"));
        let head: Vec<_> =
            std::iter::from_fn(|| Some(follower.line()).filter(|line| !line.is_empty())).collect();
        assert!(
            head.iter().any(|line| line.eq_ignore_ascii_case("content-type: text/event-stream")),
            "{head:?}"
        );
        follower
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next event; what is no field of it, chunk sizes among them, is passed over.
    fn frame(&mut self) -> Frame {
        let (mut id, mut kind) = (String::new(), String::new());
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let line = self.line();
            match line.split_once(": ") {
                Some(("id", text)) => id = text.to_owned(),
                Some(("event", text)) => kind = text.to_owned(),
                Some(("data", text)) => return Frame { id, kind, data: json(text) },
                _ => {}
            }
        }
        panic!("no event came")
    }
}

#[test]
fn a_follower_gets_what_is_there_and_what_comes() {
    let (server, http) = peopled(1);
    let stream = People::small(5).person(0).stream();
    let there = events(&http, "_count=1000").events;
    let mut follower = Follower::start(&server, "", "");
    for event in &there {
        let frame = follower.frame();
        assert_eq!(frame.kind, str(event, "type"));
        assert!(frame.data == *event, "the same envelope as on a page");
    }
    let mut seen = Vec::new();
    for n in 0..5 {
        commit(&http, &moved(&stream, &format!("Town {n}"))).expect(201);
        let frame = follower.frame();
        assert_eq!(
            (frame.kind.as_str(), str(&frame.data, "data.address.0.city")),
            ("PatientAddressUpdated", &*format!("Town {n}"))
        );
        seen.push(frame.id);
    }
    drop(follower);

    let mut resumed =
        Follower::start(&server, "?from=ignored-by-resuming", &format!("last-event-id: {}\r\n", seen[2]));
    assert_eq!(resumed.frame().id, seen[3], "resumed after what was seen");
    let mut filtered = Follower::start(&server, "?type=PatientAddressUpdated", "");
    let ids: Vec<_> = (0..5).map(|_| filtered.frame().id).collect();
    assert_eq!(ids, seen);
}

/// Many write while one reads on: whoever has seen an event never finds another at or before it later.
#[test]
fn what_is_seen_is_complete() {
    let (server, http) = peopled(1);
    let stream = People::small(5).person(0).stream();
    let writers: Vec<_> = (0..8)
        .map(|client| {
            let (http, stream) = (server.http().with_header("anamnesis-wait", "log"), stream.clone());
            std::thread::spawn(move || {
                for n in 0..25 {
                    commit(&http, &moved(&stream, &format!("{client}-{n}"))).expect(201);
                }
            })
        })
        .collect();
    let mut cursor = String::new();
    let mut seen = Vec::new();
    while seen.len() < 200 {
        let read = events_after(&http, &cursor, "type=PatientAddressUpdated&_count=9");
        cursor = read.next;
        seen.extend(
            read.events
                .into_iter()
                .map(|event| (int(&event, "position.offset"), str(&event, "recorded_at").to_owned())),
        );
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert_eq!(seen.len(), 200);
    assert!(seen.is_sorted_by(|(a, at), (b, then)| a < b && at < then), "in order, each at its own moment");
    let versions: BTreeSet<_> =
        anamnesis_e2e::stream(&http, &stream).iter().map(|event| int(event, "version")).collect();
    assert_eq!(versions, (1..=201).collect());
    let reached = [("anamnesis-cursor", &*cursor)];
    let patient = http.send("GET", &format!("/fhir/{stream}"), &reached, None).expect(200).json();
    assert_eq!((str(&patient, "meta.versionId"), count(&http, "Patient")), ("201", 1));
}
