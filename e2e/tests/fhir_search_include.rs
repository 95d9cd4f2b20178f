//! What comes along with what is found: <https://hl7.org/fhir/R4/search.html#include>.

use std::collections::BTreeSet;

use anamnesis_e2e::{at, bundle, entry, issue, json, links, list, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Server};

/// A small hospital: `Type/id`, and the rest of the record.
const RECORDS: [(&str, &str); 12] = [
    ("Organization/o1", r#""name":"Ward""#),
    ("Organization/o2", r#""name":"House","partOf":{"reference":"Organization/o3"}"#),
    ("Organization/o3", r#""name":"Trust","partOf":{"reference":"Organization/o2"}"#),
    ("Practitioner/d", r#""active":true"#),
    (
        "Patient/a",
        r#""managingOrganization":{"reference":"Organization/o2"},"generalPractitioner":[{"reference":"Practitioner/d"}]"#,
    ),
    ("Patient/b", r#""active":true"#),
    (
        "Encounter/e",
        r#""status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"},"serviceProvider":{"reference":"Organization/o1"}"#,
    ),
    (
        "Observation/k1",
        r#""status":"final","code":{"text":"k"},"subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/e"},"effectiveDateTime":"2026-03-02","performer":[{"reference":"Practitioner/d"},{"reference":"http://elsewhere/Practitioner/x"},{"reference":"Practitioner/nobody"}]"#,
    ),
    (
        "Observation/k2",
        r#""status":"final","code":{"text":"k"},"subject":{"reference":"Patient/a"},"effectiveDateTime":"2026-03-01","hasMember":[{"reference":"Observation/k1"}]"#,
    ),
    (
        "Observation/k3",
        r#""status":"final","code":{"text":"k"},"subject":{"reference":"Patient/b"},"effectiveDateTime":"2026-02-01""#,
    ),
    ("Condition/c", r#""subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/e"}"#),
    (
        "Provenance/v",
        r#""recorded":"2026-03-01T00:00:00Z","target":[{"reference":"Observation/k1"}],"agent":[{"who":{"reference":"Practitioner/d"}}]"#,
    ),
];

fn load(http: &Http) {
    let one = |(name, rest): &(&str, &str)| {
        let (kind, id) = name.split_once('/').unwrap_or_default();
        entry("", "PUT", name, "", &format!(r#"{{"resourceType":"{kind}","id":"{id}",{rest}}}"#))
    };
    bundle(http, "transaction", &RECORDS.iter().map(one).collect::<Vec<_>>()).expect(200);
}

/// The names of the entries of this mode, sorted.
fn of_mode(bundle: &Value, mode: &str) -> Vec<String> {
    let entries = list(bundle, "entry").iter().filter(|one| str(one, "search.mode") == mode);
    let mut names: Vec<_> = entries
        .map(|one| format!("{}/{}", str(one, "resource.resourceType"), str(one, "resource.id")))
        .collect();
    names.sort();
    names
}

#[test]
fn what_comes_along() {
    let server = Server::start();
    let http = server.http();
    load(&http);
    #[rustfmt::skip] // A table reads by column.
    let cases: &[(&str, &[&str], &[&str])] = &[
     // search                                                              matches                                includes
        ("Observation?_id=k1&_include=Observation:subject",                 &["Observation/k1"],                   &["Patient/a"]),
        ("Observation?_id=k1&_include=Observation:patient",                 &["Observation/k1"],                   &["Patient/a"]),
        ("Observation?_id=k1&_include=Observation:subject:Patient",         &["Observation/k1"],                   &["Patient/a"]),
        ("Observation?_id=k1&_include=Observation:subject:Group",           &["Observation/k1"],                   &[]),
        ("Observation?_id=k1&_include=Observation:performer",               &["Observation/k1"],                   &["Practitioner/d"]),
        ("Observation?_id=k1&_include=Observation:subject&_include=Observation:encounter", &["Observation/k1"],    &["Encounter/e", "Patient/a"]),
        ("Observation?subject=a&_include=Observation:subject",              &["Observation/k1", "Observation/k2"], &["Patient/a"]),
        ("Observation?_id=k1&_include=Encounter:subject",                   &["Observation/k1"],                   &[]),
        ("Observation?_id=k1&_include=Observation:subject&_include=Patient:organization", &["Observation/k1"],     &["Patient/a"]),
        ("Observation?_id=k1&_include=Observation:subject&_include:iterate=Patient:organization", &["Observation/k1"], &["Organization/o2", "Patient/a"]),
        ("Observation?_id=k1&_include=Observation:*",                       &["Observation/k1"],                   &["Encounter/e", "Patient/a", "Practitioner/d"]),
        ("Observation?_id=k1&_include=*",                                   &["Observation/k1"],                   &["Encounter/e", "Patient/a", "Practitioner/d"]),
        ("Observation?_id=k2&_include=Observation:has-member",              &["Observation/k2"],                   &["Observation/k1"]),
        // What is a match is never there twice.
        ("Observation?subject=a&_include=Observation:has-member",           &["Observation/k1", "Observation/k2"], &[]),
        ("Organization?_id=o2&_include:iterate=Organization:partof",        &["Organization/o2"],                  &["Organization/o3"]),
        ("Organization?_id=o2&_include:recurse=Organization:partof",        &["Organization/o2"],                  &["Organization/o3"]),
        ("Patient?_id=a&_include:iterate=*",                                &["Patient/a"],                        &["Organization/o2", "Organization/o3", "Practitioner/d"]),
        ("Patient?_id=a&_revinclude=Observation:subject",                   &["Patient/a"],                        &["Observation/k1", "Observation/k2"]),
        ("Patient?_id=a&_revinclude=Observation:patient",                   &["Patient/a"],                        &["Observation/k1", "Observation/k2"]),
        ("Patient?_revinclude=Observation:subject",                         &["Patient/a", "Patient/b"],           &["Observation/k1", "Observation/k2", "Observation/k3"]),
        ("Patient?_id=a&_revinclude=Observation:subject&_revinclude:iterate=Provenance:target", &["Patient/a"],    &["Observation/k1", "Observation/k2", "Provenance/v"]),
        ("Patient?_id=a&_revinclude=Observation:performer",                 &["Patient/a"],                        &[]),
        ("Patient?_id=b&_revinclude=*",                                     &["Patient/b"],                        &["Observation/k3"]),
        ("Patient?_id=a&_revinclude=Observation:*",                         &["Patient/a"],                        &["Observation/k1", "Observation/k2"]),
        ("Encounter?_id=e&_revinclude=Observation:encounter&_include=Encounter:subject", &["Encounter/e"],         &["Observation/k1", "Patient/a"]),
        ("Observation?_id=nothing&_include=*&_revinclude=*",                &[],                                   &[]),
    ];
    for (search, matches, includes) in cases {
        let found = http.get(&format!("/fhir/{search}")).expect(200).json();
        assert_eq!(of_mode(&found, "match"), *matches, "{search}");
        assert_eq!(of_mode(&found, "include"), *includes, "{search}");
        assert_eq!(
            at(&found, "total").as_u64(),
            Some(matches.len() as u64),
            "{search}: only matches are counted"
        );
        let modes: Vec<_> = list(&found, "entry").iter().map(|one| str(one, "search.mode")).collect();
        assert!(modes.is_sorted_by(|a, b| a >= b), "{search}: matches first");
        let link = links(&found, "self").unwrap_or_default();
        assert!(link.contains("include"), "{search}: {link}");
    }
}

#[test]
fn what_cannot_come_along_is_refused() {
    let server = Server::start();
    let http = server.http();
    for search in [
        "Observation?_include=subject",
        "Observation?_include=Dragon:subject",
        "Observation?_include=Observation:dragon",
        "Observation?_include=Observation:code",
        "Observation?_include:missing=Observation:subject",
        "Observation?_include=Observation:patient:Practitioner",
        "Observation?_include=a:b:c:d",
    ] {
        issue(http.get(&format!("/fhir/{search}")), 400);
    }
    let many = "_include=Observation:subject&".repeat(100);
    assert_eq!(issue(http.get(&format!("/fhir/Observation?{many}")), 400), "too-costly");
}

/// Pages have their own company, as of the moment of the first.
#[test]
fn each_page_has_what_its_own_matches_refer_to_as_it_was() {
    let server = Server::start();
    let http = server.http();
    load(&http);
    let page = http.get("/fhir/Observation?_count=2&_include=Observation:subject").expect(200).json();
    assert_eq!(of_mode(&page, "include"), ["Patient/a"]);
    http.put("/fhir/Patient/b", &json(r#"{"resourceType":"Patient","id":"b","active":false}"#)).expect(200);
    let next = links(&page, "next").unwrap_or_default();
    let second = http.get(&next).expect(200).json();
    assert_eq!(of_mode(&second, "include"), ["Patient/b"]);
    assert_eq!(at(&second, "entry.1.resource.active").as_bool(), Some(true), "as it was: {}", text(&second));
}

#[test]
fn a_limit_on_what_comes_along_is_told() {
    let server = Options::new().env("ANAMNESIS_LIMITS_INCLUDED_MAX", "2").start();
    let http = server.http();
    load(&http);
    for (search, outcomes) in [
        ("Patient?_revinclude=Observation:subject", 1),
        ("Patient?_id=a&_revinclude=Observation:subject", 0),
        ("Patient?_id=a&_include:iterate=*", 1),
    ] {
        let found = http.get(&format!("/fhir/{search}")).expect(200).json();
        let included: BTreeSet<_> = of_mode(&found, "include").into_iter().collect();
        assert_eq!(included.len(), 2, "{search}");
        let said: Vec<_> =
            list(&found, "entry").iter().filter(|one| str(one, "search.mode") == "outcome").collect();
        assert_eq!(said.len(), outcomes, "{search}");
        for one in said {
            assert_eq!(str(one, "resource.issue.0.severity"), "warning");
            assert_eq!(str(one, "resource.issue.0.code"), "incomplete");
            assert!(str(one, "resource.issue.0.diagnostics").contains("limits.included_max"));
        }
    }
}
