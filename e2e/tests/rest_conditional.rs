//! Interactions by criteria, and reads that spare a client what it has, each test a part of
//! <https://hl7.org/fhir/R4/http.html>.

use std::collections::BTreeSet;

use anamnesis_e2e::{bundle, count, entry, int, issue, list, send, status, str, stream};
use anamnesis_testkit::{Http, Options, Reply, Server};

const MRN: &str = "/fhir/Patient?identifier=urn:mrn|7";

/// A patient with this id, where there is one, and this number and city.
fn patient(id: &str, number: u32, city: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!(r#""id":"{id}","#) };
    format!(
        r#"{{"resourceType":"Patient",{id}"identifier":[{{"system":"urn:mrn","value":"{number}"}}],"address":[{{"city":"{city}"}}]}}"#
    )
}

fn put(http: &Http, path: &str, body: &str) -> Reply {
    send(http, "PUT", path, &[], body)
}

/// Asks the same from many threads at once.
fn at_once(http: &Http, threads: usize, ask: fn(&Http, usize) -> Reply) -> Vec<Reply> {
    let ask = |n| {
        let http = http.clone();
        std::thread::spawn(move || ask(&http, n))
    };
    let asked: Vec<_> = (0..threads).map(ask).collect();
    asked.into_iter().map(|thread| thread.join().expect("an answer")).collect()
}

/// "No matches, no id provided: The server creates the resource."
/// <https://hl7.org/fhir/R4/http.html#cond-update>
#[test]
fn none_found_and_no_id_creates() {
    let server = Server::start();
    let http = server.http();
    let made = put(&http, MRN, &patient("", 7, "Ghent")).expect(201);
    let id = str(&made.json(), "id").to_owned();
    assert_eq!(made.header("location"), Some(&*format!("{}/fhir/Patient/{id}/_history/1", server.url())));
    assert_eq!(made.header("etag"), Some("W/\"1\""));
    assert_eq!(count(&http, "Patient"), 1);
}

/// "No matches, id provided: The server treats the interaction as an Update as Create interaction."
/// <https://hl7.org/fhir/R4/http.html#cond-update>
#[test]
fn none_found_and_an_id_creates_under_that_id() {
    let server = Server::start();
    let http = server.http();
    let made = put(&http, MRN, &patient("mine", 7, "Ghent")).expect(201);
    assert_eq!(str(&made.json(), "id"), "mine");
    // The id is a live record's that does not meet the criteria.
    put(&http, "/fhir/Patient/other", &patient("other", 8, "Ghent")).expect(201);
    let wrong = "/fhir/Patient?identifier=urn:mrn|9";
    assert_eq!(issue(put(&http, wrong, &patient("other", 9, "Ghent")), 409), "conflict");
    assert_eq!(stream(&http, "Patient/other").len(), 1);
    // A deleted record's id is free.
    http.delete("/fhir/Patient/other").expect(204);
    put(&http, wrong, &patient("other", 9, "Ghent")).expect(201);
}

/// "One Match, no resource id provided OR (resource id provided and it matches the found resource): The server performs
/// the update against the matching resource"; "resource id provided but does not match resource found: The server
/// returns a 400 Bad Request error". <https://hl7.org/fhir/R4/http.html#cond-update>
#[test]
fn one_found_is_updated() {
    let server = Server::start();
    let http = server.http();
    put(&http, "/fhir/Patient/p1", &patient("p1", 7, "Ghent")).expect(201);
    let second = put(&http, MRN, &patient("", 7, "Bruges")).expect(200);
    assert_eq!((str(&second.json(), "id"), second.header("etag")), ("p1", Some("W/\"2\"")));
    put(&http, MRN, &patient("p1", 7, "Aalst")).expect(200);
    assert_eq!(issue(put(&http, MRN, &patient("p2", 7, "Mol")), 400), "value");
    assert_eq!(str(&http.get("/fhir/Patient/p1").json(), "address.0.city"), "Aalst");
    assert_eq!(count(&http, "Patient"), 1);
}

/// "Multiple matches: The server returns a 412 Precondition Failed error indicating the client's criteria were not
/// selective enough". <https://hl7.org/fhir/R4/http.html#cond-update>
#[test]
fn several_found_are_refused() {
    let server = Server::start();
    let http = server.http();
    for id in ["p1", "p2"] {
        put(&http, &format!("/fhir/Patient/{id}"), &patient(id, 7, "Ghent")).expect(201);
    }
    let refused = put(&http, MRN, &patient("", 7, "Bruges"));
    assert!(!refused.text().contains("urn:mrn"), "criteria can name people");
    assert_eq!(issue(refused, 412), "multiple-matches");
    assert_eq!(issue(http.delete(MRN), 412), "multiple-matches");
    assert_eq!((stream(&http, "Patient/p1").len(), stream(&http, "Patient/p2").len()), (1, 1));
}

/// Criteria that would mean everything, or that are not understood, change nothing.
#[test]
fn criteria_must_be_understood() {
    let server = Server::start();
    let http = server.http();
    put(&http, "/fhir/Patient/p1", &patient("p1", 7, "Ghent")).expect(201);
    let wrong = ["/fhir/Patient", "/fhir/Patient?", "/fhir/Patient?_count=1", "/fhir/Patient?dragon=7"];
    for path in wrong.into_iter().chain(["/fhir/Patient?identifier=", "/fhir/Patient?identifier=%zz"]) {
        issue(put(&http, path, &patient("", 7, "Mol")), 400);
        issue(http.delete(path), 400);
    }
    issue(put(&http, "/fhir/Dragon?identifier=7", &patient("", 7, "Mol")), 404);
    issue(put(&http, MRN, r#"{"resourceType":"Observation"}"#), 400);
    assert_eq!(stream(&http, "Patient/p1").len(), 1);
}

/// `If-Match` with criteria: <https://hl7.org/fhir/R4/http.html#concurrency>
#[test]
fn a_version_can_be_asked_for_with_criteria() {
    let server = Server::start();
    let http = server.http();
    let tagged = |method, tag, body: &str| send(&http, method, MRN, &[("if-match", tag)], body);
    issue(tagged("PUT", "W/\"1\"", &patient("", 7, "Ghent")), 412);
    assert_eq!(count(&http, "Patient"), 0);
    put(&http, MRN, &patient("p1", 7, "Ghent")).expect(201);
    tagged("PUT", "W/\"1\"", &patient("", 7, "Bruges")).expect(200);
    assert_eq!(issue(tagged("PUT", "W/\"1\"", &patient("", 7, "Mol")), 412), "conflict");
    issue(tagged("DELETE", "W/\"1\"", ""), 412);
    for method in ["PUT", "DELETE"] {
        issue(tagged(method, "yesterday", &patient("", 7, "Mol")), 400);
        issue(tagged(method, "*", &patient("", 7, "Mol")), 400);
    }
    tagged("DELETE", "W/\"2\"", "").expect(204);
}

/// `If-None-Match: *` on an update: it must create. <https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2>
#[test]
fn an_update_can_be_made_to_create_or_nothing() {
    let server = Server::start();
    let http = server.http();
    let unless = |tag, body: &str| send(&http, "PUT", "/fhir/Patient/p1", &[("if-none-match", tag)], body);
    unless("*", &patient("p1", 7, "Ghent")).expect(201);
    issue(unless("*", &patient("p1", 7, "Bruges")), 412);
    issue(unless("W/\"1\"", &patient("p1", 7, "Bruges")), 400);
    http.delete("/fhir/Patient/p1").expect(204);
    unless("*", &patient("p1", 7, "Bruges")).expect(201);
    // By criteria too: nothing may meet them.
    let only = [("if-none-match", "*")];
    issue(send(&http, "PUT", MRN, &only, &patient("", 7, "Mol")), 412);
    issue(send(&http, "PUT", MRN, &[("if-none-match", "W/\"1\"")], &patient("", 7, "Mol")), 400);
    send(&http, "PUT", "/fhir/Patient?identifier=urn:mrn|8", &only, &patient("", 8, "Mol")).expect(201);
}

/// "No matches or One Match: The server performs an ordinary delete on the matching resource."
/// <https://hl7.org/fhir/R4/http.html#3.1.0.7.1>
#[test]
fn none_or_one_found_is_deleted() {
    let server = Server::start();
    let http = server.http();
    http.delete(MRN).expect(204);
    put(&http, "/fhir/Patient/p1", &patient("p1", 7, "Ghent")).expect(201);
    put(&http, "/fhir/Patient/p2", &patient("p2", 8, "Ghent")).expect(201);
    let gone = http.delete(MRN).expect(204);
    assert_eq!((gone.header("etag"), gone.body.len()), (Some("W/\"2\""), 0));
    assert_eq!(http.get("/fhir/Patient/p1").status, 410);
    http.delete(MRN).expect(204);
    assert_eq!(stream(&http, "Patient/p1").len(), 2, "what is gone is not deleted again");
    http.get("/fhir/Patient/p2").expect(200);
}

/// "Multiple matches: A server may choose to delete all the matching resources": where it was told to.
/// <https://hl7.org/fhir/R4/http.html#3.1.0.7.1>
#[test]
fn several_are_deleted_in_one_commit_where_that_is_set() {
    let server = Options::new().arg("--conditional-delete").arg("multiple").start();
    let http = server.http();
    for id in ["p1", "p2", "p3"] {
        put(&http, &format!("/fhir/Patient/{id}"), &patient(id, 7, "Ghent")).expect(201);
    }
    put(&http, "/fhir/Patient/p4", &patient("p4", 8, "Ghent")).expect(201);
    assert_eq!(issue(send(&http, "DELETE", MRN, &[("if-match", "W/\"1\"")], ""), 412), "multiple-matches");
    http.delete(MRN).expect(204);
    let commits: BTreeSet<_> = ["p1", "p2", "p3"]
        .map(|id| str(&stream(&http, &format!("Patient/{id}"))[1], "commit_id").to_owned())
        .into();
    assert_eq!(commits.len(), 1);
    assert_eq!(count(&http, "Patient"), 1);
    let said = http.get("/fhir/metadata").expect(200).json();
    assert_eq!(str(&said, "rest.0.resource.0.conditionalDelete"), "multiple");
}

/// Of those who race one creates, and the others find what it made.
#[test]
fn racing_conditional_updates_make_one_record() {
    let server = Server::start();
    let http = server.http();
    let answers = at_once(&http, 16, |http, n| put(http, MRN, &patient("", 7, &format!("City {n}"))));
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let updated = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((made, updated), (1, 15));
    let ids: BTreeSet<_> = answers.iter().map(|answer| str(&answer.json(), "id").to_owned()).collect();
    assert_eq!((ids.len(), count(&http, "Patient")), (1, 1));
    let id = ids.first().unwrap();
    assert_eq!(stream(&http, &format!("Patient/{id}")).len(), 16, "each found the one before it");
}

/// Creates and updates with the same criteria race for the same claim.
#[test]
fn racing_creates_updates_and_deletions_leave_one_record_or_none() {
    let server = Server::start();
    let http = server.http();
    let answers = at_once(&http, 24, |http, n| match n % 3 {
        0 => put(http, MRN, &patient("", 7, &format!("City {n}"))),
        1 => {
            let condition = [("if-none-exist", "identifier=urn:mrn|7")];
            send(http, "POST", "/fhir/Patient", &condition, &patient("", 7, "Ghent"))
        }
        _ => http.delete(MRN),
    });
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| [200, 201, 204].contains(status)), "{statuses:?}");
    assert!(count(&http, "Patient") <= 1, "{statuses:?}");
}

/// A record that stops meeting the criteria while they are looked up is not updated by them.
#[test]
fn an_update_by_criteria_never_meets_a_record_that_does_not() {
    let server = Server::start();
    let http = server.http();
    put(&http, "/fhir/Patient/p1", &patient("p1", 7, "Ghent")).expect(201);
    // Half of them take the number away from p1, or give it back; the others update whoever has it.
    let answers = at_once(&http, 16, |http, n| match n % 2 {
        0 => put(http, "/fhir/Patient/p1", &patient("p1", 7 + u32::from(n % 4 == 0), "Ghent")),
        _ => put(http, MRN, &patient("", 7, &format!("City {n}"))),
    });
    assert!(answers.iter().all(|answer| [200, 201, 412].contains(&answer.status)));
    let history = http.get("/fhir/Patient/p1/_history").expect(200).json();
    let versions = list(&history, "entry");
    let number = |version: &_| str(version, "resource.identifier.0.value").to_owned();
    for pair in versions.windows(2) {
        if str(&pair[0], "resource.address.0.city").starts_with("City") {
            assert_eq!(number(&pair[1]), "7", "an update by criteria follows a version that meets them");
        }
    }
    // The last of them may have taken the number from everyone: who asks for it by criteria makes a record then.
    let last = put(&http, MRN, &patient("", 7, "City"));
    assert!([200, 201, 412].contains(&last.status));
    let found = http.get(MRN).expect(200).json();
    assert!(int(&found, "total") >= 1, "someone has the number");
}

/// "Servers can return 304 Not Modified where content is unchanged based on the If-Modified-Since date-time or the
/// If-None-Match ETag, or they can return the full content as normal." <https://hl7.org/fhir/R4/http.html#cread>
#[test]
fn a_read_spares_the_client_what_it_has() {
    let server = Server::start();
    let http = server.http();
    let made = put(&http, "/fhir/Patient/p1", &patient("p1", 7, "Ghent")).expect(201);
    let modified = made.header("last-modified").unwrap().to_owned();
    #[rustfmt::skip] // A table reads by column.
    let cases: [(&str, &str, &str, u16); 9] = [
        ("/fhir/Patient/p1",             "if-none-match",     "W/\"1\"",                       304),
        ("/fhir/Patient/p1",             "if-none-match",     "*",                             304),
        ("/fhir/Patient/p1",             "if-none-match",     "W/\"2\"",                       200),
        ("/fhir/Patient/p1/_history/1",  "if-none-match",     "W/\"1\"",                       304),
        ("/fhir/Patient/p1",             "if-modified-since", &modified,                       304),
        ("/fhir/Patient/p1",             "if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT", 200),
        ("/fhir/Patient/p1",             "if-modified-since", "yesterday",                     200),
        ("/fhir/Patient?identifier=7",   "if-none-match",     "*",                             200),
        ("/fhir/Patient/never",          "if-none-match",     "*",                             404),
    ];
    for (path, name, value, wanted) in cases {
        let reply = http.send("GET", path, &[(name, value)], None);
        assert_eq!(reply.status, wanted, "{path} {name}: {value}");
        if wanted == 304 {
            assert_eq!((reply.body.len(), reply.header("etag")), (0, Some("W/\"1\"")));
            assert_eq!(reply.header("last-modified"), Some(&*modified));
        }
    }
    put(&http, "/fhir/Patient/p1", &patient("p1", 7, "Bruges")).expect(200);
    http.send("GET", "/fhir/Patient/p1", &[("if-none-match", "W/\"1\"")], None).expect(200);
    http.delete("/fhir/Patient/p1").expect(204);
    issue(http.send("GET", "/fhir/Patient/p1", &[("if-none-match", "W/\"3\"")], None), 410);
}

fn patch(http: &Http, headers: &[(&str, &str)], body: &str) -> Reply {
    let media = ("content-type", "application/json-patch+json");
    let headers: Vec<_> = headers.iter().copied().chain([media]).collect();
    http.send("PATCH", MRN, &headers, Some(body.as_bytes().to_vec()))
}

/// "No matches: The server returns a 404 Not Found. One Match: The server performs the update against the matching
/// resource. Multiple matches: The server returns a 412 Precondition Failed".
/// <https://hl7.org/fhir/R4/http.html#patch>
#[test]
fn a_patch_by_criteria() {
    let server = Server::start();
    let http = server.http();
    let city = |city: &str| format!(r#"[{{"op":"replace","path":"/address/0/city","value":"{city}"}}]"#);
    assert_eq!(issue(patch(&http, &[], &city("Mol")), 404), "not-found");
    assert_eq!(count(&http, "Patient"), 0, "a patch makes none");
    put(&http, "/fhir/Patient/p1", &patient("p1", 7, "Ghent")).expect(201);
    let done = patch(&http, &[], &city("Bruges")).expect(200);
    assert_eq!((str(&done.json(), "id"), done.header("etag")), ("p1", Some("W/\"2\"")));
    issue(patch(&http, &[("if-match", "W/\"1\"")], &city("Mol")), 412);
    issue(patch(&http, &[("if-match", "yesterday")], &city("Mol")), 400);
    patch(&http, &[("if-match", "W/\"2\"")], &city("Aalst")).expect(200);
    issue(patch(&http, &[], r#"[{"op":"test","path":"/active","value":true}]"#), 422);
    let keyed = [("idempotency-key", "k-9")];
    patch(&http, &keyed, &city("Mol")).expect(200);
    patch(&http, &[], &city("Ghent")).expect(200);
    patch(&http, &keyed, &city("Mol")).expect(200);
    assert_eq!(str(&http.get("/fhir/Patient/p1").json(), "address.0.city"), "Ghent", "done once");
    issue(send(&http, "PATCH", MRN, &[], &patient("", 7, "Mol")), 400);
    put(&http, "/fhir/Patient/p2", &patient("p2", 7, "Ghent")).expect(201);
    assert_eq!(issue(patch(&http, &[], &city("Mol")), 412), "multiple-matches");
}

/// Every patch that is answered with success is in the record, however many come at once.
#[test]
fn racing_patches_by_criteria_lose_nothing() {
    let server = Server::start();
    let http = server.http();
    put(&http, "/fhir/Patient/p1", &patient("p1", 7, "Ghent")).expect(201);
    let answers = at_once(&http, 12, |http, n| {
        let body = format!(r#"[{{"op":"add","path":"/address/-","value":{{"city":"City {n}"}}}}]"#);
        patch(http, &[], &body)
    });
    assert!(answers.iter().all(|answer| answer.status == 200));
    let cities = http.get("/fhir/Patient/p1").expect(200).json();
    assert_eq!(list(&cities, "address").len(), 13);
}

/// A key makes a repetition harmless, by criteria too.
#[test]
fn a_repeated_key_is_answered_as_the_first_time() {
    let server = Server::start();
    let http = server.http();
    let keyed = http.clone().with_header("idempotency-key", "k-7");
    let first = put(&keyed, MRN, &patient("", 7, "Ghent")).expect(201);
    put(&http, MRN, &patient("", 7, "Bruges")).expect(200);
    let again = put(&keyed, MRN, &patient("", 7, "Ghent")).expect(201);
    assert_eq!(first.header("location"), again.header("location"));
    issue(put(&keyed, MRN, &patient("", 7, "Mol")), 409);
    let keyed = http.clone().with_header("idempotency-key", "k-8");
    keyed.delete(MRN).expect(204);
    put(&http, MRN, &patient("", 7, "Ghent")).expect(201);
    keyed.delete(MRN).expect(204);
    assert_eq!(count(&http, "Patient"), 1, "the second deletion was the first");
}

/// The interactions of a batch are those of the wire. <https://hl7.org/fhir/R4/http.html#brules>
#[test]
fn a_batch_takes_every_condition() {
    let server = Server::start();
    let http = server.http();
    put(&http, "/fhir/Patient/p1", &patient("p1", 1, "Ghent")).expect(201);
    put(&http, "/fhir/Patient/p2", &patient("p2", 2, "Ghent")).expect(201);
    let entries = [
        entry("", "PUT", "Patient?identifier=urn:mrn|1", "", &patient("", 1, "Bruges")),
        entry("", "PUT", "Patient?identifier=urn:mrn|5", "", &patient("", 5, "Bruges")),
        entry("", "DELETE", "Patient?identifier=urn:mrn|2", "", ""),
        entry("", "DELETE", "Patient?identifier=urn:mrn|9", "", ""),
        entry("", "PUT", "Patient?dragon=1", "", &patient("", 1, "Mol")),
        entry("", "PUT", "Patient/p3", r#","ifNoneMatch":"*""#, &patient("p3", 3, "Mol")),
        entry("", "PUT", "Patient/p4", r#","ifMatch":"W/\"1\"""#, &patient("p4", 4, "Mol")),
    ];
    let answer = bundle(&http, "batch", &entries).expect(200).json();
    let statuses: Vec<_> = (0..entries.len()).map(|n| status(&answer, n)).collect();
    assert_eq!(statuses, [200, 201, 204, 204, 400, 201, 412]);
    let entries = [
        entry("", "GET", "Patient/p1", r#","ifNoneMatch":"W/\"2\"""#, ""),
        entry("", "GET", "Patient/p1", r#","ifNoneMatch":"W/\"1\"""#, ""),
        entry("", "GET", "Patient/p1", r#","ifModifiedSince":"2199-01-01T00:00:00Z""#, ""),
        entry("", "GET", "Patient/p1", r#","ifModifiedSince":"1999-01-01T00:00:00Z""#, ""),
    ];
    let answer = bundle(&http, "batch", &entries).expect(200).json();
    let statuses: Vec<_> = (0..entries.len()).map(|n| status(&answer, n)).collect();
    assert_eq!(statuses, [304, 200, 304, 200]);
    let whole: Vec<_> = list(&answer, "entry").iter().map(|entry| entry.get("resource").is_some()).collect();
    assert_eq!(whole, [false, true, false, true]);
}
