//! How a transaction is carried out, each test a part of <https://hl7.org/fhir/R4/http.html#trules>.

use std::collections::BTreeSet;

use anamnesis_e2e::{
    at, bundle, count, entry, events, int, issue, json, last_cursor, list, refused, send, status, str,
    stream, taken,
};
use anamnesis_testkit::{Http, Options, Server};

fn patient(id: &str, number: u32) -> String {
    let id = if id.is_empty() { String::new() } else { format!(r#""id":"{id}","#) };
    format!(r#"{{"resourceType":"Patient",{id}"identifier":[{{"system":"urn:mrn","value":"{number}"}}]}}"#)
}

fn observation(subject: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"subject":{{"reference":"{subject}"}}}}"#
    )
}

fn make(http: &Http, id: &str, number: u32) {
    send(http, "PUT", &format!("/fhir/Patient/{id}"), &[], &patient(id, number)).expect(201);
}

/// The number of a resource's identifier.
fn number(http: &Http, name: &str) -> String {
    str(&http.get(&format!("/fhir/{name}")).expect(200).json(), "identifier.0.value").to_owned()
}

/// "Conditional update and delete": every condition an entry's request can have.
#[test]
fn every_condition_in_one_transaction() {
    let server = Server::start();
    let http = server.http();
    for (id, n) in [("p1", 1), ("p2", 2), ("p3", 3), ("p4", 4)] {
        make(&http, id, n);
    }
    let entries = [
        entry("", "PUT", "Patient?identifier=urn:mrn|1", "", &patient("", 1).replace("\"1\"", "\"11\"")),
        entry("", "PUT", "Patient?identifier=urn:mrn|5", "", &patient("", 5)),
        entry("", "PUT", "Patient?identifier=urn:mrn|6", "", &patient("p6", 6)),
        entry("", "DELETE", "Patient?identifier=urn:mrn|2", "", ""),
        entry("", "DELETE", "Patient?identifier=urn:mrn|9", "", ""),
        entry("", "POST", "Patient", r#","ifNoneExist":"identifier=urn:mrn|3""#, &patient("", 3)),
        entry("", "PUT", "Patient/p4", r#","ifMatch":"W/\"1\"""#, &patient("p4", 44)),
        entry("", "PUT", "Patient/p7", r#","ifNoneMatch":"*""#, &patient("p7", 7)),
        entry("", "GET", "Patient/p3", r#","ifNoneMatch":"W/\"1\"""#, ""),
        entry("", "GET", "Patient/p4", r#","ifNoneMatch":"W/\"1\"""#, ""),
        entry("", "GET", "Patient/p3", r#","ifModifiedSince":"2199-01-01T00:00:00Z""#, ""),
    ];
    let (answer, statuses) = taken(&http, &entries);
    assert_eq!(statuses, [200, 201, 201, 204, 204, 200, 200, 201, 304, 200, 304]);
    assert_eq!(str(&answer, "entry.0.response.location"), "Patient/p1/_history/2");
    assert_eq!(str(&answer, "entry.2.response.location"), "Patient/p6/_history/1");
    assert!(at(&answer, "entry.8").get("resource").is_none());
    assert_eq!(str(&answer, "entry.9.resource.identifier.0.value"), "44", "a read sees what was written");
    assert_eq!(number(&http, "Patient/p1"), "11");
    assert_eq!(http.get("/fhir/Patient/p2").status, 410);
    let commits: BTreeSet<_> =
        events(&http, "_count=1000").events.iter().skip(4).map(|e| str(e, "commit_id").to_owned()).collect();
    assert_eq!(commits.len(), 1, "one transaction, one commit");
}

/// A condition that does not hold refuses all: "servers SHALL either accept all actions … or reject all".
#[test]
fn a_condition_that_does_not_hold_refuses_all() {
    let server = Server::start();
    let http = server.http();
    make(&http, "p1", 1);
    make(&http, "p2", 1);
    make(&http, "p3", 3);
    let good = || entry("", "POST", "Patient", "", &patient("", 8));
    let query = "Patient?identifier=urn:mrn|";
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        (entry("", "PUT",    &format!("{query}1"), "", &patient("", 1)),                              412, "url"),
        (entry("", "DELETE", &format!("{query}1"), "", ""),                                           412, "url"),
        (entry("", "POST",   "Patient", r#","ifNoneExist":"identifier=urn:mrn|1""#, &patient("", 1)), 412, "ifNoneExist"),
        (entry("", "PUT",    &format!("{query}9"), r#","ifMatch":"W/\"1\"""#, &patient("", 9)),       412, "ifMatch"),
        (entry("", "PUT",    &format!("{query}3"), r#","ifNoneMatch":"*""#, &patient("", 3)),         412, "ifNoneMatch"),
        (entry("", "PUT",    &format!("{query}3"), r#","ifNoneMatch":"W/\"1\"""#, &patient("", 3)),   400, "ifNoneMatch"),
        (entry("", "PUT",    "Patient?dragon=1", "", &patient("", 1)),                                400, "url"),
        (entry("", "DELETE", "Patient?_count=1", "", ""),                                             400, "url"),
        (entry("", "POST",   "Patient", r#","ifNoneExist":"dragon=1""#, &patient("", 1)),             400, "ifNoneExist"),
        (entry("", "PUT",    "Patient/p3", r#","ifMatch":"soon""#, &patient("p3", 3)),                400, "ifMatch"),
        (entry("", "DELETE", &format!("{query}3"), r#","ifMatch":"soon""#, ""),                       400, "ifMatch"),
        (entry("", "PUT",    "Patient/p3", r#","ifNoneMatch":"W/\"1\"""#, &patient("p3", 3)),         400, "ifNoneMatch"),
    ];
    for (wrong, status, member) in cases {
        refused(&http, &[good(), wrong], status, &format!("Bundle.entry[1].request.{member}"));
    }
    let other = entry("", "PUT", &format!("{query}3"), "", &patient("p9", 3));
    refused(&http, &[good(), other], 400, "Bundle.entry[1].resource.id");
    let stale = entry("", "PUT", "Patient/p3", r#","ifMatch":"W/\"2\"""#, &patient("p3", 3));
    refused(&http, &[good(), stale], 412, "Bundle.entry[1]");
    let there = entry("", "PUT", "Patient/p3", r#","ifNoneMatch":"*""#, &patient("p3", 3));
    refused(&http, &[good(), there], 409, "Bundle.entry[1]");
    let stale = entry("", "DELETE", &format!("{query}3"), r#","ifMatch":"W/\"2\"""#, "");
    refused(&http, &[good(), stale], 412, "Bundle.entry[1]");
}

/// "If any resource identities (including resolved identities from conditional update/delete) overlap in steps 1-3, then
/// the transaction SHALL fail."
#[test]
fn the_same_record_twice_is_refused_and_both_are_named() {
    let server = Server::start();
    let http = server.http();
    make(&http, "p1", 1);
    let by_number = "Patient?identifier=urn:mrn|1";
    let by_id = |method: &str| match method {
        "DELETE" => entry("", "DELETE", "Patient/p1", "", ""),
        _ => entry("", "PUT", "Patient/p1", "", &patient("p1", 1)),
    };
    let put = || entry("", "PUT", by_number, "", &patient("", 1));
    let other = || entry("", "PUT", "Patient?identifier=1", "", &patient("", 1));
    let delete = || entry("", "DELETE", by_number, "", "");
    let post = || entry("", "POST", "Patient", "", &patient("", 2));
    let cases = [
        [by_id("PUT"), post(), by_id("DELETE")],
        [by_id("PUT"), post(), by_id("PUT")],
        [by_id("PUT"), post(), put()],
        [put(), post(), by_id("PUT")],
        [put(), post(), put()],
        [put(), post(), other()],
        [delete(), post(), by_id("PUT")],
        [delete(), post(), by_id("DELETE")],
        // What a POST makes is found by criteria that are carried out after it.
        [
            entry("", "PUT", "Patient?identifier=urn:mrn|2", "", &patient("", 2)),
            entry("", "GET", "Patient", "", ""),
            post(),
        ],
    ];
    for (n, entries) in cases.iter().enumerate() {
        let before = last_cursor(&http);
        let outcome = bundle(&http, "transaction", entries).expect(400).json();
        let said =
            format!("{} {}", str(&outcome, "issue.0.expression.0"), str(&outcome, "issue.0.diagnostics"));
        assert!(said.contains("entry[0]") && said.contains("entry[2]"), "{n}: {said}");
        assert_eq!((str(&outcome, "issue.0.code"), last_cursor(&http)), ("duplicate", before), "{n}");
    }
    // The same record read and written is no overlap, nor is the same id of two types.
    let (_, statuses) = taken(
        &http,
        &[
            by_id("PUT"),
            entry("", "GET", "Patient/p1", "", ""),
            entry("", "PUT", "Person/p1", "", r#"{"resourceType":"Person","id":"p1"}"#),
        ],
    );
    assert_eq!(statuses, [200, 200, 201]);
}

/// "Process any DELETE interactions; any POST; any PUT or PATCH; any GET or HEAD; resolve any conditional references",
/// and: "The outcome of processing the transaction SHALL NOT depend on the order of the resources in the transaction."
#[test]
fn deletions_come_first_and_reads_last_in_any_order() {
    for reversed in [false, true] {
        let server = Server::start();
        let http = server.http();
        make(&http, "old", 1);
        make(&http, "older", 2);
        let mut entries = vec![
            // Found no more once the deletion has been carried out, so it is created.
            entry("", "POST", "Patient", r#","ifNoneExist":"identifier=urn:mrn|1""#, &patient("", 1)),
            entry("", "PUT", "Patient?identifier=urn:mrn|2", "", &patient("", 2)),
            entry("", "GET", "Patient?identifier=urn:mrn|1", "", ""),
            entry("", "HEAD", "Patient/old", "", ""),
            entry("", "DELETE", "Patient/old", "", ""),
            entry("", "DELETE", "Patient?identifier=urn:mrn|2", "", ""),
        ];
        if reversed {
            entries.reverse();
        }
        let (answer, mut statuses) = taken(&http, &entries);
        if reversed {
            statuses.reverse();
        }
        assert_eq!(statuses, [201, 201, 200, 410, 204, 204], "{reversed}");
        let searched = if reversed { 3 } else { 2 };
        assert_eq!(int(&answer, &format!("entry.{searched}.resource.total")), 1);
        assert_eq!(count(&http, "Patient"), 2);
    }
}

/// Conditional references are resolved last: they find what the transaction makes, and not what it removes.
#[test]
fn a_conditional_reference_finds_what_will_be_there() {
    let server = Server::start();
    let http = server.http();
    make(&http, "p1", 1);
    make(&http, "p2", 2);
    let see = |n: u32| {
        entry("", "POST", "Observation", "", &observation(&format!("Patient?identifier=urn:mrn|{n}")))
    };
    let entries = [
        see(7),
        see(1),
        see(3),
        entry("", "POST", "Patient", "", &patient("", 7)),
        entry("", "PUT", "Patient/p2", "", &patient("p2", 3)),
    ];
    let (answer, _) = taken(&http, &entries);
    let subject = |n: usize| {
        let place = str(&answer, &format!("entry.{n}.response.location")).to_owned();
        let name = place.split("/_history").next().unwrap_or_default();
        str(&http.get(&format!("/fhir/{name}")).expect(200).json(), "subject.reference").to_owned()
    };
    let made =
        str(&answer, "entry.3.response.location").split("/_history").next().unwrap_or_default().to_owned();
    assert_eq!([subject(0), subject(1), subject(2)], [made, "Patient/p1".into(), "Patient/p2".into()]);

    let at = "Bundle.entry[0].resource.subject.reference";
    refused(&http, &[see(1), entry("", "DELETE", "Patient/p1", "", "")], 412, at);
    refused(&http, &[see(3), entry("", "PUT", "Patient/p2", "", &patient("p2", 4))], 412, at);
    refused(&http, &[see(1), entry("", "POST", "Patient", "", &patient("", 1))], 412, at);
    refused(&http, &[see(99)], 412, at);
}

/// "A transaction may include references from one resource to another in the bundle, including circular references
/// where resources refer to each other."
#[test]
fn a_ring_of_references() {
    let server = Server::start();
    let http = server.http();
    let person = |next: &str| {
        format!(
            r#"{{"resourceType":"Patient","link":[{{"other":{{"reference":"{next}"}},"type":"seealso"}}]}}"#
        )
    };
    let made = |id: &str, next: &str| {
        person(next)
            .replace(r#""Patient","#, &format!(r#""Patient","id":"{id}","identifier":[{{"value":"{id}"}}],"#))
    };
    let entries = [
        entry("urn:uuid:a", "POST", "Patient", "", &person("urn:uuid:b")),
        entry("urn:uuid:b", "POST", "Patient", "", &person("Patient/c")),
        entry("http://elsewhere.example/fhir/Patient/c", "PUT", "Patient/c", "", &made("c", "urn:oid:1.2")),
        entry("urn:oid:1.2", "PUT", "Patient?identifier=d", "", &made("d", "urn:uuid:self")),
        entry("urn:uuid:self", "POST", "Patient", "", &person("urn:uuid:self")),
        entry("urn:uuid:z", "POST", "Patient", r#","ifNoneExist":"identifier=z""#, &person("urn:uuid:a")),
    ];
    let (answer, statuses) = taken(&http, &entries);
    assert_eq!(statuses, [201; 6]);
    let name = |n: usize| {
        let place = str(&answer, &format!("entry.{n}.response.location"));
        place.split("/_history").next().unwrap_or_default().to_owned()
    };
    let next = |n: usize| {
        str(&http.get(&format!("/fhir/{}", name(n))).expect(200).json(), "link.0.other.reference").to_owned()
    };
    assert_eq!(
        [next(0), next(1), next(2), next(3), next(4), next(5)],
        [name(1), name(2), name(3), name(4), name(4), name(0)]
    );
}

/// "fullUrl … SHALL NOT disagree with the id in the resource", and names no version (bdl-8).
/// <https://hl7.org/fhir/R4/bundle.html#bundle-unique>
#[test]
fn full_urls_agree_with_what_they_stand_for() {
    let server = Server::start();
    let http = server.http();
    let base = "http://elsewhere.example/fhir/Patient";
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        (format!("{base}/7"),            patient("7", 7), 200),
        (format!("{base}/7"),            patient("", 7),  200),
        ("urn:uuid:7".into(),            patient("9", 7), 200),
        (format!("{base}/7"),            patient("9", 7), 400),
        (format!("{base}/7/_history/2"), patient("7", 7), 400),
    ];
    for (full_url, resource, wanted) in cases {
        let reply = bundle(&http, "transaction", &[entry(&full_url, "POST", "Patient", "", &resource)]);
        assert_eq!(reply.status, wanted, "{full_url}");
    }
    let twice = || entry("urn:uuid:same", "POST", "Patient", "", &patient("", 7));
    refused(&http, &[twice(), twice()], 400, "Bundle.entry[1].fullUrl");
}

/// A Bundle is a resource as others are: it is stored whole, and its own references are its own.
#[test]
fn a_bundle_inside_a_bundle_is_stored() {
    let server = Server::start();
    let http = server.http();
    let inner = r#"{"resourceType":"Bundle","type":"collection","entry":[
        {"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient","id":"x"}},
        {"fullUrl":"urn:uuid:b","resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:a"},
         "performer":[{"reference":"Practitioner?identifier=7"},{"reference":"urn:uuid:nobody"}]}}]}"#;
    let (answer, statuses) = taken(
        &http,
        &[
            entry("urn:uuid:a", "POST", "Bundle", "", inner),
            entry("", "POST", "Patient", "", &patient("", 1)),
        ],
    );
    assert_eq!(statuses, [201, 201]);
    let place =
        str(&answer, "entry.0.response.location").split("/_history").next().unwrap_or_default().to_owned();
    let stored = http.get(&format!("/fhir/{place}")).expect(200).json();
    assert_eq!(str(&stored, "entry.1.resource.subject.reference"), "urn:uuid:a");
    assert_eq!(str(&stored, "entry.1.resource.performer.0.reference"), "Practitioner?identifier=7");
    let made = send(&http, "POST", "/fhir/Bundle", &[], inner).expect(201).json();
    assert_eq!(list(&made, "entry").len(), 2);
    assert_eq!((count(&http, "Bundle"), count(&http, "Patient")), (2, 1));
}

/// Searches by POST and operations are entries too.
#[test]
fn entries_that_read_by_post() {
    let server = Server::start();
    let http = server.http();
    make(&http, "p1", 1);
    let parameters = r#"{"resourceType":"Parameters","parameter":[{"name":"_count","valueInteger":5}]}"#;
    let entries = [
        entry("", "POST", "Patient/_search?identifier=urn:mrn|1", "", ""),
        entry("", "POST", "Patient/p1/$everything", "", parameters),
        entry("", "PUT", "Patient/p2", "", &patient("p2", 1)),
    ];
    for kind in ["transaction", "batch"] {
        let answer = bundle(&http, kind, &entries).expect(200).json();
        assert_eq!([status(&answer, 0), status(&answer, 1)], [200, 200], "{kind}");
        assert_eq!(str(&answer, "entry.1.resource.entry.0.resource.id"), "p1");
    }
    refused(&http, &[entry("", "POST", "Patient/$dance", "", parameters)], 400, "Bundle.entry[0].request");
    let answer =
        bundle(&http, "batch", &[entry("", "POST", "Patient/$dance", "", parameters)]).expect(200).json();
    assert_eq!(status(&answer, 0), 400);
}

/// "It is not an error if the submitted bundle has no resources in it."
#[test]
fn an_empty_transaction() {
    let server = Server::start();
    let http = server.http();
    let (answer, _) = taken(&http, &[]);
    assert!(list(&answer, "entry").is_empty());
    let answer = http.post("/fhir", &json(r#"{"resourceType":"Bundle","type":"batch"}"#)).expect(200).json();
    assert_eq!(str(&answer, "type"), "batch-response");
    for kind in ["searchset", "document", "history", "transaction-response"] {
        issue(bundle(&http, kind, &[]), 400);
    }
}

/// Of several that criteria find all go, in the transaction's own commit, where that is set.
#[test]
fn several_are_deleted_where_that_is_set() {
    let server = Options::new().env("ANAMNESIS_CONDITIONAL_DELETE", "multiple").start();
    let http = server.http();
    for id in ["p1", "p2", "p3"] {
        make(&http, id, 1);
    }
    let entries = [
        entry("", "DELETE", "Patient?identifier=urn:mrn|1", "", ""),
        entry("", "POST", "Patient", r#","ifNoneExist":"identifier=urn:mrn|1""#, &patient("", 1)),
    ];
    let (_, statuses) = taken(&http, &entries);
    assert_eq!((statuses, count(&http, "Patient")), (vec![204, 201], 1));
    refused(
        &http,
        &[
            entry("", "DELETE", "Patient?identifier=urn:mrn|1", "", ""),
            entry("", "DELETE", "Patient?identifier=1", "", ""),
        ],
        400,
        "Bundle.entry[1].request.url",
    );
}

/// Transactions that race for the same criteria: one makes the record, the others find it, and none is half done.
#[test]
fn racing_transactions_agree_on_one_record() {
    let server = Server::start();
    let http = server.http();
    let ask = |n: u32| {
        let http = http.clone();
        std::thread::spawn(move || {
            let entries = [
                entry("urn:uuid:p", "PUT", "Patient?identifier=urn:mrn|7", "", &patient("", 7)),
                entry(
                    "",
                    "PUT",
                    &format!("Observation/o{n}"),
                    "",
                    &observation("urn:uuid:p")
                        .replace("{\"resourceType\"", &format!("{{\"id\":\"o{n}\",\"resourceType\"")),
                ),
            ];
            bundle(&http, "transaction", &entries)
        })
    };
    let asked: Vec<_> = (0..12).map(ask).collect();
    let answers: Vec<_> = asked.into_iter().map(|thread| thread.join().expect("an answer")).collect();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!((count(&http, "Patient"), count(&http, "Observation")), (1, 12));
}

/// A transaction under a key is carried out once, whatever its criteria would find the second time.
#[test]
fn a_repeated_transaction_is_answered_as_the_first_time() {
    let server = Options::new().arg("--conditional-delete").arg("multiple").start();
    let http = server.http();
    for (id, n) in [("p1", 1), ("p2", 2), ("p3", 2), ("p4", 4)] {
        make(&http, id, n);
    }
    let keyed = http.clone().with_header("idempotency-key", "k-1");
    let entries = [
        entry("", "DELETE", "Patient?identifier=urn:mrn|9", "", ""),
        entry("", "DELETE", "Patient?identifier=urn:mrn|2", "", ""),
        entry("", "PUT", "Patient?identifier=urn:mrn|1", "", &patient("", 11)),
        entry("", "PUT", "Patient?identifier=urn:mrn|5", "", &patient("", 5)),
        entry("", "POST", "Patient", r#","ifNoneExist":"identifier=urn:mrn|6""#, &patient("", 6)),
        entry("", "DELETE", "Patient/p4", "", ""),
    ];
    let (first, statuses) = taken(&keyed, &entries);
    assert_eq!(statuses, [204, 204, 200, 201, 201, 204]);
    let before = last_cursor(&http);
    let (again, statuses) = taken(&keyed, &entries);
    assert_eq!(statuses, [204, 204, 200, 201, 201, 204]);
    for n in 2..5 {
        let place = format!("entry.{n}.response.location");
        assert_eq!(str(&first, &place), str(&again, &place), "{n}");
    }
    assert_eq!((last_cursor(&http), stream(&http, "Patient/p1").len()), (before, 2));
}
