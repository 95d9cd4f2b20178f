//! Where each write comes from: <https://hl7.org/fhir/R4/provenance.html#header>, and the labels of a record,
//! <https://hl7.org/fhir/R4/resource-operation-meta.html>.

use anamnesis_e2e::{at, commit, int, json, list, str, stream, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Reply, Server};

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");
const PROVENANCE: &str = concat!(
    r#"{"resourceType":"Provenance","recorded":"2026-03-01T12:00:00Z","#,
    r#""reason":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}],"text":"seen at the clinic"}],"#,
    r#""agent":[{"who":{"reference":"Practitioner/d1"},"onBehalfOf":{"reference":"Organization/h1"}}]}"#
);
const SOURCE: (&str, &str) = ("x-provenance", PROVENANCE);

fn send(http: &Http, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let headers: Vec<_> = headers.iter().copied().chain([FHIR]).collect();
    http.send(method, path, &headers, Some(body.as_bytes().to_vec()))
}

/// The code of an answer's first issue, which must be an OperationOutcome's.
#[track_caller]
fn issue(reply: Reply, status: u16) -> String {
    let outcome = reply.expect(status).json();
    assert_eq!(str(&outcome, "resourceType"), "OperationOutcome");
    str(&outcome, "issue.0.code").to_owned()
}

/// The stored Provenances of a record, the newest last.
fn told_of(http: &Http, record: &str) -> Vec<Value> {
    let mut found = anamnesis_e2e::entries(http, &format!("/fhir/Provenance?target={record}"));
    found.sort_by_key(|one| str(one, "target.0.reference").to_owned());
    found
}

fn patient(id: &str, city: &str) -> String {
    format!(
        r#"{{"resourceType":"Patient","id":"{id}","name":[{{"family":"A"}}],"address":[{{"city":"{city}"}}]}}"#
    )
}

/// A Provenance without target is stored with the version it tells of, in the commit it tells of.
#[test]
fn a_write_says_where_it_comes_from() {
    let server = Server::start();
    let http = server.http();
    send(&http, "PUT", "/fhir/Patient/p1", &[SOURCE], &patient("p1", "Ghent")).expect(201);
    send(&http, "PUT", "/fhir/Patient/p1", &[SOURCE], &patient("p1", "Bruges")).expect(200);
    let body = r#"[{"op":"add","path":"/address/0/city","value":"Aalst"}]"#;
    let headers = [SOURCE, ("content-type", "application/json-patch+json")];
    http.send("PATCH", "/fhir/Patient/p1", &headers, Some(body.into())).expect(200);
    let deleted = http.send("DELETE", "/fhir/Patient?_id=p1", &[SOURCE], None).expect(204);
    assert_eq!(deleted.header("etag"), Some("W/\"4\""), "its version, not that of the Provenance beside it");

    let stored = told_of(&http, "Patient/p1");
    let targets: Vec<_> = stored.iter().map(|one| str(one, "target.0.reference").to_owned()).collect();
    assert_eq!(targets, (1..=4).map(|n| format!("Patient/p1/_history/{n}")).collect::<Vec<_>>());
    let events = stream(&http, "Patient/p1");
    for (one, event) in stored.iter().zip(&events) {
        assert_eq!(str(one, "recorded"), "2026-03-01T12:00:00Z");
        let told = stream(&http, &format!("Provenance/{}", str(one, "id")));
        assert_eq!(str(&told[0], "commit_id"), str(event, "commit_id"), "one commit holds both");
        assert_eq!(str(event, "reason"), "seen at the clinic");
        assert_eq!(str(event, "actor.user"), "Practitioner/d1");
        assert_eq!(str(event, "actor.on_behalf_of"), "Organization/h1");
        assert_eq!(text(at(event, "actor")), text(at(&told[0], "actor")));
    }
    // History and Provenance agree on the versions there are.
    assert_eq!(int(&http.get("/fhir/Patient/p1/_history").expect(200).json(), "total"), 4);

    let made =
        send(&http, "POST", "/fhir/Patient", &[SOURCE], r#"{"resourceType":"Patient"}"#).expect(201).json();
    assert_eq!(told_of(&http, &format!("Patient/{}", str(&made, "id"))).len(), 1);
}

/// An update of several parts is one version, which is the one that is named.
#[test]
fn the_version_named_is_the_one_written() {
    let server = Server::start();
    let http = server.http();
    send(&http, "PUT", "/fhir/Patient/p1", &[], &patient("p1", "Ghent")).expect(201);
    let changed = patient("p1", "Bruges").replace("\"A\"", "\"B\"");
    let answer = send(&http, "PUT", "/fhir/Patient/p1", &[SOURCE], &changed).expect(200);
    assert_eq!(answer.header("etag"), Some("W/\"3\""));
    assert_eq!(str(&told_of(&http, "Patient/p1")[0], "target.0.reference"), "Patient/p1/_history/3");
    // What changes nothing writes nothing, of which nothing is told.
    send(&http, "PUT", "/fhir/Patient/p1", &[SOURCE], &changed).expect(200);
    assert_eq!(told_of(&http, "Patient/p1").len(), 1);
}

/// `Anamnesis-Reason` says why before the Provenance does; a repetition tells of nothing twice.
#[test]
fn reasons_and_repetitions() {
    let server = Server::start();
    let http = server.http();
    let headers = [SOURCE, ("anamnesis-reason", "moved"), ("idempotency-key", "k1")];
    for _ in 0..2 {
        send(&http, "PUT", "/fhir/Patient/p1", &headers, &patient("p1", "Ghent")).expect(201);
    }
    assert_eq!(str(&stream(&http, "Patient/p1")[0], "reason"), "moved");
    assert_eq!(told_of(&http, "Patient/p1").len(), 1);
}

/// One Provenance tells of all that a transaction writes, and of each entry of a batch one.
#[test]
fn bundles_say_where_they_come_from() {
    let server = Server::start();
    let http = server.http();
    let entry = |id: &str| {
        format!(
            r#"{{"request":{{"method":"PUT","url":"Patient/{id}"}},"resource":{}}}"#,
            patient(id, "Ghent")
        )
    };
    let bundle = |kind: &str, ids: &[&str]| {
        let entries: Vec<_> = ids.iter().map(|id| entry(id)).collect();
        format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(","))
    };
    let answer =
        send(&http, "POST", "/fhir", &[SOURCE], &bundle("transaction", &["p1", "p2"])).expect(200).json();
    assert_eq!(list(&answer, "entry").len(), 2);
    let (one, other) = (told_of(&http, "Patient/p1"), told_of(&http, "Patient/p2"));
    assert_eq!((one.len(), str(&one[0], "id")), (1, str(&other[0], "id")));
    assert_eq!(list(&one[0], "target").len(), 2);
    send(&http, "POST", "/fhir", &[SOURCE], &bundle("batch", &["p3", "p4"])).expect(200);
    assert_ne!(str(&told_of(&http, "Patient/p3")[0], "id"), str(&told_of(&http, "Patient/p4")[0], "id"));
}

