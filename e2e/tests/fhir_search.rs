//! Searches over the wire: <https://hl7.org/fhir/R4/search.html>; every kind of parameter, pages, counts, everything.

use std::collections::BTreeSet;

use anamnesis_e2e::{at, count, entries, int, json, links, list, pages, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, People, Server};

const TRANSACTION: &str = r#"{"resourceType":"Bundle","type":"transaction","entry":[
    {"request":{"method":"PUT","url":"Patient/a"},"resource":{"resourceType":"Patient","id":"a","birthDate":"1970-05-02",
     "identifier":[{"system":"urn:mrn","value":"1,2"}],"name":[{"family":"Dvořák","given":["Anna","Maria"]}]}},
    {"request":{"method":"PUT","url":"Patient/b"},"resource":{"resourceType":"Patient","id":"b","birthDate":"1970",
     "identifier":[{"system":"urn:other","value":"7"}],"name":[{"family":"Ahmed"}]}},
    {"request":{"method":"PUT","url":"Observation/k1"},"resource":{"resourceType":"Observation","id":"k1","status":"final",
     "category":[{"coding":[{"system":"urn:cat","code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},
     "subject":{"reference":"Patient/a"},"effectiveDateTime":"2026-03-01T08:00:00+01:00","performer":[{"reference":"Practitioner/d"}]}},
    {"request":{"method":"PUT","url":"Observation/k2"},"resource":{"resourceType":"Observation","id":"k2","status":"preliminary",
     "code":{"coding":[{"system":"urn:local","code":"2823-3"}]},"subject":{"reference":"Patient/b"},
     "effectivePeriod":{"start":"2026-03-02","end":"2026-03-04"}}},
    {"request":{"method":"PUT","url":"Practitioner/d"},"resource":{"resourceType":"Practitioner","id":"d"}},
    {"request":{"method":"PUT","url":"Practitioner/e"},"resource":{"resourceType":"Practitioner","id":"e"}}]}"#;

fn ids(resources: &[Value]) -> Vec<String> {
    resources.iter().map(|resource| str(resource, "id").to_owned()).collect()
}

#[test]
fn each_parameter_finds_what_it_should() {
    let server = Server::start();
    let http = server.http();
    http.post("/fhir", &json(TRANSACTION)).expect(200);
    #[rustfmt::skip] // A table reads by column.
    let cases: &[(&str, &[&str])] = &[
     // search                                                  finds
        ("Patient?_id=a",                                       &["a"]),
        ("Patient?_id=a,b",                                     &["a", "b"]),
        ("Patient?identifier=urn:mrn|1\\,2",                    &["a"]),
        ("Patient?identifier=urn:mrn|",                         &["a"]),
        ("Patient?identifier=7",                                &["b"]),
        ("Patient?identifier=|7",                               &[]),
        ("Patient?identifier=urn:mrn|7",                        &[]),
        ("Patient?name=dvorak",                                 &["a"]),
        ("Patient?name=DVO%C5%98",                              &["a"]),
        ("Patient?name=mar",                                    &["a"]),
        ("Patient?name=a",                                      &["a", "b"]),
        ("Patient?name=dvorak&name=anna",                       &["a"]),
        ("Patient?name=dvorak&name=ahmed",                      &[]),
        ("Patient?name=vorak",                                  &[]),
        ("Patient?birthdate=1970",                              &["a", "b"]),
        ("Patient?birthdate=1970-05-02",                        &["a"]),
        ("Patient?birthdate=gt1970-05-01",                      &["a", "b"]),
        ("Patient?birthdate=lt1970",                            &[]),
        ("Observation?code=2823-3",                             &["k1", "k2"]),
        ("Observation?code=http://loinc.org|2823-3",            &["k1"]),
        ("Observation?category=urn:cat|laboratory",             &["k1"]),
        ("Observation?status=final",                            &["k1"]),
        ("Observation?status=final,preliminary",                &["k1", "k2"]),
        ("Observation?patient=a",                               &["k1"]),
        ("Observation?patient=Patient/b",                       &["k2"]),
        ("Observation?subject=Patient/a",                       &["k1"]),
        ("Observation?subject=a,b",                             &["k1", "k2"]),
        ("Observation?date=2026-03-01",                         &["k1"]),
        ("Observation?date=2026-03",                            &["k1", "k2"]),
        ("Observation?date=ge2026-03-03",                       &["k2"]),
        ("Observation?date=sa2026-03-01",                       &["k2"]),
        ("Observation?date=eb2026-03-02",                       &["k1"]),
        ("Observation?date=ge2026-03-01&date=lt2026-03-02",     &["k1"]),
        ("Observation?code=2823-3&patient=b&status=final",      &[]),
    ];
    for (search, finds) in cases {
        let mut found = ids(&entries(&http, &format!("/fhir/{search}")));
        found.sort();
        assert_eq!(found, *finds, "{search}");
        assert_eq!(count(&http, search), finds.len() as u64, "{search}");
        let (kind, form) = search.split_once('?').unwrap();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let posted = http.send("POST", &format!("/fhir/{kind}/_search"), &headers, Some(form.into()));
        assert_eq!(int(&posted.expect(200).json(), "total"), finds.len() as u64, "{search} by POST");
    }
    let own = format!("/fhir/Observation?patient={}/fhir/Patient/a", server.url());
    assert_eq!(ids(&entries(&http, &own)), ["k1"], "our own address is a reference too");
}

#[test]
fn what_is_not_understood_widens_nothing_in_silence() {
    let server = Server::start();
    let http = server.http();
    http.post("/fhir", &json(TRANSACTION)).expect(200);
    let strict = [("prefer", "handling=strict")];
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // search                                lenient  strict
        ("Patient?dragon=7",                  200,     400),
        ("Patient?name:sounds=Ahmed",         400,     400),
        ("Observation?subject.hair=red",      400,     400),
        ("Patient?birthdate=yesterday",       400,     400),
        ("Patient?_count=-1",                 400,     400),
        ("Patient?_page=0011",                400,     400),
        ("Observation?patient=Practitioner/d", 400,    400),
    ];
    for (search, lenient, strictly) in cases {
        let path = format!("/fhir/{search}");
        let reply = http.get(&path);
        assert_eq!(reply.status, lenient, "{search}: {}", reply.text());
        if lenient == 200 {
            let link = links(&reply.json(), "self").unwrap();
            assert!(!link.contains("dragon"), "the self link says what was searched: {link}");
        }
        assert_eq!(http.send("GET", &path, &strict, None).status, strictly, "{search}");
    }
}

#[test]
fn pages_have_no_duplicate_and_no_gap() {
    let server = Server::start();
    let http = server.http();
    // All of one day, so that nothing but the record tells them apart.
    let one = |n: usize| {
        format!(
            r#"{{"request":{{"method":"POST","url":"Observation"}},"resource":{{"resourceType":"Observation","status":"final",
            "code":{{"text":"{n}"}},"effectiveDateTime":"2026-03-0{}"}}}}"#,
            1 + n % 2
        )
    };
    let all: Vec<_> = (0..103).map(one).collect();
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{}]}}"#, all.join(","));
    http.post("/fhir", &json(bundle)).expect(200);
    let found = pages(&http, "/fhir/Observation?status=final&_count=10");
    assert_eq!(found.len(), 11);
    let seen: Vec<_> =
        found.iter().flat_map(|page| list(page, "entry")).map(|e| str(e, "fullUrl").to_owned()).collect();
    assert_eq!(seen.len(), 103);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 103);
    assert!(found.iter().all(|page| int(page, "total") == 103));
    let dates: Vec<_> = found
        .iter()
        .flat_map(|page| list(page, "entry"))
        .map(|e| str(e, "resource.effectiveDateTime"))
        .collect();
    assert!(dates.is_sorted_by(|a, b| a >= b), "newest first");

    let next = links(&found[0], "next").unwrap();
    let (turn, token) = next.split_at(next.find("_page=").unwrap() + 6);
    let forged: String = token.chars().rev().collect();
    assert_eq!(http.get(&format!("{turn}{forged}")).status, 400, "a link that is not ours");
    assert_eq!(http.get(&next.replace("final", "preliminary")).status, 400, "a page of another search");

    let counted = http.get("/fhir/Observation?_summary=count").expect(200).json();
    assert_eq!((int(&counted, "total"), list(&counted, "entry").len()), (103, 0));
    assert_eq!(list(&http.get("/fhir/Observation?_count=0").expect(200).json(), "entry").len(), 0);
}

