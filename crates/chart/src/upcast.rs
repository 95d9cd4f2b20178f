//! Old shapes of event data lifted to today's, one version at a time; what is stored stays as it was written.
//!
//! Invariant: every version below a type's newest has a lift here and a golden file, for ever.

use anamnesis_json::{Object, Value};

use crate::catalogue::find;

/// Why data cannot be lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpcastError {
    /// Written by a newer program: this one must be brought up to date first.
    #[error("schema version {found} is newer than {newest}, the newest this program knows")]
    Future {
        /// The version the data has.
        found: u16,
        /// The newest version known here.
        newest: u16,
    },
}

struct Lift {
    kind: &'static str,
    /// The version it lifts from, to the next.
    from: u16,
    lift: fn(Object) -> Object,
}

const LIFTS: &[Lift] = &[Lift { kind: "PatientAddressUpdated", from: 1, lift: one_address_to_many }];

/// The newest schema version of `kind`; 1 for what the catalogue does not name.
pub fn newest(kind: &str) -> u16 {
    find(kind).map_or(1, |row| row.schema_version)
}

/// Lifts data of `kind`, written as `schema_version`, to today's shape.
///
/// # Errors
///
/// [`UpcastError::Future`] when it was written by a newer program.
pub fn upcast(kind: &str, schema_version: u16, data: Object) -> Result<Object, UpcastError> {
    let newest = newest(kind);
    if schema_version > newest {
        return Err(UpcastError::Future { found: schema_version, newest });
    }
    // Most events were written today: nothing to look for.
    if schema_version == newest {
        return Ok(data);
    }
    let due = LIFTS.iter().filter(|lift| lift.kind == kind && lift.from >= schema_version);
    Ok(due.fold(data, |data, lift| (lift.lift)(data)))
}

/// Version 1 carried the one new address as `new_address`; FHIR's element is a list.
fn one_address_to_many(data: Object) -> Object {
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
        for row in crate::catalogue().iter().filter(|row| row.schema_version > 1) {
            for version in 1..=row.schema_version {
                assert!(
                    golden().join(format!("{}.v{version}.json", row.kind)).exists(),
                    "{} v{version}",
                    row.kind
                );
            }
            for version in 1..row.schema_version {
                assert!(
                    LIFTS.iter().any(|l| l.kind == row.kind && l.from == version),
                    "{} v{version}",
                    row.kind
                );
            }
        }
        for lift in LIFTS {
            assert!(find(lift.kind).is_some_and(|row| lift.from < row.schema_version), "{}", lift.kind);
        }
        assert!(LIFTS.is_sorted_by_key(|lift| (lift.kind, lift.from)));
    }

    #[test]
    fn a_shape_from_the_future_is_refused() {
        #[rustfmt::skip]
        let cases = [
            ("PatientAddressUpdated", 3, Err(UpcastError::Future { found: 3, newest: 2 })),
            ("PatientRegistered",     2, Err(UpcastError::Future { found: 2, newest: 1 })),
            ("NobodyKnowsThis",       2, Err(UpcastError::Future { found: 2, newest: 1 })),
            ("NobodyKnowsThis",       1, Ok(())),
            ("ClaimRevised",          1, Ok(())),
        ];
        for (kind, version, then) in cases {
            assert_eq!(upcast(kind, version, Object::new()).map(|_| ()), then, "{kind}");
        }
    }
}
