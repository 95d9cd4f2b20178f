//! Writing a change: rows sorted by key within the batch, so that a page is touched once.

mod columns;
mod gathered;
mod inserts;
mod late;
mod order;
mod texts;
mod words;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use anamnesis_kernel::Instant;
use anamnesis_kernel::search::Key;
use anamnesis_store::{Change, IndexRow, IndexWrite, RecordNumber, RecordWrite};
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::super::connection::{Care, empty_wal};
use super::super::log::clamp;
use super::checkpoint::Checkpoints;
use super::table::Table;
use super::units::{self, Unit, Units};
use super::{history, parked, records, watermark};
use crate::statements as sql;
use gathered::Gathered;
use inserts::Inserts;
pub(super) use late::LateLimits;
use texts::Ended;

const TABLES: [&str; 25] = [
    "view_meta",
    "parked",
    "record_now",
    "record_then",
    "history",
    "interned",
    "unit",
    "place_count",
    "place_now",
    "place_then",
    "token_now",
    "token_then",
    "text_now",
    "text_then",
    "text_late",
    "text_run",
    "text_past",
    "date_now",
    "date_then",
    "quantity_now",
    "quantity_then",
    "reference_now",
    "reference_then",
    "words_now",
    "words_then",
];

pub(super) struct Writer {
    /// First, so that the writer is the last of the two to close the file.
    checkpoints: Checkpoints,
    connection: Connection,
    interned: HashMap<String, i64>,
    units: Arc<Units>,
    /// What waits to be committed, while nobody looks at these views.
    gathered: Option<Gathered>,
    late: LateLimits,
    /// The record whose rows are being written.
    at: Cell<Option<RecordNumber>>,
}

impl Writer {
    pub(super) fn new(mut connection: Connection, path: &Path, units: Arc<Units>) -> rusqlite::Result<Self> {
        let checkpoints = Checkpoints::beside(&mut connection, path)?;
        Ok(Self {
            checkpoints,
            connection,
            interned: HashMap::new(),
            units,
            gathered: None,
            late: LateLimits::default(),
            at: Cell::new(None),
        })
    }

    /// From now on nobody looks, so that changes may gather until they are worth a commit, and so many bytes of pages with
    /// them: rows come in no order that pages have, and a page that stays in memory is written once.
    pub(super) fn gather(&mut self, bytes: u64) -> rusqlite::Result<()> {
        self.connection.pragma_update(None, "cache_size", -clamp(bytes / 1024).max(1))?;
        self.gathered = Some(Gathered::default());
        Ok(())
    }

    /// Commits what gathered; from now on each change is committed by itself.
    pub(super) fn finish(&mut self) -> rusqlite::Result<()> {
        if self.gathered.is_some() {
            self.commit_gathered()?;
            self.gathered = None;
            self.connection.execute_batch(Care::Derived.pragmas())?;
            self.shrink();
        }
        Ok(())
    }

    /// Has texts wait so.
    #[cfg(test)]
    pub(super) fn limit_late(&mut self, limits: LateLimits) {
        self.late = limits;
    }

    /// What it has, committed or not.
    pub(super) fn read<R>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<R> {
        read(&self.connection)
    }

    /// Writes all of a change or nothing.
    pub(super) fn apply(&mut self, change: &Change) -> rusqlite::Result<()> {
        match self.gathered {
            Some(_) => self.apply_later(change),
            None => self.apply_now(change),
        }
    }

