//! Settings from outside: what holds and why, and what is refused before anything is touched.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::path::Path;

use anamnesis_e2e::{Run, at, int, json, list, run, run_with, str, verified};
use anamnesis_json::Value;
use anamnesis_testkit::Options;

/// The row of one setting.
fn row<'a>(said: &'a Value, name: &str) -> &'a Value {
    list(said, "settings").iter().find(|row| str(row, "name") == name).unwrap()
}

fn in_folder(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Run {
    run_with(args, variables, Some(folder))
}

#[test]
fn config_says_what_holds_and_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("anamnesis.toml"), "data = \"here\"\n\n[limits]\ncount_max = 50\n")
        .unwrap();
    let variables = [("ANAMNESIS_LOG", "warn")];
    let args = ["config", "--json", "--listen", "127.0.0.1:9", "--set", "limits.values_max=7"];
    let said = in_folder(folder.path(), &args, &variables).expect(0).json();
    assert_eq!(str(&said, "file"), "anamnesis.toml");
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("data",              "\"here\"",        "file",        Some("anamnesis.toml:1")),
        ("limits.count_max",  "50",              "file",        Some("anamnesis.toml:4")),
        ("log.level",         "\"warn\"",        "environment", Some("ANAMNESIS_LOG")),
        ("listen",            "\"127.0.0.1:9\"", "flag",        Some("--listen")),
        ("limits.values_max", "7",               "flag",        Some("--set")),
        ("keys.master",       "null",            "default",     None),
    ];
    for (name, value, from, place) in cases {
        let row = row(&said, name);
        assert_eq!(anamnesis_e2e::text(at(row, "value")), value, "{name}");
        assert_eq!((str(row, "from"), at(row, "place").as_str()), (from, place), "{name}");
    }
    let lines = in_folder(folder.path(), &["config"], &variables).expect(0).out;
    assert!(
        lines.lines().any(|line| line.split_whitespace().eq(["limits.count_max", "50", "anamnesis.toml:4"])),
        "{lines}"
    );
}

#[test]
fn what_cannot_be_taken_ends_every_command_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("lisen = \"x\"",       &[][..],                          "there is no setting lisen (anamnesis.toml:1); perhaps listen is meant"),
        ("listen = 80",         &[],                              "listen (anamnesis.toml:1): expected an address and a port"),
        ("",                    &[("ANAMNESIS_STORE", "x")],      "there is no setting ANAMNESIS_STORE"),
        ("",                    &[("ANAMNESIS_LOG", "lou=d=er")], "log.level (ANAMNESIS_LOG): expected error, warn"),
        ("",                    &[("ANAMNESIS_CONFIG", "gone")],  "the settings in gone cannot be read: No such file"),
        ("x",                   &[],                              "anamnesis.toml:1 is not TOML"),
    ];
    let commands =
        [&["serve"][..], &["import", "-"], &["log"], &["verify"], &["rebuild"], &["demo"], &["config"]];
    for (toml, variables, said) in cases {
        std::fs::write(folder.path().join("anamnesis.toml"), toml).unwrap();
        for command in commands {
            let run = in_folder(folder.path(), command, variables).expect(2);
            assert!(run.err.starts_with(&format!("anamnesis: {said}")), "{command:?}: {}", run.err);
            assert!(run.err.lines().count() == 1 && run.out.is_empty(), "{command:?}: {}", run.err);
        }
    }
    let left: Vec<_> = folder.path().read_dir().unwrap().collect();
    assert_eq!(left.len(), 1, "nothing was made beside the file of settings");
}

#[test]
fn a_limit_of_the_file_is_the_servers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("small.toml");
    std::fs::write(&file, "[limits]\ncount_max = 2\nbundle_entries_max = 1\nnesting_max = 8\nevent_bytes_max = 300\ncommit_events_max = 2\n").unwrap();
    let server = Options::new().arg("--config").arg(&file).env("ANAMNESIS_LIMITS_VALUES_MAX", "3").start();
    let http = server.http();
    for n in 0..3 {
        http.put(
            &format!("/fhir/Patient/p{n}"),
            &json(format!(r#"{{"resourceType":"Patient","id":"p{n}"}}"#)),
        )
        .expect(201);
    }
    let page = http.get("/fhir/Patient?_count=100").expect(200).json();
    assert_eq!((list(&page, "entry").len(), int(&page, "total")), (2, 3));
    http.get("/fhir/Patient?_id=p0,p1,p2").expect(200);
    http.get("/fhir/Patient?_id=p0,p1,p2,p3").expect(400);
    http.get("/api/events?record=Patient/a,Patient/b,Patient/c,Patient/d").expect(400);
    let entry = r#"{"request":{"method":"GET","url":"Patient/p0"}}"#;
    let bundle =
        |entries: &str| json(format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{entries}]}}"#));
    http.post("/fhir", &bundle(entry)).expect(200);
    http.post("/fhir", &bundle(&format!("{entry},{entry}"))).expect(400);
    let deep = r#"{"resourceType":"Patient","extension":[{"extension":[{"extension":[{"extension":[{"url":"a"}]}]}]}]}"#;
    http.post("/fhir/Patient", &json(deep)).expect(400);
    let named =
        |bytes: usize| format!(r#"{{"resourceType":"Patient","name":[{{"text":"{}"}}]}}"#, "x".repeat(bytes));
    http.post("/fhir/Patient", &json(named(100))).expect(201);
    assert_eq!(http.post("/fhir/Patient", &json(named(400))).status / 100, 4);
    let event =
        r#"{"type":"PatientAddressUpdated","schema_version":1,"data":{"new_address":{"city":"Ghent"}}}"#;
    let events = |count: usize| {
        json(format!(
            r#"{{"streams":[{{"stream":"Patient/p0","events":[{}]}}]}}"#,
            vec![event; count].join(",")
        ))
    };
    http.post("/api/commits", &events(2)).expect(201);
    http.post("/api/commits", &events(3)).expect(422);
}

#[test]
fn the_master_key_may_lie_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let (key, data) = (folder.path().join("the.key"), folder.path().join("data"));
    let master = format!("keys.master={}", key.display());
    let mut server = Options::new().data(&data).arg("--set").arg(&master).start();
    server.http().put("/fhir/Patient/p1", &json(r#"{"resourceType":"Patient","id":"p1"}"#)).expect(201);
    server.terminate();
    assert!(key.is_file() && !data.join("master.key").exists());
    // Without it the keys stay closed, and none is made in its place.
    let directory = data.to_string_lossy().into_owned();
    let refused = run(&["verify", "--data", &directory]).expect(2);
    assert!(refused.err.contains("master.key"), "{}", refused.err);
    run(&["verify", "--data", &directory, "--set", &master]).expect(0);
    std::fs::rename(&key, data.join("master.key")).unwrap();
    assert_eq!(verified(&data), 1);
}

#[test]
fn shells_and_manuals_are_told_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]).expect(0).out;
        assert!(script.contains("rebuild") && script.contains("body-bytes-max"), "{shell}");
    }
    assert!(run(&["man"]).expect(0).out.contains("anamnesis\\-serve"));
    run(&["man", &folder.path().to_string_lossy()]).expect(0);
    for command in ["anamnesis", "anamnesis-serve", "anamnesis-config", "anamnesis-import"] {
        assert!(folder.path().join(format!("{command}.1")).is_file(), "{command}");
    }
    // They tell of the program, whatever is set.
    run_with(&["man"], &[("ANAMNESIS_NOTHING", "x")], None).expect(0);
}
