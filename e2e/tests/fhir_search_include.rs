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

/// Definitions, of which two have one URL, and what refers to them by it.
const DEFINED: [(&str, &str); 7] = [
    ("Questionnaire/q1", r#""url":"http://forms/q","version":"1","title":"Intake","status":"active""#),
    ("Questionnaire/q2", r#""url":"http://forms/q","version":"2","title":"Intake, new","status":"draft""#),
    ("Questionnaire/other", r#""url":"http://forms/other","title":"Discharge","status":"active""#),
    ("QuestionnaireResponse/any", r#""questionnaire":"http://forms/q","status":"completed""#),
    ("QuestionnaireResponse/one", r#""questionnaire":"http://forms/q|1","status":"in-progress""#),
    ("QuestionnaireResponse/none", r#""questionnaire":"http://forms/q|9","status":"completed""#),
    ("QuestionnaireResponse/gone", r#""questionnaire":"http://elsewhere/q","status":"completed""#),
];

/// <https://hl7.org/fhir/R4/references.html#canonical>
#[test]
fn definitions_are_found_by_the_url_that_names_them() {
    let server = Server::start();
    let http = server.http();
    let one = |(name, rest): &(&str, &str)| {
        let (kind, id) = name.split_once('/').unwrap_or_default();
        entry("", "PUT", name, "", &format!(r#"{{"resourceType":"{kind}","id":"{id}",{rest}}}"#))
    };
    bundle(&http, "transaction", &DEFINED.iter().map(one).collect::<Vec<_>>()).expect(200);
    let (form, answer) = ("Questionnaire", "QuestionnaireResponse");
    #[rustfmt::skip] // A table reads by column.
    let cases: &[(String, &[&str], &[&str])] = &[
     // search                                                                        matches             includes
        (format!("{answer}?_id=any&_include={answer}:questionnaire"),                 &["any"],           &["q1", "q2"]),
        (format!("{answer}?_id=one&_include={answer}:questionnaire"),                 &["one"],           &["q1"]),
        (format!("{answer}?_id=one&_include={answer}:questionnaire:{form}"),          &["one"],           &["q1"]),
        (format!("{answer}?_id=one,any&_include=*"),                                  &["any", "one"],    &["q1", "q2"]),
        (format!("{answer}?_id=none,gone&_include={answer}:questionnaire"),           &["gone", "none"],  &[]),
        (format!("{form}?_id=q1&_revinclude={answer}:questionnaire"),                 &["q1"],            &["any", "one"]),
        (format!("{form}?_id=q2&_revinclude={answer}:questionnaire"),                 &["q2"],            &["any"]),
        (format!("{form}?_id=other&_revinclude={answer}:questionnaire"),              &["other"],         &[]),
        (format!("{form}?_id=q1&_revinclude=*"),                                      &["q1"],            &["any", "one"]),
        (format!("{answer}?questionnaire.title=intake"),                              &["any", "one"],    &[]),
        (format!("{answer}?questionnaire:{form}.status=draft"),                       &["any"],           &[]),
        (format!("{answer}?questionnaire.title=discharge"),                           &[],                &[]),
        (format!("{form}?_has:{answer}:questionnaire:status=completed"),              &["q1", "q2"],      &[]),
        (format!("{form}?_has:{answer}:questionnaire:status=in-progress"),            &["q1"],            &[]),
        (format!("{answer}?questionnaire=http://forms/q"),                            &["any", "none", "one"], &[]),
        (format!("{answer}?questionnaire=http://forms/q%7C1"),                        &["one"],           &[]),
    ];
    let ids = |names: Vec<String>| -> Vec<String> {
        names.iter().map(|name| name.rsplit('/').next().unwrap_or_default().to_owned()).collect()
    };
    for (search, matches, includes) in cases {
        let found = http.get(&format!("/fhir/{search}")).expect(200).json();
        assert_eq!(ids(of_mode(&found, "match")), *matches, "{search}");
        assert_eq!(ids(of_mode(&found, "include")), *includes, "{search}");
    }
    // As of before a definition had the URL, it is not found by it.
    let before = http
        .get("/fhir/Questionnaire/other")
        .expect(200)
        .header("anamnesis-cursor")
        .unwrap_or_default()
        .to_owned();
    let renamed =
        r#"{"resourceType":"Questionnaire","id":"other","url":"http://elsewhere/q","status":"active"}"#;
    http.put("/fhir/Questionnaire/other", &json(renamed)).expect(200);
    let search = format!("{answer}?_id=gone&_include={answer}:questionnaire");
    let now = http.get(&format!("/fhir/{search}")).expect(200).json();
    let then = http.get(&format!("/fhir/{search}&_asOf={before}")).expect(200).json();
    assert_eq!(of_mode(&now, "include"), ["Questionnaire/other"]);
    assert!(of_mode(&then, "include").is_empty());
}

/// <https://hl7.org/fhir/R4/references.html#literal>: a reference to a version is to that.
#[test]
fn a_reference_to_a_version_brings_that_version() {
    let server = Server::start();
    let http = server.http();
    load(&http);
    http.put("/fhir/Patient/b", &json(r#"{"resourceType":"Patient","id":"b","active":false}"#)).expect(200);
    let observation = |id: &str, subject: &str| {
        let text = format!(
            r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"k"}},"subject":{{"reference":"{subject}"}}}}"#
        );
        http.put(&format!("/fhir/Observation/{id}"), &json(&text)).expect(201);
    };
    observation("was", "Patient/b/_history/1");
    observation("is", "Patient/b");
    observation("same", "Patient/b/_history/2");
    observation("never", "Patient/b/_history/9");
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("was",     vec!["1"]),
        ("is",      vec!["2"]),
        ("same",    vec!["2"]),
        ("never",   vec![]),
        ("is,same", vec!["2"]),
        ("was,is",  vec!["1", "2"]),
    ];
    for (ids, expected) in cases {
        let search = format!("/fhir/Observation?_id={ids}&_include=Observation:subject");
        let found = http.get(&search).expect(200).json();
        let included = list(&found, "entry").iter().filter(|one| str(one, "search.mode") == "include");
        let mut versions: Vec<_> = included.map(|one| str(one, "resource.meta.versionId")).collect();
        versions.sort_unstable();
        assert_eq!(versions, expected, "{ids}");
    }
}
