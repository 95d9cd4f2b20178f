//! One record through the FHIR door, each test a part of <https://hl7.org/fhir/R4/http.html>.

use anamnesis_e2e::{at, events, int, issue, json, list, send, str, stream, text};
use anamnesis_testkit::{Http, Reply, Server};

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");

fn put(http: &Http, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    send(http, "PUT", path, headers, body)
}

fn post(http: &Http, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    send(http, "POST", path, headers, body)
}

/// <https://hl7.org/fhir/R4/http.html#create>
#[test]
fn a_create_gives_an_id_and_says_where() {
    let server = Server::start();
    let http = server.http();
    let made = post(&http, "/fhir/Patient", &[], r#"{"resourceType":"Patient","id":"mine","gender":"male"}"#)
        .expect(201);
    let body = made.json();
    let id = str(&body, "id");
    assert_ne!(id, "mine", "the server gives the id");
    let location = format!("{}/fhir/Patient/{id}/_history/1", server.url());
    assert_eq!(made.header("location"), Some(location.as_str()));
    assert_eq!(made.header("etag"), Some("W/\"1\""));
    assert!(made.header("last-modified").is_some_and(|date| date.ends_with(" GMT")));
    assert!(made.header("anamnesis-cursor").is_some());
    assert_eq!(str(&body, "meta.versionId"), "1");

    let read = http.get(&format!("/fhir/Patient/{id}")).expect(200);
    assert_eq!(read.text(), made.text(), "a read gives what the create answered");
    assert_eq!(read.header("etag"), Some("W/\"1\""));
    assert_eq!(read.header("last-modified"), made.header("last-modified"));
}

/// <https://hl7.org/fhir/R4/http.html#ops>, `Prefer`.
#[test]
fn an_answer_is_as_long_as_preferred() {
    let server = Server::start();
    let cases = [("minimal", ""), ("representation", "Patient"), ("OperationOutcome", "OperationOutcome")];
    for (prefer, kind) in cases {
        let prefer = [("prefer", &*format!("return={prefer}"))];
        let made =
            post(&server.http(), "/fhir/Patient", &prefer, r#"{"resourceType":"Patient"}"#).expect(201);
        assert!(made.header("location").is_some());
        let found =
            if made.body.is_empty() { String::new() } else { str(&made.json(), "resourceType").to_owned() };
        assert_eq!(found, kind);
    }
}

/// <https://hl7.org/fhir/R4/http.html#update>, <https://hl7.org/fhir/R4/http.html#vread>
#[test]
fn versions_are_kept_and_a_text_survives() {
    let server = Server::start();
    let http = server.http();
    // Order of keys, text of numbers, extensions of primitives: what comes back is what was sent.
    let sent = concat!(
        r#"{"resourceType":"Observation","id":"o1","extension":[{"url":"http://example.org/x","valueDecimal":1.50}],"#,
        r#""status":"final","_status":{"id":"s"},"code":{"text":"k \u00e9 \ud83d\ude00"},"#,
        r#""valueQuantity":{"value":1.10E+2,"unit":"mmol/L"}}"#
    );
    let made = put(&http, "/fhir/Observation/o1", &[], sent).expect(201);
    assert!(made.header("location").is_some());
    let mut read = http.get("/fhir/Observation/o1").expect(200).json();
    read.as_object_mut().unwrap().remove("meta");
    assert_eq!(text(&read), text(&json(sent)));

    let changed = sent.replace("1.10E+2", "1.1E+2");
    let again = put(&http, "/fhir/Observation/o1", &[], &changed).expect(200);
    assert_eq!(again.header("etag"), Some("W/\"2\""), "a decimal with other digits is another");
    put(&http, "/fhir/Observation/o1", &[], &changed).expect(200);
    assert_eq!(stream(&http, "Observation/o1").len(), 2, "an update that changes nothing makes no event");

    for (version, digits) in [(1, "1.10E+2"), (2, "1.1E+2")] {
        let read = http.get(&format!("/fhir/Observation/o1/_history/{version}")).expect(200);
        assert_eq!(read.header("etag"), Some(&*format!("W/\"{version}\"")));
        assert!(read.text().contains(digits));
    }
    assert_eq!(issue(http.get("/fhir/Observation/o1/_history/3"), 404), "not-found");
    assert_eq!(issue(http.get("/fhir/Observation/o2"), 404), "not-found");
    assert_eq!(issue(put(&http, "/fhir/Observation/o2", &[], sent), 400), "value", "the id is another's");
    issue(put(&http, "/fhir/Observation/o1", &[], r#"{"resourceType":"Observation","status":"final"}"#), 400);
}

/// A version inside a commit is one FHIR never showed.
#[test]
fn a_version_inside_a_commit_is_not_found() {
    let server = Server::start();
    let http = server.http();
    put(&http, "/fhir/Patient/p1", &[], r#"{"resourceType":"Patient","id":"p1"}"#).expect(201);
    let two = r#"{"resourceType":"Patient","id":"p1","name":[{"family":"A"}],"address":[{"city":"Ghent"}]}"#;
    let answer =
        put(&http, "/fhir/Patient/p1", &[("anamnesis-reason", "moved and married")], two).expect(200);
    assert_eq!(answer.header("etag"), Some("W/\"3\""));
    issue(http.get("/fhir/Patient/p1/_history/2"), 404);
    let told = stream(&http, "Patient/p1");
    let kinds: Vec<_> = told.iter().map(|event| str(event, "type")).collect();
    assert_eq!(kinds, ["PatientRegistered", "PatientNameChanged", "PatientAddressUpdated"]);
    assert_eq!(str(&told[1], "commit_id"), str(&told[2], "commit_id"));
    assert_eq!(str(&told[2], "reason"), "moved and married");
    assert_eq!(str(&told[2], "source.door"), "fhir");
}

/// <https://hl7.org/fhir/R4/http.html#concurrency>
#[test]
fn an_update_of_another_version_is_refused() {
    let server = Server::start();
    let http = server.http();
    let body =
        |city: &str| format!(r#"{{"resourceType":"Patient","id":"p1","address":[{{"city":"{city}"}}]}}"#);
    put(&http, "/fhir/Patient/p1", &[], &body("Ghent")).expect(201);
    put(&http, "/fhir/Patient/p1", &[("if-match", "W/\"1\"")], &body("Bruges")).expect(200);
    assert_eq!(
        issue(put(&http, "/fhir/Patient/p1", &[("if-match", "W/\"1\"")], &body("Aalst")), 412),
        "conflict"
    );
    issue(put(&http, "/fhir/Patient/p1", &[("if-match", "yesterday")], &body("Aalst")), 400);
    let delete = |tag| http.send("DELETE", "/fhir/Patient/p1", &[("if-match", tag)], None);
    issue(delete("W/\"1\""), 412);
    delete("W/\"2\"").expect(204);
}

/// <https://hl7.org/fhir/R4/http.html#delete>, <https://hl7.org/fhir/R4/http.html#history>
#[test]
fn a_deletion_is_a_version_and_the_record_can_come_back() {
    let server = Server::start();
    let http = server.http();
    let body = r#"{"resourceType":"Patient","id":"p1","name":[{"family":"Peeters"}]}"#;
    put(&http, "/fhir/Patient/p1", &[], body).expect(201);
    http.delete("/fhir/Patient/p1").expect(204);
    http.delete("/fhir/Patient/p1").expect(204);
    http.delete("/fhir/Patient/never").expect(204);
    assert_eq!(issue(http.get("/fhir/Patient/p1"), 410), "deleted");
    issue(http.get("/fhir/Patient/p1/_history/2"), 410);
    http.get("/fhir/Patient/p1/_history/1").expect(200);
    assert_eq!(int(&http.get("/fhir/Patient?name=peeters").expect(200).json(), "total"), 0);
    let back = put(&http, "/fhir/Patient/p1", &[], body).expect(201);
    assert_eq!(back.header("etag"), Some("W/\"3\""));

    let history = http.get("/fhir/Patient/p1/_history").expect(200).json();
    assert_eq!((str(&history, "type"), int(&history, "total")), ("history", 3));
    let of = |entry: &_| (str(entry, "request.method").to_owned(), str(entry, "response.etag").to_owned());
    let said: Vec<_> = list(&history, "entry").iter().map(of).collect();
    let wanted = [("PUT", "W/\"3\""), ("DELETE", "W/\"2\""), ("PUT", "W/\"1\"")];
    assert_eq!(said, wanted.map(|(method, tag)| (method.to_owned(), tag.to_owned())));
    assert!(at(&history, "entry.1").get("resource").is_none());
    assert_eq!(at(&history, "entry.0.response.status").as_str().map(|s| &s[..3]), Some("201"));
    assert_eq!(events(&http, "type=PatientDeleted").events.len(), 1);

    let first = http.get("/fhir/Patient/p1/_history?_count=2").expect(200).json();
    let next = anamnesis_e2e::links(&first, "next").unwrap();
    let second = http.get(&next).expect(200).json();
    assert_eq!((list(&first, "entry").len(), list(&second, "entry").len()), (2, 1));
    assert_eq!(str(&second, "entry.0.resource.meta.versionId"), "1");
    issue(http.get("/fhir/Patient/never/_history"), 404);
}

/// <https://hl7.org/fhir/R4/http.html#ccreate>
#[test]
fn a_conditional_create_makes_one_record_however_many_ask() {
    let server = Server::start();
    let http = server.http();
    let body = r#"{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"7"}]}"#;
    let criteria = [("if-none-exist", "identifier=urn:mrn|7")];
    let ask = |_| {
        std::thread::spawn({
            let http = http.clone();
            move || post(&http, "/fhir/Patient", &criteria, body)
        })
    };
    let asked: Vec<_> = (0..12).map(ask).collect();
    let answers: Vec<_> = asked.into_iter().map(|thread| thread.join().unwrap()).collect();
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let found = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((made, found), (1, 11));
    let ids: std::collections::BTreeSet<_> =
        answers.iter().map(|answer| str(&answer.json(), "id").to_owned()).collect();
    assert_eq!(ids.len(), 1);

    post(&http, "/fhir/Patient", &[], body).expect(201);
    assert_eq!(issue(post(&http, "/fhir/Patient", &criteria, body), 412), "multiple-matches");
    issue(post(&http, "/fhir/Patient", &[("if-none-exist", "dragon=7")], body), 400);
}

/// The headers of a request.
type Headers<'a> = &'a [(&'a str, &'a str)];

/// <https://hl7.org/fhir/R4/http.html#mime-type>, <https://hl7.org/fhir/R4/http.html#Status-Codes>
#[test]
fn what_is_not_understood_is_said_so() {
    let server = Server::start();
    let http = server.http();
    let body = Some(br#"{"resourceType":"Patient"}"#.to_vec());
    #[rustfmt::skip] // A table reads by column.
    let cases: &[(&str, &str, Headers<'_>, u16)] = &[
        ("POST",   "/fhir/Patient",      &[("content-type", "application/fhir+json; charset=utf-8")], 201),
        ("POST",   "/fhir/Patient",      &[("content-type", "application/json")],                     201),
        ("POST",   "/fhir/Patient",      &[("content-type", "application/fhir+xml")],                 415),
        ("POST",   "/fhir/Patient",      &[FHIR, ("accept", "application/fhir+xml")],                 406),
        ("POST",   "/fhir/Dragon",       &[FHIR],                                                     404),
        ("POST",   "/fhir/Patient/p1",   &[FHIR],                                                     405),
        ("PUT",    "/fhir/Patient",      &[FHIR],                                                     400),
        ("POST",   "/fhir/Patient/p1/x", &[FHIR],                                                     405),
        ("POST",   "/fhir/Patient/p1/x/y", &[FHIR],                                                   404),
        ("PUT",    "/fhir/Patient/b_d",  &[FHIR],                                                     400),
        ("POST",   "/fhir/Patient",      &[FHIR, ("anamnesis-wait", "soon")],                         400),
        ("POST",   "/fhir/Observation",  &[FHIR],                                                     400),
    ];
    for (method, path, headers, status) in cases {
        let reply = http.send(method, path, headers, body.clone());
        assert_eq!(reply.status, *status, "{method} {path} {headers:?}: {}", reply.text());
        if *status >= 400 {
            assert_eq!(str(&reply.json(), "resourceType"), "OperationOutcome", "{method} {path}");
        }
    }
}

/// The CapabilityStatement is believed: <https://hl7.org/fhir/R4/http.html#capabilities>.
#[test]
fn the_statement_tells_the_truth() {
    let server = Server::start();
    let http = server.http();
    let said = http.get("/fhir/metadata").expect(200).json();
    assert_eq!((str(&said, "resourceType"), str(&said, "fhirVersion")), ("CapabilityStatement", "4.0.1"));
    assert_eq!(str(&said, "implementation.url"), format!("{}/fhir", server.url()));
    let types = list(&said, "rest.0.resource");
    assert!(types.len() > 100);
    for of in types {
        let kind = str(of, "type");
        for param in list(of, "searchParam") {
            let name = str(param, "name");
            let tried: &[&str] = match (name, str(param, "type")) {
                ("_has", _) => &[":Observation:patient:code=x", ":Provenance:target:agent=x"],
                ("_filter", _) => &["=_id%20eq%20x"],
                (_, "date") => &["=2026"],
                (_, "number" | "quantity") => &["=5"],
                // What goes together is of any kind.
                (_, "composite") => &["=x$x", "=x$2026", "=x$5", "=5$5", "=x$5$5", "=x$x$x"],
                _ => &["=x"],
            };
            let strict = |value: &&str| {
                let query = format!("/fhir/{kind}?{name}{value}&_summary=count");
                http.send("GET", &query, &[("prefer", "handling=strict")], None).status == 200
            };
            assert!(tried.iter().any(strict), "{kind} {name}");
        }
        let can: Vec<_> = list(of, "interaction").iter().map(|code| str(code, "code")).collect();
        assert_eq!(
            can,
            [
                "read",
                "vread",
                "create",
                "update",
                "patch",
                "delete",
                "history-instance",
                "history-type",
                "search-type"
            ]
        );
    }
}
