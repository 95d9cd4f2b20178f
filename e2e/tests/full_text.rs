//! Words of records, by `_text` and `_content`: now, of any moment, and of a store that had no index of them.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::path::Path;
use std::time::{Duration, Instant};

use anamnesis_e2e::{entries, int, issue, last_cursor, list, run, send, str, verified};
use anamnesis_testkit::{Http, Options, Reply, Server};

/// How long another generation of the views may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn put(http: &Http, id: &str, narrative: &str, family: &str) -> Reply {
    let body = format!(
        r#"{{"resourceType":"Patient","id":"{id}",
        "text":{{"status":"additional","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">{narrative}</div>"}},
        "name":[{{"family":"{family}"}}]}}"#
    );
    send(http, "PUT", &format!("/fhir/Patient/{id}"), &[], &body)
}

fn observe(http: &Http, id: &str, patient: &str, note: &str) {
    let body = format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"note"}},
        "subject":{{"reference":"Patient/{patient}"}},"note":[{{"text":"{note}"}}]}}"#
    );
    send(http, "PUT", &format!("/fhir/Observation/{id}"), &[], &body).expect(201);
}

fn ids(http: &Http, search: &str) -> Vec<String> {
    let mut ids: Vec<String> =
        entries(http, &format!("/fhir/{search}")).iter().map(|found| str(found, "id").to_owned()).collect();
    ids.sort();
    ids
}

fn with_words(data: &Path) -> Server {
    Options::new().data(data).arg("--full-text=true").start()
}

/// How many of `_text` and `_content` the CapabilityStatement lists for patients.
fn listed(http: &Http) -> usize {
    let statement = http.get("/fhir/metadata").expect(200).json();
    let patients =
        list(&statement, "rest.0.resource").iter().find(|of| str(of, "type") == "Patient").unwrap();
    let codes = list(patients, "searchParam").iter().map(|param| str(param, "name"));
    codes.filter(|code| ["_text", "_content"].contains(code)).count()
}

#[test]
fn records_are_found_by_words_now_and_of_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = with_words(&data);
    let http = server.http();
    put(&http, "a", "<p>Metastases of the <b>li</b>ver</p><p>none</p>", "Müller").expect(201);
    put(&http, "b", "bone pain &amp; fever", "Liver").expect(201);
    observe(&http, "o", "b", "soft tissue was seen");
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("Patient?_text=liver",                                       vec!["a"]),
        ("Patient?_content=liver",                                    vec!["a", "b"]),
        ("Patient?_content=LIVER&_text=bone",                         vec!["b"]),
        ("Patient?_text=bone%20OR%20metastases",                      vec!["a", "b"]),
        ("Patient?_text=(bone%20OR%20liver)%20metasta*",              vec!["a"]),
        ("Patient?_content=liver%20NOT%20metastases%20NOT%20x",       vec!["b"]),
        ("Patient?_content=muller",                                   vec!["a"]),
        ("Patient?_text=muller",                                      vec![]),
        ("Patient?_text=%22liver%20none%22",                          vec!["a"]),
        ("Patient?_content=%22fever%20liver%22",                      vec![]),
        ("Patient?_text=div",                                         vec![]),
        ("Observation?_content=%22soft%20tissue%22",                  vec!["o"]),
        ("Observation?patient._text=fever",                           vec!["o"]),
        ("Patient?_has:Observation:patient:_content=tissue",          vec!["b"]),
    ];
    for (search, found) in cases {
        assert_eq!(ids(&http, search), found, "{search}");
    }
    assert_eq!(listed(&http), 2);

    let before = last_cursor(&http);
    put(&http, "a", "nothing was found", "Müller").expect(200);
    let changed = last_cursor(&http);
    http.delete("/fhir/Patient/a").expect(204);
    let deleted = last_cursor(&http);
    put(&http, "a", "liver again", "Müller").expect(201);
    let asked = |http: &Http| -> Vec<Vec<String>> {
        let searches = ["Patient?_text=liver", "Patient?_text=nothing", "Patient?_content=muller"];
        searches
            .iter()
            .flat_map(|search| {
                let of = |cursor: &str| ids(http, &format!("{search}&_asOf={cursor}"));
                [of(&before), of(&changed), of(&deleted), ids(http, search)]
            })
            .collect()
    };
    #[rustfmt::skip] // A table reads by column.
    let expected: Vec<Vec<&str>> = vec![
     // before     changed    deleted  now
        vec!["a"], vec![],    vec![],  vec!["a"],
        vec![],    vec!["a"], vec![],  vec![],
        vec!["a"], vec!["a"], vec![],  vec!["a"],
    ];
    assert_eq!(asked(&http), expected);
    server.restart();
    assert_eq!(asked(&server.http()), expected, "after a restart");
    server.terminate();
    verified(&data);
    run(&["rebuild", "--full-text=true", "--data", data.to_str().unwrap()]).expect(0);
    server.restart();
    assert_eq!(asked(&server.http()), expected, "after a rebuild");
    assert!(!server.stderr().contains("generation of the views is begun"));
}

