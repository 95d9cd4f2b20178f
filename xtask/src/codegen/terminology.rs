//! Code systems and value sets, and which of the sets can be enumerated from what R4 publishes itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::definitions::{items, json, text, texts, unpack};

/// A code and the system it is of.
pub(super) type Coded = (String, String);

/// The code systems and value sets by their address.
#[derive(Default)]
pub(super) struct Terminology {
    systems: BTreeMap<String, Value>,
    sets: BTreeMap<String, Value>,
}

impl Terminology {
    /// Reads the terminology of R4, unpacked beside the other definitions or into `scratch` now.
    pub(super) fn read(folder: &Path, scratch: &Path) -> anyhow::Result<Self> {
        let mut read = Self::default();
        let ready = folder.join("ValueSet").is_dir();
        if !ready {
            unpack(&folder.join("r4-terminology.tar.zst"), scratch)?;
        }
        let at = if ready { folder } else { scratch };
        for (name, into) in [("CodeSystem", &mut read.systems), ("ValueSet", &mut read.sets)] {
            let folder = at.join(name);
            let entries =
                fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
            let mut files: Vec<_> = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
            files.sort();
            for file in files {
                let resource = json(&file)?;
                into.entry(text(&resource, "url")).or_insert(resource);
            }
        }
        Ok(read)
    }

    /// Every code of a value set; `None` when R4 itself cannot say which those are.
    pub(super) fn enumerate(&self, url: &str) -> Option<BTreeSet<Coded>> {
        self.set(url, 0)
    }

    fn set(&self, url: &str, depth: usize) -> Option<BTreeSet<Coded>> {
        let url = url.split('|').next()?;
        let compose = self.sets.get(url).filter(|_| depth < 8)?.get("compose")?;
        let mut codes = BTreeSet::new();
        for include in items(compose, "include") {
            codes.extend(self.part(include, depth)?);
        }
        for exclude in items(compose, "exclude") {
            let without = self.part(exclude, depth)?;
            codes.retain(|code| !without.contains(code));
        }
        Some(codes)
    }

    /// The codes that one include or exclude names: all its conditions hold together.
    fn part(&self, part: &Value, depth: usize) -> Option<BTreeSet<Coded>> {
        let mut found: Option<BTreeSet<Coded>> = None;
        if part.get("system").is_some() {
            found = Some(self.of_system(part)?);
        }
        for url in texts(part, "valueSet") {
            let other = self.set(&url, depth + 1)?;
            found = Some(match found {
                Some(codes) => codes.intersection(&other).cloned().collect(),
                None => other,
            });
        }
        found
    }

    fn of_system(&self, part: &Value) -> Option<BTreeSet<Coded>> {
        let url = text(part, "system");
        let coded = |code: String| (url.clone(), code);
        if part.get("concept").is_some() {
            return Some(items(part, "concept").map(|concept| coded(text(concept, "code"))).collect());
        }
        let system = self.systems.get(&url).filter(|system| text(system, "content") == "complete")?;
        let mut codes = BTreeSet::new();
        match part.get("filter").and_then(Value::as_array).map(Vec::as_slice) {
            None | Some([]) => collect(system, &mut |code, _| {
                codes.insert(coded(code));
            }),
            Some([filter]) => {
                let (op, under) = (text(filter, "op"), text(filter, "value"));
                let known = text(filter, "property") == "concept" && matches!(&*op, "is-a" | "descendent-of");
                if !known {
                    return None;
                }
                collect(system, &mut |code, concept| {
                    if code == under {
                        collect(concept, &mut |code, _| {
                            codes.insert(coded(code));
                        });
                        if op == "is-a" {
                            codes.insert(coded(code));
                        }
                    }
                });
            }
            Some(_) => return None,
        }
        Some(codes)
    }
}

/// Calls `take` with every concept below, and its code.
fn collect(above: &Value, take: &mut dyn FnMut(String, &Value)) {
    for concept in items(above, "concept") {
        take(text(concept, "code"), concept);
        collect(concept, take);
    }
}
