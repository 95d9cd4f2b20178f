//! The search as data: what a record is found by, and what is asked; the store turns it into statements.

use compact_str::CompactString;

use crate::{Partition, ResourceId, ResourceType};

/// A search parameter of one resource type, by number; the `fhir` room gives the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Param(pub u32);

impl Param {
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
    /// Text folded for search: case and accents gone.
    Text(CompactString),
    /// A span of time in microseconds, first and last included.
    Date {
        /// Its first microsecond.
        low: i64,
        /// Its last microsecond.
        high: i64,
    },
    /// Another record, or with no type the text of a reference that is none.
    Reference {
        /// The number of the type, 0 for none.
        kind: u16,
        /// The id, or the text.
        id: CompactString,
    },
}

/// Records of one type for which every criterion holds, newest main date first.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    /// The type that is asked for; all when the criteria say enough, as a compartment does.
    pub kind: Option<ResourceType>,
    /// All of these hold.
    pub all: Vec<Criterion>,
    /// Where the page before ended.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: u32,
}

/// Holds when one of its tests does: FHIR's comma.
#[derive(Clone, PartialEq, Eq)]
pub struct Criterion {
    /// One of these holds.
    pub any: Vec<Test>,
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
    /// One of its texts is, or begins with, this.
    Text {
        /// The parameter.
        param: Param,
        /// The folded text.
        text: CompactString,
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
    /// It refers to this.
    Reference {
        /// The parameter.
        param: Param,
        /// The number of the target's type; `None` takes any type.
        kind: Option<u16>,
        /// The target's id.
        id: CompactString,
    },
}

/// Where a record stands in the order of every search: main date, newest first, then its internal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The main clinical date, turned so that the newest is the least: see [`newest_first`].
    pub date: i64,
    /// The offset of the record's first event.
    pub record: u64,
    /// The partition of that event.
    pub partition: Partition,
}

/// Turns a date in microseconds into the number searches are ordered by; no date comes last.
pub fn newest_first(micros: Option<i64>) -> i64 {
    micros.map_or(i64::MAX, i64::saturating_neg)
}
