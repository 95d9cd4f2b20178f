//! Synthea's bundles, as raw records and as a server has them.
//!
//! Invariant: a record is written under the id that its bundle gives it, so that both sides name it alike.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed, and says why")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anamnesis_json::{Object, Value};
use anamnesis_testkit::{Options, Server, unpack_synthea};

use super::{Records, name};
use crate::{at, list, run, str};

/// The raw records, and a server that has them.
pub struct World {
    /// The records, with references as the server has them.
    pub records: Records,
    /// The server.
    pub server: Server,
    _folder: tempfile::TempDir,
}

impl World {
    /// Imports all bundles; without the data it says that the test is skipped.
    ///
    /// # Panics
    ///
    /// When the data is there and is not taken.
    pub fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let synthea = unpack_synthea(&folder.path().join("synthea"))?;
        let (mut records, bundles) = (Records::default(), folder.path().join("bundles"));
        std::fs::create_dir(&bundles).unwrap();
        let raw: Vec<Value> = files(&synthea)
            .iter()
            .map(|path| anamnesis_json::parse(&std::fs::read(path).unwrap()).unwrap())
            .collect();
        let targets = Targets::of(&raw);
        for (n, bundle) in raw.iter().enumerate() {
            let bundle = named(bundle, &targets, &mut records);
            std::fs::write(bundles.join(format!("{n}.json")), bundle.to_text()).unwrap();
        }
        let data = folder.path().join("data");
        run(&["import", "--data", data.to_str().unwrap(), bundles.to_str().unwrap()]).expect(0);
        let server = Options::new().data(data).start();
        Some(Self { records, server, _folder: folder })
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let inside = folders.filter(|path| path.is_dir()).flat_map(|path| std::fs::read_dir(path).unwrap());
    let mut files: Vec<_> = inside.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    files
}

/// What the references of the bundles stand for: `urn:uuid:` ids, and searches for an identifier.
struct Targets(HashMap<String, String>);

impl Targets {
    fn of(bundles: &[Value]) -> Self {
        let mut targets = HashMap::new();
        for entry in bundles.iter().flat_map(|bundle| list(bundle, "entry")) {
            let (resource, name) = (at(entry, "resource"), name(at(entry, "resource")));
            targets.entry(str(entry, "fullUrl").to_owned()).or_insert_with(|| name.clone());
            for identifier in list(resource, "identifier") {
                if let (Some(system), Some(value)) =
                    (at(identifier, "system").as_str(), at(identifier, "value").as_str())
                {
                    let search = format!("{}?identifier={system}|{value}", str(resource, "resourceType"));
                    targets.entry(search).or_insert_with(|| name.clone());
                }
            }
        }
        Self(targets)
    }

    /// Puts names where the bundles have something that stands for one; a search that finds nobody stays as identifier.
    fn put(&self, value: &mut Value) {
        if let Value::Array(items) = value {
            items.iter_mut().for_each(|item| self.put(item));
        }
        let Some(object) = value.as_object_mut() else { return };
        if let Some(reference) = object.str("reference").map(str::to_owned) {
            match (self.0.get(&reference), reference.split_once("?identifier=")) {
                (Some(name), _) => object.set("reference", name.as_str()),
                (None, Some((_, identifier))) => {
                    let (system, value) = identifier.split_once('|').unwrap();
                    object.remove("reference");
                    object.set("identifier", Object::new().with("system", system).with("value", value));
                }
                (None, None) => {}
            }
        }
        object.iter_mut().for_each(|(_, value)| self.put(value));
    }
}

/// The bundle with its records under the ids they have; those that were there before are left out.
fn named(bundle: &Value, targets: &Targets, records: &mut Records) -> Value {
    let mut entries = Vec::new();
    for entry in list(bundle, "entry") {
        let mut resource = at(entry, "resource").clone();
        targets.put(&mut resource);
        if records.add(resource.clone()) {
            let request = Object::new().with("method", "PUT").with("url", name(&resource).as_str());
            entries.push(Value::from(Object::new().with("resource", resource).with("request", request)));
        }
    }
    Object::new().with("resourceType", "Bundle").with("type", "transaction").with("entry", entries).into()
}
