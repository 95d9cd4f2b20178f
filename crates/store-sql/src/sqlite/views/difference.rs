//! The first row in which two generations are not alike.
//!
//! Invariant: what is told of a row says where it stands, and nothing of what it holds.

use std::cmp::Ordering;

use anamnesis_kernel::search::Param;
use anamnesis_store::RecordNumber;
use rusqlite::{Connection, Row};

use super::rows::{ROWS, order};

/// Where one generation is not like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// What is wrong there.
    pub kind: DifferenceKind,
    /// The search parameter of the row, in the index.
    pub param: Option<Param>,
    /// The record of the row, where rows are of records.
    pub record: Option<RecordNumber>,
}

/// How a generation is not like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// A row is not there.
    Missing,
    /// A row is there that should not be.
    Surplus,
    /// A row of this record holds something else.
    Other,
}

impl DifferenceKind {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Surplus => "surplus",
            Self::Other => "other",
        }
    }
}

/// Compares all rows with those of what they should be; `tell` hears of each table before it is read.
pub(super) fn difference(
    served: &Connection,
    fresh: &Connection,
    mut tell: impl FnMut(usize, usize),
) -> rusqlite::Result<Option<Difference>> {
    for (n, (table, sql)) in ROWS.into_iter().enumerate() {
        tell(n, ROWS.len());
        let (mut served, mut fresh) = (served.prepare(sql)?, fresh.prepare(sql)?);
        let (mut served, mut fresh) = (served.query([])?, fresh.query([])?);
        loop {
            let (one, other) = (served.next()?, fresh.next()?);
            let of = |row: &Row<'_>, kind| {
                let (param, record) = place(row);
                Some(Difference { table, kind, param, record })
            };
            match (one, other) {
                (None, None) => break,
                (Some(one), None) => return Ok(of(one, DifferenceKind::Surplus)),
                (None, Some(other)) => return Ok(of(other, DifferenceKind::Missing)),
                (Some(one), Some(other)) => match compare(one, other)? {
                    Ordering::Equal => {}
                    _ if place(one) == place(other) => return Ok(of(one, DifferenceKind::Other)),
                    Ordering::Less => return Ok(of(one, DifferenceKind::Surplus)),
                    Ordering::Greater => return Ok(of(other, DifferenceKind::Missing)),
                },
            }
        }
    }
    Ok(None)
}

fn compare(one: &Row<'_>, other: &Row<'_>) -> rusqlite::Result<Ordering> {
    for column in 0..one.as_ref().column_count() {
        let found = order(one.get_ref(column)?, other.get_ref(column)?);
        if found.is_ne() {
            return Ok(found);
        }
    }
    Ok(Ordering::Equal)
}

/// Whose row it is, as far as its columns say.
fn place(row: &Row<'_>) -> (Option<Param>, Option<RecordNumber>) {
    let param = row.get("param").ok().map(Param);
    let record = match (row.get("partition"), row.get::<_, i64>("record").map(u64::try_from)) {
        (Ok(partition), Ok(Ok(record))) => Some(RecordNumber { partition, record }),
        _ => None,
    };
    (param, record)
}
