//! The event API over the wire: what a client appends, and what it is answered.

use anamnesis_e2e::{at, commit, events, events_after, int, json, last_cursor, list, str, stream, text};
use anamnesis_testkit::{Http, Reply, Server};

const REGISTERED: &str = r#"{"stream":"Patient/p1","type":"PatientRegistered","data":{"gender":"female","address":[{"city":"Aalst"}]},"expected":"none"}"#;
const MOVED: &str = r#"{"stream":"Patient/p1","type":"PatientAddressUpdated","schema_version":1,"data":{"new_address":{"city":"Ghent"}},"expected":1}"#;

/// A moved event of today's shape, to this city.
fn moved(city: &str, more: &str) -> String {
    format!(
        r#"{{"stream":"Patient/p1","type":"PatientAddressUpdated","data":{{"address":[{{"city":"{city}"}}]}}{more}}}"#
    )
}

/// A server that knows Patient/p1, at version 1.
fn begun() -> (Server, Http) {
    let server = Server::start();
    let http = server.http();
    commit(&http, REGISTERED).expect(201);
    (server, http)
}

/// The problem of an answer: its type's last word.
#[track_caller]
fn problem(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    let said = reply.json();
    assert_eq!(int(&said, "status"), u64::from(status));
    assert!(!str(&said, "title").is_empty());
    str(&said, "type").rsplit('/').next().unwrap_or_default().to_owned()
}

