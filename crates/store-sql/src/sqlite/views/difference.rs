//! The first row in which two generations are not alike.
//!
//! Invariant: what is told of a row says where it stands, and nothing of what it holds.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

use anamnesis_kernel::search::Param;
use anamnesis_store::RecordNumber;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::groups::{Groups, NO_RECORD, Sum, sum_of};
use super::rows::{Grouped, ROWS, Rows, order};

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
    for (n, (table, rows)) in ROWS.into_iter().enumerate() {
        tell(n, ROWS.len());
        let found = match rows {
            Rows::InOrder(sql) => in_order(served, fresh, table, sql)?,
            Rows::InGroups(grouped) => in_groups(served, fresh, table, &grouped)?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn in_order(
    served: &Connection,
    fresh: &Connection,
    table: &'static str,
    sql: &str,
) -> rusqlite::Result<Option<Difference>> {
    let (mut served, mut fresh) = (served.prepare(sql)?, fresh.prepare(sql)?);
    let (mut served, mut fresh) = (served.query([])?, fresh.query([])?);
    loop {
        let (one, other) = (served.next()?, fresh.next()?);
        let of = |row: &Row<'_>, kind| {
            let (param, record) = place(row);
            Ok(Some(Difference { table, kind, param, record }))
        };
        match (one, other) {
            (None, None) => return Ok(None),
            (Some(one), None) => return of(one, DifferenceKind::Surplus),
            (None, Some(other)) => return of(other, DifferenceKind::Missing),
            (Some(one), Some(other)) => match compare(one, other)? {
                Ordering::Equal => {}
                _ if place(one) == place(other) => return of(one, DifferenceKind::Other),
                Ordering::Less => return of(one, DifferenceKind::Surplus),
                Ordering::Greater => return of(other, DifferenceKind::Missing),
            },
        }
    }
}

fn in_groups(
    served: &Connection,
    fresh: &Connection,
    table: &'static str,
    rows: &Grouped,
) -> rusqlite::Result<Option<Difference>> {
    let sql = rows.all();
    let (mut one, mut other) = (served.prepare(&sql)?, fresh.prepare(&sql)?);
    let mut one = Groups::new(one.query([])?, rows.width());
    let mut other = Groups::new(other.query([])?, rows.width());
    loop {
        let first = match (one.next()?, other.next()?) {
            (None, None) => return Ok(None),
            (Some(one), Some(other)) => match compare_keys(&one.key, &other.key) {
                Ordering::Equal if one.sum == other.sum => continue,
                Ordering::Greater => other,
                _ => one,
            },
            (Some(group), None) | (None, Some(group)) => group,
        };
        return in_group(served, fresh, table, rows, &first.key).map(Some);
    }
}

/// The first record of which two groups of one key do not have the same rows.
fn in_group(
    served: &Connection,
    fresh: &Connection,
    table: &'static str,
    rows: &Grouped,
    key: &[Value],
) -> rusqlite::Result<Difference> {
    let sums = |records: RangeInclusive<i64>| -> rusqlite::Result<(Sum, Sum)> {
        Ok((sum_of(served, rows, key, records.clone())?, sum_of(fresh, rows, key, records)?))
    };
    // Halved until one is left: each time the group is read again, and nothing of it is kept.
    let (mut low, mut high) = (NO_RECORD, i64::MAX + NO_RECORD);
    while low < high {
        let middle = low + (high - low) / 2;
        let (one, other) = sums(NO_RECORD..=middle)?;
        if one == other {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let (one, other) = sums(low..=low)?;
    let kind = match one.rows.cmp(&other.rows) {
        Ordering::Less => DifferenceKind::Missing,
        Ordering::Equal => DifferenceKind::Other,
        Ordering::Greater => DifferenceKind::Surplus,
    };
    let (mut found, mut param) = (None, None);
    for connection in [served, fresh] {
        let mut statement = connection.prepare_cached(&rows.one())?;
        let mut all = statement.query(params_from_iter(key))?;
        while let Some(row) = all.next()? {
            let (of, record) = place(row);
            if record.is_some_and(|record| i64::try_from(record.record) == Ok(low)) {
                (found, param) = (record, of);
            }
        }
    }
    Ok(Difference { table, kind, param, record: found })
}

fn compare_keys(one: &[Value], other: &[Value]) -> Ordering {
    let values = one.iter().zip(other).map(|(one, other)| order(one.into(), other.into()));
    values.into_iter().find(|found| found.is_ne()).unwrap_or(Ordering::Equal)
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
