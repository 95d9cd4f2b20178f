//! What a search must be told that no parameter says: the codes of value sets, how codes stand to one another, units.

use compact_str::CompactString;

use crate::codes::ValueSet;

/// What is known of terminology and units. Nothing here waits: what must be read was read before.
pub trait Sets {
    /// The codes of a value set with their systems; `None` when it is not known, or cannot be listed.
    fn value_set(&self, url: &str) -> Option<Vec<(String, String)>>;
    /// The code and all that it subsumes; `None` when its place in its system is not known.
    fn below(&self, system: &str, code: &str) -> Option<Vec<String>>;
    /// The code and all that subsume it; `None` when its place in its system is not known.
    fn above(&self, system: &str, code: &str) -> Option<Vec<String>>;
    /// The codes of UCUM that amounts in the store have as their unit.
    fn units(&self) -> Vec<CompactString>;
}

/// What R4 itself brings: the value sets of its required bindings.
#[derive(Clone, Copy, Debug)]
pub struct OfR4;

impl Sets for OfR4 {
    fn value_set(&self, url: &str) -> Option<Vec<(String, String)>> {
        Some(ValueSet::named(url)?.all().map(|(system, code)| (system.to_owned(), code.to_owned())).collect())
    }

    fn below(&self, _: &str, _: &str) -> Option<Vec<String>> {
        None
    }

    fn above(&self, _: &str, _: &str) -> Option<Vec<String>> {
        None
    }

    fn units(&self) -> Vec<CompactString> {
        Vec::new()
    }
}
