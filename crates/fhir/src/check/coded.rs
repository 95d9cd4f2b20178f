//! Required bindings that can be enumerated: <https://hl7.org/fhir/R4/terminologies.html#required>.

use anamnesis_json::{Object, Value};

use super::Check;
use crate::codes::ValueSet;
use crate::outcome::IssueCode;
use crate::path::Path;

impl Check {
    /// A code whose system the value set gives.
    pub(super) fn code(&mut self, set: u8, code: &str, path: &Path<'_>) {
        if let Some(set) = ValueSet::numbered(set)
            && !set.has_code(code)
        {
            self.not_of(set, path);
        }
    }

    /// A code with its system.
    pub(super) fn coding(&mut self, set: u8, coding: &Object, path: &Path<'_>) {
        if let Some(set) = ValueSet::numbered(set)
            && !is_of(set, coding)
        {
            self.not_of(set, path);
        }
    }

    /// A concept, one of whose codings must be of the set; one that is only extended says why there is none.
    pub(super) fn concept(&mut self, set: u8, concept: &Object, path: &Path<'_>) {
        let Some(set) = ValueSet::numbered(set) else { return };
        let codings = concept.get("coding").and_then(Value::as_array).unwrap_or_default();
        let found = codings.iter().filter_map(Value::as_object).any(|coding| is_of(set, coding));
        let extended =
            codings.is_empty() && !concept.contains_key("text") && concept.contains_key("extension");
        if !found && !extended {
            self.not_of(set, path);
        }
    }

    fn not_of(&mut self, set: ValueSet, path: &Path<'_>) {
        self.bearable(path, IssueCode::CodeInvalid, format!("must be a code of {}", set.url()));
    }
}

fn is_of(set: ValueSet, coding: &Object) -> bool {
    match (coding.str("system"), coding.str("code")) {
        (Some(system), Some(code)) => set.has(system, code),
        _ => false,
    }
}
