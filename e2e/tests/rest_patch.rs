//! Changing a part of a record, each test a part of <https://hl7.org/fhir/R4/http.html#patch>.

use std::thread;

use anamnesis_e2e::{at, int, list, str, stream, text};
use anamnesis_testkit::{Http, Reply, Server};

const JSON_PATCH: (&str, &str) = ("content-type", "application/json-patch+json");
const PATIENT: &str =
    r#"{"resourceType":"Patient","id":"p1","name":[{"family":"Peeters"}],"address":[{"city":"Ghent"}]}"#;

fn patch(http: &Http, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers: Vec<_> = headers.iter().copied().chain([JSON_PATCH]).collect();
    http.send("PATCH", path, &headers, Some(body.as_bytes().to_vec()))
}

/// A server with one patient, at version 1.
fn with_patient() -> (Server, Http) {
    let server = Server::start();
    let http = server.http();
    let fhir = [("content-type", "application/fhir+json")];
    http.send("PUT", "/fhir/Patient/p1", &fhir, Some(PATIENT.into())).expect(201);
    (server, http)
}

/// The code of an answer's first issue, which must be an OperationOutcome's.
#[track_caller]
fn issue(reply: Reply, status: u16) -> String {
    let outcome = reply.expect(status).json();
    assert_eq!(str(&outcome, "resourceType"), "OperationOutcome");
    str(&outcome, "issue.0.code").to_owned()
}

/// A patch is answered like an update, and history and events tell what it changed.
#[test]
fn a_patch_is_a_version_and_is_named_by_what_it_changes() {
    let (_server, http) = with_patient();
    let body = r#"[{"op":"test","path":"/meta/versionId","value":"1"},{"op":"replace","path":"/address/0/city","value":"Bruges"}]"#;
    let why = [("anamnesis-reason", "moved")];
    let patched = patch(&http, "/fhir/Patient/p1", &why, body).expect(200);
    assert_eq!(patched.header("etag"), Some("W/\"2\""));
    assert!(patched.header("last-modified").is_some() && patched.header("anamnesis-cursor").is_some());
    assert_eq!(str(&patched.json(), "address.0.city"), "Bruges");
    assert_eq!(http.get("/fhir/Patient/p1").expect(200).text(), patched.text());
    let told = stream(&http, "Patient/p1");
    let last = told.last().unwrap();
    assert_eq!((str(last, "type"), str(last, "reason")), ("PatientAddressUpdated", "moved"));
    assert_eq!(int(&http.get("/fhir/Patient/p1/_history").expect(200).json(), "total"), 2);
}

/// A patch that changes nothing is no version.
#[test]
fn a_patch_that_changes_nothing_makes_no_version() {
    let (_server, http) = with_patient();
    for body in ["[]", r#"[{"op":"replace","path":"/address/0/city","value":"Ghent"}]"#] {
        let patched = patch(&http, "/fhir/Patient/p1", &[], body).expect(200);
        assert_eq!(patched.header("etag"), Some("W/\"1\""));
        assert_eq!(str(&patched.json(), "address.0.city"), "Ghent");
    }
    assert_eq!(stream(&http, "Patient/p1").len(), 1);
}

