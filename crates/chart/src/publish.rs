//! The catalogue for others: `docs/events.md` for people, a JSON Schema for programs.
//!
//! Invariant: what is committed is what the catalogue gives; a test compares them.

mod markdown;
mod schema;

pub use markdown::events_md;
pub use schema::schemas;

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn what_is_committed_is_what_the_catalogue_gives() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = vec![(root.join("../../docs/events.md"), events_md())];
        for (name, schema) in schemas() {
            let text = String::from_utf8(schema.to_pretty_text()).unwrap();
            files.push((root.join("schemas").join(name), text));
        }
        for (path, text) in files {
            if std::env::var_os("ANAMNESIS_BLESS").is_some() {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, &text).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == text, "{} is behind: test again with ANAMNESIS_BLESS=1", path.display());
        }
    }
}
