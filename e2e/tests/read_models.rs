//! The read models of one patient, as applications that don't speak FHIR read them.

use anamnesis_e2e::{at, bundle, commit, entry, int, json, list, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, People, Server};

/// The keys of the object at a path, in order.
fn keys(value: &Value, path: &str) -> Vec<String> {
    let object = if path.is_empty() { value } else { at(value, path) };
    object.as_object().map(|object| object.keys().map(str::to_owned).collect()).unwrap_or_default()
}

/// What every read model begins with, checked; gives the whole.
#[track_caller]
fn model(http: &Http, path: &str, id: &str) -> Value {
    let reply = http.get(path).expect(200);
    let said = reply.json();
    assert_eq!(keys(&said, ""), ["id", "version", "cursor", "as_of", "snapshot", "data"], "{path}");
    assert_eq!(str(&said, "id"), id);
    assert_eq!(str(&said, "cursor"), reply.header("anamnesis-cursor").unwrap_or_default());
    assert_eq!(at(&said, "as_of"), &Value::Null);
    let patient = http.get(&format!("/fhir/Patient/{id}")).expect(200).json();
    assert_eq!(int(&said, "version").to_string(), str(&patient, "meta.versionId"), "the Patient's version");
    said
}

const PATIENT: [&str; 10] = [
    "identifiers",
    "names",
    "gender",
    "birth_date",
    "deceased",
    "addresses",
    "telecoms",
    "contacts",
    "links",
    "active",
];
const CLINICAL: [&str; 7] =
    ["problems", "allergies", "medications", "encounters", "procedures", "immunizations", "vital_signs"];
const RESULT: [&str; 8] = ["record", "version", "value", "unit", "flag", "status", "effective", "corrects"];

/// People whose histories the demo tells, potassium that was corrected among it.
#[test]
fn a_demo_patient_has_every_model() {
    let server = Options::new().arg("--demo").start();
    let http = server.http();
    for n in [0, 3] {
        let person = People::small(1).person(n);
        let id = person.id();
        let patient = model(&http, &format!("/api/patients/{id}"), id);
        assert_eq!(keys(&patient, "data"), PATIENT);
        let resource = http.get(&format!("/fhir/Patient/{id}")).expect(200).json();
        for (ours, theirs) in
            [("names", "name"), ("addresses", "address"), ("gender", "gender"), ("birth_date", "birthDate")]
        {
            assert_eq!(text(at(&patient, &format!("data.{ours}"))), text(at(&resource, theirs)), "{ours}");
        }

        let record = model(&http, &format!("/api/patients/{id}/clinical-record"), id);
        assert_eq!(keys(&record, "data"), CLINICAL);
        assert!(!list(&record, "data.encounters").is_empty());

        let results = model(&http, &format!("/api/patients/{id}/lab-results"), id);
        assert_eq!(keys(&results, "data"), ["orders", "analytes"]);
        let is_potassium = |analyte: &&Value| str(analyte, "code.coding.0.code") == "2823-3";
        let analyte = list(&results, "data.analytes").iter().find(is_potassium).unwrap();
        assert_eq!(keys(analyte, ""), ["code", "results"]);
        let newest = at(analyte, "results.0");
        assert_eq!(keys(newest, ""), RESULT);
        assert_eq!((str(newest, "status"), str(newest, "unit")), ("corrected", "mmol/L"));
        assert_eq!(int(newest, "version"), 3);
        assert_eq!(int(newest, "corrects"), 2, "the version it put right");
        let read = http.get(&format!("/fhir/{}", str(newest, "record"))).expect(200).json();
        assert_eq!(
            text(at(newest, "value")),
            text(at(&read, "valueQuantity.value")),
            "the number keeps its text"
        );
    }
}

#[test]
fn a_write_is_seen_and_what_is_gone_is_gone() {
    let server = Server::start();
    let http = server.http();
    for path in ["", "/clinical-record", "/lab-results"] {
        let reply = http.get(&format!("/api/patients/p1{path}"));
        assert_eq!((reply.status, reply.header("content-type")), (404, Some("application/problem+json")));
    }
    http.put("/fhir/Patient/p1", &json(r#"{"resourceType":"Patient","id":"p1"}"#)).expect(201);
    let patient = model(&http, "/api/patients/p1", "p1");
    let nothing = r#"{"identifiers":[],"names":[],"gender":null,"birth_date":null,"deceased":null,"addresses":[],"telecoms":[],"contacts":[],"links":[],"active":true}"#;
    assert_eq!(text(at(&patient, "data")), nothing);

    let condition = r#"{"resourceType":"Condition","id":"c1","code":{"text":"asthma"},"subject":{"reference":"Patient/p1"},
        "clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}}"#;
    http.put("/fhir/Condition/c1", &json(condition)).expect(201);
    let record = model(&http, "/api/patients/p1/clinical-record", "p1");
    assert_eq!(str(&record, "data.problems.0.record"), "Condition/c1");
    assert_eq!(str(&record, "data.problems.0.clinical_status.coding.0.code"), "active");
    let resolved = r#"{"stream":"Condition/c1","type":"ConditionResolved","data":{"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"resolved"}]}}}"#;
    let cursor = commit(&http, resolved).expect(201);
    let cursor = [("anamnesis-cursor", cursor.header("anamnesis-cursor").unwrap())];
    let record = http.send("GET", "/api/patients/p1/clinical-record", &cursor, None).expect(200).json();
    assert_eq!(str(&record, "data.problems.0.clinical_status.coding.0.code"), "resolved");
    assert_eq!(int(&record, "data.problems.0.version"), 2);
    http.delete("/fhir/Condition/c1").expect(204);
    assert_eq!(list(&model(&http, "/api/patients/p1/clinical-record", "p1"), "data.problems").len(), 0);

    http.delete("/fhir/Patient/p1").expect(204);
    for path in ["", "/clinical-record", "/lab-results"] {
        let reply = http.get(&format!("/api/patients/p1{path}"));
        assert_eq!((reply.status, reply.header("content-type")), (410, Some("application/problem+json")));
    }
}

/// A chart whose Patient and Condition are always written together is never seen with one of them ahead of the other.
#[test]
fn a_read_model_is_of_one_moment() {
    const ROUNDS: u64 = 150;
    let server = Server::start();
    let write = |http: &Http, round: u64| {
        let entries = [
            entry(
                "",
                "PUT",
                "Patient/p",
                "",
                &format!(r#"{{"resourceType":"Patient","id":"p","name":[{{"family":"N{round}"}}]}}"#),
            ),
            entry(
                "",
                "PUT",
                "Condition/c",
                "",
                &format!(
                    r#"{{"resourceType":"Condition","id":"c","subject":{{"reference":"Patient/p"}},"code":{{"text":"{round}"}}}}"#
                ),
            ),
        ];
        bundle(http, "transaction", &entries).expect(200);
    };
    write(&server.http(), 1);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let http = server.http();
            (2..=ROUNDS).for_each(|round| write(&http, round));
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        let http = server.http();
        let mut versions = std::collections::BTreeSet::new();
        while !done.load(std::sync::atomic::Ordering::Acquire) || versions.is_empty() {
            let said = http.get("/api/patients/p/clinical-record").expect(200).json();
            let version = int(&said, "version");
            assert_eq!(str(&said, "data.problems.0.code.text"), version.to_string(), "{}", text(&said));
            versions.insert(version);
        }
    });
}
