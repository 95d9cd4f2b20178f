//! What can be searched beside a type: all types, and compartments.
//!
//! <https://hl7.org/fhir/R4/http.html#search>, <https://hl7.org/fhir/R4/compartmentdefinition.html>

use anamnesis_e2e::{bundle, entry, int, issue, json, links, list, str};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Server};

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

const RECORDS: [(&str, &str); 11] = [
    ("Patient/a", r#""identifier":[{"system":"urn:mrn","value":"1"}]"#),
    ("Patient/b", r#""active":true"#),
    ("Practitioner/d", r#""identifier":[{"system":"urn:mrn","value":"1"}]"#),
    ("RelatedPerson/r", r#""patient":{"reference":"Patient/a"}"#),
    ("Device/m", r#""patient":{"reference":"Patient/a"}"#),
    (
        "Encounter/e",
        r#""status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"},"participant":[{"individual":{"reference":"Practitioner/d"}}]"#,
    ),
    (
        "Observation/k1",
        r#""status":"final","code":{"text":"k"},"subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/e"},"performer":[{"reference":"Practitioner/d"}],"effectiveDateTime":"2026-03-02""#,
    ),
    (
        "Observation/k2",
        r#""status":"preliminary","code":{"text":"k"},"subject":{"reference":"Patient/a"},"performer":[{"reference":"RelatedPerson/r"}],"effectiveDateTime":"2026-03-01""#,
    ),
    (
        "Observation/k3",
        r#""status":"final","code":{"text":"k"},"subject":{"reference":"Patient/b"},"device":{"reference":"Device/m"}"#,
    ),
    ("Condition/c", r#""subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/e"}"#),
    ("Organization/o", r#""name":"Ward""#),
];

fn load(http: &Http) {
    let one = |(name, rest): &(&str, &str)| {
        let (kind, id) = name.split_once('/').unwrap_or_default();
        entry("", "PUT", name, "", &format!(r#"{{"resourceType":"{kind}","id":"{id}",{rest}}}"#))
    };
    bundle(http, "transaction", &RECORDS.iter().map(one).collect::<Vec<_>>()).expect(200);
}

fn names(bundle: &Value) -> Vec<String> {
    let entries = list(bundle, "entry").iter();
    let mut names: Vec<_> = entries
        .map(|one| format!("{}/{}", str(one, "resource.resourceType"), str(one, "resource.id")))
        .collect();
    names.sort();
    names
}

#[test]
fn compartments_and_all_types() {
    let server = Server::start();
    let http = server.http();
    load(&http);
    #[rustfmt::skip] // A table reads by column.
    let cases: &[(&str, &str, &[&str])] = &[
     // path                        criteria                          finds
        ("/Patient/a/Observation",    "",                               &["Observation/k1", "Observation/k2"]),
        ("/Patient/a/Observation",    "status=final",                   &["Observation/k1"]),
        ("/Patient/a/Observation",    "_id=k3",                         &[]),
        ("/Patient/a/Organization",   "",                               &[]),
        ("/Patient/nobody/Observation", "",                             &[]),
        ("/Patient/a/*",              "",                               &["Condition/c", "Encounter/e", "Observation/k1", "Observation/k2", "Patient/a", "RelatedPerson/r"]),
        ("/Patient/a/*",              "_type=Condition,Encounter",      &["Condition/c", "Encounter/e"]),
        ("/Encounter/e/Observation",  "",                               &["Observation/k1"]),
        ("/Encounter/e/Condition",    "",                               &["Condition/c"]),
        ("/Encounter/e/*",            "",                               &["Condition/c", "Encounter/e", "Observation/k1"]),
        ("/Practitioner/d/Encounter", "",                               &["Encounter/e"]),
        ("/Practitioner/d/Observation", "",                             &["Observation/k1"]),
        ("/RelatedPerson/r/Observation", "",                            &["Observation/k2"]),
        ("/Device/m/Observation",     "",                               &["Observation/k3"]),
        ("",                          "_type=Patient",                  &["Patient/a", "Patient/b"]),
        ("",                          "_type=Patient,Practitioner",     &["Patient/a", "Patient/b", "Practitioner/d"]),
        ("",                          "_type=Patient,Practitioner&identifier=urn:mrn|1", &["Patient/a", "Practitioner/d"]),
        ("",                          "_id=a,o",                        &["Organization/o", "Patient/a"]),
        ("/",                         "_id=a,o",                        &["Organization/o", "Patient/a"]),
    ];
    for (path, criteria, finds) in cases {
        let url = format!("/fhir{path}{}{criteria}", if criteria.is_empty() { "" } else { "?" });
        let found = http.get(&url).expect(200).json();
        assert_eq!(names(&found), *finds, "{url}");
        assert_eq!(int(&found, "total"), finds.len() as u64, "{url}");
        let posted = format!("/fhir{}/_search", path.trim_end_matches('/'));
        let posted = http.send("POST", &posted, &FORM, Some((*criteria).into())).expect(200).json();
        assert_eq!(names(&posted), *finds, "{url} by POST");
        let own = links(&found, "self").unwrap_or_default();
        assert_eq!(
            names(&http.get(&own).expect(200).json()),
            *finds,
            "{url}: the self link says the same: {own}"
        );
        let asked = format!(
            r#"{{"request":{{"method":"GET","url":"{}"}}}}"#,
            url.trim_start_matches("/fhir").trim_start_matches('/')
        );
        let batch = bundle(&http, "batch", &[asked]).expect(200).json();
        assert_eq!(
            names(
                list(&batch, "entry")
                    .iter()
                    .map(|one| anamnesis_e2e::at(one, "resource"))
                    .next()
                    .unwrap_or(&Value::Null)
            ),
            *finds,
            "{url} in a batch"
        );
    }
    for (path, status) in [
        ("/fhir/Organization/o/Observation", 404),
        ("/fhir/Patient/a/Dragon", 404),
        ("/fhir/Dragon/a/Observation", 404),
        ("/fhir?_type=Dragon", 400),
        ("/fhir/Patient/a/Observation?_type=Condition", 400),
    ] {
        issue(http.get(path), status);
    }
}

#[test]
fn pages_of_compartments_and_of_all_types() {
    let server = Server::start();
    let http = server.http();
    load(&http);
    for (path, all) in [("/fhir/Patient/a/*?_count=1", 6), ("/fhir?_type=Patient,Observation&_count=2", 5)] {
        let found = anamnesis_e2e::entries(&http, path);
        assert_eq!(found.len(), all, "{path}");
        let next = links(&http.get(path).expect(200).json(), "next").unwrap_or_default();
        issue(http.get(&next.replace("/a/", "/b/").replace("Patient,", "Patient,Condition,")), 400);
    }
}

/// Who asks for one of two records of a person is told of both, until they are parted again, and as of before.
#[test]
fn merged_patients_are_one() {
    let server = Server::start();
    let http = server.http();
    load(&http);
    let before =
        http.get("/fhir/Patient").expect(200).header("anamnesis-cursor").unwrap_or_default().to_owned();
    let parameters = json(
        r#"{"resourceType":"Parameters","parameter":[{"name":"source-patient","valueReference":{"reference":"Patient/b"}},
        {"name":"target-patient","valueReference":{"reference":"Patient/a"}}]}"#,
    );
    let all = ["Observation/k1", "Observation/k2", "Observation/k3"];
    let searches = [
        "/fhir/Observation?patient=a",
        "/fhir/Observation?patient=Patient/b",
        "/fhir/Observation?subject=Patient/a",
        "/fhir/Patient/b/Observation",
        "/fhir/Patient/a/Observation",
    ];
    http.post("/fhir/Patient/$merge", &parameters).expect(200);
    for search in searches {
        assert_eq!(names(&http.get(search).expect(200).json()), all, "{search}");
        let joint = if search.contains('?') { '&' } else { '?' };
        let then = http.get(&format!("{search}{joint}_asOf={before}")).expect(200).json();
        assert!(names(&then).len() < 3, "{search}: as of before");
    }
    http.post("/fhir/Patient/$unmerge", &parameters).expect(200);
    assert_eq!(names(&http.get(searches[0]).expect(200).json()), all[..2]);
}

/// <https://hl7.org/fhir/R4/search.html#errors>
#[test]
fn what_was_left_out_is_said() {
    let server = Server::start();
    let http = server.http();
    load(&http);
    let found = http.get("/fhir/Patient?dragon=7&_id=a&phoenix:exact=x").expect(200).json();
    assert_eq!(int(&found, "total"), 1);
    let outcome = list(&found, "entry").iter().find(|one| str(one, "search.mode") == "outcome");
    let outcome = outcome.unwrap_or(&Value::Null);
    assert_eq!(str(outcome, "resource.resourceType"), "OperationOutcome");
    assert_eq!(list(outcome, "resource.issue").len(), 2);
    assert!(str(outcome, "resource.issue.0.diagnostics").starts_with("dragon: "));
    assert_eq!(str(outcome, "resource.issue.0.severity"), "warning");
    let own = links(&found, "self").unwrap_or_default();
    assert!(own.ends_with("/fhir/Patient?_id=a"), "{own}");
    let summary = http.get("/fhir/Patient?_id=a&_summary=true&dragon=7").expect(200).json();
    assert!(list(&summary, "entry").iter().any(|one| str(one, "search.mode") == "outcome"));
    let odd = http.get("/fhir/Patient?%3Cscript%3E=7").expect(200);
    assert!(!odd.text().contains("script"), "what is no name is not repeated");
}
