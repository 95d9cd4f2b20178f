//! The description of the event API, read and tried by programs that nobody here wrote.

use anamnesis_e2e::{SCRIPTS, at, commit, ends_well, python, str};
use anamnesis_json::Object;
use anamnesis_testkit::{Options, Server};

/// The validator is `openapi-spec-validator`.
#[test]
fn the_document_is_valid() {
    let Some(mut validator) = python("openapi-spec-validator") else { return };
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("openapi.json");
    std::fs::write(&document, &server.http().get("/api/openapi.json").expect(200).body).unwrap();
    validator.arg(&document);
    assert!(ends_well(validator).contains("OK"));
}

/// What the records hold that schemathesis is told of, deleted ones among them.
const RECORDS: &[&str] = &[
    r#"{"stream":"Patient/p1","type":"PatientRegistered","data":{"active":true,"name":[{"family":"Peeters"}]}}"#,
    r#"{"stream":"Patient/p1","type":"PatientAddressUpdated","data":{"address":[{"city":"Ghent"}]}}"#,
    r#"{"stream":"Patient/p2","type":"PatientRegistered","data":{"birthDate":"1970-02-03"}}"#,
    r#"{"stream":"Patient/p2","type":"PatientDeleted","data":{}}"#,
    r#"{"stream":"Observation/o1","type":"ObservationRecorded","data":{"status":"final","code":{"text":"k"},"valueInteger":7}}"#,
];

/// What the document says is what the server does, whatever is sent.
///
/// The log begins with the people of the demo, so that events of many types are read; the seed is always the same.
#[test]
fn the_server_does_as_the_document_says() {
    let Some(mut schemathesis) = python("schemathesis") else { return };
    let server = Options::new().arg("--demo").start();
    let http = server.http();
    for record in RECORDS {
        let answer = commit(&http, record).expect(201).json();
        schemathesis.env("END", str(&answer, "cursor"));
    }
    let page = http.get("/api/events?_count=1").expect(200).json();
    schemathesis.env("CURSOR", str(&page, "next"));
    let folder = tempfile::tempdir().unwrap();
    // Read from a file, the document leaves out no operation; from its own address it does the one that serves it.
    let document = http.get("/api/openapi.json").expect(200);
    std::fs::write(folder.path().join("openapi.json"), &document.body).unwrap();
    schemathesis.current_dir(folder.path());
    schemathesis.arg(format!("--config-file={SCRIPTS}/python/schemathesis.toml"));
    schemathesis.args([
        "run",
        "--seed=1",
        "--max-examples=15",
        "--continue-on-failure",
        "--request-timeout=10",
    ]);
    schemathesis.args(["--url", &server.url(), "openapi.json"]);
    let said = ends_well(schemathesis);
    let document = document.json();
    let paths = at(&document, "paths").as_object().unwrap();
    let operations: usize = paths.iter().filter_map(|(_, path)| path.as_object()).map(Object::len).sum();
    let all = format!("{operations} selected / {operations} total");
    for tried in [&all, "Coverage", "Fuzzing", "Stateful"] {
        assert!(said.contains(tried), "{tried:?} is not in what was said:\n{said}");
    }
}
