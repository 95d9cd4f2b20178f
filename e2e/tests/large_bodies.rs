//! Bodies larger than is taken, however they come: 413 in the door's own words, and the server lives.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use anamnesis_e2e::{events, json, str};
use anamnesis_json::Value;
use anamnesis_testkit::{Options, Server};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Sends a head, then as much of the body as is taken; gives the status and the body of the answer.
fn answer(server: &Server, head: &str, chunk: &[u8], times: usize) -> (u16, Value) {
    let host = server.url().replace("http://", "");
    let mut stream = TcpStream::connect(&host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut reader = stream.try_clone().unwrap();
    // Reading meanwhile, as a client must that sends more than may be taken.
    let reading = std::thread::spawn(move || {
        let mut said = Vec::new();
        // A connection that is reset after the answer has been answered.
        let _ = reader.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    });
    let head = format!("{head}host: {host}\r\nconnection: close\r\n\r\n");
    let sent = stream.write_all(head.as_bytes()).is_ok();
    for _ in 0..times {
        if !sent || stream.write_all(chunk).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Write);
    let said = reading.join().unwrap();
    let status = said.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = said.split_once("\r\n\r\n").map_or("null", |(_, body)| body);
    (status, json(body.trim()))
}

#[test]
fn too_much_is_refused_at_both_doors() {
    let server = Server::start();
    let mebibyte = vec![b' '; 1 << 20];
    let chunk = [b"100000\r\n".as_slice(), &mebibyte, b"\r\n"].concat();
    for (path, kind) in [("/fhir/Patient", "fhir+json"), ("/fhir", "fhir+json"), ("/api/commits", "json")] {
        let head = format!("POST {path} HTTP/1.1\r\ncontent-type: application/{kind}\r\n");
        let known = answer(&server, &format!("{head}content-length: 104857600\r\n"), &mebibyte, 100);
        let chunked = answer(&server, &format!("{head}transfer-encoding: chunked\r\n"), &chunk, 100);
        for (how, (status, said)) in [("with its length", known), ("chunked", chunked)] {
            assert_eq!(status, 413, "{path} {how}");
            if path.starts_with("/fhir") {
                assert_eq!(str(&said, "resourceType"), "OperationOutcome", "{path} {how}");
                assert_eq!(str(&said, "issue.0.code"), "too-long");
            } else {
                assert!(str(&said, "type").ends_with("too-large"), "{path} {how}");
            }
        }
    }
    let http = server.http();
    http.get("/livez").expect(200);
    assert_eq!(events(&http, "").events.len(), 0);
    http.put("/fhir/Patient/p1", &json(r#"{"resourceType":"Patient","id":"p1"}"#)).expect(201);
}

/// A limit counts what a body is when it is unpacked: a bomb is not unpacked beyond it.
#[test]
fn a_bomb_is_not_unpacked() {
    let server = Options::new().arg("--body-bytes-max").arg("1000000").start();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..200 {
        encoder.write_all(&spaces).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1_000_000);
    for (path, kind) in [
        ("/fhir", "application/fhir+json"),
        ("/fhir/Binary", "image/png"),
        ("/api/commits", "application/json"),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\ncontent-type: {kind}\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n",
            bomb.len()
        );
        assert_eq!(answer(&server, &head, &bomb, 1).0, 413, "{path}");
    }
    let Some(pid) = server.pid() else { panic!("the server ended") };
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib < 150 << 10, "{peak_kib} KiB");
}

#[test]
fn the_limit_is_a_setting() {
    let server = Options::new().arg("--body-bytes-max").arg("2000").start();
    let patient = |bytes: usize| {
        let frame = r#"{"resourceType":"Patient","name":[{"text":""}]}"#.len();
        json(format!(r#"{{"resourceType":"Patient","name":[{{"text":"{}"}}]}}"#, "x".repeat(bytes - frame)))
    };
    server.http().post("/fhir/Patient", &patient(2_000)).expect(201);
    server.http().post("/fhir/Patient", &patient(2_001)).expect(413);
}

/// A body that never comes whole keeps nobody else waiting.
#[test]
fn a_body_that_breaks_off_is_nothing() {
    let server = Server::start();
    let head =
        "PUT /fhir/Patient/p1 HTTP/1.1\r\ncontent-type: application/fhir+json\r\ncontent-length: 100\r\n";
    let host = server.url().replace("http://", "");
    for _ in 0..50 {
        let mut stream = TcpStream::connect(&host).unwrap();
        stream.write_all(format!("{head}host: {host}\r\n\r\n{{\"resourceType\"").as_bytes()).unwrap();
    }
    let http = server.http();
    http.get("/fhir/Patient/p1").expect(404);
    assert_eq!(events(&http, "").events.len(), 0);
}
