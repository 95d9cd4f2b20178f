//! Writing a change: rows sorted by key within the batch, so that a page is touched once.

use std::collections::HashMap;

use anamnesis_kernel::search::{Entry, Key, Place};
use anamnesis_store::{Change, IndexRow, IndexWrite, RecordWrite};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::super::connection::{Care, empty_wal};
use super::super::log::clamp;
use super::{history, records, watermark_to_bytes};
use crate::id::target_bytes;
use crate::statements as sql;

const TABLES: [&str; 13] = [
    "view_meta",
    "record_now",
    "record_then",
    "history",
    "token_system",
    "token_now",
    "token_then",
    "text_now",
    "text_then",
    "date_now",
    "date_then",
    "reference_now",
    "reference_then",
];

pub(super) struct Writer {
    connection: Connection,
    systems: HashMap<String, i64>,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, systems: HashMap::new() }
    }

    /// Writes all of a change or nothing.
    pub(super) fn apply(&mut self, change: &Change) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let written = self.write(change).and_then(|()| self.connection.execute_batch("COMMIT"));
        if written.is_err() {
            self.roll_back();
        }
        written
    }

    /// Empties every table.
    pub(super) fn clear(&mut self) -> rusqlite::Result<()> {
        let mut batch = String::from("BEGIN IMMEDIATE;");
        for table in TABLES {
            batch.push_str("DELETE FROM ");
            batch.push_str(table);
            batch.push(';');
        }
        batch.push_str("COMMIT;");
        let cleared = self.connection.execute_batch(&batch);
        if cleared.is_err() {
            self.roll_back();
        }
        self.systems.clear();
        cleared
    }

    /// Brings everything into the file itself, synced.
    pub(super) fn close(self) -> rusqlite::Result<()> {
        self.connection.execute_batch("PRAGMA synchronous = FULL;")?;
        empty_wal(&self.connection)?;
        self.connection.close().map_err(|(_, error)| error)
    }

    /// Writes what a name stands for beside the rows.
    pub(super) fn note(&self, name: &str, value: &[u8]) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql::VIEW_META_WRITE)?.execute(params![name, value])?;
        Ok(())
    }

    /// Leaves it to the machine when anything reaches the disk.
    pub(super) fn sync_nothing(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("PRAGMA synchronous = OFF;")
    }

    /// Brings all that can be into the file itself, synced, and goes on as with [`Care::Derived`].
    pub(super) fn settle(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("PRAGMA synchronous = FULL;")?;
        // Where somebody reads, some of it stays in the log beside the file, which is synced all the same.
        self.connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))?;
        self.connection.execute_batch(Care::Derived.pragmas())
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit() {
            // What it could not undo, the next `BEGIN` refuses.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.systems.clear();
    }

    fn write(&mut self, change: &Change) -> rusqlite::Result<()> {
        // A record's versions stay in their order.
        let mut records: Vec<&RecordWrite> = change.records.iter().collect();
        records.sort_by_key(|write| write.version.number);
        let mut closed = None;
        for RecordWrite { version, replaces } in records {
            if *replaces {
                records::close(&self.connection, version.number, version.began)?;
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
            history::add(&self.connection, version)?;
        }
        // Systems are numbered in commit order, so that a rebuild numbers them alike whatever its batches.
        for write in &change.index {
            let (IndexWrite::Open(row, _) | IndexWrite::Close(row, _) | IndexWrite::Past(row, _, _)) = write;
            if let Key::Token { system, .. } = &row.entry.key {
                self.system(system)?;
            }
        }
        let mut sorted: Vec<&IndexWrite> = change.index.iter().collect();
        sorted.sort_by_key(|write| order(write));
        for write in sorted {
            match write {
                IndexWrite::Open(row, began) => self.row(row, Act::Open, &[&began.micros()])?,
                IndexWrite::Close(row, ended) => self.close_row(row, ended.micros())?,
                IndexWrite::Past(row, began, ended) => {
                    self.row(row, Act::Past, &[&began.micros(), &ended.micros()])?;
                }
            }
        }
        self.note("watermark", &watermark_to_bytes(&change.watermark))
    }

    fn close_row(&self, row: &IndexRow, ended: i64) -> rusqlite::Result<()> {
        let statement = pick(&row.entry.key, Act::Close);
        let began: Option<i64> = self.with_key(row, &[], |parameters| {
            self.connection.prepare_cached(statement)?.query_row(parameters, |r| r.get(0)).optional()
        })?;
        match began {
            Some(began) => self.row(row, Act::Past, &[&began, &ended]),
            None => Ok(()),
        }
    }

    fn row(&self, row: &IndexRow, act: Act, rest: &[&dyn ToSql]) -> rusqlite::Result<()> {
        let statement = pick(&row.entry.key, act);
        self.with_key(row, rest, |parameters| {
            self.connection.prepare_cached(statement)?.execute(parameters)
        })?;
        Ok(())
    }

    /// Lays out the key's columns, the place's, and `rest`, and hands them to `run`.
    fn with_key<R>(
        &self,
        row: &IndexRow,
        rest: &[&dyn ToSql],
        run: impl FnOnce(&[&dyn ToSql]) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<R> {
        let IndexRow { entry: Entry { param, key, .. }, place: Place { date, record, partition } } = row;
        let record = clamp(*record);
        let place: [&dyn ToSql; 3] = [date, &record, partition];
        let mut columns: Vec<&dyn ToSql> = vec![&param.0];
        let (number, target, text);
        match key {
            Key::Token { code, system } => {
                number = self.systems.get(system.as_str()).copied().unwrap_or(0);
                text = code.as_str();
                columns.push(&text);
                columns.push(&number);
            }
            Key::Quantity { .. } => todo!(),
            Key::Text { text: folded, .. } => {
                text = folded.as_str();
                columns.push(&text);
            }
            Key::Date { low, high } => {
                columns.push(low);
                columns.push(high);
            }
            Key::Reference { kind, id } => {
                target = target_bytes(*kind, id);
                columns.push(kind);
                columns.push(&target);
            }
        }
        columns.extend(place);
        columns.extend(rest);
        run(&columns)
    }

    /// The number of a code system, given now if it is new; none has 0.
    fn system(&mut self, uri: &str) -> rusqlite::Result<()> {
        if self.systems.contains_key(uri) {
            return Ok(());
        }
        let number = if uri.is_empty() {
            0
        } else {
            let found = self
                .connection
                .prepare_cached(sql::SYSTEM_FIND)?
                .query_row([uri], |r| r.get(0))
                .optional()?;
            match found {
                Some(number) => number,
                None => self.connection.prepare_cached(sql::SYSTEM_ADD)?.query_row([uri], |r| r.get(0))?,
            }
        };
        self.systems.insert(uri.to_owned(), number);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Act {
    Open,
    Close,
    Past,
}

fn pick(key: &Key, act: Act) -> &'static str {
    let [open, close, past] = match key {
        Key::Token { .. } => [sql::TOKEN_OPEN, sql::TOKEN_CLOSE, sql::TOKEN_PAST],
        Key::Text { .. } | Key::Quantity { .. } => [sql::TEXT_OPEN, sql::TEXT_CLOSE, sql::TEXT_PAST],
        Key::Date { .. } => [sql::DATE_OPEN, sql::DATE_CLOSE, sql::DATE_PAST],
        Key::Reference { .. } => [sql::REFERENCE_OPEN, sql::REFERENCE_CLOSE, sql::REFERENCE_PAST],
    };
    match act {
        Act::Open => open,
        Act::Close => close,
        Act::Past => past,
    }
}

/// By key; what closes goes before what opens, as a row may leave and come back within a batch.
fn order(write: &IndexWrite) -> (&IndexRow, u8) {
    match write {
        IndexWrite::Close(row, _) => (row, 0),
        IndexWrite::Past(row, _, _) => (row, 1),
        IndexWrite::Open(row, _) => (row, 2),
    }
}
