//! What searches are told of codes by the value sets and code systems in the store, and by R4.

use anamnesis_fhir::profile::{Definitions, above, below};
use anamnesis_fhir::search::{OfR4, Sets};
use compact_str::CompactString;

use super::Loaded;

impl Sets for Loaded {
    fn value_set(&self, url: &str) -> Option<Vec<(String, String)>> {
        let stored = Definitions::value_set(self, url).map(|codes| codes.to_vec());
        stored.or_else(|| OfR4.value_set(url))
    }

    fn below(&self, system: &str, code: &str) -> Option<Vec<String>> {
        below(&self.systems.get(system)?.text, code)
    }

    fn above(&self, system: &str, code: &str) -> Option<Vec<String>> {
        above(&self.systems.get(system)?.text, code)
    }

    fn units(&self) -> Vec<CompactString> {
        Vec::new()
    }
}
