//! Documents that are made from the code: what is committed is what the code gives, and a test compares them.

use std::path::Path;

/// Compares a document of `docs` with the text the code gives; with `ANAMNESIS_BLESS` set, writes it first.
#[track_caller]
pub(crate) fn blessed(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("ANAMNESIS_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "docs/{name} is behind: test again with ANAMNESIS_BLESS=1");
}
