//! The commands: exit codes and what they say, to people and as JSON.

use std::path::Path;

use anamnesis_e2e::{Run, at, events, int, json, list, run, str, text, verified};
use anamnesis_testkit::{Options, People, Server};

/// A data directory with these many people in it, and the number of its events.
fn peopled(data: &Path, people: u64) -> u64 {
    let mut server = Options::new().data(data).start();
    for n in 0..people {
        server.http().post("/fhir", &People::small(9).person(n).bundle_with_ids()).expect(200);
    }
    let count = events(&server.http(), "_count=1000").events.len() as u64;
    server.terminate();
    count
}

fn on(data: &Path, args: &[&str]) -> Run {
    let data = data.to_string_lossy();
    run(&args.iter().copied().chain(["--data", &data]).collect::<Vec<_>>())
}

#[test]
fn the_server_says_how_it_is() {
    let server = Server::start();
    let http = server.http();
    http.get("/livez").expect(200);
    let ready = http.get("/readyz").expect(200).json();
    assert_eq!((at(&ready, "ready").as_bool(), int(&ready, "view_lag_events")), (Some(true), 0));
    http.get("/").expect(200);
    http.get("/nowhere").expect(404);
    let metrics = http.get("/metrics").expect(200);
    assert!(metrics.header("content-type").is_some_and(|kind| kind.starts_with("text/plain; version=0.0.4")));

    http.put("/fhir/Patient/p1", &json(r#"{"resourceType":"Patient","id":"p1"}"#)).expect(201);
    http.get("/fhir/Patient/p2").expect(404);
    let said = http.get("/metrics").expect(200).text();
    let value = |name: &str| -> f64 {
        let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{said}")).parse().unwrap()
    };
    assert_eq!(value("anamnesis_log_events_total"), 1.0);
    assert!(value("anamnesis_log_bytes") > 0.0 && value("anamnesis_views_bytes") > 0.0);
    assert_eq!((value("anamnesis_view_lag_events"), value("anamnesis_view_lag_seconds")), (0.0, 0.0));
    assert_eq!(value("anamnesis_append_conflicts_total"), 0.0);
    for step in ["decide", "append", "sync", "project"] {
        assert!(
            value(&format!("anamnesis_event_processing_seconds_count{{step=\"{step}\"}}")) >= 1.0,
            "{step}"
        );
    }
    let route = r#"{method="GET",route="/fhir/{kind}/{id}",status="404"}"#;
    assert_eq!(value(&format!("anamnesis_http_request_duration_seconds_count{route}")), 1.0);
    assert!(!said.contains("p1") && !said.contains("p2"), "a route is a pattern, never an address");
}

#[test]
fn log_prints_what_the_api_tells() {
    let folder = tempfile::tempdir().unwrap();
    let total = peopled(folder.path(), 2);
    let person = People::small(9).person(1);
    let lines = |said: &Run| said.out.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&on(folder.path(), &["log"]).expect(0)).len() as u64, total);
    let whole = lines(&on(folder.path(), &["log", "--json"]).expect(0));
    let of_one = lines(&on(folder.path(), &["log", "--record", &person.stream()]).expect(0));
    assert_eq!(of_one.len(), 1);
    assert!(of_one[0].contains(&person.stream()) && of_one[0].ends_with("PatientRegistered"), "{of_one:?}");
    let short = on(folder.path(), &["log"]).expect(0).out;
    assert!(!short.contains("birthDate"), "a line places an event and says nothing of the person");

    let server = Options::new().data(folder.path()).start();
    let told: Vec<_> = events(&server.http(), "_count=1000").events.iter().map(text).collect();
    assert_eq!(whole, told);
    let by_url = run(&["log", "--json", "--url", &server.url()]).expect(0);
    assert_eq!(lines(&by_url), told);
    let kinds = run(&["log", "--url", &server.url(), "--type", "PatientRegistered"]).expect(0);
    assert_eq!(lines(&kinds).len(), 2);
    let in_use = on(folder.path(), &["log"]).expect(2);
    assert!(in_use.err.contains("--url"), "it says what to do: {}", in_use.err);
    run(&["log", "--url", "http://127.0.0.1:9"]).expect(2);
}

