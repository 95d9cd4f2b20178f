//! The keeper of servers against a stand-in: a shell script for what ends, a thread that listens for what answers.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anamnesis_json::Value;

use super::*;

/// An executable that runs this script.
fn script(dir: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = dir.path().join("stand-in");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Answers one request with these bytes, and tells what was asked.
fn answering(response: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 4096];
        let length = stream.read(&mut asked).unwrap();
        stream.write_all(response.as_bytes()).unwrap();
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    (base, thread)
}

#[test]
fn a_start_that_fails_shows_the_last_words() {
    let dir = tempfile::tempdir().unwrap();
    let failing = script(&dir, "echo \"$@\" >&2; echo \"color is $COLOR\" >&2; exit 3");
    let started = Options::new().binary(failing).arg("--redis").arg("none").env("COLOR", "blue").try_start();
    let Err(StartError::Ended { status, stderr }) = started else { panic!("{started:?}") };
    assert_eq!(status.code(), Some(3));
    assert!(stderr.starts_with("serve --data ") && stderr.contains("--listen 127.0.0.1:"), "{stderr}");
    assert!(stderr.ends_with("--redis none\ncolor is blue"), "{stderr}");
}

#[test]
fn a_lost_port_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let failing = script(&dir, "echo \"$@\" >&2; echo 'bind: Address already in use' >&2; exit 1");
    let Err(failure) = Options::new().store("postgres://nowhere").binary(failing).try_start() else {
        panic!("started")
    };
    let said = failure.to_string();
    let ports: std::collections::HashSet<_> =
        said.lines().filter(|line| line.starts_with("serve --store ")).collect();
    assert!(ports.len() > 1, "{said}");
    assert!(!said.contains("--data"), "{said}");
}

#[test]
fn nothing_to_start() {
    let started = Options::new().binary("/nowhere/anamnesis").try_start();
    assert!(matches!(started, Err(StartError::Unstarted(_))), "{started:?}");
}

#[test]
fn ends_when_asked_and_when_killed() {
    let sleeping = || Command::new("sleep").arg("600").spawn().unwrap();
    let server = |child| Server {
        options: Options::new(),
        room: tempfile::tempdir().unwrap(),
        port: 1,
        child: Some(child),
    };
    let mut asked = server(sleeping());
    assert!(asked.pid().is_some());
    assert!(!asked.terminate().unwrap().success());
    assert_eq!((asked.pid(), asked.terminate()), (None, None));
    let mut killed = server(sleeping());
    killed.kill9();
    assert_eq!(killed.pid(), None);
}

#[test]
fn every_status_is_an_answer() {
    let (base, thread) =
        answering("HTTP/1.1 410 Gone\r\nETag: W/\"3\"\r\nContent-Length: 8\r\n\r\n{\"a\":[]}");
    let reply = Http::new(&base).with_header("x-test", "yes").put("/fhir/Patient/p1", &Value::from("x"));
    assert_eq!(
        (reply.status, reply.header("etag"), reply.text().as_str()),
        (410, Some("W/\"3\""), "{\"a\":[]}")
    );
    assert!(reply.json().get("a").is_some());
    let asked = thread.join().unwrap().to_lowercase();
    assert!(asked.starts_with("put /fhir/patient/p1 http/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("content-type: application/fhir+json") && asked.contains("x-test: yes"),
        "{asked}"
    );
    assert!(Http::new(&base).try_send("GET", "/", &[], None).is_err());
}

#[test]
fn a_delete_has_no_body() {
    let (base, thread) = answering("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(Http::new(&base).delete("/fhir/Patient/p1").expect(204).body, b"");
    let asked = thread.join().unwrap().to_lowercase();
    assert!(asked.starts_with("delete ") && !asked.contains("content-type"), "{asked}");
}

/// The server that [`gets_ready_dies_and_comes_back`] starts: this test executable again, with an address to listen at.
#[test]
fn stand_in() {
    let Some(address) = std::env::var_os("STAND_IN_LISTEN") else { return };
    eprintln!("listening");
    let address = address.to_str().unwrap();
    let listener = TcpListener::bind(address).unwrap();
    println!("it listens on http://{address}");
    for (answered, stream) in listener.incoming().enumerate() {
        let mut stream = stream.unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let status = if answered < 2 { "503 Service Unavailable" } else { "200 OK" };
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

#[test]
fn gets_ready_dies_and_comes_back() {
    let (dir, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let exe = std::env::current_exe().unwrap();
    let again =
        format!("STAND_IN_LISTEN=$5 exec {} --exact servers::tests::stand_in --nocapture", exe.display());
    let mut server = Options::new().binary(script(&dir, &again)).data(data.path()).start();
    assert_eq!(server.data(), data.path());
    let (url, first) = (server.url(), server.pid().unwrap());
    assert_eq!(server.http().get("/anything").status, 200);

    server.kill9();
    assert!(server.http().try_send("GET", "/readyz", &[], None).is_err());
    server.restart();
    assert_ne!(server.pid(), Some(first));
    assert_eq!(server.url(), url);
    assert_eq!(server.stderr().matches("listening").count(), 2);

    server.restart();
    assert!(server.terminate().is_some());
    assert_eq!(server.pid(), None);
}
