//! What is asked: which records, as of when, in which order, from where, how many.

use compact_str::CompactString;

use super::{Filter, Kept, Param, Real};
use crate::{Instant, Partition, ResourceType};

/// Records of one type for which every filter holds, newest main date first unless `order` says otherwise.
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    /// The type that is asked for; all when the filters say enough, as a compartment does.
    pub kind: Option<ResourceType>,
    /// All of these hold.
    pub all: Vec<Filter>,
    /// As of when; none asks about now.
    pub at: Option<Instant>,
    /// By what the records are ordered; where that is the same, as for none: newest main date first.
    pub order: Vec<Order>,
    /// Where the page before ended.
    pub after: Option<After>,
    /// At most so many.
    pub limit: u32,
}

impl Query {
    /// The first `limit` records for which all of these hold, as of now.
    pub const fn new(kind: Option<ResourceType>, all: Vec<Filter>, limit: u32) -> Self {
        Self { kind, all, at: None, order: Vec::new(), after: None, limit }
    }
}

/// One thing that records are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub by: By,
    /// Whether the greatest comes first; records without a value come last in both directions.
    pub descending: bool,
}

/// What records can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The main clinical date, by its beginning.
    MainDate,
    /// The moment their version began.
    Updated,
    /// Their id.
    Id,
    /// A parameter: the least of a record's values, the greatest where it descends; of a span, its beginning.
    Param {
        /// The parameter.
        param: Param,
        /// Where its values are kept.
        kept: Kept,
    },
}

/// Where a page ended: what its last record was ordered by, and its place.
#[derive(Clone, PartialEq, Eq)]
pub struct After {
    /// One for each [`Order`] of the query.
    pub keys: Vec<SortKey>,
    /// Where it stands otherwise.
    pub place: Place,
}

/// What records are ordered by can name people: only the place shows.
impl std::fmt::Debug for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "After({:?})", self.place)
    }
}

impl From<Place> for After {
    fn from(place: Place) -> Self {
        Self { keys: Vec::new(), place }
    }
}

/// A value that a record was ordered by.
#[derive(Clone, PartialEq, Eq)]
pub enum SortKey {
    /// It has none, and comes last.
    None,
    /// A moment or a date in microseconds.
    Integer(i64),
    /// A number or an amount.
    Real(Real),
    /// A text, a code, an id.
    Text(CompactString),
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
