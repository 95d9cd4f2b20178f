//! What is written is one of FHIR R4's, or the client is told everything that is wrong with it; `$validate` tells without writing.

use anamnesis_e2e::{commit, int, json, list, send, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Reply, Server};

const GOOD: &str = r#"{"resourceType":"Observation","status":"final","code":{"text":"k"},"valueString":"a"}"#;
const WRONG: &str = r#"{"resourceType":"Observation","status":"done","colour":"mauve","effectiveDateTime":"2023-02-29","valueString":"a","dataAbsentReason":{"text":"x"},"subject":{"reference":"Medication/1"}}"#;
const ALL_WRONG: [(&str, &str); 6] = [
    ("code-invalid", "Observation.status"),
    ("structure", "Observation.colour"),
    ("value", "Observation.effectiveDateTime"),
    ("value", "Observation.subject.reference"),
    ("required", "Observation.code"),
    ("invariant", "Observation"),
];

/// Code and place of each issue of a severity.
fn issues(outcome: &Value, severity: &str) -> Vec<(String, String)> {
    let of = list(outcome, "issue").iter().filter(|issue| str(issue, "severity") == severity);
    of.map(|issue| (str(issue, "code").to_owned(), str(issue, "expression.0").to_owned())).collect()
}

fn owned(issues: &[(&str, &str)]) -> Vec<(String, String)> {
    issues.iter().map(|(code, place)| ((*code).to_owned(), (*place).to_owned())).collect()
}

fn validate(http: &Http, path: &str, body: &str) -> Reply {
    send(http, "POST", path, &[], body)
}

/// <https://hl7.org/fhir/R4/http.html#create>: the server rejects what is not valid, with an OperationOutcome.
#[test]
fn every_door_refuses_what_is_not_r4_and_says_all_of_it() {
    let server = Server::start();
    let http = server.http();
    let refused = send(&http, "POST", "/fhir/Observation", &[], WRONG).expect(400).json();
    assert_eq!(issues(&refused, "error"), owned(&ALL_WRONG));
    for private in ["done", "mauve", "2023-02-29"] {
        assert!(!text(&refused).contains(private), "{private} is the patient's");
    }
    let put = WRONG.replacen('{', r#"{"id":"o","#, 1);
    assert_eq!(send(&http, "PUT", "/fhir/Observation/o", &[], &put).status, 400);
    let bundle = format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{GOOD},"request":{{"method":"POST","url":"Observation"}}}},
        {{"resource":{WRONG},"request":{{"method":"POST","url":"Observation"}}}}]}}"#
    );
    let told = issues(&send(&http, "POST", "/fhir", &[], &bundle).expect(400).json(), "error");
    assert_eq!(told.len(), ALL_WRONG.len());
    assert!(told.iter().all(|(_, place)| place.starts_with("Bundle.entry[1].resource")), "{told:?}");
    assert_eq!(int(&http.get("/fhir/Observation").json(), "total"), 0, "nothing was kept");
}

