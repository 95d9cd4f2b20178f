//! The record as plain JSON for applications that don't want FHIR: a patient, a clinical record, lab results.
//!
//! Invariant: a pure function of the records handed in, in whatever order they come; values are FHIR's, numbers keep
//! their text, and what was entered in error is left out.

mod clinical_record;
mod lab_results;
mod patient;
mod sorted;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{StreamName, Version};

pub use clinical_record::clinical_record;
pub use lab_results::lab_results;
pub use patient::patient;

use crate::change::Facts;
use crate::elements::Elements;

/// One living record, as a read model sees it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The record.
    pub stream: &'a StreamName,
    /// Its version.
    pub version: Version,
    /// The version that a correction of its value put right, where one did.
    pub corrects: Option<Version>,
    /// What it holds.
    pub elements: &'a Elements,
}

impl<'a> Entry<'a> {
    fn is(&self, kind: &str) -> bool {
        self.stream.kind.name() == kind && !self.facts().in_error()
    }

    fn facts(&self) -> Facts<'a> {
        Facts::of(self.stream.kind, self.elements)
    }

    /// The element, or null.
    fn get(&self, key: &str) -> Value {
        self.elements.get(key).cloned().unwrap_or_default()
    }

    /// The element, or an empty list.
    fn list(&self, key: &str) -> Value {
        self.elements.get(key).cloned().unwrap_or_else(|| Value::Array(Vec::new()))
    }

    /// The choice element `stem[x]`, whichever type it has, or null.
    fn choice(&self, stem: &str) -> Value {
        self.choice_of(stem).cloned().unwrap_or_default()
    }

    fn choice_of(&self, stem: &str) -> Option<&'a Value> {
        choice(self.elements, stem)
    }

    /// An item of a list: which record it is, and in which version.
    fn item(&self) -> Object {
        Object::new().with("record", self.stream.to_string()).with("version", self.version)
    }
}

fn choice<'a>(elements: &'a Object, stem: &str) -> Option<&'a Value> {
    elements.iter().find(|(key, _)| crate::change::is_choice(stem, key)).map(|(_, value)| value)
}
