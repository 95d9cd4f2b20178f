//! A test that cannot do its work says so.
//!
//! Invariant: it is counted as skipped, never as passed, wherever all tests are counted.

use std::io::Write;

/// Names the file in which a run of all tests counts those that could not do their work, a line each.
const SKIPPED: &str = "ANAMNESIS_SKIPPED";

/// Says why the running test cannot do its work, and writes it down where tests are counted.
///
/// # Panics
///
/// When it cannot be written down.
#[expect(clippy::print_stderr, reason = "a test that does not run must say so")]
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
    let Some(path) = std::env::var_os(SKIPPED) else { return };
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    // Twice the same line is one test that asked twice.
    let line = format!("{} {test}\n", std::process::id());
    let file = std::fs::File::options().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("whoever counts tests gives a file to write to");
}
