//! Writing what records say: new words go to the full-text index, and a version that ends moves to the past.
//!
//! Invariant: words are numbered in commit order, whatever the batches, and nothing in the index is ever changed.

use anamnesis_kernel::search::Key;
use anamnesis_store::{IndexRow, IndexWrite, RecordNumber};
use rusqlite::{OptionalExtension, params};

use super::{Act, Writer, pick};
use crate::statements as sql;

impl Writer {
    /// Writes words in commit order: a record has only one set of them at a time, so what is there is what closes.
    pub(super) fn write_words(&self, writes: Vec<&IndexWrite>) -> rusqlite::Result<()> {
        if writes.is_empty() {
            return Ok(());
        }
        let mut last: i64 =
            self.connection.prepare_cached(sql::WORDS_LAST)?.query_row([], |row| row.get(0))?;
        for write in writes {
            let place = write.row().place;
            self.at.set(Some(RecordNumber { partition: place.partition, record: place.record }));
            match write {
                IndexWrite::Open(row, began) => {
                    last += 1;
                    self.add_words(last, row)?;
                    self.row(row, Act::Open, &[&last, &began.micros()])?;
                }
                IndexWrite::Past(row, began, ended) => {
                    last += 1;
                    self.add_words(last, row)?;
                    self.row(row, Act::Past, &[&last, &began.micros(), &ended.micros()])?;
                }
                IndexWrite::Close(row, ended) => self.end_words(row, ended.micros())?,
            }
        }
        Ok(())
    }

    fn add_words(&self, number: i64, row: &IndexRow) -> rusqlite::Result<()> {
        if let Key::Words { narrative, rest } = &row.entry.key {
            self.connection.prepare_cached(sql::WORDS_ADD)?.execute(params![number, narrative, rest])?;
        }
        Ok(())
    }

    fn end_words(&self, row: &IndexRow, ended: i64) -> rusqlite::Result<()> {
        let [began, close] = [Act::Began, Act::Close].map(|act| pick(&row.entry.key, act));
        let closed: Option<(i64, i64)> = self.with_key(row, &[], |parameters| {
            let mut statement = self.connection.prepare_cached(began)?;
            let found = statement.query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            if found.is_some() {
                self.connection.prepare_cached(close)?.execute(parameters)?;
            }
            Ok(found)
        })?;
        match closed {
            Some((number, began)) => self.row(row, Act::Past, &[&number, &began, &ended]),
            None => Ok(()),
        }
    }
}
