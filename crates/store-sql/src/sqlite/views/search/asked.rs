//! As of when rows are looked at: now's tables alone, or what began by then with what had not ended.

use std::cell::Cell;

use anamnesis_kernel::Instant;
use anamnesis_kernel::search::Param;
use rusqlite::Connection;

use super::super::table::Table;
use super::plan::REPEATED_VALUES_MAX;
use super::sql::Sql;
use crate::statements;

/// What every part of a statement is made with.
pub(super) struct Asked<'a> {
    pub(super) connection: &'a Connection,
    pub(super) at: Option<i64>,
    aliases: Cell<u32>,
}

/// Two rows of one record; both have a place.
pub(super) fn same_record(one: &str, other: &str) -> Sql {
    Sql::new(&format!("{one}.record = {other}.record AND {one}.partition = {other}.partition"))
}

/// Those of the rows that span the moment.
fn spanning(from: Sql, alias: &str, at: i64) -> Sql {
    from.push(&format!(" AND {alias}.began <= ? AND {alias}.ended > ?")).bind(at).bind(at)
}

impl<'a> Asked<'a> {
    pub(super) fn new(connection: &'a Connection, at: Option<Instant>) -> Self {
        Self { connection, at: at.map(Instant::micros), aliases: Cell::new(0) }
    }

    /// As of when.
    pub(super) fn moment(&self) -> Option<Instant> {
        self.at.map(Instant::from_micros)
    }

    /// A name for rows that nothing else in the statement has.
    pub(super) fn alias(&self) -> String {
        let number = self.aliases.get() + 1;
        self.aliases.set(number);
        format!("t{number}")
    }

    /// What follows `FROM` to read the rows that hold, now's, then's and those that wait to be then's: `held` is in terms of
    /// the alias.
    pub(super) fn arms(&self, table: Table, alias: &str, held: &Sql) -> Vec<Sql> {
        let mut arms = self.arms_of_tables(table, alias, held);
        if let (Some(late), Some(at)) = (table.late(), self.at) {
            let listed = Sql::new(&format!("{late} {alias} WHERE {alias}.run IN (SELECT run FROM text_run)"));
            arms.push(spanning(listed.and(held.clone()), alias, at));
        }
        arms
    }

    /// As [`arms`](Self::arms), each in the order of its rows' values, as every run is: in one arm, those that wait would be put
    /// in order only after all that is asked of each. So it is where more is asked, in so many values, than can be repeated.
    pub(super) fn arms_in_order(
        &self,
        table: Table,
        alias: &str,
        held: &Sql,
        values: usize,
    ) -> rusqlite::Result<Vec<Sql>> {
        let (Some(late), Some(at)) = (table.late(), self.at) else {
            return Ok(self.arms(table, alias, held));
        };
        let mut read = self.connection.prepare_cached(statements::TEXT_RUN_READ)?;
        let runs: Vec<i64> = read.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        if runs.len().saturating_mul(values) > REPEATED_VALUES_MAX {
            return Ok(self.arms(table, alias, held));
        }
        let of_run = |run| {
            let rows = Sql::new(&format!("{late} {alias} WHERE {alias}.run = ?")).bind(run);
            spanning(rows.and(held.clone()), alias, at)
        };
        let mut arms = self.arms_of_tables(table, alias, held);
        arms.extend(runs.into_iter().map(of_run));
        Ok(arms)
    }

    fn arms_of_tables(&self, table: Table, alias: &str, held: &Sql) -> Vec<Sql> {
        let named = |name: &str| format!("{name} {alias}");
        self.arms_of(&named(table.now()), &named(table.then()), alias, held)
    }

    /// As [`arms`](Self::arms), by an index of this name.
    pub(super) fn arms_by(&self, table: Table, index: Option<&str>, alias: &str, held: &Sql) -> Vec<Sql> {
        let Some(index) = index else { return self.arms(table, alias, held) };
        let by = |name: &str| format!("{name} {alias} INDEXED BY {name}_{index}");
        self.arms_of(&by(table.now()), &by(table.then()), alias, held)
    }

    /// As [`arms`](Self::arms), where the record is known; the planner sees no merit in that way of its own accord.
    pub(super) fn arms_of_record(&self, table: Table, alias: &str, held: &Sql) -> Vec<Sql> {
        let by = |name: &str| format!("{name} {alias} INDEXED BY {name}_record");
        let then = match table {
            Table::Text => format!("text_then_of {alias}"),
            _ => by(table.then()),
        };
        // Said as the index says it, or it cannot be used.
        let no_event = match table {
            Table::Reference => Sql::new(&format!("{alias}.param <> {}", Param::HAPPENED.0)),
            _ => Sql::default(),
        };
        self.arms_of(&by(table.now()), &then, alias, &held.clone().and(no_event))
    }

    /// As [`arms`](Self::arms), of the versions of records.
    pub(super) fn versions(&self, alias: &str, held: &Sql) -> Vec<Sql> {
        self.arms_of(&format!("record_now {alias}"), &format!("record_then {alias}"), alias, held)
    }

    fn arms_of(&self, now: &str, then: &str, alias: &str, held: &Sql) -> Vec<Sql> {
        let from = |table: &str| Sql::new(table).push(" WHERE ").then(held.clone());
        match self.at {
            None => vec![from(now)],
            Some(at) => vec![
                from(now).push(&format!(" AND {alias}.began <= ?")).bind(at),
                spanning(from(then), alias, at),
            ],
        }
    }

    /// That there is such a row.
    pub(super) fn exists(arms: Vec<Sql>) -> Sql {
        Sql::any(arms.into_iter().map(|arm| Sql::new("EXISTS (SELECT 1 FROM ").then(arm).push(")")).collect())
    }

    /// That there is such a row of which `rest` holds, too; `rest` is written once, so that it may be long.
    pub(super) fn exists_with(alias: &str, columns: &str, mut arms: Vec<Sql>, rest: Sql) -> Sql {
        let from = match arms.pop() {
            Some(only) if arms.is_empty() => only,
            last => {
                arms.extend(last);
                let selects =
                    arms.into_iter().map(|arm| Sql::new("SELECT ").push(columns).push(" FROM ").then(arm));
                let all = Sql::joined(selects.collect(), " UNION ALL ");
                // The limit keeps SQLite from writing `rest` out for each of them, at every depth twice as often.
                Sql::new("(").then(all).push(&format!(" LIMIT -1) {alias} WHERE 1 = 1"))
            }
        };
        Sql::new("EXISTS (SELECT 1 FROM ").then(from.and(rest)).push(")")
    }
}
