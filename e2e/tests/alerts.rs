//! Alerts without Prometheus: told to a webhook and to the log, once when they begin and once when they are over.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anamnesis_e2e::{Answer, Received, Receiver, at, json, list, str};
use anamnesis_json::Value;
use anamnesis_testkit::{Options, Server};

const SECRET: &str = "a secret of the hook";

/// A server that looks twenty times a second and takes one connection.
fn server(receiver: &Receiver, secret: &std::path::Path) -> Server {
    std::fs::write(secret, format!("{SECRET}\n")).unwrap();
    let set = |options: Options, setting: String| options.arg("--set").arg(setting);
    let options = set(Options::new(), format!("alerts.webhook={}/hook", receiver.url()));
    let options = set(options, "alerts.every_ms=50".to_owned());
    let options = set(options, "limits.connections_max=4".to_owned());
    set(options, format!("alerts.secret_file={}", secret.display())).start()
}

/// Comes with more connections than are let in, so that some are turned away.
fn crowd(server: &Server) {
    let address = server.url().replace("http://", "");
    let crowd: Vec<TcpStream> = (0..12).filter_map(|_| TcpStream::connect(&address).ok()).collect();
    drop(crowd);
}

fn message(received: &Received) -> Value {
    json(String::from_utf8_lossy(&received.body))
}

/// What was told of one alert: its states in order, a repeated message once.
fn told(received: &[Received], alert: &str) -> Vec<(String, Value)> {
    let mut told: Vec<(String, Value)> = Vec::new();
    for message in received.iter().map(message).filter(|message| name(message) == alert) {
        let status = str(&message, "status").to_owned();
        if told.last().is_none_or(|(last, _)| *last != status) {
            told.push((status, message));
        }
    }
    told
}

fn name(message: &Value) -> &str {
    str(message, "commonLabels.alertname")
}

fn hmac(body: &[u8]) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, body);
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

const TURNED_AWAY: &str = "AnamnesisClientsTurnedAway";