/// <https://hl7.org/fhir/R4/patient-operation-everything.html>
#[test]
fn everything_is_the_compartment_and_what_it_points_to() {
    let server = Server::start();
    let http = server.http();
    http.post("/fhir", &json(TRANSACTION)).expect(200);
    assert_eq!(
        named(&entries(&http, "/fhir/Patient/a/$everything")),
        ["Observation/k1", "Patient/a", "Practitioner/d"]
    );
    assert_eq!(named(&entries(&http, "/fhir/Patient/b/$everything")), ["Observation/k2", "Patient/b"]);
    assert_eq!(http.get("/fhir/Patient/c/$everything").status, 404);

    let people = People::small(11);
    for n in 0..3 {
        http.post("/fhir", &people.person(n).bundle_with_ids()).expect(200);
    }
    let person = people.person(1);
    let mut wanted: Vec<_> = person.records().iter().map(|record| record.stream()).collect();
    wanted.sort();
    let path = format!("/fhir/Patient/{}/$everything?_count=7", person.id());
    let turned = pages(&http, &path);
    assert!(turned.len() > 1);
    let resources: Vec<_> =
        turned.iter().flat_map(|page| list(page, "entry")).map(|e| at(e, "resource").clone()).collect();
    let found = named(&resources);
    let known: BTreeSet<_> = wanted.iter().collect();
    assert!(found.iter().all(|name| known.contains(name)), "nothing of anybody else");
    assert_eq!(found.len(), found.iter().collect::<BTreeSet<_>>().len(), "each once over all pages");
    // What nobody in the compartment points to, such as the ward of someone never admitted, stays out.
    let texts: Vec<_> = resources.iter().map(text).filter(|text| text.contains(&person.stream())).collect();
    let pointed_to = |name: &str| texts.iter().any(|text| text.contains(&format!("\"{name}\"")));
    let missing: Vec<_> = wanted.iter().filter(|name| !found.contains(name) && pointed_to(name)).collect();
    assert!(missing.is_empty() && found.len() > 20, "{missing:?}");
}

