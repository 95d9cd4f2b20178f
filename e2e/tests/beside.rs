//! Views are prepared beside a server that serves and takes writes, and the next start serves from them at once.
//!
//! There is one program to test with: as an older one's are taken views whose layout or shape was changed in their file.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anamnesis_e2e::{Run, count, generations, indexed, int, run, send, verified};
use anamnesis_json::{Object, Value};
use anamnesis_testkit::{Http, Options, Server, StartError, address_event, binary};
use rusqlite::{Connection, OpenFlags};

const PATIENTS: usize = 500;
/// More than fit into one batch.
const COMMITS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(60);

/// In what the views are another program's.
#[derive(Clone, Copy, Debug)]
enum Other {
    Layout,
    Shape,
}

/// A server with some thousand events.
fn filled(data: &Path) -> Server {
    let server = Options::new().data(data).start();
    for n in 0..COMMITS {
        let event = |patient: usize| -> Value {
            let (kind, data) = match n {
                0 => ("PatientRegistered", Object::new().with("active", true)),
                _ => ("PatientAddressUpdated", address_event((n * PATIENTS + patient) as u64)),
            };
            let events = vec![Value::from(Object::new().with("type", kind).with("data", data))];
            Object::new().with("stream", format!("Patient/p{patient}")).with("events", events).into()
        };
        let streams: Vec<Value> = (0..PATIENTS).map(event).collect();
        server.http().post("/api/commits", &Object::new().with("streams", streams).into()).expect(201);
    }
    server
}

/// Has the views be those of another program.
fn made_by_another(data: &Path, other: Other) {
    let views = Connection::open(data.join("views.db")).unwrap();
    let watermark = "SELECT value FROM view_meta WHERE name = 'watermark'";
    match other {
        Other::Layout => views.pragma_update(None, "user_version", 77).unwrap(),
        Other::Shape => {
            let mut value: Vec<u8> = views.query_row(watermark, [], |row| row.get(0)).unwrap();
            // The shape stands at its end.
            value.push(b'.');
            views.execute("UPDATE view_meta SET value = ?1 WHERE name = 'watermark'", [value]).unwrap();
        }
    }
}

fn words(data: &Path) -> Vec<String> {
    ["rebuild", "--beside", "--data", &data.to_string_lossy()].map(str::to_owned).to_vec()
}

fn beside(data: &Path) -> Run {
    run(&words(data))
}

