//! The suites of patches that nobody here wrote, where the shared data is.

use std::fs;

use anamnesis_fhir::patch::{Bounds, JsonPatch};
use anamnesis_json::Value;

const BOUNDS: Bounds = Bounds { copied_bytes_max: 1 << 20, nesting_max: 64 };

/// The cases of <https://www.rfc-editor.org/rfc/rfc6902#appendix-A> and others, as the suite has them.
#[test]
fn json_patches() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let text = fs::read(shared.join("suites/json-patch/json-patch-tests.subset.json")).unwrap();
    let suite = anamnesis_json::parse(&text).unwrap();
    let cases = suite.as_array().unwrap();
    assert!(cases.len() >= 8, "the suite has {} cases", cases.len());
    for case in cases {
        let name = case.get("comment").and_then(Value::as_str).unwrap_or_default();
        let document = case.get("doc").unwrap().clone();
        let patch = JsonPatch::read(case.get("patch").unwrap().clone());
        let patched = patch.and_then(|patch| patch.apply(document, &BOUNDS));
        match case.get("expected") {
            Some(expected) => assert!(patched.is_ok_and(|patched| patched.same(expected)), "{name}"),
            None => assert!(case.get("error").is_some() && patched.is_err(), "{name}"),
        }
    }
}