#[test]
fn it_is_switched_on_and_off_for_a_store_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Options::new().data(&data).start();
    let http = server.http();
    put(&http, "a", "liver", "x").expect(201);
    let refused = http.get("/fhir/Patient?_text=liver");
    assert!(str(&refused.json(), "issue.0.diagnostics").contains("search.full_text"));
    assert_eq!(issue(refused, 400), "not-supported");
    assert_eq!(listed(&http), 0);
    server.terminate();
    drop(server);

    let mut server = with_words(&data);
    let http = server.http();
    assert_eq!(ids(&http, "Patient?_id=a"), ["a"], "it serves meanwhile");
    let begun = Instant::now();
    let found = loop {
        let reply = http.get("/fhir/Patient?_text=liver");
        if reply.status != 503 {
            break reply.expect(200).json();
        }
        assert_eq!(issue(reply, 503), "transient");
        assert!(begun.elapsed() < PATIENCE, "it is not indexed");
    };
    assert_eq!(int(&found, "total"), 1, "as soon as it is answered, it is answered whole");
    assert_eq!(listed(&http), 2);
    put(&http, "b", "liver", "x").expect(201);
    assert_eq!(ids(&http, "Patient?_text=liver"), ["a", "b"]);
    server.terminate();
    drop(server);
    verified(&data);

    let mut server = Options::new().data(&data).start();
    let http = server.http();
    let begun = Instant::now();
    while http.get("/fhir/Patient?_text=liver").status == 200 {
        assert!(begun.elapsed() < PATIENCE, "it is indexed still");
    }
    assert_eq!(issue(http.get("/fhir/Patient?_text=liver"), 400), "not-supported");
    assert_eq!(listed(&http), 0);
    server.terminate();
    verified(&data);
}

#[test]
fn no_query_is_too_odd() {
    let folder = tempfile::tempdir().unwrap();
    let server = Options::new()
        .data(folder.path().join("data"))
        .arg("--full-text=true")
        .arg("--set=limits.filter_bytes_max=65536")
        .arg("--set=limits.values_max=10000")
        .start();
    let http = server.http();
    put(&http, "a", "liver near bone", "x").expect(201);
    let many = |between: &str, count: usize| vec!["liver"; count].join(between);
    let nested = format!("{}liver{}", "(".repeat(15), ")".repeat(15));
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // words                                        status   found
        ("NEAR(liver bone)".to_owned(),              200,     1),
        ("narrative:liver".to_owned(),               200,     0),
        ("{rest}:liver".to_owned(),                  200,     0),
        ("^liver".to_owned(),                        200,     1),
        ("-liver".to_owned(),                        200,     1),
        ("liver*".to_owned(),                        200,     1),
        ("liv*er".to_owned(),                        200,     0),
        ("' OR 1=1 --".to_owned(),                   400,     0),
        ("liver' --".to_owned(),                     400,     0),
        ("\u{24b6}".to_owned(),                      200,     0),
        ("liver \u{24b6}".to_owned(),                200,     0),
        ("\"liver\u{0} near\"".to_owned(),           200,     1),
        ("\"\"".to_owned(),                          400,     0),
        ("\"liver".to_owned(),                       400,     0),
        ("***".to_owned(),                           400,     0),
        ("liver NOT".to_owned(),                     400,     0),
        (nested,                                     200,     1),
        (many(" ", 4_000),                           200,     1),
        (many(" OR ", 4_000),                        200,     1),
        (many(" NOT ", 4_000),                       200,     0),
        (format!("liver{}", " (liver OR x)".repeat(1_000)), 200, 1),
        (many(" ", 10_500),                          400,     0),
        (many(" ", 200_000),                         400,     0),
    ];
    for (words, status, found) in cases {
        let encoded: String = words.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("_text={encoded}");
        let reply = http.send("POST", "/fhir/Patient/_search", &headers, Some(body.into_bytes()));
        let shown: String = words.chars().take(60).collect();
        assert_eq!(reply.status, status, "{shown}: {}", reply.text());
        if status == 200 {
            assert_eq!(int(&reply.json(), "total"), found, "{shown}");
        }
    }
}
