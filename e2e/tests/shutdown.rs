//! Told to stop, the server finishes what was begun, takes nothing new, and ends well.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anamnesis_e2e::{commit, count, json, verified};
use anamnesis_testkit::{Options, Server};

/// How long an ending may take that has nothing left to wait for.
const PROMPT: Duration = Duration::from_secs(5);

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url().replace("http://", "")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Begins a PUT with a body of so many bytes, and waits until the server is at it, which then asks for the body.
fn put(stream: &mut TcpStream, bytes: usize) {
    let head = format!(
        "PUT /fhir/Patient/p1 HTTP/1.1\r\nhost: x\r\ncontent-type: application/fhir+json\r\nexpect: 100-continue\r\ncontent-length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut goes_on = [0; 25];
    stream.read_exact(&mut goes_on).unwrap();
    assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n");
}

/// Waits until it takes no connections any more.
fn closed(server: &Server) {
    let begun = Instant::now();
    let host = server.url().replace("http://", "");
    while TcpStream::connect(&host).is_ok() {
        assert!(begun.elapsed() < PROMPT, "it still takes connections");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_request_under_way_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Options::new().data(folder.path()).start();
    let body = r#"{"resourceType":"Patient","id":"p1","gender":"female"}"#;
    let (first, rest) = body.split_at(20);
    let mut half = connect(&server);
    put(&mut half, body.len());
    half.write_all(first.as_bytes()).unwrap();
    server.signal("TERM");
    closed(&server);
    half.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let begun = Instant::now();
    assert_eq!(server.terminate().and_then(|status| status.code()), Some(0));
    assert!(begun.elapsed() < PROMPT, "{:?}", begun.elapsed());
    server.restart();
    assert_eq!(count(&server.http(), "Patient?_id=p1"), 1);
}

/// One who follows the log would wait for ever; the end does not wait for them.
#[test]
fn a_follower_does_not_keep_it_from_ending() {
    let mut server = Server::start();
    commit(
        &server.http(),
        r#"{"stream":"Patient/p1","type":"PatientRegistered","data":{"gender":"female"}}"#,
    )
    .expect(201);
    let mut follower = connect(&server);
    follower.write_all(b"GET /api/events HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n").unwrap();
    let mut lines = BufReader::new(follower).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("data: ")), "it follows");
    let begun = Instant::now();
    assert_eq!(server.terminate().and_then(|status| status.code()), Some(0));
    assert!(begun.elapsed() < PROMPT, "it took {:?}", begun.elapsed());
    assert!(lines.all(|line| line.is_ok()), "the stream ends, it is not torn");
}

/// Nor does one who never sends the rest: patience is a setting.
#[test]
fn a_request_that_never_comes_whole_is_given_up() {
    let setting = ["--set", "limits.shutdown_ms_max=700"];
    let mut server = Options::new().arg(setting[0]).arg(setting[1]).start();
    let mut half = connect(&server);
    put(&mut half, 50);
    half.write_all(b"{").unwrap();
    let begun = Instant::now();
    assert_eq!(server.terminate().and_then(|status| status.code()), Some(0));
    assert!(
        begun.elapsed() >= Duration::from_millis(600) && begun.elapsed() < PROMPT,
        "{:?}",
        begun.elapsed()
    );
    assert!(server.stderr().contains("some requests did not end in time"), "{}", server.stderr());
}

#[test]
fn writers_at_the_end_know_what_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Options::new().data(folder.path()).start();
    let writers: Vec<_> = (0..8)
        .map(|client| {
            let http = server.http();
            std::thread::spawn(move || {
                let kept = |n: &u32| {
                    let id = format!("w{client}-{n}");
                    let body = json(format!(r#"{{"resourceType":"Patient","id":"{id}"}}"#));
                    let headers = [("content-type", "application/fhir+json")];
                    let reply =
                        http.try_send("PUT", &format!("/fhir/Patient/{id}"), &headers, Some(body.to_text()));
                    reply.is_ok_and(|reply| reply.status == 201)
                };
                (0..100_000).take_while(kept).count()
            })
        })
        .collect();
    let begun = Instant::now();
    while count(&server.http(), "Patient") < 100 {
        assert!(begun.elapsed() < Duration::from_secs(60), "too slow to say anything");
    }
    assert_eq!(server.terminate().and_then(|status| status.code()), Some(0));
    let kept: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    let events = verified(folder.path());
    assert!(events >= kept as u64, "{events} events, {kept} acknowledged");
    assert!(events <= kept as u64 + 8, "at most one of each writer went unanswered");
}
