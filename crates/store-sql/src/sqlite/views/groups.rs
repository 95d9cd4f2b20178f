//! Rows in groups, each summed up: two groups are alike when their sums are, whatever order their rows came in.
//!
//! Invariant: one group takes as much room as another, however many rows it has.

use anamnesis_seal::sha256;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, Rows, params_from_iter};

use super::rows::Grouped;

/// The sum of the hashes of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    halves: [u128; 2],
    /// How many rows it is of.
    pub(super) rows: u64,
}

impl Sum {
    fn add(&mut self, row: &Row<'_>, columns: usize, text: &mut Vec<u8>) -> rusqlite::Result<()> {
        text.clear();
        for column in 0..columns {
            append(row.get_ref(column)?, text);
        }
        let hash = sha256(text);
        for (half, bytes) in self.halves.iter_mut().zip(hash.as_chunks::<16>().0) {
            *half = half.wrapping_add(u128::from_be_bytes(*bytes));
        }
        self.rows += 1;
        Ok(())
    }

    /// As bytes, for a hash over many.
    pub(super) fn append(&self, out: &mut Vec<u8>) {
        out.extend(self.halves.iter().flat_map(|half| half.to_be_bytes()));
        out.extend(self.rows.to_be_bytes());
    }
}

/// One group.
pub(super) struct Group {
    /// The columns that its rows have in common.
    pub(super) key: Vec<Value>,
    pub(super) sum: Sum,
}

/// The groups of a table, one after the other.
pub(super) struct Groups<'s> {
    rows: Rows<'s>,
    columns: usize,
    width: usize,
    /// The group of the row that was read last, which is its first.
    begun: Option<Group>,
    text: Vec<u8>,
}

impl<'s> Groups<'s> {
    /// Of rows that come group after group.
    pub(super) fn new(rows: Rows<'s>, width: usize) -> Self {
        let columns = rows.as_ref().map_or(0, rusqlite::Statement::column_count);
        Self { rows, columns, width, begun: None, text: Vec::new() }
    }

    /// The next group; none at the end.
    pub(super) fn next(&mut self) -> rusqlite::Result<Option<Group>> {
        let mut group = self.begun.take();
        while let Some(row) = self.rows.next()? {
            let is_of = |group: &Group| -> rusqlite::Result<bool> {
                for (column, value) in group.key.iter().enumerate() {
                    if row.get_ref(column)? != ValueRef::from(value) {
                        return Ok(false);
                    }
                }
                Ok(true)
            };
            match &mut group {
                Some(group) if is_of(group)? => group.sum.add(row, self.columns, &mut self.text)?,
                _ => {
                    let key =
                        (0..self.width).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
                    let mut sum = Sum::default();
                    sum.add(row, self.columns, &mut self.text)?;
                    let next = Group { key, sum };
                    if let Some(ended) = group.replace(next) {
                        self.begun = group;
                        return Ok(Some(ended));
                    }
                }
            }
        }
        Ok(group)
    }
}

/// What belongs to no record stands before all that does.
pub(super) const NO_RECORD: i64 = -1;

/// The sum of those rows of a group whose record lies within.
pub(super) fn sum_of(
    connection: &Connection,
    table: &Grouped,
    key: &[Value],
    records: std::ops::RangeInclusive<i64>,
) -> rusqlite::Result<Sum> {
    let mut statement = connection.prepare_cached(&table.one())?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(key))?;
    let (mut sum, mut text) = (Sum::default(), Vec::new());
    while let Some(row) = rows.next()? {
        let record = row.get::<_, Option<i64>>("record")?.unwrap_or(NO_RECORD);
        if records.contains(&record) {
            sum.add(row, columns, &mut text)?;
        }
    }
    Ok(sum)
}

/// A value as bytes that no other has.
pub(super) fn append(value: ValueRef<'_>, out: &mut Vec<u8>) {
    let (mark, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => (1, &number.to_be_bytes()),
        ValueRef::Real(number) => (2, &number.to_be_bytes()),
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    out.push(mark);
    out.extend((bytes.len() as u64).to_be_bytes());
    out.extend(bytes);
}
