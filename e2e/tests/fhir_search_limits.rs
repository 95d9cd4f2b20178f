//! Searches that ask for too much: limits with names, and a time that ends what takes too long.

use std::thread;

use anamnesis_e2e::{bundle, entry, int, issue, links, list, str};
use anamnesis_testkit::{Http, Options, Server};

fn load(http: &Http, records: usize) {
    for from in (0..records).step_by(1_000) {
        let one = |n: usize| {
            let record = format!(
                r#"{{"resourceType":"Observation","id":"o{n}","status":"final","code":{{"coding":[{{"system":"urn:c","code":"c{n}"}}]}},"subject":{{"reference":"Patient/p{}"}}}}"#,
                n % 50
            );
            entry("", "PUT", &format!("Observation/o{n}"), "", &record)
        };
        bundle(http, "transaction", &(from..records.min(from + 1_000)).map(one).collect::<Vec<_>>())
            .expect(200);
    }
}

#[test]
fn limits_have_names() {
    let server = Options::new().env("ANAMNESIS_LIMITS_COUNT_MAX", "30").start();
    let http = server.http();
    load(&http, 40);
    let many = |n: usize| (0..n).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let chain = format!("subject:Patient.{}name=x", "link:Patient.".repeat(20));
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // search                                                         status code
        (format!("Observation?code={}", many(5_000)),                  400, "too-costly"),
        (format!("Observation?code={}", vec!["code=x"; 1_100].join("&").trim_start_matches("code=")), 400, "too-costly"),
        (format!("Observation?{chain}"),                               400, "too-costly"),
        ("Observation?subject:Patient.dragon=x".to_owned(),            400, "not-supported"),
        ("Observation?code.name=x".to_owned(),                         400, "*"),
        ("Observation?subject:Dragon.name=x".to_owned(),               400, "*"),
        ("Observation?date=yesterday".to_owned(),                      400, "value"),
        ("Observation?_sort=dragon".to_owned(),                        400, "*"),
        ("Observation?_count=-1".to_owned(),                           400, "value"),
    ];
    for (search, status, code) in cases {
        let shown: String = search.chars().take(60).collect();
        let said = issue(http.get(&format!("/fhir/{search}")), status);
        assert!(code == "*" || said == code, "{shown}: {said}");
    }
    // What leads nowhere finds nothing.
    assert_eq!(int(&http.get("/fhir/Observation?subject:Patient.name=x").expect(200).json(), "total"), 0);
    for count in ["1000000000", "99999999999999999999999"] {
        let page = http.get(&format!("/fhir/Observation?_count={count}")).expect(200).json();
        assert_eq!(list(&page, "entry").len(), 30, "no page is larger than limits.count_max");
        assert_eq!(int(&page, "total"), 40);
        assert!(links(&page, "next").is_some());
    }
    let none = http.get("/fhir/Observation?_total=none&_count=5").expect(200).json();
    assert!(anamnesis_e2e::at(&none, "total").as_u64().is_none());
    let next = links(&none, "next").unwrap_or_default();
    assert!(anamnesis_e2e::at(&http.get(&next).expect(200).json(), "total").as_u64().is_none());
}

/// A search that looks at everything, again and again, is ended by `limits.query_ms_max`; others are answered.
#[test]
fn a_search_that_takes_too_long_ends_and_hurts_nobody() {
    // More than what is quick takes on a machine that has much else to do, and much less than what is costly takes.
    let server = Options::new().env("ANAMNESIS_LIMITS_QUERY_MS_MAX", "1500").start();
    let http = server.http();
    load(&http, 4_000);
    // None of these narrows: each record is looked at for each of them. Without the status it would be what has the
    // codes that is counted, and taken from all.
    let none_of = (0..900).map(|n| format!("code:not=c{n}")).collect::<Vec<_>>().join("&");
    let costly = format!("/fhir/Observation?_summary=count&status=final&{none_of}");
    thread::scope(|scope| {
        let slow: Vec<_> = (0..4).map(|_| scope.spawn(|| server.http().get(&costly))).collect();
        for n in 0..50 {
            let quick = http.get(&format!("/fhir/Observation?code=urn:c|c{n}")).expect(200).json();
            assert_eq!(int(&quick, "total"), 1, "others are answered meanwhile");
        }
        for reply in slow.into_iter().filter_map(|slow| slow.join().ok()) {
            let outcome = reply.expect(503).json();
            assert_eq!(str(&outcome, "issue.0.code"), "too-costly");
        }
    });
    assert_eq!(http.get("/fhir/Observation?code=c1").expect(200).status, 200);
}

/// The server that nothing is set of takes what the standard's own limits are said to be.
#[test]
fn a_thousand_values_are_taken() {
    let server = Server::start();
    let http = server.http();
    load(&http, 30);
    let many = (0..1_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    assert_eq!(
        int(&http.get(&format!("/fhir/Observation?code={many}&_count=5")).expect(200).json(), "total"),
        30
    );
}
