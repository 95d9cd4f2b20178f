//! `_asOf` at every door that reads: which moments are taken, what was there, and the same answer when asked again.

#![expect(clippy::panic, reason = "a test says by its panic what it found")]

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anamnesis_e2e::{at, bundle, commit, entry, int, json, links, list, pages, send, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Options, Reply, Server, binary};

const CURSOR: &str = "anamnesis-cursor";

/// The point of the log an answer is complete up to, or was given as of.
#[track_caller]
fn cursor(reply: &Reply) -> String {
    reply.header(CURSOR).unwrap_or_else(|| panic!("no cursor in {}", reply.text())).to_owned()
}

fn patient(id: &str, city: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"{id}","address":[{{"city":"{city}"}}]}}"#)
}

#[track_caller]
fn put(http: &Http, name: &str, resource: &str) -> String {
    let reply = send(http, "PUT", &format!("/fhir/{name}"), &[], resource);
    assert!(matches!(reply.status, 200 | 201), "{}", reply.text());
    cursor(&reply)
}

/// An answer without what differs from answer to answer: a bundle's own id and time.
fn told(reply: &Reply) -> String {
    let text = reply.text();
    let Some((head, rest)) = text.split_once(r#","type":""#) else { return text };
    if head.starts_with(r#"{"resourceType":"Bundle""#) { rest.to_owned() } else { text }
}

fn joined(path: &str, as_of: &str) -> String {
    format!("{path}{}_asOf={as_of}", if path.contains('?') { '&' } else { '?' })
}

/// A patient and a laboratory result that was corrected, deleted and made again, and the cursor after each step.
fn a_life(http: &Http) -> Vec<String> {
    let result = |value: &str, status: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"k","status":"{status}","code":{{"text":"potassium"}},"subject":{{"reference":"Patient/p"}},
            "category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}}]}}],
            "valueQuantity":{{"value":{value},"unit":"mmol/L"}}}}"#
        )
    };
    let delete = || cursor(&http.delete("/fhir/Observation/k").expect(204));
    let correct = r#"{"stream":"Observation/k","type":"LabResultCorrected","reason":"misread","data":{"status":"corrected","valueQuantity":{"value":4.6,"unit":"mmol/L"}}}"#;
    let both = [
        entry("", "PUT", "Patient/p", "", &patient("p", "Aalst")),
        entry(
            "",
            "PUT",
            "Binary/b",
            "",
            r#"{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"QQ=="}"#,
        ),
    ];
    vec![
        cursor(&bundle(http, "transaction", &both).expect(200)),
        put(http, "Observation/k", &result("6.4", "final")),
        cursor(&commit(http, correct).expect(201)),
        put(http, "Patient/p", &patient("p", "Bruges")),
        delete(),
        put(http, "Observation/k", &result("5.0", "final")),
        put(
            http,
            "Binary/b",
            r#"{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"Qg=="}"#,
        ),
    ]
}

