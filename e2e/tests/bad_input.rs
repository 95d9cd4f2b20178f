//! Bad input at both doors: a clear refusal in the door's own protocol, and nothing kept.

use anamnesis_json::Value;
use anamnesis_testkit::Server;

const SECRET: &str = "Vandersecret";

#[test]
fn every_refusal_is_clear_and_keeps_nothing() {
    let server = Server::start();
    let http = server.http();
    let deep = format!("{{\"resourceType\":\"Patient\",\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let patient =
        |rest: &str| format!("{{\"resourceType\":\"Patient\",\"name\":[{{\"family\":\"{SECRET}\"}}]{rest}}}");
    let event = |rest: &str| {
        format!(
            "{{\"stream\":\"Patient/a\",\"type\":\"PatientRegistered\",\"data\":{{\"name\":[{{\"family\":\"{SECRET}\"}}],{rest}}}}}"
        )
    };
    let bundle = {
        let entry = |n: usize| {
            let gender = if n == 9 { "17" } else { "\"female\"" };
            format!(
                "{{\"resource\":{{\"resourceType\":\"Patient\",\"gender\":{gender}}},\"request\":{{\"method\":\"POST\",\"url\":\"Patient\"}}}}"
            )
        };
        let entries: Vec<String> = (0..12).map(entry).collect();
        format!("{{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{}]}}", entries.join(","))
    };
    let misplaced = format!(
        "{{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{{\"ifNoneExist\":\"family={SECRET}\",\"resource\":{},\"request\":{{\"method\":\"POST\",\"url\":\"Patient\"}}}}]}}",
        patient("")
    );
    let cases: Vec<(&str, &str, &str, Vec<u8>, u16)> = vec![
        ("truncated", "POST", "/fhir/Patient", b"{\"resourceType\":\"Patient\",\"na".to_vec(), 400),
        ("not JSON", "POST", "/fhir/Patient", b"<Patient/>".to_vec(), 400),
        ("wrong type", "POST", "/fhir/Patient", patient(",\"birthDate\":7").into(), 400),
        ("list for one", "POST", "/fhir/Patient", patient(",\"gender\":[\"male\"]").into(), 400),
        ("deep", "POST", "/fhir/Patient", deep.clone().into(), 400),
        ("twice a key", "POST", "/fhir/Patient", patient(",\"active\":true,\"active\":false").into(), 400),
        ("NUL", "POST", "/fhir/Patient", patient(",\"gender\":\"a\\u0000b\"").into(), 400),
        ("raw NUL", "POST", "/fhir/Patient", patient(",\"gender\":\"a\0b\"").into(), 400),
        ("half a pair", "POST", "/fhir/Patient", patient(",\"gender\":\"\\ud800\"").into(), 400),
        ("no UTF-8", "POST", "/fhir/Patient", b"{\"resourceType\":\"Patient\",\"gender\":\"\xff\"}".to_vec(), 400),
        ("no id", "PUT", "/fhir/Patient/a_b", patient(",\"id\":\"a_b\"").into(), 400),
        ("another id", "PUT", "/fhir/Patient/a", patient(",\"id\":\"b\"").into(), 400),
        ("no such type", "POST", "/fhir/Dragon", b"{\"resourceType\":\"Dragon\"}".to_vec(), 404),
        ("a step for an id", "PUT", "/fhir/Patient/..", patient(",\"id\":\"..\"").into(), 400),
        ("a byte order mark", "POST", "/fhir/Patient", [b"\xef\xbb\xbf", patient("").as_bytes()].concat(), 400),
        ("no operation", "POST", "/fhir/Patient/a/$promote", patient("").into(), 404),
        ("no operation of all", "GET", "/fhir/$promote", Vec::new(), 404),
        ("no criteria to delete by", "DELETE", "/fhir/Patient?", Vec::new(), 400),
        ("a condition beside its request", "POST", "/fhir", misplaced.into(), 400),
        ("tenth entry", "POST", "/fhir", bundle.into(), 400),
        ("event truncated", "POST", "/api/commits", b"{\"stream\":".to_vec(), 400),
        ("event deep", "POST", "/api/commits", deep.into(), 400),
        ("event unknown", "POST", "/api/commits", format!("{{\"stream\":\"Patient/a\",\"type\":\"Nonsense\",\"data\":{{\"name\":[{{\"family\":\"{SECRET}\"}}]}}}}").into(), 422),
        ("event of the future", "POST", "/api/commits", b"{\"stream\":\"Patient/a\",\"type\":\"PatientAddressUpdated\",\"schema_version\":99,\"data\":{}}".to_vec(), 422),
        ("event of no stream", "POST", "/api/commits", b"{\"stream\":\"Patient\",\"type\":\"PatientRegistered\",\"data\":{}}".to_vec(), 422),
        ("event twice a key", "POST", "/api/commits", event("\"gender\":\"male\",\"gender\":\"female\"").into(), 400),
        ("event NUL", "POST", "/api/commits", event("\"gender\":\"a\\u0000b\"").into(), 400),
        ("event half a pair", "POST", "/api/commits", event("\"gender\":\"\\udc00\"").into(), 400),
        ("event wrong type", "POST", "/api/commits", event("\"gender\":7").into(), 422),
        ("event of a step", "POST", "/api/commits", event("\"gender\":\"male\"").replace("Patient/a", "Patient/..").into(), 422),
        ("event bad id", "POST", "/api/commits", event("\"gender\":\"male\"").replace("Patient/a", "Patient/a_b").into(), 422),
        ("event of another id", "POST", "/api/commits", event("\"id\":\"b\"").into(), 422),
        ("event as a list", "POST", "/api/commits", b"[]".to_vec(), 422),
        ("100 MB", "POST", "/fhir/Patient", vec![b' '; 100_000_000], 413),
        ("100 MB event", "POST", "/api/commits", vec![b' '; 100_000_000], 413),
    ];
    for (name, method, path, body, status) in cases {
        let reply = match http.try_send(method, path, &[("content-type", kind_of(path))], Some(body)) {
            Ok(reply) => reply,
            // A server may close while such a body is still on its way.
            Err(_) if status == 413 => continue,
            Err(_) => panic!("{name}: no answer"),
        };
        assert_eq!(reply.status, status, "{name}: {}", reply.text());
        assert!(!reply.text().contains(SECRET), "{name}: the body is repeated");
        let kind = if path.starts_with("/fhir") { "OperationOutcome" } else { "/problems/" };
        assert!(reply.text().contains(kind), "{name}: {}", reply.text());
        let told = match name {
            "tenth entry" => "Bundle.entry[9].resource.gender",
            "a condition beside its request" => "Bundle.entry[0].ifNoneExist",
            "a byte order mark" => "a byte order mark before the text",
            _ => "",
        };
        assert!(reply.text().contains(told), "{name}: {}", reply.text());
    }
    let page = http.get("/api/events").expect(200).json();
    assert_eq!(page.get("events").map(|events| events.each().len()), Some(0), "nothing was kept");
    assert!(page.get("next").and_then(Value::as_str).is_some());
    assert!(!server.stderr().contains(SECRET));
    http.get("/livez").expect(200);
}

/// What each door speaks.
fn kind_of(path: &str) -> &'static str {
    if path.starts_with("/fhir") { "application/fhir+json" } else { "application/json" }
}
