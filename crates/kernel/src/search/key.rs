//! What a record is found by: the rows of the index, before a store has laid them out.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use compact_str::CompactString;

/// A search parameter of one resource type, by number; the `fhir` room gives the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Param(pub u32);

impl Param {
    /// Under which an event is found by each patient whom it is about, as a reference of the record that it changed.
    ///
    /// Such a row stands for the event: it never closes, has the event's place in the log where others have the main
    /// clinical date, and is asked for alone.
    pub const HAPPENED: Self = Self(3);

    /// Under which a definition is found by what others refer to it as: keys of references without a type.
    pub const CANONICAL: Self = Self(4);

    /// Under which every record of a type is found, with an empty code: "all of this type".
    pub const fn of_type(kind: u16) -> Self {
        Self(kind as u32 * 256 + 255)
    }
}

/// What one record is found by, under one parameter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The parameter.
    pub param: Param,
    /// The value found there.
    pub key: Key,
    /// Which of a record's repeated elements it is part of, from 1: entries of one group stand together in one
    /// element, as a composite parameter asks. 0 where nobody asks.
    pub group: u16,
}

/// A value of the index, by parameter kind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A code or an identifier, with the system it is from; an empty system is none.
    Token {
        /// The code or value.
        code: CompactString,
        /// Its system, or empty.
        system: CompactString,
    },
    /// Text, or a URI.
    Text {
        /// Folded for search, case and accents gone; of a URI, as it is.
        text: CompactString,
        /// As it was written; empty where that is the same.
        exact: CompactString,
    },
    /// A span of time in microseconds, first and last included; it does not end before it begins.
    Date {
        /// Its first microsecond.
        low: i64,
        /// Its last microsecond.
        high: i64,
    },
    /// A number or a measured amount; a span where it is a range or has a comparator, the least first.
    Quantity {
        /// The least it can be.
        low: Real,
        /// The most it can be.
        high: Real,
        /// The code or name of its unit; empty for a number, and where it has none.
        unit: CompactString,
        /// The system of the unit's code, or empty.
        system: CompactString,
    },
    /// Another record, or with no type the text of a reference that is none.
    Reference {
        /// The number of the type, 0 for none.
        kind: u16,
        /// The id, or the text.
        id: CompactString,
    },
    /// What it says, for the full-text index; under [`Param::of_type`], and at most one of a record.
    Words {
        /// Its narrative.
        narrative: Arc<str>,
        /// All its other texts.
        rest: Arc<str>,
    },
}

/// Where keys are kept: one for each kind of [`Key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    /// With the tokens.
    Token,
    /// With the texts.
    Text,
    /// With the dates.
    Date,
    /// With the quantities.
    Quantity,
    /// With the references.
    Reference,
    /// In the full-text index.
    Words,
}

impl Key {
    /// Where it is kept.
    pub const fn kept(&self) -> Kept {
        match self {
            Self::Token { .. } => Kept::Token,
            Self::Text { .. } => Kept::Text,
            Self::Date { .. } => Kept::Date,
            Self::Quantity { .. } => Kept::Quantity,
            Self::Reference { .. } => Kept::Reference,
            Self::Words { .. } => Kept::Words,
        }
    }
}

/// A number of the index: what a decimal is near enough to be compared, never what it is served as.
///
/// Two decimals that differ beyond the sixteenth digit may be one.
#[derive(Clone, Copy, Debug)]
pub struct Real(f64);

impl Real {
    /// Below every number.
    pub const LEAST: Self = Self(f64::NEG_INFINITY);
    /// Above every number.
    pub const GREATEST: Self = Self(f64::INFINITY);

    /// The number; none where it is not one. Zero has no sign.
    pub fn new(number: f64) -> Option<Self> {
        (!number.is_nan()).then_some(Self(number + 0.0))
    }

    /// As a machine's number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl Ord for Real {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Real {}

impl Hash for Real {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_are_ordered_and_have_one_zero() {
        let real = |number| Real::new(number).unwrap();
        assert_eq!(real(-0.0), real(0.0));
        assert!(Real::LEAST < real(-1.5) && real(-1.5) < real(0.0) && real(7.0) < Real::GREATEST);
        assert!(Real::new(f64::NAN).is_none());
    }
}
