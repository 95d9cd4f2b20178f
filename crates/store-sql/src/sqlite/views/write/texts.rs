//! Texts that held, for whoever has the record: those of one that ended together stand in one row, since an address or
//! a name is many of them.
//!
//! Invariant: such a row is written once and whole, for a record changes once at a moment; and but for records that were
//! held, rows come as time goes, behind those that are there.

use std::collections::BTreeMap;
use std::io::Write as _;

use anamnesis_json::write_string;
use anamnesis_kernel::search::{Entry, Key};
use anamnesis_kernel::{Instant, Partition};
use anamnesis_store::IndexRow;
use rusqlite::{Connection, params};

use super::super::super::log::clamp;
use crate::statements as sql;

/// A partition, the moment when something ended, and the record that it is of: the order of the rows.
type Change = (Partition, Instant, u64);

/// The texts of a change that ended, each with the moment it began.
#[derive(Default)]
pub(super) struct Ended<'a>(BTreeMap<Change, Vec<(&'a IndexRow, Instant)>>);

impl<'a> Ended<'a> {
    /// Takes a row that ended, if it is of a text; rows come in the order of their keys.
    pub(super) fn take(&mut self, row: &'a IndexRow, began: Instant, ended: Instant) {
        if let Key::Text { .. } = &row.entry.key {
            let by = (row.place.partition, ended, row.place.record);
            self.0.entry(by).or_default().push((row, began));
        }
    }

    /// Writes all that was taken.
    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut add = connection.prepare_cached(sql::TEXT_PAST_OF)?;
        let mut packed = Vec::new();
        for ((partition, ended, record), rows) in self.0 {
            // An address begins and ends as a whole, as a rule.
            let last = rows.iter().map(|(_, began)| *began).max().unwrap_or(ended);
            packed.clear();
            for (row, began) in rows {
                append(row, Some(began).filter(|began| *began != last), &mut packed);
            }
            packed.push(b']');
            let text = std::str::from_utf8(&packed)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            add.execute(params![partition, ended.micros(), clamp(record), last.micros(), text])?;
        }
        Ok(())
    }
}

/// Adds one to an array that is still open: what the view `text_then_of` takes apart again.
fn append(row: &IndexRow, earlier: Option<Instant>, out: &mut Vec<u8>) {
    let Entry { param, key: Key::Text { text, exact }, group } = &row.entry else { return };
    out.extend_from_slice(if out.is_empty() { b"[[" } else { b",[" });
    // Writing into memory does not fail.
    let _ = write!(out, "{},", param.0);
    write_string(text, out);
    let _ = write!(out, ",{group},");
    write_string(exact, out);
    if let Some(began) = earlier {
        let _ = write!(out, ",{}", began.micros());
    }
    out.push(b']');
}
