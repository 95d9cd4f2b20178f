//! Everything about one patient, narrowed: <https://hl7.org/fhir/R4/patient-operation-everything.html>.

use anamnesis_e2e::{at, bundle, entry, issue, links, list, pages, send, str};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Server};

/// A patient with two observations of two years, an allergy without a date, and whom they point to.
fn a_life(http: &Http) {
    let observation = |id: &str, date: &str, doctor: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/p"}},
            "effectiveDateTime":"{date}","performer":[{{"reference":"Practitioner/{doctor}"}}]}}"#
        )
    };
    let put = |name: &str, resource: &str| entry("", "PUT", name, "", resource);
    let entries = [
        put("Practitioner/d1", r#"{"resourceType":"Practitioner","id":"d1"}"#),
        put("Practitioner/d2", r#"{"resourceType":"Practitioner","id":"d2"}"#),
        put("Organization/o", r#"{"resourceType":"Organization","id":"o","name":"O"}"#),
        put(
            "Patient/p",
            r#"{"resourceType":"Patient","id":"p","managingOrganization":{"reference":"Organization/o"}}"#,
        ),
        put("Patient/q", r#"{"resourceType":"Patient","id":"q"}"#),
        put("Observation/k1", &observation("k1", "2024-05-01", "d1")),
        put("Observation/k2", &observation("k2", "2025-05-01T12:00:00Z", "d2")),
        put(
            "AllergyIntolerance/a",
            r#"{"resourceType":"AllergyIntolerance","id":"a","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},"patient":{"reference":"Patient/p"}}"#,
        ),
    ];
    bundle(http, "transaction", &entries).expect(200);
}

/// The records on all pages, in order, each by its id.
#[track_caller]
fn ids(http: &Http, query: &str) -> String {
    let path = format!("/fhir/Patient/p/$everything{query}");
    let all = pages(http, &path);
    let all: Vec<_> =
        all.iter().flat_map(|page| list(page, "entry")).map(|e| str(e, "resource.id")).collect();
    all.join(" ")
}

/// "start … end: The date range relates to care dates, not record currency dates"; "_type: One or more parameters, each
/// containing one or more comma-delimited FHIR resource types to include"; "_since: Resources updated after this period
/// will be included"; "_count: See discussion below on the utility of paging".
#[test]
fn what_narrows_it() {
    let server = Server::start();
    let http = server.http();
    a_life(&http);
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("",                                                "k2 k1 p a o d1 d2"),
        ("?start=2025-01-01",                               "k2 p a o d2"),
        ("?end=2024",                                       "k1 p a o d1"),
        ("?start=2024-05-01&end=2025-05-01",                "k2 k1 p a o d1 d2"),
        ("?start=2024-05-02&end=2025-04-30",                "p a o"),
        ("?start=2025-05-01T12:00:00Z&end=2025-05-01T12:00:00Z", "k2 p a o d2"),
        ("?_type=Observation",                              "k2 k1"),
        ("?_type=Observation,AllergyIntolerance",           "k2 k1 a"),
        ("?_type=Observation&_type=AllergyIntolerance",     "k2 k1 a"),
        ("?_type=Practitioner",                             "d1 d2"),
        ("?_type=Practitioner&start=2025",                  "d2"),
        ("?_type=Encounter",                                ""),
        ("?_since=1999-01-01T00:00:00Z",                    "k2 k1 p a o d1 d2"),
        ("?_since=2199-01-01T00:00:00Z",                    ""),
    ];
    for (query, expected) in cases {
        assert_eq!(ids(&http, query), expected, "{query}");
        for count in 1..4 {
            let joint = if query.is_empty() { '?' } else { '&' };
            assert_eq!(ids(&http, &format!("{query}{joint}_count={count}")), expected, "{query} by {count}");
        }
    }
    let changed = r#"{"resourceType":"Practitioner","id":"d1","gender":"male"}"#;
    let changed = send(&http, "PUT", "/fhir/Practitioner/d1", &[], changed).expect(200).json();
    assert_eq!(ids(&http, &format!("?_since={}", str(&changed, "meta.lastUpdated"))), "d1");
}

/// The same as a POST with Parameters, whose pages go on as GETs.
#[test]
fn by_post_too() {
    let server = Server::start();
    let http = server.http();
    a_life(&http);
    let path = "/fhir/Patient/p/$everything";
    let parameters = r#"{"resourceType":"Parameters","parameter":[{"name":"_type","valueCode":"Observation"},
        {"name":"_type","valueCode":"Practitioner"},{"name":"end","valueDate":"2024-12-31"},{"name":"_count","valueInteger":1}]}"#;
    let first = send(&http, "POST", path, &[], parameters).expect(200).json();
    assert_eq!(str(&first, "entry.0.resource.id"), "k1");
    assert_eq!(str(&first, "entry.0.search.mode"), "match");
    let second = http.get(&links(&first, "next").unwrap()).expect(200).json();
    let of = |page: &Value| {
        (str(page, "entry.0.resource.id").to_owned(), str(page, "entry.0.search.mode").to_owned())
    };
    assert_eq!(of(&second), ("d1".into(), "include".into()));
    assert!(links(&second, "next").is_none());
    let all = http.send("POST", path, &[], None).expect(200).json();
    assert_eq!(list(&all, "entry").len(), 7);

    for wrong in
        [r#"{"resourceType":"Patient"}"#, r#"{"resourceType":"Parameters","parameter":[{"name":"start"}]}"#]
    {
        issue(send(&http, "POST", path, &[], wrong), 400);
    }
    issue(send(&http, "POST", "/fhir/Encounter/p/$everything", &[], parameters), 404);
    issue(send(&http, "POST", "/fhir/Patient/never/$everything", &[], parameters), 404);
}

#[test]
fn what_cannot_be_taken_is_refused() {
    let server = Server::start();
    let http = server.http();
    a_life(&http);
    let path = "/fhir/Patient/p/$everything";
    let wrong = ["_type=Dragon", "_type=", "start=soon", "end=soon", "_since=soon", "_count=few"];
    for query in wrong.into_iter().chain(["start=2025&end=2024", "start=2024&start=2025", "_page=00"]) {
        issue(http.get(&format!("{path}?{query}")), 400);
    }
    let next = links(&http.get(&format!("{path}?_count=1")).expect(200).json(), "next").unwrap();
    let (_, token) = next.split_once("_page=").unwrap();
    issue(http.get(&format!("{path}?_type=Observation&_page={token}")), 400);
    issue(http.get(&format!("/fhir/Patient/q/$everything?_page={token}")), 400);
    let said = http.get("/fhir/metadata").expect(200).json();
    let patient = list(&said, "rest.0.resource").iter().find(|of| str(of, "type") == "Patient").unwrap();
    assert_eq!(str(at(patient, "operation"), "0.name"), "everything");
}
