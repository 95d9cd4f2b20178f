//! Old shapes of event data lifted to today's, one version at a time; what is stored stays as it was written.
//!
//! Invariant: a type has one lift for each version below its newest, in the catalogue beside its name, and a golden file
//! of every version ever written.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use crate::catalogue::find;

/// From one version of a shape to the next: total, and of nothing but the data.
pub(crate) type Lift = fn(Object) -> Object;

/// Why data cannot be lifted: a newer program wrote it, and this one must be brought up to date first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpcastError {
    /// Its type, or the shape of it, is none that this program knows.
    #[error("this program knows no event of this type")]
    Unknown,
    /// Its type is known, its shape came later.
    #[error("schema version {found} is newer than {newest}, the newest this program knows")]
    Future {
        /// The version the data has.
        found: u16,
        /// The newest version known here.
        newest: u16,
    },
}

/// The newest schema version of `kind`; 1 for what the catalogue does not name.
pub fn newest(kind: &str) -> u16 {
    find(kind).map_or(1, |row| row.schema_version)
}

/// Lifts data of `kind`, written as `schema_version`, to today's shape.
///
/// # Errors
///
/// See [`UpcastError`].
pub fn upcast(kind: &str, schema_version: u16, data: Object) -> Result<Object, UpcastError> {
    Ok(lift_by(due(kind, schema_version)?, data))
}

/// Whether this program can lift data of `kind` that was written as `schema_version`.
///
/// # Errors
///
/// See [`UpcastError`].
pub fn liftable(kind: &str, schema_version: u16) -> Result<(), UpcastError> {
    due(kind, schema_version).map(|_| ())
}

/// The lifts between that version and today's, oldest first.
fn due(kind: &str, schema_version: u16) -> Result<&'static [Lift], UpcastError> {
    let lifts = match find(kind) {
        Some(row) => row.lifts,
        None if is_fallback(kind) => &[],
        None => return Err(UpcastError::Unknown),
    };
    match left_of(lifts, schema_version) {
        Some(left) => Ok(left),
        None if schema_version == 0 => Err(UpcastError::Unknown),
        None => Err(UpcastError::Future { found: schema_version, newest: newest(kind) }),
    }
}

/// The lifts of a chain that data of this version has before it; versions begin with 1.
fn left_of(chain: &'static [Lift], schema_version: u16) -> Option<&'static [Lift]> {
    chain.get(usize::from(schema_version.checked_sub(1)?)..)
}

fn lift_by(lifts: &[Lift], data: Object) -> Object {
    lifts.iter().fold(data, |data, lift| lift(data))
}

/// Whether `kind` is what changes are called that no row names: `{Type}Created`, `{Type}Revised`, `{Type}Deleted`.
fn is_fallback(kind: &str) -> bool {
    let mut endings = ["Created", "Revised", "Deleted"].iter();
    endings.any(|ending| kind.strip_suffix(ending).is_some_and(|name| ResourceType::parse(name).is_some()))
}

/// Version 1 carried the one new address as `new_address`; FHIR's element is a list.
pub(crate) fn one_address_to_many(data: Object) -> Object {
    data.into_iter()
        .map(|(key, value)| match (key.as_str(), value) {
            ("new_address", Value::Object(address)) => ("address".into(), Value::from(vec![address.into()])),
            ("new_address", other) => ("address".into(), other),
            (_, value) => (key, value),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::parse;

    fn golden() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
    }

    #[test]
    fn golden_files_still_lift() {
        let mut seen = 0;
        for entry in std::fs::read_dir(golden()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let (kind, version) = name.split_once(".v").expect("KIND.vN.json");
            let file = parse(&std::fs::read(&path).unwrap()).unwrap();
            let data = file.get("data").unwrap().as_object().unwrap().clone();
            let lifted = upcast(kind, version.parse().unwrap(), data).unwrap();
            assert!(lifted.same(file.get("lifted").unwrap().as_object().unwrap()), "{name}");
            seen += 1;
        }
        assert!(seen > 0);
    }

    #[test]
    fn every_version_of_a_type_that_aged_has_a_golden_file_and_a_lift() {
        for row in crate::catalogue() {
            assert_eq!(usize::from(row.schema_version), row.lifts.len() + 1, "{}", row.kind);
        }
        let mut aged = 0;
        for row in crate::catalogue().iter().filter(|row| row.schema_version > 1) {
            for version in 1..=row.schema_version {
                let name = format!("{}.v{version}.json", row.kind);
                assert!(golden().join(&name).exists(), "{name}");
            }
            aged += 1;
        }
        assert!(aged > 0);
    }

    /// Three steps that a type might take: each knows only the shape before its own.
    #[test]
    fn data_takes_every_step_that_is_left() {
        const CHAIN: &[Lift] = &[
            |data| renamed(data, "one", "two"),
            |data| renamed(data, "two", "three"),
            |data| renamed(data, "three", "four"),
        ];
        fn renamed(data: Object, from: &str, to: &str) -> Object {
            data.into_iter().map(|(key, value)| (if key == from { to.into() } else { key }, value)).collect()
        }
        #[rustfmt::skip]
        let cases = [
         // version  data               lifted
            (1_u16,  r#"{"one":1}"#,    Some(r#"{"four":1}"#)),
            (2,      r#"{"two":1}"#,    Some(r#"{"four":1}"#)),
            (3,      r#"{"three":1}"#,  Some(r#"{"four":1}"#)),
            (4,      r#"{"four":1}"#,   Some(r#"{"four":1}"#)),
            (4,      r#"{"one":1}"#,    Some(r#"{"one":1}"#)),
            (5,      r#"{"five":1}"#,   None),
            (0,      r#"{"one":1}"#,    None),
        ];
        for (version, data, then) in cases {
            let data = parse(data.as_bytes()).unwrap().as_object().unwrap().clone();
            let lifted = left_of(CHAIN, version).map(|left| lift_by(left, data));
            let text = lifted.map(|lifted| String::from_utf8(lifted.to_text()).unwrap());
            assert_eq!(text.as_deref(), then, "version {version}");
        }
    }

    #[test]
    fn what_a_newer_program_wrote_is_refused() {
        #[rustfmt::skip]
        let cases = [
            ("PatientAddressUpdated", 3, Err(UpcastError::Future { found: 3, newest: 2 })),
            ("PatientRegistered",     2, Err(UpcastError::Future { found: 2, newest: 1 })),
            ("PatientRegistered",     0, Err(UpcastError::Unknown)),
            ("NobodyKnowsThis",       1, Err(UpcastError::Unknown)),
            ("NobodyKnowsThis",       2, Err(UpcastError::Unknown)),
            ("NothingRevised",        1, Err(UpcastError::Unknown)),
            ("ClaimRevised",          1, Ok(())),
            ("ClaimRevised",          2, Err(UpcastError::Future { found: 2, newest: 1 })),
        ];
        for (kind, version, then) in cases {
            assert_eq!(upcast(kind, version, Object::new()).map(|_| ()), then, "{kind}");
            assert_eq!(liftable(kind, version), then, "{kind}");
        }
    }
}