#[test]
fn a_mistaken_address_is_told_from_data_that_is_refused() {
    let server = Options::new().start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("one.json");
    std::fs::write(&file, r#"{"resourceType":"Patient"}"#).unwrap();
    let (file, url) = (file.to_string_lossy(), server.url());
    let base = format!("{url}/fhir");
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        (&["import", "--url", &url, &*file][..],       "there is no FHIR at this address"),
        (&["log", "--url", &base],                     "there is no event API at this address"),
        (&["log", "--url", &url, "--from", "nonsense"], "the server answered 400: from is not a cursor"),
    ];
    for (args, said) in cases {
        let run = run(args).expect(2);
        assert!(run.err.contains(said), "{args:?}: {}", run.err);
    }
    let taken = run(&["import", "--url", &base, &*file]).expect(0);
    assert!(taken.out.starts_with("took 1 resource in "), "{}", taken.out);
}

/// The sixteen bytes of a UUID.
fn bytes_of(uuid: &str) -> Vec<u8> {
    let digits = uuid.replace('-', "");
    digits
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[test]
fn verify_and_rebuild_say_what_they_found() {
    let folder = tempfile::tempdir().unwrap();
    let total = peopled(folder.path(), 2);
    let verdict = on(folder.path(), &["verify", "--json"]).expect(0).json();
    let good = format!(r#"{{"ok":true,"events":{total},"first_bad":null}}"#);
    assert_eq!(text(&verdict), good);
    assert!(on(folder.path(), &["verify"]).expect(0).out.starts_with("good"));
    let rebuilt = on(folder.path(), &["rebuild", "--json"]).expect(0).json();
    assert_eq!(int(&rebuilt, "events"), total);
    assert!(at(&rebuilt, "seconds").as_str().is_none());
    assert_eq!(verified(folder.path()), total);

    // An event's id, wherever it stands in the file, changed behind the program's back.
    let told = on(folder.path(), &["log", "--json"]).expect(0).out;
    let event = json(told.lines().nth(total as usize / 2).unwrap());
    let id = bytes_of(str(&event, "event_id"));
    let log = folder.path().join("log.db");
    let mut bytes = std::fs::read(&log).unwrap();
    let places: Vec<_> = (0..bytes.len() - 16).filter(|at| bytes[*at..*at + 16] == id).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at + 15] ^= 1;
    }
    std::fs::write(&log, bytes).unwrap();
    let said = on(folder.path(), &["verify", "--json"]).expect(1).json();
    assert_eq!(at(&said, "ok").as_bool(), Some(false));
    assert_eq!((int(&said, "first_bad.partition"), int(&said, "first_bad.offset")), (0, total / 2));
    assert!(!str(&said, "first_bad.kind").is_empty());
    assert!(on(folder.path(), &["verify"]).expect(1).out.starts_with("damage"));
}

#[test]
fn a_directory_that_is_no_store_cannot_be_checked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    for command in [&["verify"][..], &["rebuild"], &["log"]] {
        let said = on(&file, command).expect(2);
        assert!(said.err.starts_with("anamnesis: ") && said.err.lines().count() == 1, "{}", said.err);
    }
    let misspelt = folder.path().join("misspelt");
    for command in [&["verify"][..], &["rebuild"], &["log"]] {
        let said = on(&misspelt, command).expect(2);
        assert!(said.err.contains("there is no store in") && !misspelt.exists(), "{}", said.err);
    }
    run(&["verify", "--dragon"]).expect(2);
    run(&["import", "--data", &folder.path().join("x").to_string_lossy(), "/nowhere/at/all"]).expect(2);
    run(&["--help"]).expect(0);
    run(&["--version"]).expect(0);
}

#[test]
fn demo_people_are_the_same_every_time_and_import_again_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, data) = (folder.path().join("one"), folder.path().join("two"), folder.path().join("data"));
    for out in [&one, &two] {
        run(&["demo", "--people", "3", "--seed", "4", "--out", &out.to_string_lossy()]).expect(0);
    }
    let read = |of: &Path| std::fs::read(of.join("person-00002.json")).unwrap();
    assert!(read(&one) == read(&two));

    let import = || on(&data, &["import", "--json", &one.to_string_lossy()]).expect(0).json();
    let taken = int(&import(), "taken");
    assert_eq!(verified(&data), taken);
    let again = import();
    assert_eq!((int(&again, "taken"), list(&again, "refused").len()), (taken, 0));
    assert_eq!(verified(&data), taken, "what was taken is known");

    let server = Options::new().data(folder.path().join("other")).start();
    let base = format!("{}/fhir", server.url());
    run(&["import", "--url", &base, "--json", &one.to_string_lossy()]).expect(0);
    assert_eq!(events(&server.http(), "_count=1000").events.len() as u64, taken);
}

