//! The published cases of a validator that nobody here wrote: what must be refused is, and what is valid is taken.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{csv, said, xml};
use crate::check::Extent;

/// Valid cases that are refused all the same, with what is said of each.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    // A vertical tab, which the text of a string may not hold.
    ("valid/params-ws.json", "value"),
    // The same script in a name for which `pat-security-bad-string.json` must be refused.
    ("valid/pat-security-good2.json", "value"),
];

/// Cases that break rules of R4 and are taken, each with the reason.
#[rustfmt::skip]
const TAKEN: &[(&str, &str)] = &[
];

#[test]
fn published_cases() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let folder = shared.join("fhir-examples/validator-cases");
    let index = csv::rows(&fs::read_to_string(folder.join("INDEX.csv")).unwrap());
    let (names, rows) = index.split_first().unwrap();
    let column = |name: &str| names.iter().position(|n| n == name).unwrap();
    let (file, expect, base) = (column("file"), column("expect"), column("base_invalid"));
    let (mut refused, mut taken) = (BTreeMap::new(), BTreeMap::new());
    let (mut valid, mut invalid) = (0, 0);
    for row in rows {
        let found = judge(&folder.join(&row[file]));
        match (row[expect].as_str(), row[base].as_str()) {
            ("valid", _) => {
                valid += 1;
                if !found.is_empty() {
                    refused.insert(row[file].clone(), found);
                }
            }
            (_, "yes") => {
                invalid += 1;
                if found.is_empty() {
                    taken.insert(row[file].clone(), found);
                }
            }
            _ => {}
        }
    }
    println!(
        "{valid} valid, of which {} refused; {invalid} invalid, of which {} taken",
        refused.len(),
        taken.len()
    );
    assert!(valid > 50 && invalid > 30, "the cases were not all seen");
    for (file, expected) in REFUSED {
        let found = refused.remove(*file).unwrap_or_default();
        assert!(found.starts_with(expected), "{file}: {found}");
    }
    assert_eq!(refused, BTreeMap::new());
    for (file, _) in TAKEN {
        assert!(taken.remove(*file).is_some(), "{file} is refused now");
    }
    assert_eq!(taken, BTreeMap::new());
}

/// What is said of a file, or that it cannot be read.
fn judge(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    let resource = match file.extension().is_some_and(|e| e == "xml") {
        true => xml::resource(text),
        false => anamnesis_json::parse(text.as_bytes()).ok(),
    };
    let Some(resource) = resource else { return "unreadable".to_owned() };
    let Some(kind) = resource.get("resourceType").and_then(|kind| kind.as_str()) else {
        return "not a resource".to_owned();
    };
    said(kind, &String::from_utf8(resource.to_text()).unwrap(), Extent::Whole)
}
