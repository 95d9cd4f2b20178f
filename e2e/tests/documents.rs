//! Every document for users, followed step by step as it stands: `anamnesis_e2e::follow` says how one is read.
//!
//! Invariant: a reader who copies what a document says to run gets what it says there will be.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::path::{Path, PathBuf};

use anamnesis_e2e::follow;

/// README and all documents in `docs`, however deep.
fn documents(tree: &Path) -> Vec<PathBuf> {
    let mut found = vec![tree.join("README.md")];
    let mut folders = vec![tree.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn documents_do_what_they_say() {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let only = std::env::var("DOCUMENT").unwrap_or_default();
    let mut steps = 0;
    let mut wrong = Vec::new();
    for path in documents(&tree).into_iter().filter(|path| path.to_string_lossy().contains(&only)) {
        let folder = tempfile::tempdir().unwrap();
        match follow(&std::fs::read_to_string(&path).unwrap(), folder.path()) {
            Ok(taken) => steps += taken,
            Err(what) => wrong.push(format!("{}:\n{what}", path.strip_prefix(&tree).unwrap().display())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(steps > 0, "there is nothing to follow");
}
