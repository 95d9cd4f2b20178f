//! How this code folds, told by what it makes of a set of trials.
//!
//! Invariant: code that folds any trial otherwise tells otherwise, so that nobody need remember to say that it changed.

use anamnesis_json::{Object, Value, parse};

use crate::evolve::{EventRef, evolve};
use crate::upcast::{UpcastError, upcast};
use crate::{Elements, Row, catalogue};

/// To be raised by who changes folding in a way that no trial shows; a trial that shows it is better.
const FOLD: u8 = 1;

/// Data as it was written under each schema version that was ever written, each with its type and that version.
const WRITTEN: &[(&str, u16, &str)] = &[
    ("PatientAddressUpdated", 1, include_str!("../golden/PatientAddressUpdated.v1.json")),
    ("PatientAddressUpdated", 2, include_str!("../golden/PatientAddressUpdated.v2.json")),
    ("PatientsMerged", 1, include_str!("../golden/PatientsMerged.v1.json")),
    ("PatientsUnmerged", 1, include_str!("../golden/PatientsUnmerged.v1.json")),
];

/// Types that no row names.
const UNNAMED: &[&str] =
    &["PatientCreated", "PatientRevised", "PatientDeleted", "ClaimDeleted", "Deleted", "NobodyKnowsThis"];

/// What a record may be when an event comes: nothing, or these elements.
const RECORD: &str = r#"{"b":[{"c":null,"d":1.50}],"status":"final","_status":{"id":"s"},"meta":{"tag":[{"code":"t"}]},"active":true}"#;

/// Data with what a delta can hold: a value set, one removed, one added, one the same, what stands beside elements.
const DELTA: &str = r#"{"status":"amended","_status":null,"z":[null,{"é":"\u0001"}],"b":[{"c":null,"d":1.5}],"never":null,"ignored":{"b":3},"merge":{"into":"Patient/b"},"reason":"r","meta":{"tag":[{"code":"u"}]}}"#;

/// What folding comes to in every trial, and what the catalogue says of it; equal bytes mean equal folding.
pub fn folding() -> Vec<u8> {
    trials(upcast, evolve)
}

type Upcast = fn(&str, u16, Object) -> Result<Object, UpcastError>;
type Evolve = fn(Option<Elements>, &EventRef<'_>) -> Option<Elements>;

fn trials(upcast: Upcast, evolve: Evolve) -> Vec<u8> {
    let mut told = vec![FOLD];
    let mut tell = |kind: &str, schema_version: u16, data: &Object| {
        let lifted = upcast(kind, schema_version, data.clone());
        told.extend_from_slice(kind.as_bytes());
        told.extend_from_slice(&schema_version.to_be_bytes());
        let Ok(data) = lifted else { return told.push(b'!') };
        for whole in [false, true] {
            for before in [None, Some(object(RECORD))] {
                match evolve(before, &EventRef { kind, whole, data: &data }) {
                    Some(after) => told.append(&mut after.to_text()),
                    None => told.push(b'-'),
                }
            }
        }
    };
    for Row { kind, schema_version: newest, .. } in catalogue() {
        for schema_version in 1..=*newest {
            tell(kind, schema_version, &object(DELTA));
        }
        // What a newer program wrote is refused, not folded as if it were known.
        tell(kind, newest + 1, &object(DELTA));
    }
    for kind in UNNAMED {
        tell(kind, 1, &object(DELTA));
    }
    for (kind, schema_version, golden) in WRITTEN {
        let data = object(golden).get("data").and_then(Value::as_object).cloned();
        tell(kind, *schema_version, &data.unwrap_or_default());
    }
    told
}

/// The trials are ours: each is an object, as a test says.
fn object(text: &str) -> Object {
    match parse(text.as_bytes()) {
        Ok(Value::Object(object)) => object,
        _ => Object::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_code_tells_the_same() {
        assert_eq!(folding(), folding());
        assert!(!object(RECORD).is_empty() && !object(DELTA).is_empty());
    }

    #[test]
    fn every_golden_file_is_a_trial() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let mut trials: Vec<String> =
            WRITTEN.iter().map(|(kind, version, _)| format!("{kind}.v{version}.json")).collect();
        trials.sort();
        assert_eq!(files, trials);
        for (kind, version, golden) in WRITTEN {
            assert!(
                object(golden).get("data").is_some_and(|data| data.as_object().is_some()),
                "{kind} v{version}"
            );
        }
    }

    /// Each of these folds as code might that somebody changed and told nobody of.
    #[test]
    fn code_that_folds_otherwise_tells_otherwise() {
        let lifts_nothing: Upcast = |kind, version, data| upcast(kind, version, data.clone()).map(|_| data);
        let knows_the_future: Upcast = |_, _, data| Ok(data);
        let keeps_what_is_removed: Evolve = |elements, event| {
            let mut data = event.data.clone();
            data.retain(|_, value| *value != Value::Null);
            evolve(elements, &EventRef { data: &data, ..*event })
        };
        let begins_with_a_delta: Evolve = |elements, event| evolve(elements.or(Some(Object::new())), event);
        let never_deletes: Evolve = |elements, event| {
            let deleted = crate::evolve::is_deletion(event.kind);
            if deleted { elements } else { evolve(elements, event) }
        };
        let forgets_all_but_the_delta: Evolve =
            |elements, event| evolve(elements, &EventRef { whole: true, ..*event });
        let sets_what_stands_beside: Evolve =
            |elements, event| evolve(elements, &EventRef { kind: "PatientRevised", ..*event });
        let sorts_keys: Evolve = |elements, event| {
            let after = evolve(elements, event)?;
            let mut pairs: Vec<_> = after.into_iter().collect();
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            Some(pairs.into_iter().collect())
        };
        let others: &[(&str, Upcast, Evolve)] = &[
            ("lifts nothing", lifts_nothing, evolve),
            ("knows the future", knows_the_future, evolve),
            ("keeps what is removed", upcast, keeps_what_is_removed),
            ("begins with a delta", upcast, begins_with_a_delta),
            ("never deletes", upcast, never_deletes),
            ("forgets all but the delta", upcast, forgets_all_but_the_delta),
            ("sets what stands beside", upcast, sets_what_stands_beside),
            ("sorts keys", upcast, sorts_keys),
        ];
        for (name, upcast, evolve) in others {
            assert_ne!(trials(*upcast, *evolve), folding(), "{name}");
        }
    }
}