/// `Type/id` of each, sorted.
fn named(resources: &[Value]) -> Vec<String> {
    let mut names: Vec<_> =
        resources.iter().map(|one| format!("{}/{}", str(one, "resourceType"), str(one, "id"))).collect();
    names.sort();
    names
}

/// A reader who carries a write's cursor sees that write, though the write waited for the log alone.
#[test]
fn a_cursor_makes_sure() {
    let server = Server::start();
    let http: Http = server.http();
    for n in 0..20 {
        let body = format!(r#"{{"resourceType":"Patient","identifier":[{{"value":"n{n}"}}]}}"#);
        let headers = [("content-type", "application/fhir+json"), ("anamnesis-wait", "log")];
        let made = http.send("POST", "/fhir/Patient", &headers, Some(body.into_bytes())).expect(201);
        let cursor = made.header("anamnesis-cursor").unwrap();
        let path = format!("/fhir/Patient?identifier=n{n}");
        let found = http.send("GET", &path, &[("anamnesis-cursor", cursor)], None).expect(200).json();
        assert_eq!(int(&found, "total"), 1);
    }
    assert_eq!(
        http.send("GET", "/fhir/Patient", &[("anamnesis-cursor", "c1~ffffffffffffff~ffff")], None).status,
        409
    );
    assert_eq!(http.send("GET", "/fhir/Patient", &[("anamnesis-cursor", "soon")], None).status, 400);
}