#[test]
fn what_begins_is_told_once_and_what_is_over_too() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    // The first tries fail, each in its own way.
    receiver.answer_with([Answer::Status(503), Answer::Nothing]);
    let server = server(&receiver, &folder.path().join("secret"));
    let begun = Instant::now();
    let fired = loop {
        crowd(&server);
        if let Some(fired) = told(&receiver.received(), TURNED_AWAY).into_iter().next() {
            break fired;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is told:\n{}", server.stderr());
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(fired.0, "firing");
    assert!(begun.elapsed() > Duration::from_millis(900), "it must last for twenty looks");
    let over = receiver.wait_for("the end", |received| told(received, TURNED_AWAY).into_iter().nth(1));
    assert_eq!(over.0, "resolved");

    for (_, message) in [&fired, &over] {
        assert_eq!((str(message, "version"), list(message, "alerts").len()), ("4", 1));
        assert_eq!(str(message, "commonLabels.severity"), "warning");
        assert_eq!(str(message, "commonLabels.instance"), server.url());
        assert_eq!(str(message, "alerts.0.status"), str(message, "status"));
        assert!(str(message, "commonAnnotations.description").contains("limit"));
    }
    let same = |path: &str| assert_eq!(at(&fired.1, path).as_str(), at(&over.1, path).as_str(), "{path}");
    same("alerts.0.startsAt");
    same("alerts.0.fingerprint");
    same("groupKey");
    assert_eq!(str(&fired.1, "alerts.0.endsAt"), "0001-01-01T00:00:00Z");
    assert!(str(&over.1, "alerts.0.endsAt") > str(&over.1, "alerts.0.startsAt"));

    let received = receiver.received();
    let first = received.first().unwrap();
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/hook"));
    assert_eq!(first.header("content-type"), Some("application/json"));
    for one in &received {
        assert_eq!(one.header("anamnesis-signature"), Some(hmac(&one.body).as_str()));
    }
    // The one that was not taken came again as it was, after a while; no other came twice.
    let mut times: BTreeMap<&[u8], Vec<Instant>> = BTreeMap::new();
    received.iter().for_each(|one| times.entry(&one.body).or_default().push(one.at));
    let tries: Vec<usize> = times.values().map(Vec::len).collect();
    assert_eq!(tries.iter().filter(|tries| **tries == 3).count(), 1, "{tries:?}");
    assert!(tries.iter().all(|tries| [1, 3].contains(tries)), "{tries:?}");
    let again = times.values().find(|times| times.len() == 3).unwrap();
    assert!(again[1] - again[0] > Duration::from_millis(900) && again[2] - again[1] > again[1] - again[0]);

    let said = server.stderr();
    assert_eq!(said.matches("alert: clients are turned away").count(), 1, "{said}");
    assert_eq!(said.matches("alert is over: clients are turned away").count(), 1, "{said}");
    let begun = Instant::now();
    // One client: each that is new comes with a connection, and few are let in.
    let http = server.http();
    loop {
        let metrics = http.get("/metrics").expect(200).text();
        let count = metrics.lines().find_map(|line| {
            line.strip_prefix("anamnesis_alert_messages_total{result=\"sent\"} ")?.parse::<usize>().ok()
        });
        if count == Some(times.len()) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{} were sent, {count:?} counted", times.len());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_is_refused_for_good_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    receiver.answer_with([Answer::Status(404)]);
    let server = server(&receiver, &folder.path().join("secret"));
    let begun = Instant::now();
    // What is refused may be another alert, of the machine a test runs on.
    let begins = || !told(&receiver.received(), TURNED_AWAY).is_empty();
    while !server.stderr().contains("an alert could not be told to the webhook") || !begins() {
        crowd(&server);
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", server.stderr());
        std::thread::sleep(Duration::from_millis(100));
    }
    receiver.wait_for("the end", |received| {
        told(received, TURNED_AWAY).into_iter().find(|(status, _)| status == "resolved")
    });
    let received = receiver.received();
    let first = received.first().map(|one| one.body.clone()).unwrap();
    assert_eq!(received.iter().filter(|one| one.body == first).count(), 1);
}

#[test]
fn a_server_in_order_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    let server = server(&receiver, &folder.path().join("secret"));
    let http = server.http();
    for n in 0..30 {
        let patient = format!(r#"{{"resourceType":"Patient","id":"p{n}"}}"#);
        http.put(&format!("/fhir/Patient/p{n}"), &json(&patient)).expect(201);
        std::thread::sleep(Duration::from_millis(50));
    }
    let expected = ["AnamnesisDiskNearlyFull", "AnamnesisNoRoomToRebuild", "AnamnesisSyncSlow"];
    let received = receiver.received();
    // The machine a test runs on may have such a disk.
    let odd: Vec<Value> = received.iter().map(message).filter(|one| !expected.contains(&name(one))).collect();
    assert!(odd.is_empty(), "{:?}", odd.iter().map(name).collect::<Vec<_>>());
}

#[test]
fn a_secret_that_cannot_be_used_is_told_at_the_start() {
    let start = |secret: &str| {
        let options = Options::new().arg("--set").arg("alerts.webhook=http://127.0.0.1:9/");
        options
            .arg("--set")
            .arg(format!("alerts.secret_file={secret}"))
            .try_start()
            .err()
            .unwrap()
            .to_string()
    };
    assert!(start("/nowhere/secret").contains("the secret of the webhook in /nowhere/secret cannot be read"));
    let folder = tempfile::tempdir().unwrap();
    let short = folder.path().join("short");
    std::fs::write(&short, "guess").unwrap();
    assert!(start(&short.display().to_string()).contains("has less than 16 bytes"));
}

/// A threshold that is set is what counts, and what is told.
#[test]
fn what_is_in_order_can_be_set() {
    let receiver = Receiver::start();
    let options =
        ["alerts.every_ms=20", "alerts.disk_nearly_full_percent=100", "alerts.disk_nearly_full_bytes=7"];
    let options = options.iter().fold(Options::new(), |options, set| options.arg("--set").arg(set));
    let hook = format!("alerts.webhook={}/hook", receiver.url());
    let server = options.arg("--set").arg(&hook).start();
    let (status, message) = receiver.wait_for("a disk that is not free", |received| {
        told(received, "AnamnesisDiskNearlyFull").into_iter().next()
    });
    assert_eq!(status, "firing");
    assert_eq!(str(&message, "commonAnnotations.summary"), "the disk has less than 100 % or 7 bytes free");
    assert!(server.stderr().contains("alert: the disk has less than 100 % or 7 bytes free"));
}