/// One that is under way, with something of what it makes committed.
fn under_way(data: &Path) -> Child {
    let mut command = Command::new(binary());
    let child =
        command.args(words(data)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let (mut child, begun) = (child.unwrap(), Instant::now());
    while !has_some(&data.join("prepared.db")) {
        assert!(begun.elapsed() < PATIENCE && child.try_wait().unwrap().is_none(), "nobody saw it under way");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

fn has_some(views: &Path) -> bool {
    let opened = Connection::open_with_flags(views, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let watermark = "SELECT 1 FROM view_meta WHERE name = 'watermark'";
    opened.and_then(|views| views.query_row(watermark, [], |_| Ok(()))).is_ok()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

fn patient(http: &Http, id: &str) {
    let body = format!(r#"{{"resourceType":"Patient","id":"{id}","active":true}}"#);
    send(http, "PUT", &format!("/fhir/Patient/{id}"), &[], &body).expect(201);
}

/// Starts a server that was stopped, and asks it all the while; gives what it said meanwhile, and how often it told
/// somebody to come again.
fn started(server: &mut Server, patients: u64) -> (String, u32) {
    let (http, before) = (server.http(), server.stderr().len());
    let mut told_to_wait = 0;
    std::thread::scope(|scope| {
        let starting = scope.spawn(|| server.restart());
        while !starting.is_finished() {
            for url in ["/fhir/Patient/p0", "/fhir/Patient?_summary=count"] {
                match http.try_send("GET", url, &[], None) {
                    Ok(reply) if reply.status == 503 => told_to_wait += 1,
                    Ok(reply) => drop(reply.expect(200)),
                    Err(_) => std::thread::sleep(Duration::from_millis(5)),
                }
            }
        }
    });
    assert_eq!(count(&server.http(), "Patient"), patients);
    let said = server.stderr();
    (said.get(before..).unwrap().to_owned(), told_to_wait)
}

const TAKEN_UP: &str = "take the place";
const MADE_AGAIN: &str = "made again from the log";

#[test]
fn the_new_program_is_ready_at_once_and_nobody_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = filled(&data);
    let mut patients = PATIENTS as u64;
    for other in [Other::Layout, Other::Shape] {
        let http = server.http();
        std::thread::scope(|scope| {
            let beside = scope.spawn(|| beside(&data));
            while !beside.is_finished() {
                let id = format!("w{patients}");
                patient(&http, &id);
                patients += 1;
                http.get(&format!("/fhir/Patient/{id}")).expect(200);
                http.get("/readyz").expect(200);
            }
            let ended = beside.join().unwrap().expect(0);
            assert!(ended.out.contains("the views are ready"), "{}", ended.out);
        });
        // The old program goes on for a while.
        for _ in 0..10 {
            patient(&http, &format!("w{patients}"));
            patients += 1;
        }
        assert_eq!(count(&http, "Patient"), patients);
        server.terminate();
        made_by_another(&data, other);
        let (said, told_to_wait) = started(&mut server, patients);
        assert!(said.contains(TAKEN_UP) && !said.contains(MADE_AGAIN), "{other:?}: {said}");
        assert_eq!(told_to_wait, 0, "{other:?}: what is missing is folded while who asks waits");
        let told = generations(&server.http());
        assert_eq!(int(&told, "serving.number"), 1);
        assert_eq!(int(&told, "serving.events"), int(&told, "serving.of"));
        assert!(!data.join("prepared.db").exists());
    }
    server.terminate();
    assert_eq!(verified(&data), (PATIENTS * COMMITS) as u64 + patients - PATIENTS as u64);
}

#[test]
fn without_preparation_it_is_as_ever_and_what_was_prepared_for_nobody_goes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = filled(&data);
    for other in [Other::Layout, Other::Shape] {
        server.terminate();
        made_by_another(&data, other);
        let (said, _) = started(&mut server, PATIENTS as u64);
        assert!(said.contains(MADE_AGAIN) && !said.contains(TAKEN_UP), "{other:?}: {said}");
    }
    beside(&data).expect(0);
    assert!(data.join("prepared.db").exists());
    let (said, _) = started(&mut server, PATIENTS as u64);
    assert!(!said.contains(MADE_AGAIN) && !said.contains(TAKEN_UP), "{said}");
    assert!(!data.join("prepared.db").exists(), "those that serve are of the same program");
}

#[test]
fn one_that_was_killed_is_gone_on_with_or_taken_up_as_far_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = filled(&data);
    let mut killed = under_way(&data);
    killed.kill().unwrap();
    assert_eq!(killed.wait().unwrap().code(), None, "it had ended by itself");
    let ended = beside(&data).expect(0);
    assert!(ended.out.contains("were there already"), "{}", ended.out);

    // Gone on with by the start itself.
    std::fs::remove_file(data.join("prepared.db")).unwrap();
    let mut killed = under_way(&data);
    killed.kill().unwrap();
    assert_eq!(killed.wait().unwrap().code(), None, "it had ended by itself");
    server.kill9();
    made_by_another(&data, Other::Layout);
    let (said, _) = started(&mut server, PATIENTS as u64);
    assert!(said.contains(TAKEN_UP) && !said.contains(MADE_AGAIN), "{said}");
    server.terminate();
    assert_eq!(verified(&data), (PATIENTS * COMMITS) as u64);
}

#[test]
fn while_one_prepares_no_other_does_and_the_old_views_stay() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = filled(&data);
    let mut first = under_way(&data);
    signal(&first, "STOP");
    let second = beside(&data).expect(2);
    assert!(second.err.contains("another process prepares"), "{}", second.err);

    // The old program stops and starts as it likes.
    let (said, _) = started(&mut server, PATIENTS as u64);
    assert!(!said.contains(MADE_AGAIN) && !said.contains(TAKEN_UP), "{said}");
    server.terminate();
    // The new one does not make everything again, nor does it take what is not there yet.
    made_by_another(&data, Other::Shape);
    match server.try_restart() {
        Err(StartError::Ended { stderr, .. }) => {
            assert!(stderr.contains("another process prepares"), "{stderr}")
        }
        started => panic!("it started: {started:?}"),
    }
    signal(&first, "CONT");
    assert_eq!(first.wait().unwrap().code(), Some(0));
    let (said, told_to_wait) = started(&mut server, PATIENTS as u64);
    assert!(said.contains(TAKEN_UP) && !said.contains(MADE_AGAIN), "{said}");
    assert_eq!(told_to_wait, 0);
    server.terminate();
    verified(&data);
}

#[test]
fn the_old_program_makes_a_generation_of_its_own_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = filled(&data);
    let register = |code: &str| {
        let body = format!(
            r#"{{"resourceType":"SearchParameter","id":"{code}","url":"http://example.org/{code}","name":"s","status":"active",
            "description":"d","code":"{code}","base":["Patient"],"type":"string","expression":"Patient.contact.name.family"}}"#
        );
        send(&server.http(), "PUT", &format!("/fhir/SearchParameter/{code}"), &[], &body).expect(201);
    };
    register("kin");
    let mut first = under_way(&data);
    register("folk");
    indexed(&server.http(), 2);
    assert_eq!(first.wait().unwrap().code(), Some(0));
    server.terminate();
    // It has the one that was there when it was begun, and serves; the other is made as ever.
    made_by_another(&data, Other::Layout);
    let (said, _) = started(&mut server, PATIENTS as u64);
    assert!(said.contains(TAKEN_UP) && !said.contains(MADE_AGAIN), "{said}");
    let http = server.http();
    http.get("/fhir/Patient?kin=x").expect(200);
    indexed(&http, 2);
    http.get("/fhir/Patient?folk=x").expect(200);

    // Begun again, it has both.
    beside(&data).expect(0);
    server.terminate();
    made_by_another(&data, Other::Shape);
    let (said, _) = started(&mut server, PATIENTS as u64);
    assert!(said.contains(TAKEN_UP), "{said}");
    let http = server.http();
    http.get("/fhir/Patient?folk=x").expect(200);
    assert_eq!(int(&generations(&http), "serving.search_parameters"), 2);
    server.terminate();
    verified(&data);
}

