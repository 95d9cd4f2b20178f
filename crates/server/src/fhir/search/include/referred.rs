//! What records refer to, by their search parameters: `_include`.

use std::collections::HashSet;

use anamnesis_fhir::index::Referred;
use anamnesis_fhir::search::Include;
use anamnesis_fhir::{Known, ParamKind, Params};
use anamnesis_json::Value;
use anamnesis_kernel::search::{Key, Param};
use anamnesis_kernel::{ResourceType, StreamName, Version};
use compact_str::CompactString;

use crate::fhir::search::found::Shown;
use crate::index::Index;

/// What the includes find in records, each once, in the order it stands there.
#[derive(Default)]
pub(super) struct Found {
    /// Records as they are at the moment of the page.
    pub(super) names: Vec<StreamName>,
    /// Versions that are named.
    pub(super) versions: Vec<(StreamName, Version)>,
    /// Definitions by their URL.
    pub(super) definitions: Vec<Called>,
}

/// Definitions that are called so.
pub(super) struct Called {
    /// As what, under [`Param::CANONICAL`].
    pub(super) text: CompactString,
    /// By which ways one came there: one of them must be meant.
    pub(super) meant: Vec<Way>,
}

/// What the includes find in these records.
pub(super) fn referred(from: &[Shown], includes: &[&Include], index: &Index, base: &str) -> Found {
    let mut found = Found::default();
    let mut seen = HashSet::new();
    for Shown { name, text, .. } in from {
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
        index.references(name, &elements, base, &mut |param, referred| {
            let own = ways.iter().filter(|way| way.is_by(param));
            match referred {
                Referred::Record(to, version) => {
                    let is_new =
                        own.into_iter().any(|way| way.takes(to.kind)) && seen.insert((to.clone(), version));
                    match version {
                        Some(version) if is_new => found.versions.push((to, version)),
                        None if is_new => found.names.push(to),
                        _ => {}
                    }
                }
                Referred::Definition(Key::Reference { id: text, .. }) => {
                    let meant = own.filter(|way| way.known.canonical).cloned();
                    match found.definitions.iter_mut().find(|called| called.text == text) {
                        Some(called) => called.meant.extend(meant),
                        None => found.definitions.push(Called { text, meant: meant.collect() }),
                    }
                }
                Referred::Definition(_) => {}
            }
        });
    }
    found.definitions.retain(|called| !called.meant.is_empty());
    found
}

/// A parameter that refers, and to what.
#[derive(Clone)]
pub(super) struct Way {
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
    /// Whether it goes by this parameter.
    fn is_by(&self, param: Param) -> bool {
        self.known.params.contains(&param)
    }

    /// Whether it can lead to a record of this type.
    pub(super) fn takes(&self, kind: ResourceType) -> bool {
        let wanted = self.target.is_none_or(|target| target == kind);
        wanted && (self.known.targets.is_empty() || self.known.targets.contains(&kind))
    }
}