/// Good lines are kept, bad ones named by their number.
/// A collection and what a search found are their resources; a document is one record; the rest is told what it is.
#[test]
fn an_import_takes_bundles_of_every_type_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let patient = r#"{"resourceType":"Patient","active":true}"#;
    let about = r#"{"resourceType":"Flag","id":"f","status":"active","code":{"text":"x"},"subject":{"reference":"urn:uuid:0b9d7a0e-6a0c-4a3e-9a54-27f1d1b4b1ff"}}"#;
    let bundle = |kind: &str, entries: &str| {
        format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{entries}]}}"#)
    };
    let document = r#"{"resourceType":"Bundle","id":"d","type":"document","identifier":{"system":"urn:x","value":"1"},"timestamp":"2024-01-01T00:00:00Z","entry":[
        {"fullUrl":"urn:uuid:0b9d7a0e-6a0c-4a3e-9a54-27f1d1b4b1fe","resource":{"resourceType":"Composition","status":"final","type":{"text":"x"},"date":"2024","author":[{"display":"A"}],"title":"t"}}]}"#;
    let found = r#"{"resource":{"resourceType":"Patient","id":"p"},"search":{"mode":"match"}},{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}"#;
    let files = [
        (
            "a.json",
            bundle(
                "collection",
                &format!(
                    r#"{{"fullUrl":"urn:uuid:0b9d7a0e-6a0c-4a3e-9a54-27f1d1b4b1ff","resource":{patient}}},{{"resource":{about}}}"#
                ),
            ),
        ),
        ("b.json", bundle("searchset", found)),
        ("c.json", document.to_owned()),
        ("d.json", bundle("history", "")),
        (
            "e.json",
            bundle(
                "collection",
                r#"{"resource":{"resourceType":"Patient","id":"q"}},{"resource":{"resourceType":"Patient","gender":"mail"}}"#,
            ),
        ),
    ];
    for (name, text) in &files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let paths: Vec<String> =
        files.iter().map(|(name, _)| folder.path().join(name).to_string_lossy().into_owned()).collect();
    let mut args = vec!["import", "--json"];
    args.extend(paths.iter().map(String::as_str));
    let said = on(&data, &args).expect(1).json();
    assert_eq!(int(&said, "taken"), 4);
    let refused: Vec<_> = list(&said, "refused")
        .iter()
        .map(|one| (str(one, "path").to_owned(), str(one, "reason").to_owned()))
        .collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused.iter().any(|(path, why)| path == "Bundle.type" && why.starts_with("a history")));
    assert!(refused.iter().any(|(path, _)| path == "Bundle.entry[1].resource.gender"));
    let server = Options::new().data(&data).start();
    let http = server.http();
    let patients = http.get("/fhir/Patient").json();
    assert_eq!(int(&patients, "total"), 2, "all of a collection or nothing");
    let flag = http.get("/fhir/Flag/f").expect(200).json();
    http.get(&format!("/fhir/{}", str(&flag, "subject.reference"))).expect(200);
    assert_eq!(str(&http.get("/fhir/Bundle/d").expect(200).json(), "type"), "document");
    assert_eq!(int(&http.get("/fhir/Composition").json(), "total"), 0);
}

#[test]
fn an_import_names_the_line_it_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("patients.ndjson"), folder.path().join("data"));
    let lines = [
        r#"{"resourceType":"Patient","id":"p1"}"#,
        r#"{"resourceType":"Patient","id":"p2","gender":7}"#,
        "{\"resourceType\":\"Pat",
        r#"{"resourceType":"Patient","id":"p4"}"#,
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let said = on(&data, &["import", "--json", &file.to_string_lossy()]).expect(1).json();
    assert_eq!(int(&said, "taken"), 2);
    let mut refused: Vec<_> =
        list(&said, "refused").iter().map(|one| (int(one, "line"), at(one, "path").as_str())).collect();
    refused.sort();
    assert_eq!(refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3]);
    assert!(refused[0].1 == Some("Patient.gender"), "{refused:?}");
    assert!(
        list(&said, "refused")
            .iter()
            .all(|one| str(one, "file").ends_with("patients.ndjson") && !str(one, "reason").is_empty())
    );
    assert_eq!(verified(&data), 2);
}
