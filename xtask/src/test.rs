//! All tests: bring what they need, run each in a process of its own, count them.
//!
//! Invariant: a test that could not do its work is counted as skipped, never as passed.

mod needs;
mod tally;

use std::path::Path;

use anyhow::ensure;

use crate::run::{Heard, command, heard, shown};
use tally::Tally;

/// The variable that names the file in which tests write down that they could not run, a line each.
const SKIPPED: &str = "ANAMNESIS_SKIPPED";

/// Runs all tests and prints how many there were; false when one failed.
///
/// # Errors
///
/// When they cannot be run at all.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let tally = tally(root)?;
    println!("{tally}");
    Ok(tally.is_good())
}

/// Runs all tests and counts them.
///
/// # Errors
///
/// When they cannot be run at all.
pub(crate) fn tally(root: &Path) -> anyhow::Result<Tally> {
    needs::bring(root)?;
    // With the workspace's features, so that the tests find everything built already.
    let binary = command(root, "cargo", &["build", "--workspace", "--bin", "anamnesis"]);
    ensure!(shown(binary)?, "the program does not build");
    let scratch = tempfile::tempdir()?;
    let skipped = scratch.path().join("skipped");
    let mut tally = Tally::default();

    let nextest = ["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "fail"];
    let mut tests = command(root, "cargo", &nextest);
    tests.env(SKIPPED, &skipped);
    let good = heard(tests, Heard::Err, |line| tally.hear_nextest(line))?;
    ensure!(good || tally.failed > 0, "the tests could not be run");

    let failed = tally.failed;
    let docs = command(root, "cargo", &["test", "--doc", "--workspace", "--no-fail-fast", "--quiet"]);
    let good = heard(docs, Heard::Out, |line| tally.hear_doc_tests(line))?;
    ensure!(good || tally.failed > failed, "the samples in the documentation could not be run");

    tally.could_not_run(&std::fs::read_to_string(&skipped).unwrap_or_default());
    Ok(tally)
}
