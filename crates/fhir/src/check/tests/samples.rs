//! Every published example is taken, or named here with what is wrong with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::said;
use crate::check::Extent;

/// Examples that break R4's own definitions: the file, and all that is said.
#[rustfmt::skip]
const WRONG: &[(&str, &str)] = &[
    // A narrative with nothing in it.
    ("ActivityDefinition-blood-tubes-supply.json", "invariant ActivityDefinition.text.div: txt-1"),
    // A practitioner is no reason for a device, and a practitioner does not dispense: R4 allows neither.
    ("DeviceUseStatement-example.json", "value DeviceUseStatement.reasonReference[0].reference"),
    ("MedicationRequest-medrx0301.json", "value MedicationRequest.dispenseRequest.performer.reference"),
    // A device performs the observation, which R4 does not allow.
    ("Observation-clinical-gender.json", "value Observation.performer[0].reference"),
    // Items without their linkId, which is required.
    ("Questionnaire-qs1.json", "required Questionnaire.item[0].item[0].linkId"),
    // The status of a narrative without the narrative.
    ("diagnosticreport-cbc.json", "required DiagnosticReport.text.div"),
];

#[test]
fn examples_are_taken() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let mut refused = BTreeMap::new();
    for (folder, count) in [("fhir-examples/valid", 409), ("us-core/examples", 118)] {
        let files = json_files(&shared.join(folder));
        assert_eq!(files.len(), count, "{folder}");
        for file in files {
            let json = fs::read_to_string(&file).unwrap();
            let parsed = anamnesis_json::parse(json.as_bytes()).unwrap();
            let kind = parsed.get("resourceType").unwrap().as_str().unwrap();
            let found = said(kind, &json, Extent::Whole);
            if !found.is_empty() {
                refused.insert(file.file_name().unwrap().to_str().unwrap().to_owned(), found);
            }
        }
    }
    for (file, expected) in WRONG {
        let found = refused.remove(*file).unwrap_or_default();
        assert!(found.starts_with(expected), "{file}: {found}");
    }
    assert_eq!(refused, BTreeMap::new());
}

pub(crate) fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(json_files(&path));
        } else if path.extension().is_some_and(|e| e == "json") {
            files.push(path);
        }
    }
    files
}
