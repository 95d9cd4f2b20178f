//! Two records of one person: merged, followed, parted again, <https://hl7.org/fhir/R5/patient-operation-merge.html>.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anamnesis_e2e::{at, int, json, list, pages, send, str, stream, text, verified};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Reply, Server};

fn put(http: &Http, kind: &str, id: &str, more: &str) -> Value {
    let text = format!(r#"{{"resourceType":"{kind}","id":"{id}"{more}}}"#);
    send(http, "PUT", &format!("/fhir/{kind}/{id}"), &[], &text).json()
}

fn observation(http: &Http, id: &str, patient: &str) {
    let more = format!(
        r#","status":"final","code":{{"text":"x"}},"category":[{{"coding":[{{"code":"laboratory"}}]}}],"subject":{{"reference":"Patient/{patient}"}}"#
    );
    put(http, "Observation", id, &more);
}

/// Patients a, b and c, each with an observation.
fn three(http: &Http) {
    for id in ["a", "b", "c"] {
        put(http, "Patient", id, r#","active":true"#);
        observation(http, &format!("of-{id}"), id);
    }
}

fn asking(source: &str, target: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"Parameters","parameter":[{{"name":"source-patient","valueReference":{{"reference":"{source}"}}}},
        {{"name":"target-patient","valueReference":{{"reference":"{target}"}}}}{more}]}}"#
    )
}

fn operate(http: &Http, operation: &str, source: &str, target: &str) -> Reply {
    send(http, "POST", &format!("/fhir/Patient/{operation}"), &[], &asking(source, target, ""))
}

fn merge(http: &Http, source: &str, target: &str) -> Reply {
    operate(http, "$merge", &format!("Patient/{source}"), &format!("Patient/{target}"))
}

fn unmerge(http: &Http, source: &str, target: &str) -> Reply {
    operate(http, "$unmerge", &format!("Patient/{source}"), &format!("Patient/{target}"))
}

/// What a no says.
#[track_caller]
fn issue(reply: Reply, status: u16) -> String {
    let outcome = reply.expect(status).json();
    str(&outcome, "issue.0.diagnostics").to_owned()
}

/// A part of the answer.
fn part<'a>(answer: &'a Value, name: &str) -> Option<&'a Value> {
    list(answer, "parameter").iter().find(|part| str(part, "name") == name).map(|part| at(part, "resource"))
}

/// What everything about a patient is, by name.
fn everything(http: &Http, id: &str) -> String {
    let all = pages(http, &format!("/fhir/Patient/{id}/$everything?_count=2"));
    let entries = all.iter().flat_map(|page| list(page, "entry"));
    let mut names: Vec<_> =
        entries.map(|e| format!("{}/{}", str(e, "resource.resourceType"), str(e, "resource.id"))).collect();
    names.sort_unstable();
    names.join(" ")
}

fn patient(http: &Http, id: &str) -> Value {
    http.get(&format!("/fhir/Patient/{id}")).expect(200).json()
}

fn links(resource: &Value) -> String {
    let link = |link: &Value| format!("{} {}", str(link, "type"), str(link, "other.reference"));
    let links = resource.get("link").into_iter().flat_map(Value::each);
    links.map(link).collect::<Vec<_>>().join(", ")
}

const OF_A_AND_B: &str = "Observation/of-a Observation/of-b Patient/a Patient/b";

