//! Texts that held, by record: those of one record that ended together stand in one row, since an address or a name
//! is many of them.
//!
//! Invariant: such a row is written once and whole, for a record changes once at a moment.

use std::collections::BTreeMap;
use std::io::Write as _;

use anamnesis_json::write_string;
use anamnesis_kernel::search::{Entry, Key};
use anamnesis_kernel::{Instant, Partition};
use anamnesis_store::IndexRow;
use rusqlite::{Connection, params};

use super::super::super::log::clamp;
use crate::statements as sql;

/// A partition, a record, and the moment when something of it ended.
type Change = (Partition, u64, Instant);

/// The texts of a change that ended, each with the moment it began.
#[derive(Default)]
pub(super) struct Ended<'a>(BTreeMap<Change, Vec<(&'a IndexRow, Instant)>>);

impl<'a> Ended<'a> {
    /// Takes a row that ended, if it is of a text; rows come in the order of their keys.
    pub(super) fn take(&mut self, row: &'a IndexRow, began: Instant, ended: Instant) {
        if let Key::Text { .. } = &row.entry.key {
            let by = (row.place.partition, row.place.record, ended);
            self.0.entry(by).or_default().push((row, began));
        }
    }

    /// Writes all that was taken.
    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut add = connection.prepare_cached(sql::TEXT_PAST_OF)?;
        let mut packed = Vec::new();
        for ((partition, record, ended), rows) in self.0 {
            packed.clear();
            rows.into_iter().for_each(|(row, began)| append(row, began, &mut packed));
            packed.push(b']');
            let text = std::str::from_utf8(&packed)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            add.execute(params![partition, clamp(record), ended.micros(), text])?;
        }
        Ok(())
    }
}

/// Adds one to an array that is still open: what the view `text_then_of` takes apart again.
fn append(row: &IndexRow, began: Instant, out: &mut Vec<u8>) {
    let Entry { param, key: Key::Text { text, exact }, group } = &row.entry else { return };
    out.extend_from_slice(if out.is_empty() { b"[[" } else { b",[" });
    // Writing into memory does not fail.
    let _ = write!(out, "{},", param.0);
    write_string(text, out);
    let _ = write!(out, ",{group},");
    write_string(exact, out);
    let _ = write!(out, ",{}]", began.micros());
}
