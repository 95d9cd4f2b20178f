//! Writing what records say: new words go to the full-text index, and a version that ends moves to the past.
//!
//! Invariant: words are numbered in commit order, whatever the batches, and nothing in the index is ever changed.

use anamnesis_kernel::search::Key;
use anamnesis_store::{IndexRow, IndexWrite, RecordNumber};
use rusqlite::types::ToSqlOutput;
use rusqlite::{OptionalExtension, params, params_from_iter};

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
                    self.words_row(row, Act::Open, [last, began.micros()])?;
                }
                IndexWrite::Past(row, began, ended) => {
                    last += 1;
                    self.add_words(last, row)?;
                    self.words_row(row, Act::Past, [last, began.micros(), ended.micros()])?;
                }
                IndexWrite::Close(row, ended) | IndexWrite::End(row, _, ended) => {
                    self.end_words(row, ended.micros())?;
                }
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
        let mut columns = Vec::new();
        self.columns(row, &mut columns);
        let mut statement = self.connection.prepare_cached(began)?;
        let found: Option<(i64, i64)> = statement
            .query_row(params_from_iter(&columns), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, began)) = found else { return Ok(()) };
        self.connection.prepare_cached(close)?.execute(params_from_iter(&columns))?;
        self.words_row(row, Act::Past, [number, began, ended])
    }

    fn words_row<const N: usize>(&self, row: &IndexRow, act: Act, rest: [i64; N]) -> rusqlite::Result<()> {
        let mut columns = Vec::new();
        self.columns(row, &mut columns);
        columns.extend(rest.map(ToSqlOutput::from));
        self.connection.prepare_cached(pick(&row.entry.key, act))?.execute(params_from_iter(&columns))?;
        Ok(())
    }
}