#[test]
fn what_is_written_in_an_old_shape_is_kept_so_and_folds_as_todays() {
    let (_server, http) = begun();
    let answer = commit(&http, MOVED).expect(201);
    let said = answer.json();
    assert_eq!(str(&said, "cursor"), answer.header("anamnesis-cursor").unwrap());
    assert_eq!(list(&said, "events").len(), 1);
    assert_eq!((str(&said, "events.0.stream"), int(&said, "events.0.version")), ("Patient/p1", 2));
    assert_eq!((int(&said, "events.0.position.partition"), int(&said, "events.0.position.offset")), (0, 1));

    let told = &stream(&http, "Patient/p1")[1];
    assert_eq!(str(told, "type"), "PatientAddressUpdated");
    assert_eq!(int(told, "schema_version"), 1);
    assert_eq!(text(at(told, "data")), r#"{"new_address":{"city":"Ghent"}}"#, "as it was written");
    let patient = http.get("/fhir/Patient/p1").expect(200).json();
    assert_eq!((str(&patient, "address.0.city"), str(&patient, "gender")), ("Ghent", "female"));
    assert_eq!(str(&patient, "meta.versionId"), "2");
}

#[test]
fn an_event_carries_all_that_was_said_of_it() {
    let (_server, http) = begun();
    let more = r#","event_id":"6f2c0a52-7a3e-4a53-9b1e-0d8f6a1c2b3d","occurred_at":"2026-03-01T10:00:00+01:00",
        "correlation_id":"call-7","causation_id":"11111111-2222-4333-8444-555555555555","reason":"she said so",
        "metadata":{"form":7}"#;
    let answer = commit(&http, &moved("Ghent", more)).expect(201).json();
    assert_eq!(str(&answer, "events.0.event_id"), "6f2c0a52-7a3e-4a53-9b1e-0d8f6a1c2b3d");
    let all = stream(&http, "Patient/p1");
    let event = &all[1];
    for (path, wanted) in [
        ("event_id", "6f2c0a52-7a3e-4a53-9b1e-0d8f6a1c2b3d"),
        ("stream", "Patient/p1"),
        ("type", "PatientAddressUpdated"),
        ("occurred_at", "2026-03-01T09:00:00.000000Z"),
        ("subject", "Patient/p1"),
        ("source.door", "api"),
        ("correlation_id", "call-7"),
        ("causation_id", "11111111-2222-4333-8444-555555555555"),
        ("reason", "she said so"),
        ("commit_id", str(&answer, "commit_id")),
    ] {
        assert_eq!(str(event, path), wanted, "{path}");
    }
    assert_eq!(
        (int(event, "version"), int(event, "metadata.form"), int(event, "position.offset")),
        (2, 7, 1)
    );
    let recorded = str(event, "recorded_at");
    assert!(recorded.len() == 27 && recorded.ends_with('Z'), "six decimals, UTC: {recorded}");
    let first = text(at(&all[0], "data"));
    assert!(
        first.starts_with(r#"{"resourceType":"Patient","id":"p1","#),
        "the first is the whole resource: {first}"
    );
}

#[test]
fn an_expectation_that_fails_says_what_is() {
    let (_server, http) = begun();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // expected                    status  the problem's `expected`
        (r#","expected":"any""#,     201,    ""),
        ("",                         201,    ""),
        (r#","expected":3"#,         201,    ""),
        (r#","expected":3"#,         409,    "3"),
        (r#","expected":99"#,        409,    "99"),
        (r#","expected":"none""#,    409,    "\"none\""),
        (r#","expected":"some""#,    422,    ""),
        (r#","expected":-1"#,        422,    ""),
    ];
    for (n, (expected, status, said)) in cases.into_iter().enumerate() {
        let reply = commit(&http, &moved(&format!("Town {n}"), expected));
        assert_eq!(reply.status, status, "{expected}: {}", reply.text());
        if status == 409 {
            assert_eq!(problem(&reply, 409), "conflict");
            let reply = reply.json();
            assert_eq!((str(&reply, "stream"), int(&reply, "actual")), ("Patient/p1", 4));
            assert_eq!(text(at(&reply, "expected")), said);
        }
    }
    http.delete("/fhir/Patient/p1").expect(204);
    problem(&commit(&http, &moved("Ghent", "")), 422);
    commit(&http, REGISTERED).expect(201);
    assert_eq!(
        str(&stream(&http, "Patient/p1")[5], "type"),
        "PatientRegistered",
        "none means no live record"
    );
}

#[test]
fn streams_are_written_together_or_not_at_all() {
    let (_server, http) = begun();
    let together = |actual: u64| {
        format!(
            r#"{{"streams":[
            {{"stream":"Observation/k","expected":"none","events":[
                {{"type":"LabResultReported","data":{{"status":"preliminary","category":[{{"coding":[{{"code":"laboratory"}}]}}],
                  "code":{{"text":"potassium"}},"subject":{{"reference":"Patient/p1"}},"valueQuantity":{{"value":5.90}}}}}},
                {{"type":"LabResultFinalized","data":{{"status":"final"}}}},
                {{"type":"LabResultCorrected","data":{{"valueQuantity":{{"value":4.20}}}},"reason":"haemolysed"}}]}},
            {{"stream":"Patient/p1","expected":{actual},"events":[{{"type":"PatientGenderChanged","data":{{"gender":"male"}}}}]}}]}}"#
        )
    };
    let before = last_cursor(&http);
    let refused = commit(&http, &together(7));
    assert_eq!(problem(&refused, 409), "conflict");
    assert_eq!(last_cursor(&http), before);

    let said = commit(&http, &together(1)).expect(201).json();
    let places: Vec<_> = list(&said, "events")
        .iter()
        .map(|e| (str(e, "stream"), int(e, "version"), int(e, "position.offset")))
        .collect();
    let wanted =
        [("Observation/k", 1, 1), ("Observation/k", 2, 2), ("Observation/k", 3, 3), ("Patient/p1", 2, 4)];
    assert_eq!(places, wanted);
    let read = http.get("/fhir/Observation/k").expect(200);
    assert_eq!(read.header("etag"), Some("W/\"3\""));
    assert_eq!(
        (str(&read.json(), "status"), text(at(&read.json(), "valueQuantity.value")).as_str()),
        ("final", "4.20")
    );
    let commits: std::collections::BTreeSet<_> =
        events(&http, "").events.iter().skip(1).map(|e| str(e, "commit_id").to_owned()).collect();
    assert_eq!(commits.into_iter().collect::<Vec<_>>(), [str(&said, "commit_id")]);
}

#[test]
fn the_same_key_or_event_id_is_done_once() {
    let (_server, http) = begun();
    let send = |key: &str, body: &str| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        http.send("POST", "/api/commits", &headers, Some(body.as_bytes().to_vec()))
    };
    let first = send("k", &moved("Ghent", "")).expect(201);
    commit(&http, &moved("Bruges", "")).expect(201);
    let again = send("k", &moved("Ghent", "")).expect(200);
    assert_eq!(again.text(), first.text(), "the first answer again");
    assert_eq!(problem(&send("k", &moved("Aalst", "")), 409), "key-reused");
    send("other", &moved("Aalst", "")).expect(201);

    let id = r#","event_id":"6f2c0a52-7a3e-4a53-9b1e-0d8f6a1c2b3d""#;
    let named = commit(&http, &moved("Ypres", id)).expect(201);
    let known = commit(&http, &moved("Ypres", id)).expect(200);
    assert_eq!(known.text(), named.text());
    assert_eq!(problem(&commit(&http, &moved("Mons", id)), 409), "key-reused");
    assert_eq!(stream(&http, "Patient/p1").len(), 5);
}

#[test]
fn what_changes_nothing_makes_no_event() {
    let (_server, http) = begun();
    let answer = commit(&http, &moved("Aalst", "")).expect(201).json();
    assert_eq!(list(&answer, "events").len(), 0);
    assert!(at(&answer, "events").as_array().is_some());
    assert_eq!(stream(&http, "Patient/p1").len(), 1);
}

#[test]
fn what_cannot_be_taken_says_every_reason_and_where() {
    let (_server, http) = begun();
    let before = last_cursor(&http);
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // body                                                                                                   path of the first reason
        (r#"{"stream":"Patient/p1","type":"PatientTeleported","data":{}}"#.to_owned(),                            "type"),
        (moved("Ghent", r#","schema_version":3"#),                                                                "schema_version"),
        (r#"{"stream":"Patient/p1","type":"PatientAddressUpdated","data":{"gender":"male"}}"#.to_owned(),         "data.gender"),
        (r#"{"stream":"Patient/p1","type":"PatientAddressUpdated","data":{"address":{"city":"x"}}}"#.to_owned(),  "data.address"),
        (r#"{"stream":"Patient/p1","type":"ConditionResolved","data":{}}"#.to_owned(),                            "type"),
        (r#"{"stream":"Patient/new","type":"PatientAddressUpdated","data":{"address":[{"city":"x"}]}}"#.to_owned(), "stream"),
        (r#"{"stream":"Patient/new","type":"PatientRegistered","data":{"id":"other"}}"#.to_owned(),               "data.id"),
        (r#"{"stream":"Patient/b_d","type":"PatientRegistered","data":{}}"#.to_owned(),                           "stream"),
        (moved("Ghent", r#","typo":1"#),                                                                          "typo"),
    ];
    for (body, path) in cases {
        let reply = commit(&http, &body);
        assert_eq!(problem(&reply, 422), "refused", "{body}");
        let said = reply.json();
        assert_eq!(str(&said, "reasons.0.path"), path, "{body}: {}", text(&said));
        assert!(!str(&said, "reasons.0.detail").is_empty());
    }
    let several = r#"{"streams":[{"stream":"Patient/p1","events":[
        {"type":"PatientGenderChanged","data":{"gender":7}},{"type":"PatientNameChanged","data":{"name":{}},"typo":1}]}]}"#;
    let said = commit(&http, several).expect(422).json();
    let paths: Vec<_> = list(&said, "reasons").iter().map(|reason| str(reason, "path")).collect();
    assert_eq!(
        paths,
        ["streams[0].events[0].data.gender", "streams[0].events[1].data.name", "streams[0].events[1].typo"]
    );

    let lab = r#"{"stream":"Observation/k","type":"LabResultFinalized","data":{"status":"final","category":[{"coding":[{"code":"laboratory"}]}],"code":{"text":"k"},"valueString":"a"}}"#;
    commit(&http, lab).expect(201);
    let corrected = |more: &str| {
        format!(
            r#"{{"stream":"Observation/k","type":"LabResultCorrected","data":{{"status":"corrected","valueString":"b"}}{more}}}"#
        )
    };
    let said = commit(&http, &corrected("")).expect(422).json();
    assert_eq!(str(&said, "reasons.0.path"), "reason", "a correction says why");
    commit(&http, &corrected(r#","reason":"misread""#)).expect(201);
    let back = r#"{"stream":"Observation/k","type":"LabResultReported","data":{"status":"preliminary"}}"#;
    let said = commit(&http, back).expect(422).json();
    assert_eq!(str(&said, "reasons.0.cause"), "business-rule", "{}", text(&said));
    assert_eq!(events_after(&http, &before, "").events.len(), 2);
}

#[test]
fn statuses_of_what_is_not_there() {
    let (_server, http) = begun();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("GET",    "/api/streams/Patient/p2",               404),
        ("GET",    "/api/streams/Dragon/p2",                404),
        ("GET",    "/api/streams/Patient/p1?from=0",        400),
        ("GET",    "/api/events?from=soon",                 400),
        ("GET",    "/api/events?from=c1~ffffffffffff~ffff", 409),
        ("GET",    "/api/events?type=Nonsense",             400),
        ("GET",    "/api/events?typ=PatientRegistered",     400),
        ("GET",    "/api/nowhere",                          404),
        ("GET",    "/api/commits",                          405),
        ("DELETE", "/api/events",                           405),
    ];
    for (method, path, status) in cases {
        let reply = http.send(method, path, &[], None);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        problem(&reply, status);
    }
    let xml =
        http.send("POST", "/api/commits", &[("content-type", "application/xml")], Some(b"<a/>".to_vec()));
    problem(&xml, 415);
    assert_eq!(problem(&http.get("/api/events?from=c1~ffffffffffff~ffff"), 409), "cursor-unknown");
    let document = http.get("/api/openapi.json").expect(200).json();
    assert!(str(&document, "openapi").starts_with("3.1"));
    assert!(at(&document, "paths").get("/api/commits").is_some());
    assert_eq!(json("{}"), json("{ }"));
}
