//! Parameters about the answer and not about what is found: <https://hl7.org/fhir/R4/search.html#return>.

use super::wrong::Wrong;

/// How the number of matches is wanted: <https://hl7.org/fhir/R4/search.html#total>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Total {
    /// Not at all.
    None,
    /// Roughly.
    Estimate,
    /// To the one.
    #[default]
    Accurate,
}

impl Total {
    pub(super) fn read(value: &str) -> Result<Self, Wrong> {
        Ok(match value {
            "none" => Self::None,
            "estimate" => Self::Estimate,
            "accurate" => Self::Accurate,
            _ => return Err("not a kind of total: none, estimate or accurate".into()),
        })
    }
}

/// Whether a parameter is about the answer: such a one is no criterion, wherever only criteria count.
pub fn is_about_result(key: &str) -> bool {
    let name = key.split(':').next().unwrap_or(key);
    matches!(
        name,
        "_count"
            | "_contained"
            | "_containedType"
            | "_elements"
            | "_format"
            | "_include"
            | "_pretty"
            | "_revinclude"
            | "_sort"
            | "_summary"
            | "_total"
    )
}

/// `_count` as a number; more digits than fit ask for more than any page holds.
pub(super) fn count(value: &str) -> Result<u32, Wrong> {
    match !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(value.parse().unwrap_or(u32::MAX)),
        false => Err("not a whole number from 0".into()),
    }
}

/// `_contained` and `_containedType`: contained resources are found by nothing of their own.
pub(super) fn contained(key: &str, value: &str) -> Result<(), Wrong> {
    match (key, value) {
        ("_contained", "false") | ("_containedType", "container") => Ok(()),
        ("_contained", "true" | "both") | ("_containedType", "contained") => {
            Err(Wrong::unsupported("contained resources are not searched"))
        }
        ("_contained", _) => Err("not false, true or both".into()),
        _ => Err("not container or contained".into()),
    }
}
