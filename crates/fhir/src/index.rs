//! What a record is found by: its entries in the search index, and the date searches are ordered by.
//!
//! Invariant: total; an element of an odd shape gives no row, and the same record always gives the same rows.

mod extract;
mod main_date;
mod references;
mod registered;
mod words;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::StreamName;
use anamnesis_kernel::search::{Entry, Key, newest_first};

use crate::param::{Catalogue, Extract, Way};
use crate::{canonical, compartment, merged, param};

pub use references::{Referred, references};

/// The shape of the extractors here: it changes whenever one of them does, so that the index is built anew.
pub const SHAPE: &str = "r4-index.5";

/// What is added to that where records are found by their words.
pub const WORDS_SHAPE: &str = "+words.1";

/// Where one record stands in the index.
#[derive(Clone, PartialEq, Eq)]
pub struct Indexed {
    /// What it is found by, sorted, each once.
    pub entries: Vec<Entry>,
    /// Its main clinical date as [`newest_first`] turns it.
    pub date: i64,
}

/// Shows how many entries there are and never what they hold.
impl std::fmt::Debug for Indexed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Indexed({} entries)", self.entries.len())
    }
}

/// Finds what a record is found by.
pub fn index(stream: &StreamName, elements: &Object, catalogue: &Catalogue) -> Indexed {
    let kind = stream.kind;
    let mut entries = Vec::with_capacity(16);
    let nothing = Key::Token { code: Default::default(), system: Default::default() };
    entries.push(Entry { param: param::of_this_type(kind), key: nothing, group: 0 });
    for patient in compartment::patients(stream, elements) {
        entries.push(Entry { param: compartment::PARAM, key: compartment::key(&patient), group: 0 });
    }
    if stream.is_patient() {
        for patient in merged::replaced_by(elements) {
            entries.push(Entry { param: merged::PARAM, key: compartment::key(&patient), group: 0 });
        }
    }
    entries.extend(canonical::called(kind, elements));
    for one in param::params(kind) {
        let param = one.number(kind);
        for way in one.ways {
            let mut add = |param, group, key| entries.push(Entry { param, key, group });
            if one.grouped {
                visit_groups(elements, way, &mut |group, key| add(param, group, key));
            } else {
                visit_keys(elements, way, &mut |key| add(param, 0, key));
            }
            if let (steps, Extract::Identifier) = way {
                let typed = (*steps, Extract::OfType);
                visit_keys(elements, &typed, &mut |key| add(param::of_type(param), 0, key));
            }
        }
    }
    for one in catalogue.of(kind) {
        registered::entries(one, kind, elements, &mut |entry| entries.push(entry));
    }
    if catalogue.has_full_text() {
        let words = words::words(elements);
        entries.extend(words.map(|key| Entry { param: param::of_this_type(kind), key, group: 0 }));
    }
    entries.sort_unstable();
    entries.dedup();
    Indexed { entries, date: newest_first(main_date::main_date(kind, elements)) }
}

/// Calls `give` with every key that one way leads to.
pub(crate) fn visit_keys(elements: &Object, (steps, extract): &Way, give: &mut dyn FnMut(Key)) {
    if steps.is_empty() {
        return extract::whole(*extract, elements, give);
    }
    extract::visit(elements, steps, &mut |value| extract::keys(*extract, value, give));
}

/// The same for a way whose first step is an element that a composite keeps apart: each is a group of its own.
///
/// What the record says outside of such elements is of the group 0.
fn visit_groups(elements: &Object, (steps, extract): &Way, give: &mut dyn FnMut(u16, Key)) {
    let Some((element, rest)) = steps.split_first() else { return };
    let repeated = elements.get(element).into_iter().flat_map(Value::each);
    for (group, one) in (1..=u16::MAX).zip(repeated) {
        extract::visit_value(one, rest, &mut |value| {
            extract::keys(*extract, value, &mut |key| give(group, key))
        });
    }
}

#[cfg(test)]
mod tests;
