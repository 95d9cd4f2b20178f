//! The README's examples, run as they stand against the server it says to start.
//!
//! Invariant: a reader who copies them gets what the README promises.

use std::process::Command;

use anamnesis_testkit::Options;

const README: &str = include_str!("../../README.md");
/// Where the README's server listens.
const THERE: &str = "http://127.0.0.1:8080";

/// The blocks of shell commands, in order.
fn blocks() -> Vec<&'static str> {
    README
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
        .collect()
}

#[test]
fn the_examples_do_what_they_say() {
    assert!(README.contains("-- serve --demo\n"), "this test starts the server as the README does");
    let server = Options::new().arg("--demo").start();
    // What each block's answers must show.
    let expected: [&[&str]; 3] = [
        &["HTTP/1.1 201 Created", "W/\"1\""],
        &["HTTP/1.1 201 Created", "\"version\":2"],
        &["\"history\"", "Bruges", "Ghent", "PatientRegistered", "PatientAddressUpdated"],
    ];
    let blocks = blocks();
    assert_eq!(blocks.len(), expected.len(), "an example without a check here, or the reverse");
    for (block, expected) in blocks.into_iter().zip(expected) {
        let script = format!("set -e\n{}", block.replace(THERE, &server.url()));
        let run = Command::new("sh").args(["-c", &script]).output().expect("a shell");
        assert!(run.status.success(), "{block}\n{}", String::from_utf8_lossy(&run.stderr));
        let said = String::from_utf8_lossy(&run.stdout);
        for wanted in expected {
            assert!(said.contains(wanted), "{block}\nwanted {wanted}, got\n{said}");
        }
    }
}
