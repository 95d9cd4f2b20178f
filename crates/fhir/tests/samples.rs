//! Whole files of records that nobody here wrote, where the shared data is: nothing in them may be misread.
//!
//! Every resource has its R4 shape, every transaction is planned, every reference in it is put right.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::fs;
use std::path::{Path, PathBuf};

use anamnesis_fhir::bundle::{self, Incoming, Kind};
use anamnesis_fhir::{Catalogue, check, compartment, index, outcome::Issue};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};

/// What was seen, so that a folder of nothing cannot pass for a good one.
#[derive(Debug, Default)]
struct Seen {
    files: usize,
    transactions: usize,
    resources: usize,
    entries: usize,
    with_patient: usize,
}

#[test]
fn samples_are_understood() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let mut files = Vec::new();
    for folder in ["fhir-examples/valid", "us-core/examples", "synthea/loose"] {
        json_files(&shared.join(folder), &mut files);
    }
    let mut seen = Seen::default();
    for file in &files {
        let json = fs::read(file).unwrap();
        let Ok(value) = anamnesis_json::parse(&json) else { panic!("{}: not JSON", file.display()) };
        seen.files += 1;
        let issues = file_issues(value, &mut seen);
        assert!(issues.is_empty(), "{}: {issues:#?}", file.display());
    }
    println!("{seen:?}");
    assert!(seen.resources > 0, "no resource was seen");
}

fn json_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            json_files(&path, files);
        } else if path.extension().is_some_and(|e| e == "json") {
            files.push(path);
        }
    }
}

fn file_issues(value: Value, seen: &mut Seen) -> Vec<Issue> {
    let kind = value.get("resourceType").and_then(Value::as_str).and_then(ResourceType::parse).unwrap();
    let bundled = |kind| kind == Some("transaction") || kind == Some("batch");
    if kind.name() == "Bundle" && bundled(value.get("type").and_then(Value::as_str)) {
        return match bundle::read(value.clone(), 100_000) {
            Ok(incoming) => transaction_issues(incoming, seen),
            // A bundle of requests to another server is refused for its addresses; its shape is still R4's.
            Err(issues) if issues.iter().all(is_address) => {
                record_issues(kind, value.as_object().unwrap(), seen)
            }
            Err(issues) => issues,
        };
    }
    record_issues(kind, value.as_object().unwrap(), seen)
}

fn is_address(issue: &Issue) -> bool {
    issue.expression.as_deref().is_some_and(|at| at.ends_with(".request.url"))
}

fn transaction_issues(incoming: Incoming, seen: &mut Seen) -> Vec<Issue> {
    let Incoming { kind, mut entries } = incoming;
    let mut issues: Vec<Issue> = entries.iter().flat_map(|entry| entry.problems.clone()).collect();
    let mut mint = |at: usize, _| ResourceId::new(&format!("new{at}")).unwrap();
    let mut plan = match bundle::plan(&entries, &mut mint) {
        Ok(plan) => plan,
        Err(issues) => return issues,
    };
    for one in bundle::conditional_references(&entries) {
        let id = ResourceId::new("found").unwrap();
        plan.references.insert(one.reference, StreamName::new(one.kind, id).to_string());
    }
    seen.transactions += usize::from(kind == Kind::Transaction);
    for entry in &mut entries {
        let Some(resource) = &mut entry.resource else { continue };
        if kind == Kind::Transaction {
            let prefix = format!("Bundle.entry[{}].resource", entry.index);
            issues.extend(
                bundle::rewrite(resource, &prefix, &|text| plan.resolve(text)).err().unwrap_or_default(),
            );
            let text = String::from_utf8(resource.to_text()).unwrap();
            assert!(!text.contains(r#""reference":"urn:"#), "{prefix}");
        }
        let kind =
            resource.get("resourceType").and_then(Value::as_str).and_then(ResourceType::parse).unwrap();
        issues.extend(record_issues(kind, resource.as_object().unwrap(), seen));
    }
    issues
}

fn record_issues(kind: ResourceType, elements: &Object, seen: &mut Seen) -> Vec<Issue> {
    let stream = StreamName::new(kind, ResourceId::new("sample").unwrap());
    let found = index::index(&stream, elements, &Catalogue::default());
    assert!(found.entries.is_sorted_by(|a, b| a < b), "{kind}");
    seen.resources += 1;
    seen.entries += found.entries.len();
    seen.with_patient += usize::from(!compartment::patients(&stream, elements).is_empty());
    // A few break rules of R4; what none does is to have a shape that could be misread.
    let found = check::check(kind, elements, check::Extent::Whole);
    found.into_iter().filter(|finding| !finding.bearable).map(|finding| finding.issue).collect()
}