#[test]
fn a_merge_is_seen_from_both_sides() {
    let server = Server::start();
    let http = server.http();
    three(&http);
    let headers = [("anamnesis-reason", "registered twice"), ("idempotency-key", "once")];
    let sent = asking("Patient/a", &format!("{}/fhir/Patient/b/_history/1", server.url()), "");
    let answer = send(&http, "POST", "/fhir/Patient/$merge", &headers, &sent).expect(200).json();
    assert_eq!(text(part(&answer, "input").unwrap()), text(&json(&sent)));
    assert_eq!(str(part(&answer, "outcome").unwrap(), "issue.0.severity"), "information");
    assert_eq!(text(part(&answer, "result").unwrap()), text(&patient(&http, "b")));
    let again = send(&http, "POST", "/fhir/Patient/$merge", &headers, &sent).expect(200).json();
    assert_eq!(text(&again), text(&answer), "a key is done once");

    let (a, b) = (patient(&http, "a"), patient(&http, "b"));
    assert_eq!((at(&a, "active"), links(&a).as_str()), (&Value::Bool(false), "replaced-by Patient/b"));
    assert_eq!((at(&b, "active"), links(&b).as_str()), (&Value::Bool(true), "replaces Patient/a"));
    for id in ["a", "b"] {
        assert_eq!(everything(&http, id), OF_A_AND_B, "{id}");
        let results = http.get(&format!("/api/patients/{id}/lab-results")).expect(200).json();
        assert_eq!(list(&results, "data.analytes.0.results").len(), 2, "{id}");
    }
    assert_eq!(everything(&http, "c"), "Observation/of-c Patient/c");

    let (of_a, of_b) = (stream(&http, "Patient/a"), stream(&http, "Patient/b"));
    let (of_a, of_b) = (of_a.last().unwrap(), of_b.last().unwrap());
    assert_eq!(str(of_a, "commit_id"), str(of_b, "commit_id"));
    for (event, other, held) in [(of_a, "into", "Observation/of-a"), (of_b, "from", "Observation/of-b")] {
        assert_eq!((str(event, "type"), str(event, "reason")), ("PatientsMerged", "registered twice"));
        let named = str(event, &format!("data.merge.{other}"));
        assert_eq!(named, if other == "into" { "Patient/b" } else { "Patient/a" });
        assert_eq!(text(at(event, "data.merge.held")), format!(r#"["{held}"]"#));
    }
    observation(&http, "later", "a");
    assert!(everything(&http, "b").contains("Observation/later"), "what comes later is followed too");
}

#[test]
fn a_preview_changes_nothing() {
    let server = Server::start();
    let http = server.http();
    three(&http);
    let before = [text(&patient(&http, "a")), text(&patient(&http, "b"))];
    let preview = |operation: &str| {
        let sent = asking("Patient/a", "Patient/b", r#",{"name":"preview","valueBoolean":true}"#);
        send(&http, "POST", &format!("/fhir/Patient/{operation}"), &[], &sent)
    };
    let answer = preview("$merge").expect(200).json();
    assert_eq!(links(part(&answer, "result").unwrap()), "replaces Patient/a");
    let said = list(part(&answer, "outcome").unwrap(), "issue");
    assert!(said.iter().any(|issue| str(issue, "diagnostics").starts_with("1 records")), "{answer:?}");
    assert!(issue(preview("$unmerge"), 422).contains("not merged"));
    assert_eq!(before, [text(&patient(&http, "a")), text(&patient(&http, "b"))]);
    assert_eq!(stream(&http, "Patient/a").len(), 1);

    merge(&http, "a", "b").expect(200);
    let answer = preview("$unmerge").expect(200).json();
    assert_eq!(links(part(&answer, "result").unwrap()), "");
    assert!(issue(preview("$merge"), 422).contains("has yielded already, to Patient/b"));
    assert_eq!(links(&patient(&http, "b")), "replaces Patient/a");
}

#[test]
fn undone_after_further_changes_on_both() {
    let mut server = Server::start();
    let http = server.http();
    three(&http);
    merge(&http, "a", "b").expect(200);
    let address = r#"[{"op":"add","path":"/address","value":[{"city":"Ghent"}]},{"op":"add","path":"/link/-","value":{"other":{"reference":"Patient/c"},"type":"seealso"}}]"#;
    for id in ["a", "b"] {
        let patch = [("content-type", "application/json-patch+json")];
        http.send("PATCH", &format!("/fhir/Patient/{id}"), &patch, Some(address.into())).expect(200);
    }
    observation(&http, "later", "a");
    let merged =
        stream(&http, "Patient/a").iter().find(|e| str(e, "type") == "PatientsMerged").unwrap().clone();
    let answer = unmerge(&http, "a", "b").expect(200).json();
    assert_eq!(links(part(&answer, "result").unwrap()), "seealso Patient/c");
    for id in ["a", "b"] {
        let now = patient(&http, id);
        assert_eq!(links(&now), "seealso Patient/c", "{id}");
        assert_eq!((str(&now, "address.0.city"), at(&now, "active")), ("Ghent", &Value::Bool(true)), "{id}");
        let event = stream(&http, &format!("Patient/{id}")).pop().unwrap();
        assert_eq!(str(&event, "type"), "PatientsUnmerged");
        if id == "a" {
            assert_eq!(str(&event, "data.merge.undoes"), str(&merged, "event_id"));
        }
    }
    assert_eq!(everything(&http, "a"), "Observation/later Observation/of-a Patient/a");
    assert_eq!(everything(&http, "b"), "Observation/of-b Patient/b");
    assert!(issue(unmerge(&http, "a", "b"), 422).contains("not merged into Patient/b"), "once");

    merge(&http, "a", "b").expect(200);
    assert!(everything(&http, "b").contains("Observation/later"));
    server.restart();
    assert!(everything(&server.http(), "b").contains("Observation/later"));
    server.terminate();
    verified(&server.data());
}

#[test]
fn merges_of_merges() {
    let server = Server::start();
    let http = server.http();
    three(&http);
    merge(&http, "a", "b").expect(200);
    assert!(issue(merge(&http, "c", "a"), 422).contains("yielded itself, to Patient/b: merge into that"));
    assert!(issue(merge(&http, "b", "a"), 422).contains("yielded itself, to Patient/b"), "no ring");
    merge(&http, "b", "c").expect(200);
    let all = "Observation/of-a Observation/of-b Observation/of-c Patient/a Patient/b Patient/c";
    for id in ["a", "b", "c"] {
        assert_eq!(everything(&http, id), all, "{id}");
    }
    assert!(issue(unmerge(&http, "a", "c"), 422).contains("it yielded to Patient/b"));
    unmerge(&http, "a", "b").expect(200);
    assert_eq!(everything(&http, "a"), "Observation/of-a Patient/a");
    assert_eq!(everything(&http, "c"), "Observation/of-b Observation/of-c Patient/b Patient/c");
    unmerge(&http, "b", "c").expect(200);
    assert_eq!(at(&patient(&http, "b"), "active"), &Value::Bool(true));

    // A ring that someone writes by hand is one person, and found in the end.
    for (id, by) in [("a", "b"), ("b", "c"), ("c", "a")] {
        let link = format!(r#","link":[{{"other":{{"reference":"Patient/{by}"}},"type":"replaced-by"}}]"#);
        put(&http, "Patient", id, &link);
    }
    assert_eq!(everything(&http, "b"), all);
    assert!(issue(unmerge(&http, "a", "b"), 422).contains("was written, not merged"));
}

#[test]
fn what_is_refused() {
    let server = Server::start();
    let http = server.http();
    three(&http);
    http.delete("/fhir/Patient/c").expect(204);
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("$merge",   "Patient/a",            "Patient/a",            400, "another record"),
        ("$merge",   "Patient/a",            "Practitioner/b",       400, "a patient of this server"),
        ("$merge",   "Patient/a",            "Patient/nobody",       422, "never there"),
        ("$merge",   "Patient/nobody",       "Patient/a",            422, "never there"),
        ("$merge",   "Patient/a",            "Patient/c",            422, "deleted"),
        ("$merge",   "Patient/c",            "Patient/a",            422, "deleted"),
        ("$merge",   "Patient/a/_history/2", "Patient/b",            412, "version 1"),
        ("$merge",   "Patient/a",            "Patient/b/_history/7", 412, "version 1"),
        ("$unmerge", "Patient/a",            "Patient/b",            422, "not merged into Patient/b"),
        ("$unmerge", "Patient/nobody",       "Patient/b",            422, "never there"),
        ("$unmerge", "Patient/a/_history/9", "Patient/b",            412, "version 1"),
    ];
    for (operation, source, target, status, why) in cases {
        let said = issue(operate(&http, operation, source, target), status);
        assert!(said.contains(why), "{operation} {source} {target}: {said}");
    }
    let sent = asking("Patient/a", "Patient/b", "");
    let tagged = [("if-match", "W/\"1\"")];
    assert!(issue(send(&http, "POST", "/fhir/Patient/$merge", &tagged, &sent), 400).contains("If-Match"));
    assert_eq!(send(&http, "POST", "/fhir/Observation/$merge", &[], &sent).status, 404);
    assert_eq!(http.get("/fhir/Patient/$merge").status, 405);
    let event = r#"{"stream":"Patient/a","type":"PatientsMerged","data":{"merge":{"into":"Patient/b"}}}"#;
    anamnesis_e2e::commit(&http, event).expect(422);
    assert_eq!(stream(&http, "Patient/a").len() + stream(&http, "Patient/b").len(), 2, "nothing half done");

    merge(&http, "a", "b").expect(200);
    http.delete("/fhir/Patient/b").expect(204);
    assert!(issue(unmerge(&http, "a", "b"), 422).contains("deleted"));
    put(&http, "Patient", "b", r#","gender":"female""#);
    unmerge(&http, "a", "b").expect(200);
    assert_eq!(links(&patient(&http, "a")), "");
}

#[test]
fn of_two_merges_at_once_one_wins() {
    let server = Server::start();
    let http = server.http();
    for round in 0..12 {
        let ids = ["a", "b", "c"].map(|id| format!("{id}{round}"));
        for id in &ids {
            put(&http, "Patient", id, "");
        }
        let [a, b, c] = &ids;
        // Into two others, or each into the other.
        let second = if round % 2 == 0 { (a, c) } else { (b, a) };
        let both = [(a, b), second];
        let told: Vec<u16> = thread::scope(|scope| {
            let racing: Vec<_> = both
                .map(|(from, to)| scope.spawn(|| merge(&server.http(), from, to).status))
                .into_iter()
                .collect();
            racing.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let mut sorted = told.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [200, 422], "{told:?}");
        let merged: u64 = ids
            .iter()
            .flat_map(|id| stream(&http, &format!("Patient/{id}")))
            .filter(|event| str(event, "type") == "PatientsMerged")
            .map(|event| int(&event, "schema_version"))
            .sum();
        assert_eq!(merged, 2, "one commit over two streams");
    }
}

#[test]
fn undone_while_others_keep_writing() {
    let server = Server::start();
    let http = server.http();
    three(&http);
    merge(&http, "a", "b").expect(200);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for id in ["a", "a", "b", "b"] {
            let (done, server) = (&done, &server);
            scope.spawn(move || {
                let http = server.http();
                let mut n = 0;
                while !done.load(Ordering::Relaxed) {
                    n += 1;
                    let event = format!(
                        r#"{{"stream":"Patient/{id}","type":"PatientAddressUpdated","data":{{"address":[{{"city":"Town {n}"}}]}}}}"#
                    );
                    anamnesis_e2e::commit(&http, &event).expect(201);
                }
            });
        }
        let told = thread::scope(|asking| asking.spawn(|| unmerge(&server.http(), "a", "b").status).join());
        done.store(true, Ordering::Relaxed);
        assert_eq!(told.unwrap(), 200);
    });
    assert_eq!(links(&patient(&http, "a")) + &links(&patient(&http, "b")), "");
}
