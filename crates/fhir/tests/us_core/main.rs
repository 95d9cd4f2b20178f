//! US Core's profiles on its own examples: each example follows the profiles it names, and once spoilt does not.
//!
//! What the profiles are is told in `README.md` beside this file; the examples are in the shared data.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

mod registered;
mod spoilt;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anamnesis_fhir::outcome::Severity;
use anamnesis_fhir::profile::{Claim, Definitions, Wanted, extensions};
use anamnesis_json::{Value, parse};
use anamnesis_kernel::ResourceType;
use registered::Registered;

const US_CORE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/";
const PROFILES: &str = include_str!("profiles.jsonl");

/// What is refused of the examples, and why.
const EXCEPTIONS: &[&str] = &[
    // It has no category, and the profile in the state we have asks for one.
    "CarePlan/colonoscopy.json CarePlan.category: must be there",
    // R4's own vital signs, on which the profile stands, bind the units of components to a set without `L/min`; US
    // Core's differential loosens that, which a profile cannot do. Its published snapshot is not checked with R4's.
    "Observation/observation-satO2-fiO2.json Observation.component[0].valueQuantity: must be a code of http://hl7.org/fhir/ValueSet/ucum-vitals-common|4.0.1",
];

/// What examples name that is not in our selection: a questionnaire names a profile of another guide.
const ABSENT: &[&str] = &["http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire"];

fn json(text: &str) -> Value {
    parse(text.as_bytes()).unwrap()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

fn kind_of(resource: &Value) -> ResourceType {
    resource.get("resourceType").and_then(Value::as_str).and_then(ResourceType::parse).unwrap()
}

#[test]
fn examples_follow_the_profiles_they_name() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let registered = Registered::read(&shared);
    let folder = shared.join("us-core/examples");
    let mut all = Vec::new();
    files(&folder, &mut all);
    let (mut seen, mut absent) = (BTreeMap::<String, usize>::new(), BTreeSet::new());
    let (mut refused, mut told) = (Vec::new(), BTreeSet::new());
    for file in all {
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        let resource = json(&fs::read_to_string(&file).unwrap());
        let whole = Claim::of(kind_of(&resource), resource.as_object().unwrap());
        let inside = whole.inside();
        for finding in extensions(&whole, &registered, Wanted::All) {
            let issue = finding.issue;
            match issue.severity {
                Severity::Error => {
                    refused.push(format!("{name} {}: {}", issue.expression.unwrap(), issue.diagnostics))
                }
                _ => drop(told.insert(issue.diagnostics)),
            }
        }
        for claim in std::iter::once(&whole).chain(&inside) {
            for url in claim.urls.iter().filter_map(|url| url.split('|').next()) {
                if registered.profile(url).is_none() {
                    absent.insert(url.to_owned());
                    continue;
                }
                let (wrong, unchecked) = registered.said(url, claim);
                refused.extend(wrong.into_iter().map(|wrong| format!("{name} {wrong}")));
                // What is not checked is said of each value; here it is enough to see it once.
                told.extend(
                    unchecked.into_iter().filter_map(|line| Some(line.split_once(": ")?.1.to_owned())),
                );
                *seen.entry(url.to_owned()).or_default() += 1;
            }
        }
    }
    println!("{seen:#?}\nnot checked: {told:#?}");
    assert!(seen.len() >= 40 && seen.values().sum::<usize>() >= 100, "{seen:?}");
    assert_eq!(absent.iter().map(String::as_str).collect::<Vec<_>>(), ABSENT);
    assert_eq!(refused, EXCEPTIONS);
    // Value sets that nobody registered are said to be unknown, each by its address.
    let unknown = "http://hl7.org/fhir/us/core/ValueSet/us-core-documentreference-type";
    assert!(told.iter().any(|line| line.contains(unknown)), "{told:?}");
}
