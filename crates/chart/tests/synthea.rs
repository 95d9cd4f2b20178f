//! Real bundles: what their resources are called when they come for the first time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anamnesis_chart::{Command, Context, Door, Family, State, decide, find, rows_of, take_apart};
use anamnesis_json::parse;
use anamnesis_kernel::{ResourceId, StreamName};

/// `ANAMNESIS_SYNTHEA` names another folder of bundles to look at.
fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/synthea/loose");
    std::env::var_os("ANAMNESIS_SYNTHEA").map_or(beside, PathBuf::from)
}

fn bundles(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry that can be read").path();
        if path.is_dir() {
            bundles(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "json") {
            found.push(path);
        }
    }
}

#[test]
fn first_events_have_names() {
    let folder = folder();
    if !folder.exists() {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    }
    let mut files = Vec::new();
    bundles(&folder, &mut files);
    assert!(!files.is_empty());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut of_families, mut generic) = (0, 0);
    for file in files {
        let bundle = parse(&std::fs::read(&file).unwrap()).unwrap();
        for resource in bundle.get("entry").unwrap().each().filter_map(|entry| entry.get("resource")) {
            let (kind, id, elements) = take_apart(resource.clone()).unwrap();
            let id = id.unwrap_or_else(|| ResourceId::new("x").unwrap());
            let stream = StreamName::new(kind, id);
            let context = Context { stream: &stream, reason: None, door: Door::Import };
            let again = elements.clone();
            let events = decide(&State::default(), &context, Command::Put(elements)).unwrap();
            assert_eq!(events.len(), 1);
            let state = State { version: 1, elements: Some(events[0].data.clone()) };
            assert_eq!(decide(&state, &context, Command::Put(again)).unwrap(), []);
            of_families += usize::from(rows_of(kind).any(|row| row.family != Family::Any));
            generic += usize::from(rows_of(kind).next().is_some() && find(&events[0].kind).is_none());
            *counts.entry(events[0].kind.to_string()).or_default() += 1;
        }
    }
    let named = counts.keys().filter(|kind| find(kind).is_some()).count();
    eprintln!("{named} named types, {generic} of {of_families} events generic: {counts:#?}");
    assert!(named >= 15, "{named}");
    assert!(generic * 5 < of_families, "{generic} of {of_families}");
}
