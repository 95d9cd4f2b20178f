//! The official search parameters against their definitions, where the shared data is.
//!
//! Each definition is registered like a client's own, so that FHIRPath says what the compiled extractors must find.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anamnesis_fhir::{Catalogue, Official, ParamKind, Params, Registered, index, left_out};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::search::{Entry, Key};
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};

/// What the search door knows without entries.
const WITHOUT_ENTRIES: [&str; 5] = ["_id", "_lastUpdated", "_content", "_query", "_text"];

#[test]
fn every_definition_is_served_or_left_out() {
    let Some(definitions) = definitions() else { return };
    assert_eq!(definitions.len(), 1375);
    let mut served = 0;
    for definition in &definitions {
        let code = definition.str("code").unwrap();
        for kind in types(definition) {
            let known = Official.known(kind, code);
            if WITHOUT_ENTRIES.contains(&code) || left_out(kind, code).is_some() {
                assert!(known.is_none(), "{kind} {code}");
                continue;
            }
            let known = known.unwrap_or_else(|| panic!("{kind} {code} is neither served nor left out"));
            assert_eq!(Some(known.kind.name()), definition.str("type"), "{kind} {code}");
            let composite = known.kind == ParamKind::Composite;
            assert_eq!(composite, known.params.is_empty(), "{kind} {code}");
            assert_eq!(composite, known.components.len() > 1, "{kind} {code}");
            served += 1;
        }
    }
    assert!(served > 1_700 + 4 * 146 - 20, "{served}");
}

#[test]
fn what_is_compiled_finds_what_fhirpath_finds() {
    let (Some(definitions), Some(records)) = (definitions(), records()) else { return };
    let (mut compared, mut found) = (0_usize, BTreeSet::new());
    for definition in &definitions {
        let code = definition.str("code").unwrap();
        for kind in types(definition) {
            let Some(known) = Official.known(kind, code).filter(|k| k.kind != ParamKind::Composite) else {
                continue;
            };
            let catalogue = Catalogue::new(vec![registered(definition, kind)]);
            let ours = catalogue.known(kind, "probe").unwrap().params;
            // These name the one type they lead to; the rows of others stand there for others, or are none of it.
            let expression = definition.str("expression").unwrap();
            let sole = known.targets.len() == 1
                && (code == "patient" || expression.contains("resolve()") || expression.contains("entry[0]"));
            for record in records.get(&kind).into_iter().flatten() {
                let stream = StreamName::new(kind, ResourceId::new("sample").unwrap());
                let entries = index::index(&stream, record, &catalogue).entries;
                let keys = |params: &[_]| -> BTreeSet<Key> {
                    let of = entries.iter().filter(|entry: &&Entry| params.contains(&entry.param));
                    let right = |key: &Key| match key {
                        Key::Reference { kind, .. } => !sole || *kind == known.targets[0].number(),
                        // The identifiers of references are no part of the question.
                        Key::Token { .. } => known.kind == ParamKind::Token,
                        _ => true,
                    };
                    of.map(|entry| entry.key.clone()).filter(right).collect()
                };
                let (expected, compiled) = (keys(&ours), keys(&known.params));
                assert!(
                    expected == compiled,
                    "{kind} {code}: {} by FHIRPath, {} compiled",
                    expected.len(),
                    compiled.len()
                );
                if !compiled.is_empty() {
                    found.insert((kind, code));
                }
                compared += 1;
            }
        }
    }
    println!("{compared} compared; {} parameters found something", found.len());
    assert!(found.len() > 500, "{}", found.len());
}

/// The definition for one type, under a code that no official parameter has.
fn registered(definition: &Object, kind: ResourceType) -> Registered {
    let mut definition = definition.clone();
    definition.set("code", "probe");
    definition.set("base", vec![Value::from(kind.name())]);
    Registered::read(&definition).unwrap()
}

fn types(definition: &Object) -> Vec<ResourceType> {
    let base = definition.get("base").unwrap().each().filter_map(Value::as_str);
    let all = |base: &str| matches!(base, "Resource" | "DomainResource");
    base.flat_map(|base| {
        if all(base) { ResourceType::all().collect() } else { vec![ResourceType::parse(base).unwrap()] }
    })
    .collect()
}

fn definitions() -> Option<Vec<Object>> {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return None;
    };
    let bundle = read(&shared.join("definitions/search-parameters.json"));
    let entries = bundle.get("entry").unwrap().each();
    Some(entries.map(|entry| entry.get("resource").unwrap().as_object().unwrap().clone()).collect())
}

/// The official examples, and the records of people who do not exist, by type.
fn records() -> Option<BTreeMap<ResourceType, Vec<Object>>> {
    let shared = anamnesis_testkit::shared_data()?;
    let mut found = BTreeMap::new();
    for folder in ["fhir-examples/valid", "us-core/examples"] {
        collect(&shared.join(folder), &mut found);
    }
    Some(found)
}

fn collect(folder: &Path, found: &mut BTreeMap<ResourceType, Vec<Object>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let record = read(&path).as_object().unwrap().clone();
            if let Some(kind) = record.str("resourceType").and_then(ResourceType::parse) {
                found.entry(kind).or_default().push(record);
            }
        }
    }
}

fn read(file: &Path) -> Value {
    anamnesis_json::parse(&fs::read(file).unwrap()).unwrap()
}
