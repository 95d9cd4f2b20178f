//! The search parameters of a type: their codes, numbers, kinds and the elements they are found in.
//!
//! Invariant: a number never changes its meaning, since it counts every official parameter of R4, served or not.

mod known;

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Param;

pub use known::{Known, Official, Params};

use crate::generated::search::{COMPARTMENT, PARAMS};

/// What kind of search a parameter takes: <https://hl7.org/fhir/R4/search.html#ptypes>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Values of other parameters that go together.
    Composite,
    /// A point or span of time.
    Date,
    /// A number.
    Number,
    /// A measured amount.
    Quantity,
    /// Another record.
    Reference,
    /// What only its own definition says.
    Special,
    /// Text, from its beginning.
    String,
    /// A code or an identifier.
    Token,
    /// An address, or another URI.
    Uri,
}

impl ParamKind {
    /// Its name as FHIR writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Composite => "composite",
            Self::Date => "date",
            Self::Number => "number",
            Self::Quantity => "quantity",
            Self::Reference => "reference",
            Self::Special => "special",
            Self::String => "string",
            Self::Token => "token",
            Self::Uri => "uri",
        }
    }
}

/// What is taken from a value that a way leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extract {
    Code,
    Concept,
    Identifier,
    Coding,
    Text,
    HumanName,
    Date,
    Period,
    Timing,
    Reference,
    PatientReference,
}

/// The JSON names that lead to values, and what is taken from each.
pub(crate) type Way = (&'static [&'static str], Extract);

/// One parameter of one type.
#[derive(Debug)]
pub(crate) struct SearchParam {
    pub(crate) code: &'static str,
    /// Its place among all official parameters of the type.
    index: u8,
    /// Where its entries are kept: its own place, or that of another that keeps the same elements.
    kept: u8,
    pub(crate) kind: ParamKind,
    /// Where its values stand; none when another parameter keeps them.
    pub(crate) ways: &'static [Way],
}

/// A parameter with entries of its own.
pub(crate) const fn p(code: &'static str, index: u8, kind: ParamKind, ways: &'static [Way]) -> SearchParam {
    SearchParam { code, index, kept: index, kind, ways }
}

/// `patient` where the same elements are kept under `subject` already.
pub(crate) const fn patient_under(index: u8, subject: u8) -> SearchParam {
    SearchParam { code: "patient", index, kept: subject, kind: ParamKind::Reference, ways: &[] }
}

impl SearchParam {
    /// The number its entries have in the index.
    pub(crate) fn number(&self, kind: ResourceType) -> Param {
        numbered(kind, self.kept)
    }

    /// Whether it takes references to patients and to nobody else.
    pub(crate) fn patients_only(&self) -> bool {
        self.kept != self.index || self.ways.iter().any(|(_, extract)| *extract == Extract::PatientReference)
    }
}

/// The parameters of a type that are served, in the order of their codes.
pub(crate) fn params(kind: ResourceType) -> &'static [SearchParam] {
    PARAMS.get(usize::from(kind.number()) - 1).copied().unwrap_or_default()
}

/// The parameter of a type that has this code.
pub(crate) fn param(kind: ResourceType, code: &str) -> Option<&'static SearchParam> {
    let all = params(kind);
    all.binary_search_by(|param| param.code.cmp(code)).ok().and_then(|at| all.get(at))
}

/// Where the patients stand in whose compartment a record of this type is.
pub(crate) fn compartment_ways(kind: ResourceType) -> &'static [Way] {
    COMPARTMENT.get(usize::from(kind.number()) - 1).copied().unwrap_or_default()
}

/// The parameter that every record of a type has one entry under.
pub(crate) fn of_this_type(kind: ResourceType) -> Param {
    Param::of_type(kind.number())
}

/// Where a token parameter keeps its identifiers with the type of each: the value as code, `system|code` of the type as
/// system.
pub(crate) const fn of_type(param: Param) -> Param {
    Param(param.0 | 1 << 24)
}

fn numbered(kind: ResourceType, index: u8) -> Param {
    Param(u32::from(kind.number()) * 256 + u32::from(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_found() {
        for kind in ResourceType::all() {
            assert!(params(kind).is_sorted_by(|a, b| a.code < b.code), "{kind}");
            for one in params(kind) {
                assert_eq!(param(kind, one.code).map(|p| p.code), Some(one.code), "{kind}");
            }
        }
    }

    #[test]
    fn numbers_stay() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // type                 code          number
            ("Observation",       "date",      96 * 256 + 20),
            ("Observation",       "patient",   96 * 256 + 33),
            ("Observation",       "subject",   96 * 256 + 33),
            ("Patient",           "birthdate", 103 * 256 + 7),
            ("Patient",           "_tag",      103 * 256 + 254),
            ("AllergyIntolerance","patient",   4 * 256 + 10),
        ];
        for (kind, code, number) in cases {
            let kind = ResourceType::parse(kind).unwrap();
            assert_eq!(param(kind, code).map(|p| p.number(kind)), Some(Param(number)), "{kind} {code}");
        }
    }
}