/// What each door says as of each step of the life: a status, or what stands at a place of the answer.
#[test]
fn every_door_tells_what_was_there() {
    let server = Server::start();
    let http = server.http();
    let steps = a_life(&http);
    #[rustfmt::skip] // A table reads by column.
    let doors: [(&str, &str, [&str; 7]); 19] = [
     // asked                                 where                                       after each step
        ("/fhir/Patient/p",                   "address.0.city",                           ["Aalst", "Aalst", "Aalst", "Bruges", "Bruges", "Bruges", "Bruges"]),
        ("/fhir/Observation/k",               "valueQuantity.value",                      ["404", "6.4", "4.6", "4.6", "410", "5.0", "5.0"]),
        ("/fhir/Observation/k/_history/1",    "valueQuantity.value",                      ["404", "6.4", "6.4", "6.4", "6.4", "6.4", "6.4"]),
        ("/fhir/Observation/k/_history/2",    "valueQuantity.value",                      ["404", "404", "4.6", "4.6", "4.6", "4.6", "4.6"]),
        ("/fhir/Observation/k/_history/3",    "valueQuantity.value",                      ["404", "404", "404", "404", "410", "410", "410"]),
        ("/fhir/Observation/k/$meta",         "parameter.0.name",                         ["404", "return", "return", "return", "410", "return", "return"]),
        ("/fhir/Observation/k/_history",      "total",                                    ["404", "1", "2", "2", "3", "4", "4"]),
        ("/fhir/Observation/_history",        "total",                                    ["0", "1", "2", "2", "3", "4", "4"]),
        ("/fhir/_history",                    "total",                                    ["2", "3", "4", "5", "6", "7", "8"]),
        ("/fhir/_history?_count=1",           "entry.0.request.method",                   ["PUT", "PUT", "PUT", "PUT", "DELETE", "PUT", "PUT"]),
        ("/fhir/Patient/p/$everything",       "entry.1.resource.valueQuantity.value",     ["null", "6.4", "4.6", "4.6", "null", "5.0", "5.0"]),
        ("/fhir/Binary/b?_format=json",       "data",                                     ["QQ==", "QQ==", "QQ==", "QQ==", "QQ==", "QQ==", "Qg=="]),
        ("/api/patients/p",                   "data.addresses.0.city",                    ["Aalst", "Aalst", "Aalst", "Bruges", "Bruges", "Bruges", "Bruges"]),
        ("/api/patients/p",                   "version",                                  ["1", "1", "1", "2", "2", "2", "2"]),
        ("/api/patients/p/lab-results",       "data.analytes.0.results.0.value",          ["null", "6.4", "4.6", "4.6", "null", "5.0", "5.0"]),
        ("/api/patients/p/lab-results",       "data.analytes.0.results.0.corrects",       ["null", "null", "1", "1", "null", "null", "null"]),
        ("/api/patients/p/clinical-record",   "version",                                  ["1", "1", "1", "2", "2", "2", "2"]),
        ("/api/streams/Observation/k",        "next",                                     ["404", "2", "3", "3", "4", "5", "5"]),
        ("/api/events",                       "events.3.type",                            ["null", "null", "LabResultCorrected", "LabResultCorrected", "LabResultCorrected", "LabResultCorrected", "LabResultCorrected"]),
    ];
    for (path, place, expected) in doors {
        for ((n, step), expected) in (0..).zip(&steps).zip(expected) {
            let reply = http.get(&joined(path, step));
            let found = match (reply.status, at(&json(reply.text()), place)) {
                (200, Value::String(text)) => text.to_string(),
                (200, value) => text(value),
                (status, _) => status.to_string(),
            };
            assert_eq!(found, expected, "{path} {place} as of step {n}: {}", reply.text());
            if reply.status == 200 {
                assert_eq!(cursor(&reply), *step, "{path}");
            }
            // By its instant it is the same, and by the cursor that answer names.
            let instant = http.get(&format!("/api/events?_asOf={step}")).expect(200).json();
            let instant =
                str(list(&instant, "events").last().unwrap_or(&Value::Null), "recorded_at").to_owned();
            let by_instant = http.get(&joined(path, &instant));
            assert_eq!((by_instant.status, told(&by_instant)), (reply.status, told(&reply)), "{path}");
        }
    }
    // Its bytes, and no body for a HEAD, are of that moment too.
    let bytes =
        http.send("GET", &joined("/fhir/Binary/b", &steps[0]), &[("accept", "text/plain")], None).expect(200);
    assert_eq!((bytes.text(), bytes.header(CURSOR)), ("A".to_owned(), Some(steps[0].as_str())));
    let head = http.send("HEAD", &joined("/fhir/Observation/k", &steps[1]), &[], None).expect(200);
    assert_eq!((head.header("etag"), cursor(&head)), (Some(r#"W/"1""#), steps[1].clone()));
    let known = [("if-none-match", r#"W/"1""#)];
    http.send("GET", &joined("/fhir/Observation/k", &steps[1]), &known, None).expect(304);
    http.send("GET", &joined("/fhir/Observation/k", &steps[2]), &known, None).expect(200);
    // So is what the entries of a bundle read, and everything when it is posted.
    let read = entry("", "GET", &format!("Observation/k?_asOf={}", steps[1]), "", "");
    for kind in ["batch", "transaction"] {
        let answer = bundle(&http, kind, std::slice::from_ref(&read)).expect(200).json();
        assert_eq!(text(at(&answer, "entry.0.resource.valueQuantity.value")), "6.4", "{kind}");
    }
    let body = format!(
        r#"{{"resourceType":"Parameters","parameter":[{{"name":"_asOf","valueString":"{}"}}]}}"#,
        steps[1]
    );
    let posted = http.post("/fhir/Patient/p/$everything", &json(body)).expect(200).json();
    assert_eq!(text(at(&posted, "entry.1.resource.valueQuantity.value")), "6.4");
}

/// The read models say the instant, and the links of a history and of everything ask as of the same.
#[test]
fn an_answer_names_its_moment() {
    let server = Server::start();
    let http = server.http();
    let steps = a_life(&http);
    let model = http.get(&joined("/api/patients/p/lab-results", &steps[2])).expect(200).json();
    assert_eq!(str(&model, "cursor"), steps[2]);
    let events = http.get(&joined("/api/events", &steps[2])).expect(200).json();
    assert_eq!(str(&model, "as_of"), str(&events, "events.3.recorded_at"));
    assert_eq!(str(&events, "next"), steps[2], "there is nothing after it");
    let further = http.get(&format!("/api/events?from={}&_asOf={}", steps[4], steps[2])).expect(200).json();
    assert_eq!((list(&further, "events").len(), str(&further, "next")), (0, steps[4].as_str()));
    assert_eq!(at(&http.get("/api/patients/p").expect(200).json(), "as_of"), &Value::Null);

    for path in [
        "/fhir/_history?_count=2",
        "/fhir/Observation/k/_history?_count=1",
        "/fhir/Patient/p/$everything?_count=1",
    ] {
        let page = http.get(&joined(path, str(&model, "as_of"))).expect(200).json();
        for relation in ["self", "next"] {
            let link = links(&page, relation).unwrap_or_default();
            assert!(
                link.contains(&format!("_asOf={}", steps[2].rsplit_once('~').unwrap_or_default().0)),
                "{path}: {link}"
            );
        }
        let elsewhere = links(&page, "next").unwrap_or_default().replace(&steps[2], &steps[3]);
        http.get(&elsewhere).expect(400);
    }
    let at_then = format!("/fhir/Observation/k/_history?_at={}", str(&events, "events.2.recorded_at"));
    let then = http.get(&joined(&at_then, &steps[2])).expect(200).json();
    assert_eq!(text(at(&then, "entry.0.resource.valueQuantity.value")), "6.4", "_at keeps its meaning");
    let later = format!(
        "/fhir/Observation/k/_history?_at={}",
        str(&http.get("/api/events?_count=9").json(), "events.6.recorded_at")
    );
    http.get(&later).expect(200);
    http.get(&joined(&later, &steps[2])).expect(400);
}

/// Which moments are taken at each door, and how the others are refused.
#[test]
fn moments_that_cannot_be_answered() {
    let server = Server::start();
    let http = server.http();
    http.get("/fhir/Patient/p?_asOf=2020-01-01T00:00:00Z").expect(400);
    let steps = a_life(&http);
    let (_, offsets) = steps[6].rsplit_once('~').unwrap_or_default();
    let doors = [
        "/fhir/Patient/p",
        "/fhir/Patient/p/_history/1",
        "/fhir/Patient/p/_history",
        "/fhir/_history",
        "/fhir/Patient/p/$everything",
        "/fhir/Patient/p/$meta",
        "/fhir/Binary/b",
        "/api/patients/p",
        "/api/patients/p/lab-results",
        "/api/streams/Patient/p",
        "/api/events",
    ];
    let cases = [
        ("", 400),
        ("yesterday", 400),
        ("2026-03-01", 400),
        ("2026-03-01T12:00:00", 400),
        ("2026-03-01T12:00:00+01:00", 400),
        ("2026-02-30T12:00:00Z", 400),
        ("2999-01-01T00:00:00Z", 400),
        ("2020-01-01T00:00:00Z", 400),
        ("c1~0~0", 400),
        ("c1~7fffffffffffffff~0", 409),
        (&format!("c1~1~{offsets}"), 409),
        ("c1~1~ffffff", 409),
        ("c1~1~1.1", 409),
        ("c2~1~1", 400),
        (&format!("{}&_asOf={}", steps[0], steps[1]), 400),
    ];
    for door in doors {
        for (moment, status) in cases {
            let reply = http.get(&joined(door, moment));
            assert_eq!(reply.status, status, "{door} as of {moment}: {}", reply.text());
            let said = reply.json();
            let why = at(&said, "issue.0.diagnostics").as_str().or(at(&said, "detail").as_str());
            let named = why.is_some_and(|why| why.contains("_asOf"));
            assert!(named, "{door} as of {moment}: {}", reply.text());
            assert_eq!(status == 409, reply.text().contains("cursor-unknown"), "{door} as of {moment}");
        }
        // An offset is an instant like any other, once its + is escaped.
        let now = http.get(&joined(door, &steps[6])).expect(200);
        let model = http.get(&joined("/api/patients/p", &steps[6])).expect(200).json();
        let elsewhere = str(&model, "as_of").replace('Z', "%2B00:00");
        assert_eq!(told(&http.get(&joined(door, &elsewhere)).expect(200)), told(&now), "{door}");
    }
    let follow = [("accept", "text/event-stream")];
    http.send("GET", &joined("/api/events", &steps[1]), &follow, None).expect(400);
    http.get(&joined("/fhir/metadata", &steps[1])).expect(400);
}

/// What writes, or judges what was sent, is about the present.
#[test]
fn writes_refuse_it() {
    let server = Server::start();
    let http = server.http();
    let steps = a_life(&http);
    let as_of = &steps[0];
    let resource = patient("p", "Ghent");
    let bundle_of =
        |entry: String| format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entry}]}}"#);
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("POST",   joined("/fhir/Patient", as_of),                       patient("", "Ghent").replace(r#""id":"","#, "")),
        ("PUT",    joined("/fhir/Patient/p", as_of),                     resource.clone()),
        ("PUT",    joined("/fhir/Patient?_id=p", as_of),                 resource.clone()),
        ("PATCH",  joined("/fhir/Patient/p", as_of),                     r#"[{"op":"add","path":"/language","value":"nl"}]"#.into()),
        ("DELETE", joined("/fhir/Patient/p", as_of),                     String::new()),
        ("DELETE", joined("/fhir/Patient?_id=p", as_of),                 String::new()),
        ("POST",   joined("/fhir/Patient/p/$meta-add", as_of),           r#"{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"code":"t"}]}}]}"#.into()),
        ("POST",   joined("/fhir/Patient/$validate", as_of),             resource.clone()),
        ("POST",   joined("/fhir", as_of),                               bundle_of(entry("", "PUT", "Patient/p", "", &resource))),
        ("POST",   "/fhir".into(),                                       bundle_of(entry("", "PUT", &joined("Patient/p", as_of), "", &resource))),
        ("POST",   "/fhir".into(),                                       bundle_of(entry("", "PUT", &joined("Patient?_id=p", as_of), "", &resource))),
        ("POST",   "/fhir".into(),                                       bundle_of(entry("", "POST", "Patient", &format!(r#","ifNoneExist":"_id=p&_asOf={as_of}""#), &patient("", "Ghent").replace(r#""id":"","#, "")))),
        ("POST",   "/fhir".into(),                                       bundle_of(entry("", "DELETE", &joined("Patient/p", as_of), "", ""))),
        ("POST",   joined("/api/commits", as_of),                        r#"{"stream":"Patient/p","type":"PatientAddressUpdated","data":{"address":[]}}"#.into()),
    ];
    let end = cursor(&http.get("/fhir/Patient/p"));
    for (method, path, body) in cases {
        let kind = match (path.starts_with("/api"), method) {
            (true, _) => "application/json",
            (_, "PATCH") => "application/json-patch+json",
            _ => "application/fhir+json",
        };
        let sent = (!body.is_empty()).then(|| body.clone().into_bytes());
        let reply = http.send(method, &path, &[("content-type", kind)], sent);
        assert_eq!(reply.status, 400, "{method} {path} {body}: {}", reply.text());
        assert_eq!(cursor(&http.get("/fhir/Patient/p")), end, "{method} {path}: nothing was kept");
    }
    let headers = [("if-none-exist", format!("_id=p&_asOf={as_of}"))].map(|(k, v)| (k, v));
    let headers: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
    send(&http, "POST", "/fhir/Patient", &headers, &patient("", "Ghent").replace(r#""id":"","#, ""))
        .expect(400);
}

/// Pages of everything that were begun without `_asOf` are of one moment too.
#[test]
fn pages_of_everything_while_others_write() {
    let server = Server::start();
    let http = server.http();
    a_life(&http);
    for n in 0..6 {
        let dated = format!(
            r#"{{"resourceType":"Observation","id":"d{n}","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2025-05-0{}"}}"#,
            n + 1
        );
        put(&http, &format!("Observation/d{n}"), &dated);
    }
    let names = |page: &Value| -> Vec<String> {
        list(page, "entry").iter().map(|entry| str(entry, "resource.id").to_owned()).collect()
    };
    let whole = names(&http.get("/fhir/Patient/p/$everything").expect(200).json());
    let mut told = Vec::new();
    let mut path = Some("/fhir/Patient/p/$everything?_count=2".to_owned());
    let mut begun = None;
    while let Some(next) = path {
        let page = http.get(&next).expect(200);
        assert_eq!(cursor(&page), *begun.get_or_insert_with(|| cursor(&page)));
        told.extend(names(&page.json()));
        path = links(&page.json(), "next");
        // What was on the last page moves behind, what is on the next goes away, and something comes before all.
        let moved = format!(
            r#"{{"resourceType":"Observation","id":"{}","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/p"}},"effectiveDateTime":"2001-01-01"}}"#,
            whole[0]
        );
        put(&http, &format!("Observation/{}", whole[0]), &moved);
        http.delete("/fhir/Observation/d0").expect(204);
        put(
            &http,
            &format!("Observation/new{}", told.len()),
            &moved.replace(&whole[0], &format!("new{}", told.len())),
        );
    }
    assert_eq!(told, whole);
}

/// Everything there is to ask of the life of [`a_life`].
const QUESTIONS: [&str; 12] = [
    "/fhir/Patient/p",
    "/fhir/Observation/k",
    "/fhir/Observation/k/_history/2",
    "/fhir/Observation/k/_history",
    "/fhir/Observation/_history",
    "/fhir/_history?_count=50",
    "/fhir/Patient/p/$everything",
    "/fhir/$meta",
    "/api/patients/p",
    "/api/patients/p/lab-results",
    "/api/streams/Observation/k",
    "/api/events?_count=50",
];

fn answers(server: &Server, steps: &[String]) -> Vec<(u16, String)> {
    let http = server.http();
    let ask = |path: &str, step: &String| {
        let reply = http.get(&joined(path, step));
        (reply.status, told(&reply).replace(&server.url(), ""))
    };
    QUESTIONS.iter().flat_map(|path| steps.iter().map(move |step| ask(path, step))).collect()
}

/// The same after more was written, after a rebuild and when the views were lost.
#[test]
fn the_same_after_a_rebuild() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serve = |data: &Path| Options::new().data(data).start();
    let mut server = serve(&data);
    let steps = a_life(&server.http());
    let before = answers(&server, &steps);
    put(&server.http(), "Patient/p", &patient("p", "Mol"));
    server.http().delete("/fhir/Observation/k").expect(204);
    assert_eq!(answers(&server, &steps), before, "after more was written");
    server.terminate();
    drop(server);
    let rebuilt = Command::new(binary()).args(["rebuild", "--data"]).arg(&data).output();
    assert!(rebuilt.is_ok_and(|rebuilt| rebuilt.status.success()));
    let mut server = serve(&data);
    assert_eq!(answers(&server, &steps), before, "after a rebuild");
    server.kill9();
    drop(server);
    for file in ["views.db", "views.db-wal", "views.db-shm"] {
        let _ = std::fs::remove_file(data.join(file));
    }
    assert_eq!(answers(&serve(&data), &steps), before, "after the views were deleted");
}

/// Two readers ask as of now and turn pages while others write; asked again as of the cursor they were told, each gets the same.
#[test]
fn two_readers_while_others_write() {
    let server = Server::start();
    let http = server.http();
    a_life(&http);
    let stop = AtomicBool::new(false);
    let asked: Vec<(String, String, String)> = thread::scope(|scope| {
        for n in 0..2 {
            let (http, stop) = (http.clone(), &stop);
            scope.spawn(move || {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    put(
                        &http,
                        &format!("Patient/w{n}"),
                        &patient(&format!("w{n}"), &format!("Town {round}")),
                    );
                    put(&http, "Patient/p", &patient("p", &format!("Town {n} {round}")));
                    round += 1;
                }
            });
        }
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let http = http.clone();
                scope.spawn(move || {
                    let mut asked = Vec::new();
                    for _ in 0..15 {
                        for path in ["/fhir/Patient/p", "/fhir/Patient/_history?_count=40", "/api/patients/p"]
                        {
                            // The moment of the newest version, to begin with, and then as of the cursor.
                            let now = http.get("/api/patients/p").expect(200).json();
                            let reply = http.get(&joined(path, str(&now, "cursor"))).expect(200);
                            asked.push((path.to_owned(), cursor(&reply), told(&reply)));
                        }
                    }
                    let history = format!("/fhir/Patient/_history?_count=7&_asOf={}", asked[0].1);
                    let all: Vec<String> = pages(&http, &history)
                        .iter()
                        .flat_map(|page| list(page, "entry"))
                        .map(text)
                        .collect();
                    let whole = http.get(&history.replace("_count=7", "_count=1000")).expect(200).json();
                    assert_eq!(all, list(&whole, "entry").iter().map(text).collect::<Vec<_>>());
                    assert_eq!(all.len() as u64, int(&whole, "total"));
                    asked
                })
            })
            .collect();
        let asked = readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
        stop.store(true, Ordering::Relaxed);
        asked
    });
    for (path, cursor, then) in asked {
        assert_eq!(told(&http.get(&joined(&path, &cursor)).expect(200)), then, "{path} as of {cursor}");
    }
}