#[test]
fn what_cannot_be_prepared_from_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let refused = beside(&data).expect(2);
    assert!(refused.err.contains("there is no store in"), "{}", refused.err);
    let mut server = Options::new().data(&data).start();
    patient(&server.http(), "p0");
    let key = std::fs::read(data.join("master.key")).unwrap();
    std::fs::remove_file(data.join("master.key")).unwrap();
    let refused = beside(&data).expect(2);
    assert!(refused.err.contains("the master key in"), "{}", refused.err);
    assert!(!data.join("master.key").exists(), "nobody makes another");
    std::fs::write(data.join("master.key"), key.iter().rev().copied().collect::<Vec<_>>()).unwrap();
    let refused = beside(&data).expect(2);
    assert!(refused.err.contains("master key"), "{}", refused.err);
    std::fs::write(data.join("master.key"), &key).unwrap();
    server.terminate();
    let log = Connection::open(data.join("log.db")).unwrap();
    log.execute_batch("UPDATE log_partition SET next = next + 1").unwrap();
    drop(log);
    let refused = beside(&data).expect(2);
    assert!(refused.err.contains("the log is damaged at partition 0"), "{}", refused.err);
    std::fs::write(data.join("format"), "2\n").unwrap();
    let refused = beside(&data).expect(2);
    assert!(refused.err.contains("has format 2"), "{}", refused.err);
}
