//! What happened to a patient: the timeline, and what changed between two moments.

use anamnesis_e2e::{at, int, last_cursor, list, send, str, text};
use anamnesis_json::Value;
use anamnesis_testkit::{Http, Server};

fn put(http: &Http, kind: &str, id: &str, more: &str, reason: &str) {
    let text = format!(r#"{{"resourceType":"{kind}","id":"{id}"{more}}}"#);
    send(http, "PUT", &format!("/fhir/{kind}/{id}"), &[("anamnesis-reason", reason)], &text);
}

fn observation(http: &Http, id: &str, patient: &str, value: &str) {
    let more = format!(
        r#","status":"final","code":{{"text":"x"}},"valueString":"{value}","subject":{{"reference":"Patient/{patient}"}}"#
    );
    put(http, "Observation", id, &more, "");
}

fn get(http: &Http, path: &str) -> Value {
    http.get(path).expect(200).json()
}

/// The events of all pages, and the cursor after them.
fn timeline(http: &Http, id: &str, query: &str) -> (Vec<String>, String) {
    let (mut found, mut since) = (Vec::new(), String::new());
    loop {
        let page = get(http, &format!("/api/patients/{id}/timeline?{query}{since}"));
        let events = list(&page, "events");
        if events.is_empty() {
            return (found, str(&page, "next").to_owned());
        }
        found
            .extend(events.iter().map(|event| format!("{} {}", str(event, "stream"), int(event, "version"))));
        since = format!("&since={}", str(&page, "next"));
    }
}

fn merge(http: &Http, operation: &str) {
    let sent = r#"{"resourceType":"Parameters","parameter":[{"name":"source-patient","valueReference":{"reference":"Patient/b"}},
        {"name":"target-patient","valueReference":{"reference":"Patient/a"}}]}"#;
    send(http, "POST", &format!("/fhir/Patient/{operation}"), &[], sent).expect(200);
}