/// A header that cannot be taken refuses the request, and nothing is kept.
#[test]
fn what_is_no_provenance_is_refused() {
    let server = Server::start();
    let http = server.http();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        "",
        "{",
        r#"{"resourceType":"Patient"}"#,
        r#"{"resourceType":"Provenance","target":[{"reference":"Patient/p9"}],"agent":[{"who":{"reference":"Device/d"}}]}"#,
        r#"{"resourceType":"Provenance","agent":"me"}"#,
        r#"{"resourceType":"Provenance","agent":[{"who":{"reference":7}}]}"#,
    ];
    for header in cases {
        let refused =
            send(&http, "PUT", "/fhir/Patient/p1", &[("x-provenance", header)], &patient("p1", "Ghent"));
        assert!(refused.text().contains("X-Provenance"), "{header}: {}", refused.text());
        issue(refused, 400);
    }
    let twice = [SOURCE, SOURCE];
    issue(send(&http, "PUT", "/fhir/Patient/p1", &twice, &patient("p1", "Ghent")), 400);
    http.get("/fhir/Patient/p1").expect(404);
}

/// Provenances and AuditEvents of clients are records like others, but for ids that are the server's own.
#[test]
fn ids_of_the_server_are_the_servers() {
    let server = Server::start();
    let http = server.http();
    let provenance = |id: &str| {
        format!(
            concat!(
                r#"{{"resourceType":"Provenance","id":"{}","target":[{{"reference":"Patient/p1"}}],"#,
                r#""recorded":"2026-03-01T12:00:00Z","agent":[{{"who":{{"display":"me"}}}}]}}"#
            ),
            id
        )
    };
    let audit = |id: &str| {
        format!(
            concat!(
                r#"{{"resourceType":"AuditEvent","id":"{}","type":{{"code":"rest"}},"recorded":"2026-03-01T12:00:00Z","#,
                r#""agent":[{{"requestor":true}}],"source":{{"observer":{{"display":"me"}}}}}}"#
            ),
            id
        )
    };
    send(&http, "PUT", "/fhir/Provenance/mine", &[], &provenance("mine")).expect(201);
    send(&http, "PUT", "/fhir/AuditEvent/logged", &[], &audit("logged")).expect(201);
    for id in ["log-1", "access-1"] {
        for (kind, body) in [("Provenance", provenance(id)), ("AuditEvent", audit(id))] {
            let path = format!("{kind}/{id}");
            assert_eq!(issue(send(&http, "PUT", &format!("/fhir/{path}"), &[], &body), 422), "business-rule");
            let entry = format!(r#"{{"request":{{"method":"PUT","url":"{path}"}},"resource":{body}}}"#);
            for (bundle, status) in [("transaction", 422), ("batch", 200)] {
                let bundle = format!(r#"{{"resourceType":"Bundle","type":"{bundle}","entry":[{entry}]}}"#);
                let answer = http.post("/fhir", &json(bundle)).expect(status);
                assert!(answer.text().contains("business-rule"), "{}", answer.text());
            }
            let event = format!(r#"{{"stream":"{path}","type":"{kind}Created","data":{body}}}"#);
            commit(&http, &event).expect(422);
            http.get(&format!("/fhir/{path}")).expect(404);
        }
    }
    send(&http, "PUT", "/fhir/Patient/log-1", &[], &patient("log-1", "Ghent")).expect(201);
}

/// `$meta`, `$meta-add`, `$meta-delete`: the labels of a record, which are a part of it and of its history.
#[test]
fn labels_come_and_go() {
    let server = Server::start();
    let http = server.http();
    send(&http, "PUT", "/fhir/Patient/p1", &[], &patient("p1", "Ghent")).expect(201);
    let meta = |path: &str, meta: &str, headers: &[(&str, &str)]| {
        let body =
            format!(r#"{{"resourceType":"Parameters","parameter":[{{"name":"meta","valueMeta":{meta}}}]}}"#);
        send(&http, "POST", &format!("/fhir/Patient/p1/{path}"), headers, &body)
    };
    let label =
        r#"{"tag":[{"system":"http://example.org/t","code":"vip"}],"profile":["http://example.org/p"]}"#;
    let added = meta("$meta-add", label, &[]).expect(200);
    assert_eq!(added.header("etag"), Some("W/\"2\""));
    let added = added.json();
    assert_eq!((str(&added, "resourceType"), str(&added, "parameter.0.name")), ("Parameters", "return"));
    assert_eq!(str(&added, "parameter.0.valueMeta.tag.0.code"), "vip");
    assert_eq!(str(&added, "parameter.0.valueMeta.versionId"), "2");
    meta("$meta-add", label, &[]).expect(200);
    let read = http.get("/fhir/Patient/p1/$meta").expect(200).json();
    assert_eq!(text(&read), text(&added), "what is there already is not added, and makes no version");
    assert_eq!(list(&http.get("/fhir/Patient/p1").expect(200).json(), "meta.profile").len(), 1);

    issue(meta("$meta-delete", label, &[("if-match", "W/\"1\"")]), 412);
    let taken = meta("$meta-delete", r#"{"tag":[{"system":"http://example.org/t","code":"vip"}]}"#, &[]);
    assert!(list(&taken.expect(200).json(), "parameter.0.valueMeta.tag").is_empty());
    let kinds: Vec<_> =
        stream(&http, "Patient/p1").iter().map(|event| str(event, "type").to_owned()).collect();
    assert_eq!(kinds, ["PatientRegistered", "PatientRevised", "PatientRevised"]);

    // Of a type, and of all: every label that is in use, each once.
    send(&http, "PUT", "/fhir/Patient/p2", &[], &patient("p2", "Ghent")).expect(201);
    for path in ["/fhir/$meta", "/fhir/Patient/$meta"] {
        let all = http.get(path).expect(200).json();
        assert_eq!(str(&all, "parameter.0.valueMeta.profile.0"), "http://example.org/p", "{path}");
        assert!(at(&all, "parameter.0.valueMeta.versionId").as_str().is_none());
    }
    let none = http.get("/fhir/Observation/$meta").expect(200).json();
    assert!(list(&none, "parameter.0.valueMeta.profile").is_empty());
    issue(http.get("/fhir/Dragon/$meta"), 404);

    issue(send(&http, "POST", "/fhir/Patient/p1/$meta-add", &[], &patient("p1", "Ghent")), 400);
    issue(http.get("/fhir/Patient/never/$meta"), 404);
    issue(http.send("DELETE", "/fhir/Patient/p1/$meta-add", &[], None), 405);
}