#[test]
fn an_event_is_checked_for_what_it_says_and_for_what_it_makes() {
    let server = Server::start();
    let http = server.http();
    let data = GOOD.replacen(r#""resourceType":"Observation","#, "", 1);
    let event =
        |kind: &str, data: &str| format!(r#"{{"stream":"Observation/k","type":"{kind}","data":{data}}}"#);
    let paths = |reply: Reply| {
        let said = reply.expect(422).json();
        list(&said, "reasons").iter().map(|reason| str(reason, "path").to_owned()).collect::<Vec<_>>()
    };
    let first = commit(&http, &event("ObservationRecorded", r#"{"status":"done","valueString":"a"}"#));
    assert_eq!(paths(first), ["data.status"]);
    let first = commit(&http, &event("ObservationRecorded", r#"{"status":"final","valueString":"a"}"#));
    assert_eq!(paths(first), ["data.code"], "what a whole record lacks");
    commit(&http, &event("ObservationRecorded", &data)).expect(201);
    // Good by itself, and wrong with the value that stands there.
    let reason = commit(&http, &event("ObservationValueChanged", r#"{"dataAbsentReason":{"text":"x"}}"#));
    assert_eq!(paths(reason), ["data"]);
    let removed = commit(&http, &event("ObservationRevised", r#"{"code":null}"#));
    assert_eq!(paths(removed), ["data.code"]);
    commit(
        &http,
        &event("ObservationValueChanged", r#"{"dataAbsentReason":{"text":"x"},"valueString":null}"#),
    )
    .expect(201);
}

/// <https://hl7.org/fhir/R4/resource-operation-validate.html>
#[test]
fn validate_tells_and_writes_nothing() {
    let server = Server::start();
    let http = server.http();
    let stored = GOOD.replacen('{', r#"{"id":"o","#, 1);
    http.put("/fhir/Observation/o", &json(&stored)).expect(201);
    let asked = |mode: &str, resource: &str| {
        format!(
            r#"{{"resourceType":"Parameters","parameter":[{{"name":"mode","valueCode":"{mode}"}},{{"name":"resource","resource":{resource}}}]}}"#
        )
    };
    for path in ["/fhir/$validate", "/fhir/Observation/$validate", "/fhir/Observation/o/$validate"] {
        for (resource, expected) in [(GOOD, &[][..]), (WRONG, &ALL_WRONG[..])] {
            for body in [resource.to_owned(), asked("create", resource)] {
                let told = validate(&http, path, &body).expect(200).json();
                assert_eq!(str(&told, "resourceType"), "OperationOutcome");
                assert_eq!(issues(&told, "error"), owned(expected), "{path} {body}");
            }
        }
    }
    let patient = r#"{"resourceType":"Patient","active":true}"#;
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // path                                              body                              status  errors
        ("/fhir/Observation/$validate",                    patient.to_owned(),               200,    &[("invalid", "resourceType")][..]),
        ("/fhir/Observation/$validate",                    asked("update", GOOD),            200,    &[("required", "Observation.id")]),
        ("/fhir/Observation/o/$validate",                  asked("update", GOOD),            200,    &[("value", "Observation.id")]),
        ("/fhir/Observation/o/$validate?mode=update",      stored.clone(),                   200,    &[]),
        ("/fhir/Observation/o/$validate?mode=delete",      String::new(),                    200,    &[]),
        ("/fhir/Observation/none/$validate?mode=delete",   String::new(),                    404,    &[]),
        ("/fhir/Observation/$validate?mode=delete",        GOOD.to_owned(),                  400,    &[]),
        ("/fhir/Observation/$validate?mode=guess",         GOOD.to_owned(),                  400,    &[]),
        ("/fhir/Observation/$validate",                    String::new(),                    400,    &[]),
        ("/fhir/Observation/$validate?profile=http://no",  GOOD.to_owned(),                  400,    &[]),
        ("/fhir/Dragon/$validate",                         GOOD.to_owned(),                  404,    &[]),
        ("/fhir/Parameters/$validate",                     r#"{"resourceType":"Parameters","parameter":[{"name":"x","valueBoolean":1}]}"#.to_owned(), 200, &[("structure", "Parameters.parameter[0].valueBoolean")]),
        ("/fhir/Observation/$validate",                    r#"{"resourceType":"Observation","status":null}"#.to_owned(), 200, &[("invalid", "Observation.status")]),
    ];
    for (path, body, status, expected) in cases {
        let reply = validate(&http, path, &body);
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        if status == 200 {
            assert_eq!(issues(&reply.json(), "error"), owned(expected), "{path} {body}");
        }
    }
    let told = http.get("/fhir/Observation/o/$validate").expect(200).json();
    assert_eq!(issues(&told, "error"), []);
    assert_eq!(int(&http.get("/fhir/Observation").json(), "total"), 1, "nothing was written");
}

/// <https://hl7.org/fhir/R4/profiling.html>: a StructureDefinition that was sent is a profile from then on.
#[test]
fn profiles_are_records_and_hold_for_what_comes_next() {
    let server = Options::new().arg("--set").arg("profiles=http://example.org/person").start();
    let http = server.http();
    let profile = |url: &str, kind: &str, elements: &str| {
        format!(
            r#"{{"resourceType":"StructureDefinition","url":"{url}","name":"P","status":"active","kind":"resource","abstract":false,"type":"{kind}",
            "baseDefinition":"http://hl7.org/fhir/StructureDefinition/{kind}","derivation":"constraint","differential":{{"element":[{elements}]}}}}"#
        )
    };
    let coded = r#"{"resourceType":"Observation","meta":{"profile":["http://example.org/coded"]},"status":"final","code":{"text":"k"}}"#;
    send(&http, "POST", "/fhir/Observation", &[], coded).expect(201);
    let told = validate(&http, "/fhir/Observation/$validate", coded).expect(200).json();
    // The one it names, and the one that is set: neither is here yet.
    assert_eq!(issues(&told, "information"), owned(&[("informational", "Observation.meta.profile"); 2]));

    let colours = r#"{"resourceType":"ValueSet","url":"http://example.org/colours","status":"active","compose":{"include":[{"system":"http://example.org/c","concept":[{"code":"red"}]}]}}"#;
    send(&http, "POST", "/fhir/ValueSet", &[], colours).expect(201);
    let elements = r#"{"id":"Observation.code.coding","path":"Observation.code.coding","min":1},
        {"id":"Observation.code","path":"Observation.code","binding":{"strength":"required","valueSet":"http://example.org/colours"}}"#;
    let made = send(
        &http,
        "POST",
        "/fhir/StructureDefinition",
        &[],
        &profile("http://example.org/coded", "Observation", elements),
    )
    .expect(201);
    let refused = send(&http, "POST", "/fhir/Observation", &[], coded).expect(400).json();
    assert_eq!(
        issues(&refused, "error"),
        owned(&[("code-invalid", "Observation.code"), ("required", "Observation.code.coding")])
    );
    let good =
        coded.replace(r#"{"text":"k"}"#, r#"{"coding":[{"system":"http://example.org/c","code":"red"}]}"#);
    send(&http, "POST", "/fhir/Observation", &[], &good).expect(201);
    let asked = "/fhir/Observation/$validate?profile=http://example.org/coded";
    assert_eq!(issues(&validate(&http, asked, GOOD).expect(200).json(), "error").len(), 2);

    // What changed holds at once.
    let id = str(&made.json(), "id").to_owned();
    let none = profile(
        "http://example.org/coded",
        "Observation",
        r#"{"id":"Observation.code","path":"Observation.code","min":1}"#,
    );
    http.put(
        &format!("/fhir/StructureDefinition/{id}"),
        &json(none.replacen('{', &format!(r#"{{"id":"{id}","#), 1)),
    )
    .expect(200);
    send(&http, "POST", "/fhir/Observation", &[], coded).expect(201);

    // One that is set holds for whoever does not name it, once it is there.
    let nobody = r#"{"resourceType":"Person","gender":"male"}"#;
    send(&http, "POST", "/fhir/Person", &[], nobody).expect(201);
    let named = profile(
        "http://example.org/person",
        "Person",
        r#"{"id":"Person.name","path":"Person.name","min":1}"#,
    );
    send(&http, "POST", "/fhir/StructureDefinition", &[], &named).expect(201);
    let refused = send(&http, "POST", "/fhir/Person", &[], nobody).expect(400).json();
    assert_eq!(issues(&refused, "error"), owned(&[("required", "Person.name")]));
}

/// <https://hl7.org/fhir/R4/extensibility.html>: nobody names a profile, and the extension is what its definition says.
#[test]
fn an_extension_is_what_its_definition_says() {
    let server = Options::new().start();
    let http = server.http();
    let patient = |extension: &str| format!(r#"{{"resourceType":"Patient","extension":[{extension}]}}"#);
    let coded = patient(r#"{"url":"http://example.org/faith","valueCoding":{"code":"x"}}"#);
    let texted = patient(r#"{"url":"http://example.org/faith","valueString":"x"}"#);
    // Before there is a definition, that is all there is to say of it.
    let told = validate(&http, "/fhir/Patient/$validate", &texted).expect(200).json();
    assert_eq!(issues(&told, "information"), owned(&[("informational", "Patient.extension[0]")]));
    assert_eq!(issues(&told, "error"), owned(&[]));
    let before = send(&http, "POST", "/fhir/Patient", &[], &texted).expect(201).json();

    let definition = r#"{"resourceType":"StructureDefinition","id":"faith","url":"http://example.org/faith","name":"Faith","status":"active","kind":"complex-type",
        "abstract":false,"type":"Extension","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension","derivation":"constraint",
        "context":[{"type":"element","expression":"Patient"}],
        "differential":{"element":[{"id":"Extension.value[x]","path":"Extension.value[x]","min":1,"type":[{"code":"Coding"}]}]}}"#;
    send(&http, "PUT", "/fhir/StructureDefinition/faith", &[], definition).expect(201);
    send(&http, "POST", "/fhir/Patient", &[], &coded).expect(201);
    let refused = send(&http, "POST", "/fhir/Patient", &[], &texted).expect(400).json();
    assert_eq!(issues(&refused, "error"), owned(&[("structure", "Patient.extension[0].valueString")]));
    let inside = r#"{"resourceType":"Patient","contact":[{"name":{"text":"x","extension":[{"url":"http://example.org/faith","valueCoding":{"code":"x"}}]}}]}"#;
    let refused = send(&http, "POST", "/fhir/Patient", &[], inside).expect(400).json();
    assert_eq!(issues(&refused, "error"), owned(&[("extension", "Patient.contact[0].name.extension[0]")]));

    // By the event API and by a patch too; what was there before stays, and may be lived with by events.
    let event = format!(r#"{{"stream":"Patient/new","type":"PatientRegistered","data":{texted}}}"#);
    commit(&http, &event).expect(422);
    let id = str(&before, "id");
    let patch = |body: &str| {
        let headers = [("content-type", "application/json-patch+json")];
        http.send("PATCH", &format!("/fhir/Patient/{id}"), &headers, Some(body.as_bytes().to_vec()))
    };
    let gender = r#"[{"op":"add","path":"/gender","value":"other"}]"#;
    patch(gender).expect(422);
    let event =
        format!(r#"{{"stream":"Patient/{id}","type":"PatientGenderChanged","data":{{"gender":"other"}}}}"#);
    commit(&http, &event).expect(201);
    let mended = r#"[{"op":"replace","path":"/extension/0","value":{"url":"http://example.org/faith","valueCoding":{"code":"x"}}}]"#;
    patch(mended).expect(200);
}

#[test]
fn a_lenient_server_keeps_what_it_can_and_marks_it() {
    let server = Options::new().arg("--validation").arg("lenient").start();
    let http = server.http();
    let kept = send(&http, "POST", "/fhir/Observation", &[], WRONG).expect(201).json();
    assert_eq!(str(&kept, "colour"), "mauve", "what is not R4's survives");
    let id = str(&kept, "id").to_owned();
    let tags: Vec<_> = list(&kept, "meta.tag").iter().map(|tag| str(tag, "code")).collect();
    assert_eq!(tags, ["code-invalid", "invariant", "required", "structure", "value"]);
    send(&http, "POST", "/fhir/Observation", &[], GOOD).expect(201);
    for (query, total) in [
        ("_tag=urn:anamnesis:validation|", 1),
        ("_tag=urn:anamnesis:validation|required", 1),
        ("_tag=urn:anamnesis:validation|extension", 0),
        ("", 2),
    ] {
        assert_eq!(int(&http.get(&format!("/fhir/Observation?{query}")).json(), "total"), total, "{query}");
    }
    let list_of_one = WRONG.replace(r#""valueString":"a""#, r#""valueString":["a"]"#);
    send(&http, "POST", "/fhir/Observation", &[], &list_of_one).expect(400);
    let good = GOOD.replacen(
        '{',
        &format!(
            r#"{{"id":"{id}","meta":{{"tag":[{{"system":"urn:anamnesis:validation","code":"required"}}]}},"#
        ),
        1,
    );
    let mended = http.put(&format!("/fhir/Observation/{id}"), &json(&good)).expect(200).json();
    assert!(mended.get("meta").unwrap().get("tag").is_none(), "what is mended is not marked");
    assert_eq!(int(&http.get("/fhir/Observation?_tag=urn:anamnesis:validation|").json(), "total"), 0);
}
