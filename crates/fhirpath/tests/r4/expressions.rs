//! Every expression of R4's definitions parses: invariants of severity error, and search parameters.

use anamnesis_fhirpath::Expression;
use anamnesis_json::Value;

use crate::definitions::{R4, data};

#[test]
fn every_invariant_parses() {
    let Some(r4) = R4.as_ref() else { return };
    let mut broken = Vec::new();
    for (key, path, text) in &r4.invariants {
        if let Err(error) = Expression::parse(text) {
            broken.push(format!("{key} at {path}: {error}: {text}"));
        }
    }
    assert!(r4.invariants.len() > 5_000, "only {} invariants were found", r4.invariants.len());
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_search_parameter_parses() {
    let Some(data) = data() else { return };
    let text = std::fs::read(data.join("definitions/search-parameters.json")).expect("they are there");
    let bundle = anamnesis_json::parse(&text).expect("they are JSON");
    let mut count = 0;
    for entry in bundle.get("entry").map(Value::each).unwrap_or_default() {
        let Some(text) = entry.get("resource").and_then(|r| r.get("expression")?.as_str()) else { continue };
        if let Err(error) = Expression::parse(text) {
            panic!("{error}: {text}");
        }
        count += 1;
    }
    assert!(count > 1_300, "only {count} expressions were found");
}
