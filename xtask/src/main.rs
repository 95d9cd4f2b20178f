//! The chores of the house: one command each, the same on a desk and in CI.
//!
//! Invariant: the last line on standard output of `test` and `ci` counts the tests.

#![expect(clippy::print_stdout, reason = "a chore talks to whoever runs it")]

mod ci;
mod codegen;
mod run;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

/// What a chore is called, what comes after its name, and what it is for.
const CHORES: &[(&str, &str, &str)] = &[
    ("test", "", "bring what the tests need, run them all, count them"),
    ("ci", "", "everything that must hold before a change is taken"),
    ("tidy", "", "check what the compiler does not: documents, walls, files"),
    ("bench", "[PART …]", "measure the release binary on this machine, all parts or those named"),
    ("fuzz", "[SECONDS] [SEED]", "try to break every door of a live server"),
    ("codegen", "DEFINITIONS", "write the tables of the fhir room from the official definitions"),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match chore(&args, &root()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs one chore; false when it found something wrong with the tree.
fn chore(args: &[&str], root: &Path) -> anyhow::Result<bool> {
    match args {
        ["test"] => test::run(root),
        ["ci"] => ci::run(root),
        ["tidy"] => tidy::run(root),
        ["bench", parts @ ..] => {
            let words = ["run", "--quiet", "--release", "--locked", "--package", "anamnesis-bench", "--"];
            run::shown(run::command(root, "cargo", &[&words, parts].concat()))
        }
        ["fuzz", given @ ..] if given.len() <= 2 => fuzz(root, given),
        ["codegen", definitions] => codegen::run(definitions.as_ref(), root).map(|_| true),
        _ => {
            for (name, rest, what) in CHORES {
                println!("cargo xtask {:<43}{what}", format!("{name} {rest}"));
            }
            Ok(args.is_empty())
        }
    }
}

/// Runs the fuzz of every door: for so many seconds, from this seed.
fn fuzz(root: &Path, given: &[&str]) -> anyhow::Result<bool> {
    let build = run::command(root, "cargo", &["build", "--workspace", "--bin", "anamnesis"]);
    anyhow::ensure!(run::shown(build)?, "the program does not build");
    let mut test = run::command(root, "cargo", &["test", "--package", "anamnesis-e2e", "--test", "fuzz"]);
    test.args(["--", "--nocapture"]);
    test.envs(["ANAMNESIS_FUZZ_SECONDS", "ANAMNESIS_FUZZ_SEED"].iter().zip(given));
    run::shown(test)
}

/// The top of the tree this program was built in.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// The official definitions and sample data that stand beside the tree on some machines.
fn shared_data(root: &Path) -> anyhow::Result<Option<PathBuf>> {
    let folder = root.parent().context("the tree stands at the top of the disk")?.join("shared/data");
    Ok(folder.is_dir().then_some(folder))
}