    fn apply_now(&mut self, change: &Change) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let units = self.units.missing(&change.index);
        let written = self
            .write(change, &units)
            .and_then(|()| self.merge_late(change))
            .and_then(|()| self.connection.execute_batch("COMMIT"));
        match &written {
            Ok(()) => {
                self.units.add(units);
                self.checkpoints.committed(&self.connection);
            }
            Err(_) => self.roll_back(),
        }
        written
    }

    /// The record whose row was written last, or could not be.
    pub(super) fn at(&self) -> Option<RecordNumber> {
        self.at.get()
    }

    /// Empties every table.
    pub(super) fn clear(&mut self) -> rusqlite::Result<()> {
        let mut batch = String::from("BEGIN IMMEDIATE;");
        for table in TABLES {
            batch.push_str("DELETE FROM ");
            batch.push_str(table);
            batch.push(';');
        }
        batch.push_str(sql::WORDS_CLEAR);
        batch.push_str("; COMMIT;");
        let cleared = self.connection.execute_batch(&batch);
        match &cleared {
            Ok(()) => self.units.clear(),
            Err(_) => self.roll_back(),
        }
        self.interned.clear();
        cleared
    }

    /// Brings everything into the file itself, synced.
    pub(super) fn close(mut self) -> rusqlite::Result<()> {
        self.commit_gathered()?;
        drop(self.checkpoints);
        self.connection.execute_batch("PRAGMA synchronous = FULL;")?;
        empty_wal(&self.connection)?;
        self.connection.close().map_err(|(_, error)| error)
    }

    /// Writes what a name stands for beside the rows.
    pub(super) fn note(&self, name: &str, value: &[u8]) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql::VIEW_META_WRITE)?.execute(params![name, value])?;
        Ok(())
    }

    /// Brings all that can be into the file itself, synced, and goes on as before.
    pub(super) fn settle(&mut self) -> rusqlite::Result<()> {
        self.finish()?;
        self.connection.execute_batch("PRAGMA synchronous = FULL;")?;
        // Where somebody reads, some of it stays in the log beside the file, which is synced all the same.
        self.connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))?;
        self.connection.execute_batch("PRAGMA synchronous = NORMAL;")
    }

    /// Gives the memory back that only makes it faster.
    pub(super) fn shrink(&self) {
        // It is as right without.
        let _ = self.connection.execute_batch("PRAGMA shrink_memory;");
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            // What it could not undo, the next `BEGIN` refuses.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.interned.clear();
    }

    fn write(&mut self, change: &Change, units: &BTreeSet<Unit>) -> rusqlite::Result<()> {
        self.at.set(None);
        units::write(&self.connection, units)?;
        // A record's versions stay in their order.
        let mut records: Vec<&RecordWrite> = change.records.iter().collect();
        records.sort_by_key(|write| write.version.number);
        let mut closed = None;
        for RecordWrite { version, replaces } in records {
            self.at.set(Some(version.number));
            if *replaces {
                records::close(&self.connection, version)?;
                closed = Some(version.number);
            }
            match version.ended {
                Some(ended) => records::add_then(&self.connection, version, ended)?,
                None if closed == Some(version.number) => records::replace_now(&self.connection, version)?,
                None => records::add_now(&self.connection, version)?,
            }
        }
        let mut versions: Vec<_> = change.records.iter().map(|write| &write.version).collect();
        versions.sort_by_key(|version| (version.name.kind.number(), version.place()));
        for version in versions {
            self.at.set(Some(version.number));
            history::add(&self.connection, version)?;
        }
        self.at.set(None);
        // What is interned is numbered in commit order, so that a rebuild numbers it alike whatever its batches.
        for write in &change.index {
            match &write.row().entry.key {
                Key::Token { system, .. } => self.intern(system)?,
                Key::Quantity { unit, system, .. } => {
                    self.intern(unit)?;
                    self.intern(system)?;
                }
                _ => {}
            }
        }
        let (words, mut sorted): (Vec<_>, Vec<_>) =
            change.index.iter().partition(|write| table(&write.row().entry.key) == Table::Words);
        self.write_words(words)?;
        order::sort(&mut sorted);
        self.write_rows(&sorted)?;
        self.at.set(None);
        self.count_places(&change.index)?;
        parked::write(&self.connection, &change.parked)?;
        self.note("watermark", &watermark::to_bytes(&change.watermark))
    }

    /// Keeps how many records there are of each type.
    fn count_places(&self, writes: &[IndexWrite]) -> rusqlite::Result<()> {
        let mut more: BTreeMap<u32, i64> = BTreeMap::new();
        for write in writes.iter().filter(|write| table(&write.row().entry.key) == Table::Place) {
            let by = match write {
                IndexWrite::Open(..) => 1,
                IndexWrite::Close(..) | IndexWrite::End(..) => -1,
                IndexWrite::Past(..) => 0,
            };
            *more.entry(write.row().entry.param.0).or_default() += by;
        }
        let mut add = self.connection.prepare_cached(sql::PLACE_COUNT_ADD)?;
        for (param, by) in more.into_iter().filter(|(_, by)| *by != 0) {
            add.execute([i64::from(param), by])?;
        }
        Ok(())
    }

    /// Writes rows that are sorted by key; what closes goes before what opens, as a row may leave and come back within a
    /// batch.
    fn write_rows(&self, sorted: &[&IndexWrite]) -> rusqlite::Result<()> {
        let mut past: Vec<(&IndexRow, Instant, Instant)> = Vec::new();
        for write in sorted {
            match write {
                IndexWrite::Close(row, ended) => {
                    past.extend(self.close_row(row, None)?.map(|began| (row, began, *ended)));
                }
                IndexWrite::End(row, began, ended) => {
                    past.extend(self.close_row(row, Some(*began))?.map(|began| (row, began, *ended)));
                }
                IndexWrite::Past(row, began, ended) => past.push((row, *began, *ended)),
                IndexWrite::Open(..) => {}
            }
        }
        let late = self.late_run(&past)?;
        let mut inserts = Inserts::new(&self.connection, &self.at);
        let mut texts = Ended::default();
        for (row, began, ended) in past {
            let run = late.filter(|_| table(&row.entry.key) == Table::Text);
            let statement = run.map_or(pick(&row.entry.key, Act::Past), |_| sql::TEXT_LATE_ADD);
            inserts.add(statement, row.place, |values| {
                values.extend(run.map(ToSqlOutput::from));
                self.columns(row, values);
                values.extend([began.micros().into(), ended.micros().into()]);
            })?;
            texts.take(row, began, ended);
        }
        for write in sorted {
            if let IndexWrite::Open(row, began) = write {
                inserts.add(pick(&row.entry.key, Act::Open), row.place, |values| {
                    self.columns(row, values);
                    values.push(began.micros().into());
                })?;
            }
        }
        inserts.finish()?;
        texts.write(&self.connection)
    }

    /// Takes a row out of what holds, and gives the moment it began, which need not be looked up where it is known; none
    /// where there was no such row.
    fn close_row(&self, row: &IndexRow, began: Option<Instant>) -> rusqlite::Result<Option<Instant>> {
        self.at.set(Some(inserts::number(row.place)));
        let mut columns = Vec::new();
        self.columns(row, &mut columns);
        let began = match began {
            Some(began) => Some(began),
            // Two statements, since a deletion that returns what it deletes first gathers it in a table of its own.
            None => {
                let mut look = self.connection.prepare_cached(pick(&row.entry.key, Act::Began))?;
                let found: Option<i64> =
                    look.query_row(params_from_iter(&columns), |r| r.get(0)).optional()?;
                found.map(Instant::from_micros)
            }
        };
        let Some(began) = began else { return Ok(None) };
        let mut close = self.connection.prepare_cached(pick(&row.entry.key, Act::Close))?;
        let closed = close.execute(params_from_iter(&columns))?;
        Ok((closed > 0).then_some(began))
    }

    /// The number of what was interned before; nothing has 0.
    fn number(&self, text: &str) -> i64 {
        self.interned.get(text).copied().unwrap_or(0)
    }

    /// Gives a system or a unit a number if it is new; nothing has 0.
    fn intern(&mut self, text: &str) -> rusqlite::Result<()> {
        if self.interned.contains_key(text) {
            return Ok(());
        }
        let number = if text.is_empty() {
            0
        } else {
            let found = self
                .connection
                .prepare_cached(sql::INTERNED_FIND)?
                .query_row([text], |r| r.get(0))
                .optional()?;
            match found {
                Some(number) => number,
                None => self.connection.prepare_cached(sql::INTERNED_ADD)?.query_row([text], |r| r.get(0))?,
            }
        };
        self.interned.insert(text.to_owned(), number);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Act {
    Open,
    Began,
    Close,
    Past,
}

/// Where the rows of a key are kept.
fn table(key: &Key) -> Table {
    match key {
        Key::Token { code, system } if is_place(code, system) => Table::Place,
        key => Table::of(key.kept()),
    }
}

/// Whether a token is none, but by which all records of a type are found.
fn is_place(code: &str, system: &str) -> bool {
    code.is_empty() && system.is_empty()
}

fn pick(key: &Key, act: Act) -> &'static str {
    let [open, began, close, past] = match table(key) {
        Table::Place => [sql::PLACE_OPEN, sql::PLACE_BEGAN, sql::PLACE_CLOSE, sql::PLACE_PAST],
        Table::Token => [sql::TOKEN_OPEN, sql::TOKEN_BEGAN, sql::TOKEN_CLOSE, sql::TOKEN_PAST],
        Table::Text => [sql::TEXT_OPEN, sql::TEXT_BEGAN, sql::TEXT_CLOSE, sql::TEXT_PAST],
        Table::Date => [sql::DATE_OPEN, sql::DATE_BEGAN, sql::DATE_CLOSE, sql::DATE_PAST],
        Table::Quantity => [sql::QUANTITY_OPEN, sql::QUANTITY_BEGAN, sql::QUANTITY_CLOSE, sql::QUANTITY_PAST],
        Table::Reference => {
            [sql::REFERENCE_OPEN, sql::REFERENCE_BEGAN, sql::REFERENCE_CLOSE, sql::REFERENCE_PAST]
        }
        Table::Words => [sql::WORDS_OPEN, sql::WORDS_BEGAN, sql::WORDS_CLOSE, sql::WORDS_PAST],
    };
    match act {
        Act::Open => open,
        Act::Began => began,
        Act::Close => close,
        Act::Past => past,
    }
}