/// <https://hl7.org/fhir/R4/fhirpatch.html>: the same by FHIRPaths, in Parameters.
#[test]
fn a_patch_by_paths() {
    let (_server, http) = with_patient();
    let send = |operations: &str, headers: &[(&str, &str)]| {
        let headers: Vec<_> =
            headers.iter().copied().chain([("content-type", "application/fhir+json")]).collect();
        let body = format!(r#"{{"resourceType":"Parameters","parameter":[{operations}]}}"#);
        http.send("PATCH", "/fhir/Patient/p1", &headers, Some(body.into_bytes()))
    };
    let operation = |kind: &str, path: &str, rest: &str| {
        format!(
            r#"{{"name":"operation","part":[{{"name":"type","valueCode":"{kind}"}},{{"name":"path","valueString":"{path}"}}{rest}]}}"#
        )
    };
    let value = |value: &str| format!(r#",{{"name":"value",{value}}}"#);
    let city =
        operation("replace", "Patient.address.where(city='Ghent').city", &value(r#""valueString":"Bruges""#));
    let patched = send(&city, &[("if-match", "W/\"1\"")]).expect(200);
    assert_eq!(patched.header("etag"), Some("W/\"2\""));
    assert_eq!(str(&patched.json(), "address.0.city"), "Bruges");
    assert_eq!(str(stream(&http, "Patient/p1").last().unwrap(), "type"), "PatientAddressUpdated");

    // The first operation of a patch whose second fails is not carried out either.
    let gender = operation(
        "add",
        "Patient",
        &format!(r#",{{"name":"name","valueString":"gender"}}{}"#, value(r#""valueCode":"male""#)),
    );
    let refused = send(&format!("{gender},{city}"), &[]).expect(422);
    assert_eq!(str(&refused.json(), "issue.0.expression.0"), "Parameters.parameter[1]");
    assert!(at(&http.get("/fhir/Patient/p1").expect(200).json(), "gender").as_str().is_none());
    let taken =
        send(&format!("{gender},{}", operation("delete", "Patient.address[0]", "")), &[]).expect(200).json();
    assert_eq!((str(&taken, "gender"), list(&taken, "address").len()), ("male", 0));

    for (wrong, status) in [
        (operation("replace", "Patient.((", &value(r#""valueString":"x""#)), 400),
        (operation("erase", "Patient.name", ""), 400),
        (operation("replace", "Patient.gender", &value(r#""valueBoolean":true"#)), 422),
        (operation("replace", "Patient.id", &value(r#""valueId":"p2""#)), 422),
        ("7".to_owned(), 400),
    ] {
        issue(send(&wrong, &[]), status);
    }
    issue(send(&city, &[("if-match", "W/\"1\"")]), 412);
    issue(
        http.send(
            "PATCH",
            "/fhir/Patient/p1",
            &[("content-type", "application/fhir+json")],
            Some(PATIENT.into()),
        ),
        400,
    );
}

/// What an operation empties goes, since FHIR has no empty arrays.
#[test]
fn what_a_patch_empties_goes() {
    let (_server, http) = with_patient();
    let body = r#"[{"op":"remove","path":"/name/0"},{"op":"remove","path":"/address/0/city"}]"#;
    let patched = patch(&http, "/fhir/Patient/p1", &[], body).expect(200).json();
    assert!(list(&patched, "name").is_empty() && list(&patched, "address").is_empty(), "{}", text(&patched));
}

/// "Version aware" patches: <https://hl7.org/fhir/R4/http.html#concurrency>
#[test]
fn a_patch_of_another_version_is_refused() {
    let (_server, http) = with_patient();
    let body = |city: &str| format!(r#"[{{"op":"add","path":"/address/0/city","value":"{city}"}}]"#);
    patch(&http, "/fhir/Patient/p1", &[("if-match", "W/\"1\"")], &body("Bruges")).expect(200);
    assert_eq!(
        issue(patch(&http, "/fhir/Patient/p1", &[("if-match", "W/\"1\"")], &body("Aalst")), 412),
        "conflict"
    );
    issue(patch(&http, "/fhir/Patient/p1", &[("if-match", "new")], &body("Aalst")), 400);
    assert_eq!(stream(&http, "Patient/p1").len(), 2);
}

/// A patch is carried out as a whole or not at all, and says why not.
#[test]
fn a_patch_that_does_not_fit_is_refused_as_a_whole() {
    let (_server, http) = with_patient();
    let first = r#"{"op":"remove","path":"/name"}"#;
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // second operation                                                           status  where
        (r#"{"op":"test","path":"/address/0/city","value":"Bruges"}"#,              422, "patch[1]"),
        (r#"{"op":"remove","path":"/telecom"}"#,                                    422, "patch[1]"),
        (r#"{"op":"add","path":"/address/7","value":{}}"#,                          422, "patch[1]"),
        (r#"{"op":"replace","path":"/id","value":"p2"}"#,                           422, "patch"),
        (r#"{"op":"replace","path":"/resourceType","value":"Person"}"#,             422, "patch"),
        (r#"{"op":"replace","path":"","value":[]}"#,                                422, "patch"),
        (r#"{"op":"replace","path":"/address","value":"Ghent"}"#,                   422, "Patient.address"),
        (r#"{"op":"copy","from":"","path":"/address/0/city"}"#,                     422, "Patient.address[0].city"),
        (r#"{"op":"set","path":"/name"}"#,                                          400, "patch[1].op"),
        (r#"{"op":"add","path":"name","value":1}"#,                                 400, "patch[1].path"),
        ("7",                                                                       400, "patch[1]"),
    ];
    for (second, status, place) in cases {
        let refused = patch(&http, "/fhir/Patient/p1", &[], &format!("[{first},{second}]")).expect(status);
        assert_eq!(str(&refused.json(), "issue.0.expression.0"), place, "{second}");
        assert!(!refused.text().contains("Ghent") && !refused.text().contains("Peeters"));
    }
    issue(patch(&http, "/fhir/Patient/p1", &[], "{}"), 400);
    issue(patch(&http, "/fhir/Patient/p1", &[], "[{"), 400);
    assert_eq!(http.get("/fhir/Patient/p1").expect(200).header("etag"), Some("W/\"1\""));
}

/// Only what is there can be patched; a patch never creates.
#[test]
fn what_is_not_there_is_not_patched() {
    let (_server, http) = with_patient();
    let body = r#"[{"op":"add","path":"/gender","value":"male"}]"#;
    assert_eq!(issue(patch(&http, "/fhir/Patient/never", &[], body), 404), "not-found");
    http.delete("/fhir/Patient/p1").expect(204);
    assert_eq!(issue(patch(&http, "/fhir/Patient/p1", &[], body), 410), "deleted");
    issue(patch(&http, "/fhir/Dragon/p1", &[], body), 404);
    issue(patch(&http, "/fhir/Patient/a_b", &[], body), 400);
}

/// <https://hl7.org/fhir/R4/http.html#patch>: criteria in place of an id find the one record that is patched.
#[test]
fn criteria_find_what_is_patched() {
    let (_server, http) = with_patient();
    let fhir = [("content-type", "application/fhir+json")];
    let other = PATIENT.replace("p1", "p2").replace("Peeters", "Janssens");
    http.send("PUT", "/fhir/Patient/p2", &fhir, Some(other.into())).expect(201);
    let body = r#"[{"op":"add","path":"/address/0/city","value":"Bruges"}]"#;
    let key = [("idempotency-key", "k1")];
    for _ in 0..2 {
        let patched = patch(&http, "/fhir/Patient?name=peeters", &key, body).expect(200);
        assert_eq!((patched.header("etag"), str(&patched.json(), "id")), (Some("W/\"2\""), "p1"));
    }
    assert_eq!(issue(patch(&http, "/fhir/Patient?name=nobody", &[], body), 404), "not-found");
    assert_eq!(issue(patch(&http, "/fhir/Patient?_id=p1,p2", &[], body), 412), "multiple-matches");
    issue(patch(&http, "/fhir/Patient?name=peeters", &[("if-match", "W/\"1\"")], body), 412);
    issue(patch(&http, "/fhir/Patient?dragon=7", &[], body), 400);
    issue(patch(&http, "/fhir/Patient", &[], body), 400);
    assert_eq!(stream(&http, "Patient/p2").len(), 1);
}

/// <https://www.rfc-editor.org/rfc/rfc5789#section-2.2>: an unsupported patch is answered with those that are taken.
#[test]
fn other_media_types_are_no_patches() {
    let (_server, http) = with_patient();
    for media in ["application/merge-patch+json", "text/plain", "application/json-patch+json; charset=latin1"]
    {
        let sent = http.send("PATCH", "/fhir/Patient/p1", &[("content-type", media)], Some(b"[]".to_vec()));
        assert!(
            sent.header("accept-patch").is_some_and(|taken| taken.contains("application/json-patch+json"))
        );
        issue(sent, 415);
    }
}

/// `Prefer` on patches: <https://hl7.org/fhir/R4/http.html#ops>
#[test]
fn a_patch_is_answered_as_preferred() {
    let (_server, http) = with_patient();
    for (n, (prefer, kind)) in
        [("minimal", ""), ("representation", "Patient"), ("OperationOutcome", "OperationOutcome")]
            .into_iter()
            .enumerate()
    {
        let body = format!(r#"[{{"op":"add","path":"/address/0/city","value":"C{n}"}}]"#);
        let prefer = [("prefer", &*format!("return={prefer}"))];
        let patched = patch(&http, "/fhir/Patient/p1", &prefer, &body).expect(200);
        let found = if patched.body.is_empty() {
            String::new()
        } else {
            str(&patched.json(), "resourceType").to_owned()
        };
        assert_eq!(found, kind);
    }
}

/// A key makes a repetition harmless: the patch is done once and answered twice.
#[test]
fn a_patch_comes_again() {
    let (_server, http) = with_patient();
    let body = r#"[{"op":"add","path":"/name/-","value":{"text":"Nele"}}]"#;
    let key = [("idempotency-key", "k1")];
    let first = patch(&http, "/fhir/Patient/p1", &key, body).expect(200);
    let second = patch(&http, "/fhir/Patient/p1", &key, body).expect(200);
    assert_eq!(first.text(), second.text());
    assert_eq!(list(&first.json(), "name").len(), 2);
    assert_eq!(stream(&http, "Patient/p1").len(), 2);
    issue(patch(&http, "/fhir/Patient/p1", &key, "[]"), 409);
}

/// Reading, changing and writing are one step: of many who patch at once none overwrites another.
#[test]
fn patches_that_race_all_count() {
    const WRITERS: usize = 8;
    const EACH: usize = 10;
    let (_server, http) = with_patient();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let http = http.clone();
            scope.spawn(move || {
                for n in 0..EACH {
                    // Some do not wait for the views, so that what they wrote is not seen yet by the next.
                    let wait = [("anamnesis-wait", if n % 2 == 0 { "log" } else { "views" })];
                    let body =
                        format!(r#"[{{"op":"add","path":"/name/-","value":{{"text":"{writer}-{n}"}}}}]"#);
                    patch(&http, "/fhir/Patient/p1", &wait, &body).expect(200);
                }
            });
        }
    });
    let patient = http.get("/fhir/Patient/p1").expect(200).json();
    assert_eq!(list(&patient, "name").len(), 1 + WRITERS * EACH);
    assert_eq!(str(at(&patient, "meta"), "versionId"), (1 + WRITERS * EACH).to_string());
}
/// A patch reads before it writes, and is not starved by those who need not.
#[test]
fn a_patch_is_not_starved_by_those_who_put() {
    let (_server, http) = with_patient();
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        for client in 0..6 {
            let (http, stop) = (http.clone(), &stop);
            scope.spawn(move || {
                for n in 0.. {
                    if stop.load(std::sync::atomic::Ordering::Relaxed) {
                        return;
                    }
                    let body = PATIENT.replace("Ghent", &format!("Town {client} {n}"));
                    let headers = [("content-type", "application/fhir+json"), ("anamnesis-wait", "log")];
                    http.send("PUT", "/fhir/Patient/p1", &headers, Some(body.into())).expect(200);
                }
            });
        }
        let statuses: Vec<_> = (0..40)
            .map(|n| {
                let body = format!(r#"[{{"op":"add","path":"/birthDate","value":"19{:02}-01-01"}}]"#, n + 10);
                patch(&http, "/fhir/Patient/p1", &[], &body).status
            })
            .collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    });
}