#[test]
fn the_timeline_is_in_order_and_loses_nothing() {
    let mut server = Server::start();
    let http = server.http();
    put(&http, "Patient", "a", "", "");
    put(&http, "Patient", "b", "", "");
    observation(&http, "o", "a", "1");
    let middle = last_cursor(&http);
    observation(&http, "o", "b", "1");
    observation(&http, "gone", "a", "1");
    http.delete("/fhir/Observation/gone").expect(204);
    let group = r#","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/a"}},{"entity":{"reference":"Patient/b"}}]"#;
    put(&http, "Group", "g", group, "");

    let of_a = [
        "Patient/a 1",
        "Observation/o 1",
        "Observation/o 2",
        "Observation/gone 1",
        "Observation/gone 2",
        "Group/g 1",
    ];
    let of_b = ["Patient/b 1", "Observation/o 2", "Group/g 1"];
    #[rustfmt::skip] // A table reads by column.
    let cases: [(&str, String, Vec<&str>); 9] = [
        ("a", String::new(),                                  of_a.to_vec()),
        ("a", "_count=1".into(),                              of_a.to_vec()),
        ("a", "_count=4".into(),                              of_a.to_vec()),
        ("b", String::new(),                                  of_b.to_vec()),
        ("a", "type=ObservationDeleted,PatientRegistered".into(), vec!["Patient/a 1", "Observation/gone 2"]),
        ("a", "record=Observation/o&record=Group&_count=1".into(), vec!["Observation/o 1", "Observation/o 2", "Group/g 1"]),
        ("b", "type=PatientDied".into(),                      vec![]),
        ("a", "record=Patient&record=Observation/gone".into(), vec!["Patient/a 1", "Observation/gone 1", "Observation/gone 2"]),
        ("b", "record=Observation&_count=1".into(),           vec!["Observation/o 2"]),
    ];
    for (id, query, expected) in &cases {
        assert_eq!(timeline(&http, id, query).0, *expected, "{id} {query}");
    }
    let since = |since: &str| {
        let page = get(&http, &format!("/api/patients/a/timeline?since={since}"));
        list(&page, "events").iter().map(|event| str(event, "recorded_at").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(since(&middle).len(), 4, "what follows a cursor");
    let recorded = since("1999-01-01T00:00:00Z");
    assert_eq!((recorded.len(), since(&recorded[2]).len()), (6, 4), "an instant is itself included");

    // Where a page ended is where what comes later goes on, also for the records of a merge.
    let (_, next) = timeline(&http, "a", "");
    merge(&http, "$merge");
    observation(&http, "later", "b", "1");
    let page = get(&http, &format!("/api/patients/a/timeline?since={next}"));
    let kinds: Vec<&str> = list(&page, "events").iter().map(|event| str(event, "type")).collect();
    assert_eq!(kinds, ["PatientsMerged", "PatientsMerged", "ObservationRecorded"]);
    let (both, _) = timeline(&http, "b", "_count=2");
    assert_eq!(both, timeline(&http, "a", "").0, "one person, whichever is asked");
    assert_eq!(both.len(), 10);
    server.terminate();
    for file in ["views.db", "views.db-wal", "views.db-shm"] {
        let _ = std::fs::remove_file(server.data().join(file));
    }
    server.restart();
    assert_eq!(timeline(&server.http(), "a", "_count=3").0, both, "views come back");
}

/// Each change in a line: where, what it was and is, which event said so, and why.
fn shown(diff: &Value) -> Vec<String> {
    let line = |change: &Value| {
        let reason = at(change, "reason").as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let (before, after) = (text(at(change, "before")), text(at(change, "after")));
        format!(
            "{} {}: {before} -> {after}, {}{reason}",
            str(change, "stream"),
            str(change, "path"),
            str(change, "type")
        )
    };
    list(diff, "changes").iter().map(line).collect()
}

#[test]
fn what_changed_in_one_record() {
    let server = Server::start();
    let http = server.http();
    let beginning = last_cursor(&http);
    put(&http, "Patient", "a", r#","address":[{"city":"Ghent"}]"#, "");
    let at_1 = last_cursor(&http);
    put(&http, "Patient", "a", r#","address":[{"city":"Bruges"}],"gender":"female""#, "moved");
    put(
        &http,
        "Patient",
        "a",
        r#","address":[{"city":"Bruges"},{"city":"Ostend"}],"gender":"female""#,
        "a second home",
    );
    http.delete("/fhir/Patient/a").expect(204);
    let moved = r#"Patient/a Patient.address[0].city: "Ghent" -> "Bruges", PatientAddressUpdated"#;
    let female = r#"Patient/a Patient.gender: null -> "female", PatientGenderChanged (moved)"#;
    let both = r#"Patient/a Patient.address: [{"city":"Ghent"}] -> [{"city":"Bruges"},{"city":"Ostend"}], PatientAddressUpdated (a second home)"#;
    let second =
        r#"Patient/a Patient.address[1]: null -> {"city":"Ostend"}, PatientAddressUpdated (a second home)"#;
    let came = r#"Patient/a Patient: null -> {"resourceType":"Patient","id":"a","address":[{"city":"Ghent"}]}, PatientRegistered"#;
    let whole = r#"{"resourceType":"Patient","id":"a","address":[{"city":"Bruges"},{"city":"Ostend"}],"gender":"female"}"#;
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("from=1&to=3".into(),                       vec![format!("{moved} (moved)"), female.into()]),
        ("from=1&to=4".into(),                       vec![both.into(), female.into()]),
        (format!("from={at_1}&to=4"),                vec![both.into(), female.into()]),
        ("from=3&to=4".into(),                       vec![second.into()]),
        ("from=4&to=4".into(),                       vec![]),
        (format!("from={beginning}&to={at_1}"),      vec![came.into()]),
        ("to=1".into(),                              vec![came.into()]),
        ("from=1999-01-01T00:00:00Z&to=1".into(),    vec![came.into()]),
        ("from=4".into(),                            vec![format!("Patient/a Patient: {whole} -> null, PatientDeleted")]),
        (String::new(),                              vec![]),
    ];
    for (query, expected) in cases {
        assert_eq!(shown(&get(&http, &format!("/api/diff/Patient/a?{query}"))), expected, "{query}");
    }
    let diff = get(&http, "/api/diff/Patient/a?from=1&to=3");
    let events = anamnesis_e2e::stream(&http, "Patient/a");
    assert_eq!(str(&diff, "changes.0.event_id"), str(&events[1], "event_id"));
    assert_eq!((int(&diff, "from"), int(&diff, "to")), (1, 3));
    let again = get(&http, &format!("/api/diff/Patient/a?from={at_1}"));
    let put_again =
        get(&http, &format!("/api/diff/Patient/a?from={}&to={}", str(&again, "from"), str(&again, "to")));
    assert_eq!(text(&again), text(&put_again), "the question can be put again");
    #[rustfmt::skip] // A table reads by column.
    let refused = [
        ("/api/diff/Patient/a?from=3&to=1".to_owned(),              400, "from lies after to"),
        (format!("/api/diff/Patient/a?from=3&to={at_1}"),           400, "from lies after to"),
        (format!("/api/diff/Patient/a?from={}&to={at_1}", last_cursor(&http)), 400, "from lies after to"),
        ("/api/diff/Patient/a?from=9".into(),                       404, "no such version"),
        ("/api/diff/Patient/a?from=2".into(),                       404, "no such version"),
        ("/api/diff/Patient/a?from=0".into(),                       400, "neither an instant"),
        ("/api/diff/Patient/a?from=2199-01-01T00:00:00Z".into(),    400, "lies in the future"),
        ("/api/diff/Patient/a?from=1969-01-01T00:00:00Z".into(),    400, "before 1970"),
        ("/api/diff/Patient/a?from=2026-01-01".into(),              400, "neither an instant"),
        ("/api/diff/Patient/a?to=c1~7fffffffffffffff~ffff".into(),  409, "beyond the end"),
        ("/api/diff/Patient/nobody".into(),                         404, "no such record"),
        ("/api/diff/Dragon/a".into(),                               404, "no such record"),
        ("/api/diff/Patient/a?form=1".into(),                       400, "not known here"),
        ("/api/patients/a/diff?from=1".into(),                      400, "no moment of many records"),
        ("/api/patients/nobody/diff".into(),                        404, "no such patient"),
        ("/api/patients/nobody/timeline".into(),                    404, "no such patient"),
        ("/api/patients/a/timeline?since=tomorrow".into(),          400, "neither an instant"),
        ("/api/patients/a/timeline?patient=b".into(),               400, "not known here"),
    ];
    for (path, status, why) in refused {
        let problem = http.get(&path).expect(status).json();
        assert!(str(&problem, "detail").contains(why), "{path}: {}", text(&problem));
    }
}

#[test]
fn what_changed_in_a_chart() {
    let server = Server::start();
    let http = server.http();
    put(&http, "Patient", "a", "", "");
    put(&http, "Patient", "b", "", "");
    observation(&http, "kept", "a", "1");
    observation(&http, "changed", "a", "1");
    observation(&http, "moved", "a", "1");
    observation(&http, "gone", "a", "1");
    observation(&http, "of-b", "b", "1");
    let night = last_cursor(&http);
    observation(&http, "changed", "a", "2");
    observation(&http, "moved", "b", "1");
    http.delete("/fhir/Observation/gone").expect(204);
    observation(&http, "passing", "a", "1");
    observation(&http, "passing", "nobody-else", "1");
    observation(&http, "of-b", "b", "2");
    let morning = last_cursor(&http);
    let paths = |id: &str, query: &str| {
        let diff = get(&http, &format!("/api/patients/{id}/diff?{query}"));
        let line = |change: &Value| format!("{} {}", str(change, "stream"), str(change, "path"));
        list(&diff, "changes").iter().map(line).collect::<Vec<_>>()
    };
    let changed = "Observation/changed Observation.valueString";
    let of_a = [changed, "Observation/gone Observation", "Observation/moved Observation.subject.reference"];
    assert_eq!(paths("a", &format!("from={night}&to={morning}")), of_a);
    assert_eq!(paths("a", &format!("from={morning}")), [""; 0]);
    let of_b =
        ["Observation/moved Observation.subject.reference", "Observation/of-b Observation.valueString"];
    assert_eq!(paths("b", &format!("from={night}")), of_b);
    let came = ["Observation/changed Observation", "Observation/kept Observation", "Patient/a Patient"];
    assert_eq!(paths("a", ""), came);

    merge(&http, "$merge");
    let merged = paths("a", &format!("from={morning}"));
    assert_eq!(merged, ["Patient/a Patient.link", "Patient/b Patient.active", "Patient/b Patient.link"]);
    assert_eq!(merged, paths("b", &format!("from={morning}")));
    merge(&http, "$unmerge");
    assert_eq!(paths("b", &format!("from={morning}")), [""; 0], "parted again, as if nothing had been");
}
