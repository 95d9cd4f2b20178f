//! Patches as entries of batches and transactions: <https://hl7.org/fhir/R4/http.html#patch>.

use anamnesis_e2e::{bundle, entry, refused, send, status, str, taken};
use anamnesis_testkit::{Http, Server};

fn patient(id: &str, number: u32) -> String {
    let id = if id.is_empty() { String::new() } else { format!(r#""id":"{id}","#) };
    format!(r#"{{"resourceType":"Patient",{id}"identifier":[{{"system":"urn:mrn","value":"{number}"}}]}}"#)
}

fn make(http: &Http, id: &str, number: u32) {
    send(http, "PUT", &format!("/fhir/Patient/{id}"), &[], &patient(id, number)).expect(201);
}

/// A JSON Patch as an entry's resource.
fn binary(patch: &str) -> String {
    format!(r#"{{"resourceType":"Binary","contentType":"application/json-patch+json","data":"{patch}"}}"#)
}

/// `[{"op":"add","path":"/gender","value":"male"}]`
const MALE: &str = "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2dlbmRlciIsInZhbHVlIjoibWFsZSJ9XQ==";
/// `[{"op":"test","path":"/gender","value":"female"}]`
const IS_FEMALE: &str = "W3sib3AiOiJ0ZXN0IiwicGF0aCI6Ii9nZW5kZXIiLCJ2YWx1ZSI6ImZlbWFsZSJ9XQ==";
/// `[{"op":"add","path":"/link","value":[{"other":{"reference":"urn:uuid:n"},"type":"seealso"}]}]`
const LINKED: &str = "W3sib3AiOiJhZGQiLCJwYXRoIjoiL2xpbmsiLCJ2YWx1ZSI6W3sib3RoZXIiOnsicmVmZXJlbmNlIjoidXJuOnV1aWQ6biJ9LCJ0eXBlIjoic2VlYWxzbyJ9XX1d";
/// `[{"op":"set","path":"/gender"}]`
const NO_PATCH: &str = "W3sib3AiOiJzZXQiLCJwYXRoIjoiL2dlbmRlciJ9XQ==";

/// A FHIRPath Patch.
const PATHS: &str = r#"{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"add"},
    {"name":"path","valueString":"Patient"},{"name":"name","valueString":"gender"},{"name":"value","valueCode":"female"}]}]}"#;

/// "The PATCH operation … in a batch/transaction": a JSON Patch is a Binary. <https://hl7.org/fhir/R4/http.html#patch>
#[test]
fn patches_are_entries() {
    let server = Server::start();
    let http = server.http();
    for (id, n) in [("p1", 1), ("p2", 2), ("p3", 3), ("p4", 14)] {
        make(&http, id, n);
    }
    let patch = |url: &str, more: &str, patch: &str| entry("", "PATCH", url, more, &binary(patch));
    let entries = [
        patch("Patient/p1", r#","ifMatch":"W/\"1\"""#, MALE),
        patch("Patient?identifier=urn:mrn|2", "", MALE),
        patch("Patient/p3", "", LINKED),
        entry("urn:uuid:n", "POST", "Patient", "", &patient("", 4)),
        entry("", "GET", "Patient/p1", "", ""),
        entry("", "PATCH", "Patient/p4", "", PATHS),
    ];
    let (answer, statuses) = taken(&http, &entries);
    assert_eq!(statuses, [200, 200, 200, 201, 200, 200]);
    assert_eq!(str(&answer, "entry.4.resource.gender"), "male");
    assert_eq!(str(&http.get("/fhir/Patient/p4").expect(200).json(), "gender"), "female");
    let linked = http.get("/fhir/Patient/p3").expect(200).json();
    let made = str(&answer, "entry.3.response.location").split("/_history").next().unwrap_or_default();
    assert_eq!(str(&linked, "link.0.other.reference"), made);

    let good = || entry("", "POST", "Patient", "", &patient("", 8));
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        (patch("Patient/p1", "", IS_FEMALE),                         422, "Bundle.entry[1].resource.patch[0]"),
        (patch("Patient/p1", "", NO_PATCH),                          400, "Bundle.entry[1].resource.patch[0].op"),
        (patch("Patient/p1", "", "not base64"),                      400, "Bundle.entry[1].resource.data"),
        (patch("Patient/p1", r#","ifMatch":"W/\"1\"""#, MALE),       412, "Bundle.entry[1]"),
        (patch("Patient/never", "", MALE),                           412, "Bundle.entry[1].request.url"),
        (patch("Patient?identifier=urn:mrn|99", "", MALE),           412, "Bundle.entry[1].request.url"),
        (entry("", "PATCH", "Patient/p1", "", &patient("p1", 1)),    400, "Bundle.entry[1].resource"),
    ];
    for (wrong, status, place) in cases {
        refused(&http, &[good(), wrong], status, place);
    }
    let put = entry("", "PUT", "Patient/p2", "", &patient("p2", 2));
    let twice = [put, patch("Patient?identifier=urn:mrn|2", "", MALE)];
    refused(&http, &twice, 400, "Bundle.entry[1].request.url");

    let entries = [
        patch("Patient/p1", "", MALE),
        patch("Patient?identifier=urn:mrn|1", "", MALE),
        patch("Patient/p1", "", IS_FEMALE),
        patch("Patient/never", "", MALE),
        patch("Patient?identifier=urn:mrn|99", "", MALE),
    ];
    let answer = bundle(&http, "batch", &entries).expect(200).json();
    let statuses: Vec<_> = (0..entries.len()).map(|n| status(&answer, n)).collect();
    assert_eq!(statuses, [200, 200, 422, 404, 404]);
}
