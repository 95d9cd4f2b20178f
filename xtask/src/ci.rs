//! Everything that must hold before a change is taken.
//!
//! Invariant: each check runs whatever the others found, so that one run tells all; the tests come last.

use std::fs;
use std::path::Path;

use crate::run::{command, shown};
use crate::{codegen, shared_data, test, tidy};

/// Runs every check; false when one of them found something.
///
/// # Errors
///
/// When a check cannot be run.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let cargo = |args: &[&str]| command(root, "cargo", args);
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let mut doc = cargo(&["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    let checks = [
        ("fmt", shown(cargo(&["fmt", "--all", "--check"]))?),
        ("tidy", tidy::run(root)?),
        ("generated", generated_is_current(root)?),
        ("clippy", shown(cargo(&clippy))?),
        ("doc", shown(doc)?),
    ];
    let tally = test::tally(root)?;
    let broken: Vec<&str> = checks.iter().filter(|(_, good)| !good).map(|(name, _)| *name).collect();
    if !broken.is_empty() {
        println!("\nnot in order: {}", broken.join(", "));
    }
    println!("{tally}");
    Ok(broken.is_empty() && tally.is_good())
}

/// Whether the generated tables are what the official definitions give, where those are at hand.
fn generated_is_current(root: &Path) -> anyhow::Result<bool> {
    println!("\n> are the generated tables current?");
    let Some(shared) = shared_data(root)? else {
        println!("not checked: the definitions are not here");
        return Ok(true);
    };
    let fresh = tempfile::tempdir()?;
    let mut current = true;
    for name in codegen::run(&shared.join("definitions"), fresh.path())? {
        let committed = root.join(&name);
        if fs::read(fresh.path().join(&name))? != fs::read(&committed).unwrap_or_default() {
            println!("{}: behind; run cargo xtask codegen", committed.display());
            current = false;
        }
    }
    Ok(current)
}
