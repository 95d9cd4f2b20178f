//! What searches are told of codes and units: by the value sets and code systems in the store, by its amounts, and by R4.

use std::sync::Arc;

use anamnesis_fhir::profile::{Definitions, above, below};
use anamnesis_fhir::search::{OfR4, Sets};
use anamnesis_store::Views;
use compact_str::CompactString;

use super::Loaded;

const UCUM: &str = "http://unitsofmeasure.org";

/// The definitions at one point, and the views that know the units.
pub(super) struct Told {
    pub(super) loaded: Arc<Loaded>,
    pub(super) views: Arc<dyn Views>,
}

impl Sets for Told {
    fn value_set(&self, url: &str) -> Option<Vec<(String, String)>> {
        let stored = Definitions::value_set(&*self.loaded, url).map(|codes| codes.to_vec());
        stored.or_else(|| OfR4.value_set(url))
    }

    fn below(&self, system: &str, code: &str) -> Option<Vec<String>> {
        below(&self.loaded.systems.get(system)?.text, code)
    }

    fn above(&self, system: &str, code: &str) -> Option<Vec<String>> {
        above(&self.loaded.systems.get(system)?.text, code)
    }

    fn units(&self) -> Vec<CompactString> {
        self.views.units(UCUM)
    }
}
