//! The file of settings: TOML, <https://toml.io/en/v1.0.0>, each value with the line it stands in.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::error::{Place, SettingError};
use super::value::Raw;

/// Hands on each setting of `text`, by its dotted name, in the order of names.
///
/// # Errors
///
/// When the text is not TOML, or from `each`.
pub(super) fn read(
    path: &Path,
    text: &str,
    each: &mut dyn FnMut(&str, Place, Raw<'_>) -> Result<(), SettingError>,
) -> Result<(), SettingError> {
    let table = DeTable::parse(text).map_err(|error| SettingError::Malformed {
        path: path.to_owned(),
        line: line_at(text, error.span().map_or(0, |span| span.start)),
        what: error.message().replace('\n', " "),
    })?;
    walk(path, text, "", table.get_ref(), each)
}

/// Tables of tables are names with dots.
fn walk(
    path: &Path,
    text: &str,
    above: &str,
    table: &DeTable<'_>,
    each: &mut dyn FnMut(&str, Place, Raw<'_>) -> Result<(), SettingError>,
) -> Result<(), SettingError> {
    for (key, value) in table {
        let name =
            if above.is_empty() { key.get_ref().to_string() } else { format!("{above}.{}", key.get_ref()) };
        match value.get_ref() {
            DeValue::Table(below) => walk(path, text, &name, below, each)?,
            leaf => {
                let line = line_at(text, key.span().start);
                each(&name, Place::File(path.to_owned(), line), Raw::Toml(leaf))?;
            }
        }
    }
    Ok(())
}

fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}
