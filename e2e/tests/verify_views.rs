//! `verify --views` names the first row that is not what a fresh fold gives, and says nothing of whom it is about.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::path::Path;
use std::process::Command;

use anamnesis_e2e::{Run, at, int, run, send, str, verified};
use anamnesis_json::Value;
use anamnesis_testkit::{Options, skipped};

/// Changes the views behind the program's back.
fn plant(data: &Path, sql: &str) {
    let output = Command::new("sqlite3").arg(data.join("views.db")).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn verify(data: &Path, json: bool) -> Run {
    let path = data.to_string_lossy();
    let words: &[&str] = if json { &["--json"] } else { &[] };
    run(&[&["verify", "--views", "--data", &path], words].concat())
}

#[test]
fn the_first_difference_is_named() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        return skipped("there is no sqlite3 to change a row with");
    }
    let folder = tempfile::tempdir().unwrap();
    let clean = folder.path().join("clean");
    let mut server = Options::new().data(&clean).start();
    let http = server.http();
    for (n, born) in ["1980-01-01", "1990-01-01"].into_iter().enumerate() {
        let body = format!(
            r#"{{"resourceType":"Patient","id":"secret-{n}","birthDate":"{born}","name":[{{"family":"Secret"}}],"active":true}}"#
        );
        send(&http, "PUT", &format!("/fhir/Patient/secret-{n}"), &[], &body).expect(201);
    }
    let body = r#"{"resourceType":"Patient","id":"secret-1","birthDate":"1991-01-01","name":[{"family":"Secret"}],"active":false}"#;
    send(&http, "PUT", "/fhir/Patient/secret-1", &[], body).expect(200);
    server.terminate();
    let events = verified(&clean);

    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // what is done to the views                                            table          row        parameter               record
        ("DELETE FROM date_now WHERE record = 1",                            "date_now",    "missing", Some("Patient.birthdate"), Some(1)),
        ("UPDATE text_now SET text = 'other' WHERE record = 0",              "text_now",    "other",   Some("Patient.family"),    Some(0)),
        ("INSERT INTO text_now SELECT param, 'zzz', date, record, partition, grp, exact, began FROM text_now WHERE record = 0 LIMIT 1",
                                                                             "text_now",    "surplus", Some("Patient.family"),    Some(0)),
        ("UPDATE record_now SET version = 7 WHERE record = 0",               "record_now",  "other",   None,                      Some(0)),
        ("UPDATE place_count SET count = count + 1",                         "place_count", "other",   Some("Patient, all of them"),  None),
        ("DELETE FROM record_then",                                          "record_then", "missing", None,                      Some(1)),
    ];
    for (sql, table, row, parameter, record) in cases {
        let data = folder.path().join("data");
        let _ = std::fs::remove_dir_all(&data);
        copy(&clean, &data);
        plant(&data, sql);
        let said = verify(&data, true).expect(1);
        let text = format!("{}{}", said.out, said.err);
        assert!(!text.to_lowercase().contains("secret"), "{sql}: {text}");
        let said = said.json();
        assert_eq!(at(&said, "ok").as_bool(), Some(false), "{sql}");
        assert_eq!(int(&said, "events"), events, "{sql}: the log is good");
        assert_eq!(at(&said, "views_alike").as_bool(), Some(false), "{sql}");
        let bad = at(&said, "first_bad");
        assert_eq!((str(bad, "kind"), str(bad, "table"), str(bad, "row")), ("views", table, row), "{sql}");
        assert_eq!(bad.get("parameter").and_then(Value::as_str), parameter, "{sql}");
        assert_eq!((int(bad, "partition"), int(bad, "offset")), (0, record.unwrap_or(events)), "{sql}");
        let words = verify(&data, false).expect(1).out;
        assert!(words.contains(table) && words.contains("rebuild"), "{sql}: {words}");
        run(&["verify", "--data", &data.to_string_lossy()]).expect(0);
        run(&["rebuild", "--data", &data.to_string_lossy()]).expect(0);
        verified(&data);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
