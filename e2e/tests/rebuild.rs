//! Views may be lost, stale or someone else's: the answers are the same, byte for byte.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::path::Path;
use std::process::Command;

use anamnesis_testkit::{Options, People, Server, binary};

/// Questions whose answers depend on nothing but the log.
const QUESTIONS: [&str; 7] = [
    "/fhir/Patient?_count=50",
    "/fhir/Observation?category=laboratory&_count=40",
    "/fhir/Observation?status=final&_summary=count",
    "/fhir/Encounter?date=ge2010&_count=30",
    "/api/events?_count=200",
    "/fhir/PATIENT",
    "/fhir/PATIENT/_history",
];

fn serve(data: &Path) -> Server {
    Options::new().data(data).start()
}

/// All answers, without a bundle's own id and time and the server's port.
fn answers(server: &Server, patient: &str) -> Vec<String> {
    let paths = QUESTIONS.iter().map(|path| path.replace("PATIENT", patient)).chain([
        format!("/fhir/{patient}/$everything?_count=100"),
        format!("/api/{}/clinical-record", patient.replace("Patient", "patients")),
        format!("/api/{}/lab-results", patient.replace("Patient", "patients")),
    ]);
    let http = server.http();
    paths
        .map(|path| {
            let text = http.get(&path).expect(200).text().replace(&server.url(), "");
            if !text.starts_with("{\"resourceType\":\"Bundle\"") {
                return text;
            }
            let (_, after) = text.split_once("\"type\":\"").unwrap();
            after.to_owned()
        })
        .collect()
}

fn load(server: &Server, people: u64, seed: u64) -> String {
    let person = |n| People::small(seed).person(n);
    for n in 0..people {
        server.http().post("/fhir", &person(n).bundle_with_ids()).expect(200);
    }
    person(0).stream()
}

#[test]
fn lost_or_rebuilt_views_answer_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = serve(&data);
    let patient = load(&server, 6, 3);
    let before = answers(&server, &patient);
    server.terminate();
    drop(server);

    let rebuilt = Command::new(binary()).args(["rebuild", "--data"]).arg(&data).output().unwrap();
    assert_eq!(rebuilt.status.code(), Some(0), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    let mut server = serve(&data);
    assert_eq!(answers(&server, &patient), before, "after rebuild");
    server.terminate();
    drop(server);

    for file in ["views.db", "views.db-wal", "views.db-shm"] {
        let _ = std::fs::remove_file(data.join(file));
    }
    assert_eq!(answers(&serve(&data), &patient), before, "after the views were deleted");
}

#[test]
fn views_of_another_log_and_views_ahead_of_the_log_are_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (data, other, old) =
        (folder.path().join("data"), folder.path().join("other"), folder.path().join("old"));
    let mut server = serve(&other);
    load(&server, 3, 99);
    server.terminate();
    drop(server);
    let mut server = serve(&data);
    let patient = load(&server, 4, 3);
    let before = answers(&server, &patient);
    server.terminate();
    drop(server);

    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    };
    copy(&data, &old);
    std::fs::copy(other.join("views.db"), data.join("views.db")).unwrap();
    let mut server = serve(&data);
    assert_eq!(answers(&server, &patient), before, "views of another log");
    load(&server, 6, 3);
    server.terminate();
    drop(server);

    std::fs::copy(data.join("views.db"), old.join("views.db")).unwrap();
    assert_eq!(answers(&serve(&old), &patient), before, "views ahead of the log");
}

#[test]
fn a_directory_in_use_or_of_a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = serve(&data);
    let second = || Command::new(binary()).args(["verify", "--data"]).arg(&data).output().unwrap();
    let refused = second();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("in use"));
    server.terminate();
    drop(server);
    std::fs::write(data.join("format"), "2\n").unwrap();
    let refused = second();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("format 2"));
}
