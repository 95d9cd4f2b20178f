//! Programs from the package registries that nobody here wrote, run against a server.
//!
//! Invariant: where they were not brought a test says so, and in CI it fails.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anamnesis_testkit::skipped;

/// What our own scripts and settings for them stand in.
pub const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");
/// Where `cargo xtask test` brings them.
const BROUGHT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/clients");

/// A program of the Python environment, such as `schemathesis`, or `python` itself.
///
/// # Panics
///
/// In CI, when it is not there.
#[track_caller]
pub fn python(program: &str) -> Option<Command> {
    let program = Path::new(BROUGHT).join("python/bin").join(program);
    brought(&program).then(|| Command::new(program))
}

/// Node with one of our scripts, which stands beside the packages it imports.
///
/// # Panics
///
/// In CI, when they are not there; anywhere when the script cannot be laid beside them.
#[track_caller]
pub fn node(script: &str) -> Option<Command> {
    let folder = PathBuf::from(BROUGHT).join("node");
    if !brought(&folder.join("node_modules")) {
        return None;
    }
    let beside = folder.join(script);
    let laid = std::fs::copy(Path::new(SCRIPTS).join("node").join(script), &beside);
    laid.unwrap_or_else(|error| panic!("{script} cannot be laid beside its packages: {error}"));
    let mut node = Command::new("node");
    node.arg(beside);
    Some(node)
}

/// Runs a program to its good end, and gives what it said.
///
/// # Panics
///
/// When it cannot be started, or ends badly.
#[track_caller]
pub fn ends_well(mut command: Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let Output { status, stdout, stderr } = output;
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{status}\nstdout:\n{said}\nstderr:\n{complained}");
    said.into_owned()
}

#[track_caller]
fn brought(path: &Path) -> bool {
    let there = path.exists();
    if !there {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let why = format!("{name} is not under target/clients; cargo xtask test brings it");
        assert!(std::env::var_os("CI").is_none(), "{why}");
        skipped(&why);
    }
    there
}
