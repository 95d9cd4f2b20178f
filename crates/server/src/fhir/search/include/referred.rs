//! What records refer to, by their search parameters: `_include`.

use std::collections::HashSet;

use anamnesis_fhir::search::Include;
use anamnesis_fhir::{Known, ParamKind, Params};
use anamnesis_json::Value;
use anamnesis_kernel::search::{Entry, Key};
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};

use crate::fhir::search::found::Shown;
use crate::index::Index;

/// The names that the includes find in these records, each once, in the order they stand there.
pub(super) fn referred(from: &[Shown], includes: &[&Include], index: &Index, base: &str) -> Vec<StreamName> {
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    for (name, text) in from {
        let ways: Vec<Way> = includes
            .iter()
            .filter(|include| !include.reverse && include.from.is_none_or(|from| from == name.kind))
            .flat_map(|include| ways(name.kind, include, index))
            .collect();
        if ways.is_empty() {
            continue;
        }
        let Ok(Value::Object(elements)) = anamnesis_json::parse_with_depth(text, usize::MAX) else {
            continue;
        };
        let entries = index.entries(name, &elements);
        for to in ways.iter().flat_map(|way| entries.iter().filter_map(|entry| way.leads(entry, base))) {
            if seen.insert(to.clone()) {
                names.push(to);
            }
        }
    }
    names
}

/// A parameter that refers, and to what.
struct Way {
    known: Known,
    target: Option<ResourceType>,
}

/// The parameters of a type by which an include goes on from its records.
fn ways(kind: ResourceType, include: &Include, index: &Index) -> Vec<Way> {
    let all = match &include.param {
        Some(known) => vec![known.clone()],
        None => index.codes(kind),
    };
    let refer = all.into_iter().filter(|known| known.kind == ParamKind::Reference);
    refer.map(|known| Way { known, target: include.target }).collect()
}

impl Way {
    /// The record that an entry of the index refers to, where it is one of this parameter and leads to such a one.
    fn leads(&self, entry: &Entry, base: &str) -> Option<StreamName> {
        let Key::Reference { kind, id } = &entry.key else { return None };
        if !self.known.params.contains(&entry.param) {
            return None;
        }
        let name = match ResourceType::from_number(*kind) {
            Some(kind) => StreamName::new(kind, ResourceId::new(id).ok()?),
            // Our own address in front of a reference says nothing else than the reference alone.
            None => {
                let local = id.strip_prefix(base)?.strip_prefix('/')?;
                local.split("/_history/").next()?.parse().ok()?
            }
        };
        let wanted = self.target.is_none_or(|target| target == name.kind);
        let possible = self.known.targets.is_empty() || self.known.targets.contains(&name.kind);
        (wanted && possible).then_some(name)
    }
}
