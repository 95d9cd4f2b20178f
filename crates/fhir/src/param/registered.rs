//! Search parameters that clients register: <https://hl7.org/fhir/R4/searchparameter.html>.
//!
//! Invariant: none has the code or the number of an official one, so that what R4 says of a search stays true.

mod keys;
mod read;

use std::collections::BTreeMap;

use anamnesis_fhirpath::{Context, Expression, Kind, Model, Node};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Entry, Param};
use compact_str::CompactString;

use super::{Known, Official, ParamKind, Params};
use crate::index::SHAPE;
use crate::model::R4;
use keys::Local;

/// How many steps the expression of one parameter may take for one record; beyond, the record has no value.
const STEPS_MAX: u32 = 100_000;

/// One search parameter that a client registered.
pub struct Registered {
    url: String,
    code: CompactString,
    kind: ParamKind,
    /// Sorted.
    bases: Vec<ResourceType>,
    targets: Vec<ResourceType>,
    expression: Expression,
    /// A hash of everything that makes its entries.
    digest: u64,
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Registered({}, {})", self.code, self.url)
    }
}

impl Registered {
    /// Its canonical address, which is what it is known by.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the two cannot be had together: they share a code for some type, or a number.
    pub fn clashes(&self, other: &Self) -> bool {
        let one_type = self.bases.iter().any(|kind| other.bases.binary_search(kind).is_ok());
        one_type && (self.code == other.code || number_of(&self.url) == number_of(&other.url))
    }

    /// The number of its entries in records of one type.
    fn number(&self, kind: ResourceType) -> Param {
        Param(number_of(&self.url) | u32::from(kind.number()))
    }

    fn known(&self, kind: ResourceType) -> Known {
        Known {
            code: self.code.clone(),
            kind: self.kind,
            params: vec![self.number(kind)],
            targets: self.targets.clone(),
            components: Vec::new(),
            grouped: false,
        }
    }

    /// Calls `give` with every entry of a record; what cannot be evaluated gives none.
    fn visit(&self, kind: ResourceType, elements: &Object, give: &mut dyn FnMut(Entry)) {
        let node = Node::object(elements, R4.type_named(kind.name()), Kind::Resource);
        let context = Context::typed(&R4).resource(node).resolver(&Local).steps_max(STEPS_MAX);
        let Ok(found) = self.expression.evaluate(&context, node) else { return };
        for item in found.iter() {
            keys::visit(self.kind, self.number(kind), item, give);
        }
    }
}

/// What the numbers of an address have in common: the highest bit, and 21 bits of its hash, that leave the type's and
/// the two bits that tell derived numbers alone.
fn number_of(url: &str) -> u32 {
    let hash = fnv(FNV_BASIS, url.as_bytes());
    let bits = u32::try_from((hash ^ (hash >> 32)) & 0x1f_ffff).unwrap_or_default();
    1 << 31 | (bits >> 16) << 25 | (bits & 0xffff) << 8
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: the same everywhere and for ever.
fn fnv(from: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(from, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// All search parameters: the official ones, and those registered.
#[derive(Debug)]
pub struct Catalogue {
    registered: Vec<Registered>,
    /// By type, where in `registered`, in the order of their codes.
    by_type: BTreeMap<ResourceType, Vec<usize>>,
}

impl Catalogue {
    /// The official ones and these, of which no two [clash](Registered::clashes).
    pub fn new(registered: Vec<Registered>) -> Self {
        let mut by_type: BTreeMap<ResourceType, Vec<usize>> = BTreeMap::new();
        let mut sorted: Vec<(usize, &Registered)> = registered.iter().enumerate().collect();
        sorted.sort_by(|(_, a), (_, b)| a.code.cmp(&b.code));
        for (at, one) in sorted {
            for kind in &one.bases {
                by_type.entry(*kind).or_default().push(at);
            }
        }
        Self { by_type, registered }
    }

    /// Those registered.
    pub fn registered(&self) -> &[Registered] {
        &self.registered
    }

    /// The shape of an index made with these: it changes whenever an extractor does, or one is registered or gone.
    pub fn shape(&self) -> String {
        if self.registered.is_empty() {
            return SHAPE.to_owned();
        }
        let mut digests: Vec<u64> = self.registered.iter().map(|one| one.digest).collect();
        digests.sort_unstable();
        let digest = digests.iter().fold(FNV_BASIS, |hash, digest| fnv(hash, &digest.to_be_bytes()));
        format!("{SHAPE}+{digest:016x}")
    }

    /// Calls `give` with every entry that a record has under registered parameters.
    pub(crate) fn visit(&self, kind: ResourceType, elements: &Object, give: &mut dyn FnMut(Entry)) {
        for one in self.of(kind) {
            one.visit(kind, elements, give);
        }
    }

    fn of(&self, kind: ResourceType) -> impl Iterator<Item = &Registered> {
        let places = self.by_type.get(&kind).into_iter().flatten();
        places.filter_map(|at| self.registered.get(*at))
    }
}

impl Params for Catalogue {
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known> {
        let registered = || self.of(kind).find(|one| one.code == code).map(|one| one.known(kind));
        Official.known(kind, code).or_else(registered)
    }

    fn codes(&self, kind: ResourceType) -> Vec<Known> {
        let mut all = Official.codes(kind);
        all.extend(self.of(kind).map(|one| one.known(kind)));
        all.sort_by(|a, b| a.code.cmp(&b.code));
        all
    }
}

/// The texts of a list of codes.
fn texts<'a>(definition: &'a Object, key: &str) -> impl Iterator<Item = &'a str> {
    definition.get(key).into_iter().flat_map(Value::each).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests;
