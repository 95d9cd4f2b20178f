//! FHIR clients that nobody here wrote, from the package registries, each driving a server of its own as applications do.

use std::process::Command;

use anamnesis_e2e::{SCRIPTS, ends_well, node, python};
use anamnesis_testkit::Server;

/// What both scripts must find to be so, whatever they find besides.
const BOTH: &[&str] = &[
    "capability statement",
    "create",
    "read",
    "vread",
    "update with If-Match",
    "conflict",
    "JSON Patch",
    "a patch that tests false",
    "an outcome says where",
    "conditional create",
    "conditional update",
    "transaction",
    "paging over three pages",
    "delete",
    "history",
    "not found",
];

/// Runs a script that drives a fresh server, and looks at what it found.
#[track_caller]
fn drives(script: Command, besides: &[&str]) {
    let (server, mut script) = (Server::start(), script);
    script.arg(format!("{}/fhir", server.url()));
    let said = ends_well(script);
    let found: Vec<&str> = said.lines().collect();
    for what in BOTH.iter().chain(besides) {
        assert!(found.contains(what), "{what:?} is not among what was found:\n{said}");
    }
}

/// The client for Python, `fhirpy`.
#[test]
fn fhirpy() {
    let Some(mut python) = python("python") else { return };
    python.arg(format!("{SCRIPTS}/python/drive.py"));
    drives(python, &["read through a reference", "search by identifier", "search with a prefix"]);
}

/// The client for JavaScript, `fhir-kit-client`.
#[test]
fn fhir_kit_client() {
    let Some(node) = node("drive.js") else { return };
    drives(node, &["search by POST", "batch", "everything"]);
}
