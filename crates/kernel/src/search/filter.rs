//! What must hold of a record for a search to find it.

use compact_str::CompactString;

use super::{Entry, Kept, Key, Param, Real};
use crate::{Instant, ResourceId, ResourceType};

/// What must hold of a record: tests, and what `and`, `or` and `not` make of them.
#[derive(Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of these hold; holds when there are none.
    All(Vec<Filter>),
    /// One of these holds: FHIR's comma; never holds when there are none.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// This test holds.
    Test(Test),
}

impl Filter {
    /// One of these tests holds.
    pub fn any_of(tests: impl IntoIterator<Item = Test>) -> Self {
        Self::Any(tests.into_iter().map(Self::Test).collect())
    }

    /// The test it comes to, where it is one alone.
    pub fn sole_test(&self) -> Option<&Test> {
        match self {
            Self::Test(test) => Some(test),
            Self::All(filters) | Self::Any(filters) => match filters.as_slice() {
                [one] => one.sole_test(),
                _ => None,
            },
            Self::Not(_) => None,
        }
    }
}

impl From<Test> for Filter {
    fn from(test: Test) -> Self {
        Self::Test(test)
    }
}

/// One test of a record.
#[derive(Clone, PartialEq, Eq)]
pub enum Test {
    /// It has this id.
    Id(ResourceId),
    /// It is of this type, whatever else.
    Kind(Param),
    /// It has this code.
    Token {
        /// The parameter.
        param: Param,
        /// The system that must match: `None` takes any, empty takes only codes without one.
        system: Option<CompactString>,
        /// The code; `None` takes any of the system.
        code: Option<CompactString>,
    },
    /// One of its texts is so.
    Text {
        /// The parameter.
        param: Param,
        /// The text that is looked for: folded, but for [`Find::Exact`].
        text: CompactString,
        /// How.
        find: Find,
    },
    /// One of its spans of time lies so; bounds are inclusive, in microseconds.
    Date {
        /// The parameter.
        param: Param,
        /// Where the span's first microsecond lies.
        low: (i64, i64),
        /// Where the span's last microsecond lies.
        high: (i64, i64),
    },
    /// One of its numbers or amounts lies so; bounds are inclusive.
    Quantity {
        /// The parameter.
        param: Param,
        /// Where the least it can be lies.
        low: (Real, Real),
        /// Where the most it can be lies.
        high: (Real, Real),
        /// The unit; `None` takes any.
        unit: Option<CompactString>,
        /// The system of the unit; `None` takes any.
        system: Option<CompactString>,
    },
    /// It refers to this.
    Reference {
        /// The parameter.
        param: Param,
        /// The number of the target's type; `None` takes any type.
        kind: Option<u16>,
        /// The target's id.
        id: CompactString,
    },
    /// It refers to a record of this type, whichever it is.
    Refers {
        /// The parameter.
        param: Param,
        /// The type of the target.
        kind: ResourceType,
    },
    /// It has a value under this parameter, whatever it is.
    Present {
        /// The parameter.
        param: Param,
        /// Where its values are kept.
        kept: Kept,
    },
    /// Its version began then: the bounds are inclusive.
    Updated(Instant, Instant),
    /// In one group, or of what is in none, each of these has a test that holds: a composite.
    Together(Vec<Vec<Test>>),
    /// It refers to a record of this type for which the filter holds: a chain.
    Chain {
        /// The parameter that refers.
        param: Param,
        /// By what it refers.
        by: Link,
        /// The type of the record referred to.
        kind: ResourceType,
        /// What must hold of that.
        filter: Box<Filter>,
    },
    /// A record of this type, for which the filter holds, refers to it: a reverse chain.
    Has {
        /// The type of the record that refers.
        kind: ResourceType,
        /// The parameter of that type that refers.
        param: Param,
        /// By what it refers.
        by: Link,
        /// What must hold of the record that refers.
        filter: Box<Filter>,
    },
    /// Its text has these words, in the full-text index.
    Words {
        /// Quoted words, `*` behind those that are beginnings, `AND`, `OR`, `NOT` and parentheses, and nothing else.
        expression: CompactString,
        /// Whether only the narrative counts, or all of its content.
        narrative: bool,
    },
}

impl Test {
    /// Whether this entry alone is one that the test looks for; never where it asks for more than one value.
    pub fn is_met_by(&self, entry: &Entry) -> bool {
        match (self, &entry.key) {
            (Self::Present { param, kept }, key) => *param == entry.param && *kept == key.kept(),
            (Self::Token { param, system, code }, Key::Token { code: own, system: of }) => {
                *param == entry.param
                    && system.as_ref().is_none_or(|system| system == of)
                    && code.as_ref().is_none_or(|code| code == own)
            }
            (Self::Text { param, text, find }, Key::Text { text: own, exact }) => {
                *param == entry.param
                    && match find {
                        Find::Begins => own.starts_with(text.as_str()),
                        Find::Contains => own.contains(text.as_str()),
                        Find::Whole => own == text,
                        Find::Exact => text == if exact.is_empty() { own } else { exact },
                    }
            }
            (Self::Date { param, low, high }, Key::Date { low: first, high: last }) => {
                *param == entry.param && (low.0..=low.1).contains(first) && (high.0..=high.1).contains(last)
            }
            (
                Self::Quantity { param, low, high, unit, system },
                Key::Quantity { low: least, high: most, unit: own, system: of },
            ) => {
                *param == entry.param
                    && (low.0..=low.1).contains(least)
                    && (high.0..=high.1).contains(most)
                    && unit.as_ref().is_none_or(|unit| unit == own)
                    && system.as_ref().is_none_or(|system| system == of)
            }
            (Self::Refers { param, kind }, Key::Reference { kind: of, .. }) => {
                *param == entry.param && kind.number() == *of
            }
            (Self::Reference { param, kind, id }, Key::Reference { kind: of, id: own }) => {
                *param == entry.param && kind.is_none_or(|kind| kind == *of) && id == own
            }
            _ => false,
        }
    }
}

/// By what one record refers to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// By its type and id.
    Name,
    /// By its canonical URL: by a text that is one of its own entries under [`Param::CANONICAL`].
    Url,
}

/// How a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// It begins so.
    Begins,
    /// It has this somewhere within.
    Contains,
    /// It is this, as it was written.
    Exact,
    /// It is this, folded; of a URI, as it is.
    Whole,
}
