//! Bundles that are carried out: <https://hl7.org/fhir/R4/http.html#transaction>.

use anamnesis_e2e::{at, bundle as send, count, entry, events, json, last_cursor, list, str, stream, text};
use anamnesis_testkit::{Reply, Server};

fn post(full_url: &str, resource: &str) -> String {
    let kind = str(&json(resource), "resourceType").to_owned();
    entry(full_url, "POST", &kind, "", resource)
}

/// The records an answer's entries lead to, `Type/id`.
fn located(answer: &Reply) -> Vec<String> {
    let bundle = answer.json();
    let of = |entry: &_| {
        let location = str(entry, "response.location").to_owned();
        let (_, path) = location.rsplit_once("/fhir/").unwrap_or(("", &location));
        path.split("/_history").next().unwrap_or_default().to_owned()
    };
    list(&bundle, "entry").iter().map(of).collect()
}

#[test]
fn every_kind_of_reference_leads_to_the_record_it_means() {
    let server = Server::start();
    let http = server.http();
    let doctor = r#"{"resourceType":"Practitioner","identifier":[{"system":"urn:npi","value":"9"}]}"#;
    let there = located(&send(&http, "transaction", &[post("", doctor)]).expect(200))[0].clone();
    let observation = r##"{"resourceType":"Observation","status":"final","code":{"text":"x"},
        "text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"urn:uuid:aaaaaaaa-0000-4000-8000-000000000001\">she</a></div>"},
        "subject":{"reference":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000001"},
        "encounter":{"reference":"Encounter/e1"},
        "device":{"reference":"#d"},"contained":[{"resourceType":"Device","id":"d","patient":{"reference":"http://old.example/fhir/Patient/77"}}],
        "performer":[{"reference":"Practitioner?identifier=urn:npi|9"},{"reference":"Organization/7"},{"reference":"http://elsewhere.example/fhir/Practitioner/1"},{"reference":"urn:oid:1.2.3"}],
        "hasMember":[{"reference":"Observation/never"}],
        "focus":[{"reference":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000001","identifier":{"value":"urn:oid:1.2.3"}},{"reference":"http://old.example/fhir/Patient/77/_history/1"}]}"##;
    let entries = [
        post("urn:uuid:aaaaaaaa-0000-4000-8000-000000000001", r#"{"resourceType":"Patient"}"#),
        post("http://old.example/fhir/Patient/77", r#"{"resourceType":"Patient"}"#),
        entry(
            "",
            "PUT",
            "Encounter/e1",
            "",
            r#"{"resourceType":"Encounter","id":"e1","status":"planned","class":{"code":"AMB"}}"#,
        ),
        post("http://old.example/fhir/Organization/7", r#"{"resourceType":"Organization","name":"X"}"#),
        post("urn:oid:1.2.3", r#"{"resourceType":"PractitionerRole"}"#),
        post("", observation),
    ];
    let answer = send(&http, "transaction", &entries).expect(200);
    let made = located(&answer);
    let bundle = answer.json();
    assert_eq!(str(&bundle, "type"), "transaction-response");
    for one in list(&bundle, "entry") {
        assert!(str(one, "response.status").starts_with("201"));
        assert_eq!(str(one, "response.etag"), "W/\"1\"");
        assert!(str(one, "response.lastModified").ends_with('Z'));
    }
    let read = http.get(&format!("/fhir/{}", made[5])).expect(200).json();
    let reference = |path: &str| str(&read, &format!("{path}.reference")).to_owned();
    assert_eq!(reference("subject"), made[0]);
    assert_eq!(reference("encounter"), "Encounter/e1");
    assert_eq!(reference("device"), "#d");
    assert_eq!(reference("contained.0.patient"), made[1]);
    assert_eq!(reference("performer.0"), there);
    assert_eq!(reference("performer.1"), made[3]);
    assert_eq!(reference("performer.2"), "http://elsewhere.example/fhir/Practitioner/1");
    assert_eq!(reference("performer.3"), made[4]);
    assert_eq!(reference("focus.1"), format!("{}/_history/1", made[1]));
    assert_eq!(reference("hasMember.0"), "Observation/never");
    assert_eq!(str(&read, "focus.0.identifier.value"), "urn:oid:1.2.3", "what is no reference stays");
    let told = events(&http, "_count=1000").events;
    let commits: std::collections::BTreeSet<_> =
        told.iter().skip(1).map(|event| str(event, "commit_id")).collect();
    assert_eq!(commits.len(), 1, "one transaction, one commit");
}

#[test]
fn a_wrong_entry_keeps_all_out_and_says_where() {
    let server = Server::start();
    let http = server.http();
    let before = last_cursor(&http);
    let good = || post("", r#"{"resourceType":"Patient","name":[{"family":"Vandersecret"}]}"#);
    #[rustfmt::skip] // A table reads by column.
    let wrong = [
     // the tenth entry                                                                                                where
        (post("", r#"{"resourceType":"Patient","gender":7}"#),                                                          "Bundle.entry[9].resource.gender"),
        (post("", r#"{"resourceType":"Patient","link":[{"other":{"reference":"urn:uuid:no-one"}}]}"#),                   "Bundle.entry[9].resource.link[0].other.reference"),
        (post("", r#"{"resourceType":"Patient","generalPractitioner":[{"reference":"Practitioner?identifier=no"}]}"#),   "Bundle.entry[9].resource.generalPractitioner[0].reference"),
        (entry("", "PUT", "Patient/p1", "", r#"{"resourceType":"Patient","id":"p2"}"#),                                  "Bundle.entry[9].resource.id"),
        (entry("", "POST", "Dragon", "", r#"{"resourceType":"Dragon"}"#),                                                "Bundle.entry[9].request.url"),
        (entry("", "PUT", "Patient/p1", r#","ifMatch":"W/\"3\"""#, r#"{"resourceType":"Patient","id":"p1"}"#),            "Bundle.entry[9]"),
        (entry("", "PATCH", "Patient/p1", "", r#"{"resourceType":"Binary","contentType":"application/json-patch+json"}"#), "Bundle.entry[9].request"),
    ];
    for (tenth, place) in wrong {
        let entries: Vec<_> = (0..9).map(|_| good()).chain([tenth, good()]).collect();
        let reply = send(&http, "transaction", &entries);
        assert!((400..500).contains(&reply.status), "{place}: {}", reply.status);
        let outcome = reply.json();
        assert_eq!(str(&outcome, "resourceType"), "OperationOutcome", "{place}");
        assert!(str(&outcome, "issue.0.expression.0").starts_with(place), "{place}: {}", text(&outcome));
        assert!(!str(&outcome, "issue.0.diagnostics").is_empty());
        assert!(!reply.text().contains("Vandersecret"));
    }
    assert_eq!(last_cursor(&http), before, "nothing was kept");
    assert_eq!(count(&http, "Patient"), 0);
}

#[test]
fn a_transaction_reads_after_it_wrote_and_deletes() {
    let server = Server::start();
    let http = server.http();
    let body =
        |id: &str| format!(r#"{{"resourceType":"Patient","id":"{id}","identifier":[{{"value":"{id}"}}]}}"#);
    http.put("/fhir/Patient/old", &json(body("old"))).expect(201);
    let entries = [
        entry("", "GET", "Patient?identifier=new", "", ""),
        entry("", "GET", "Patient/new", "", ""),
        entry("", "DELETE", "Patient/old", "", ""),
        entry("", "PUT", "Patient/new", "", &body("new")),
    ];
    let answer = send(&http, "transaction", &entries).expect(200).json();
    assert_eq!(str(&answer, "entry.0.resource.type"), "searchset");
    assert_eq!(at(&answer, "entry.0.resource.total").as_u64(), Some(1));
    assert_eq!(str(&answer, "entry.1.resource.id"), "new");
    let status = |n: usize| str(&answer, &format!("entry.{n}.response.status"))[..3].to_owned();
    assert_eq!((0..4).map(status).collect::<Vec<_>>(), ["200", "200", "204", "201"]);
    assert_eq!(http.get("/fhir/Patient/old").status, 410);

    let twice =
        [entry("", "PUT", "Patient/new", "", &body("new")), entry("", "DELETE", "Patient/new", "", "")];
    let outcome = send(&http, "transaction", &twice);
    assert!((400..500).contains(&outcome.status), "one record twice");
    http.get("/fhir/Patient/new").expect(200);
}

#[test]
fn a_conditional_create_in_a_transaction_is_referred_to_all_the_same() {
    let server = Server::start();
    let http = server.http();
    let hospital = r#"{"resourceType":"Organization","identifier":[{"system":"urn:o","value":"1"}]}"#;
    let entries = |n: u32| {
        let condition = r#","ifNoneExist":"identifier=urn:o|1""#;
        let patient = format!(
            r#"{{"resourceType":"Patient","id":"p{n}","managingOrganization":{{"reference":"urn:uuid:o"}}}}"#
        );
        [
            entry("urn:uuid:o", "POST", "Organization", condition, hospital),
            entry("", "PUT", &format!("Patient/p{n}"), "", &patient),
        ]
    };
    let first = send(&http, "transaction", &entries(1)).expect(200);
    let second = send(&http, "transaction", &entries(2)).expect(200);
    let status = |reply: &Reply| str(&reply.json(), "entry.0.response.status")[..3].to_owned();
    assert_eq!((status(&first), status(&second)), ("201".to_owned(), "200".to_owned()));
    for n in 1..=2 {
        let patient = http.get(&format!("/fhir/Patient/p{n}")).expect(200).json();
        assert_eq!(str(&patient, "managingOrganization.reference"), located(&first)[0]);
    }
    assert_eq!(count(&http, "Organization"), 1);
}

#[test]
fn a_batch_takes_what_it_can() {
    let server = Server::start();
    let http = server.http();
    let entries = [
        post("", r#"{"resourceType":"Patient","id":"x"}"#),
        post("", r#"{"resourceType":"Patient","gender":7}"#),
        entry("", "GET", "Patient/never", "", ""),
        entry("", "PUT", "Patient/p1", "", r#"{"resourceType":"Patient","id":"p1"}"#),
        entry("", "DRAW", "Patient/p1", "", ""),
    ];
    let answer = send(&http, "batch", &entries).expect(200).json();
    assert_eq!(str(&answer, "type"), "batch-response");
    let status = |n: usize| str(&answer, &format!("entry.{n}.response.status"))[..3].to_owned();
    assert_eq!((0..5).map(status).collect::<Vec<_>>(), ["201", "400", "404", "201", "400"]);
    assert_eq!(
        str(&answer, "entry.1.response.outcome.issue.0.expression.0"),
        "Bundle.entry[1].resource.gender"
    );
    assert_eq!(count(&http, "Patient"), 2);
}

#[test]
fn a_bundle_sent_again_under_its_key_is_done_once() {
    let server = Server::start();
    let http = server.http().with_header("idempotency-key", "k-1");
    let entries = [
        post("urn:uuid:a", r#"{"resourceType":"Patient"}"#),
        post(
            "",
            r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:a"}}"#,
        ),
    ];
    let first = send(&http, "transaction", &entries).expect(200);
    let again = send(&http, "transaction", &entries).expect(200);
    assert_eq!(located(&first), located(&again));
    assert_eq!(first.header("anamnesis-cursor"), again.header("anamnesis-cursor"));
    assert_eq!(stream(&http, &located(&first)[1]).len(), 1);
    assert_eq!(send(&http, "transaction", &entries[..1]).status, 409, "the key with other content");
    assert_eq!(count(&http, "Patient"), 1);
}

#[test]
fn a_key_used_by_many_at_once_is_done_once() {
    let server = Server::start();
    let http = server.http().with_header("idempotency-key", "k-2");
    let ask = |_| {
        let http = http.clone();
        std::thread::spawn(move || {
            http.post("/fhir/Patient", &json(r#"{"resourceType":"Patient","gender":"male"}"#))
        })
    };
    let asked: Vec<_> = (0..16).map(ask).collect();
    let answers: Vec<_> = asked.into_iter().map(|thread| thread.join().unwrap()).collect();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert!(statuses.iter().all(|status| [200, 201].contains(status)), "{statuses:?}");
    let ids: std::collections::BTreeSet<_> =
        answers.iter().map(|a| str(&a.json(), "id").to_owned()).collect();
    assert_eq!((ids.len(), count(&http, "Patient")), (1, 1));
}
