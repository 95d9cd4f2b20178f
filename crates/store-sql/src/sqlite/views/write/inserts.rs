//! Inserting rows that come in the order of their keys, many with one statement.
//!
//! Invariant: where a row is refused, it is known of which record it is.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::LazyLock;

use anamnesis_kernel::search::Place;
use anamnesis_store::RecordNumber;
use rusqlite::Connection;
use rusqlite::types::ToSqlOutput;

use crate::statements as sql;

/// So many rows go with one statement; what is left over goes row by row.
const ROWS: usize = 16;

/// Each statement that inserts one row of the index, as one that inserts many.
static MANY: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    let single = [
        [sql::PLACE_OPEN, sql::PLACE_PAST],
        [sql::TOKEN_OPEN, sql::TOKEN_PAST],
        [sql::TEXT_OPEN, sql::TEXT_PAST],
        [sql::TEXT_LATE_ADD, sql::TEXT_PAST],
        [sql::DATE_OPEN, sql::DATE_PAST],
        [sql::QUANTITY_OPEN, sql::QUANTITY_PAST],
        [sql::REFERENCE_OPEN, sql::REFERENCE_PAST],
    ];
    single.into_iter().flatten().filter_map(|single| Some((single, many(single)?))).collect()
});

/// `INSERT INTO … VALUES ($1, …)` with so many rows. One that fails leaves those before it, so that SQLite need keep no copy
/// of the pages it touches; all of the change is taken back anyway.
fn many(single: &str) -> Option<String> {
    let (into, values) = single.trim().strip_prefix("INSERT ")?.split_once(" VALUES ")?;
    let row = format!("({})", vec!["?"; values.matches('$').count()].join(", "));
    Some(format!("INSERT OR FAIL {into} VALUES {}", vec![row; ROWS].join(", ")))
}

/// Rows that wait for others of their table.
pub(super) struct Inserts<'a> {
    connection: &'a Connection,
    /// Told of which record the row is that is being written.
    at: &'a Cell<Option<RecordNumber>>,
    statement: &'static str,
    values: Vec<ToSqlOutput<'a>>,
    places: Vec<Place>,
}

impl<'a> Inserts<'a> {
    pub(super) fn new(connection: &'a Connection, at: &'a Cell<Option<RecordNumber>>) -> Self {
        Self { connection, at, statement: "", values: Vec::new(), places: Vec::with_capacity(ROWS) }
    }

    /// Inserts a row, now or with the next ones.
    pub(super) fn add(
        &mut self,
        statement: &'static str,
        place: Place,
        values: impl FnOnce(&mut Vec<ToSqlOutput<'a>>),
    ) -> rusqlite::Result<()> {
        if statement != self.statement {
            self.flush()?;
            self.statement = statement;
        }
        values(&mut self.values);
        self.places.push(place);
        if self.places.len() < ROWS { Ok(()) } else { self.flush() }
    }

    /// Inserts what still waits.
    pub(super) fn finish(mut self) -> rusqlite::Result<()> {
        self.flush()
    }

    fn flush(&mut self) -> rusqlite::Result<()> {
        if let Some(many) = MANY.get(self.statement).filter(|_| self.places.len() == ROWS) {
            if let Err(refused) = self.execute(many, &self.values) {
                // As many went well before it.
                let inserted = usize::try_from(self.connection.changes()).unwrap_or(usize::MAX);
                self.at.set(self.places.get(inserted).copied().map(number));
                return Err(refused);
            }
        } else {
            let width = self.values.len() / self.places.len().max(1);
            for (place, row) in self.places.iter().zip(self.values.chunks_exact(width.max(1))) {
                self.at.set(Some(number(*place)));
                self.execute(self.statement, row)?;
            }
        }
        self.values.clear();
        self.places.clear();
        Ok(())
    }

    fn execute(&self, statement: &str, values: &[ToSqlOutput<'a>]) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(statement)?;
        for (at, value) in (1..).zip(values) {
            statement.raw_bind_parameter(at, value)?;
        }
        statement.raw_execute()?;
        Ok(())
    }
}

pub(super) fn number(place: Place) -> RecordNumber {
    RecordNumber { partition: place.partition, record: place.record }
}
