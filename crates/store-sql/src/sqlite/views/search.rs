//! A query as one statement: the lightest filter gives rows, the others are looked up of each.
//!
//! Every table of a kind ends its key in (date, record, partition), so a page is read in order from where the last
//! ended; of a moment, every table is now's rows that began by then and then's rows that had not ended.

mod asked;
mod clause;
mod far;
mod gather;
mod holds;
mod keys;
mod order;
mod plan;
#[cfg(test)]
mod plans;
mod source;
mod sql;
mod walk;

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{After, Param, Query};
use anamnesis_store::{Hit, RecordNumber};
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::super::log::unsigned;
use super::records;
use crate::statements;
use asked::Asked;
use order::Found;
use plan::{Aim, Plan};
use sql::{Fault, Made, Sql};

/// What a query comes to, or why the store cannot answer it.
pub(super) type Answer<T> = Result<T, &'static str>;

/// The hits of a page, in order.
pub(super) fn search(connection: &Connection, query: &Query) -> rusqlite::Result<Answer<Vec<Hit>>> {
    answer(find(connection, query))
}

/// How many hits there are in all.
pub(super) fn count(connection: &Connection, query: &Query) -> rusqlite::Result<Answer<u64>> {
    answer(counted(connection, query))
}

fn answer<T>(made: Made<T>) -> rusqlite::Result<Answer<T>> {
    match made {
        Ok(found) => Ok(Ok(found)),
        Err(Fault::Unanswerable(why)) => Ok(Err(why)),
        Err(Fault::Database(error)) => Err(error),
    }
}

fn find(connection: &Connection, query: &Query) -> Made<Vec<Hit>> {
    let asked = Asked::new(connection, query.at);
    let mut hits = Vec::new();
    for Found { keys, place } in order::page(&asked, query)? {
        let number = RecordNumber { partition: place.partition, record: place.record };
        if let Some(version) = records::by_number_as_of(connection, number, query.at)? {
            hits.push(Hit { after: After { keys, place }, version });
        }
    }
    Ok(hits)
}

fn counted(connection: &Connection, query: &Query) -> Made<u64> {
    let asked = Asked::new(connection, query.at);
    let plan = Plan::aimed(&asked, query.kind, &query.all, 0, Aim::All)?;
    if let (Some(kind), None, true) = (query.kind, query.at, plan.is_whole_type()) {
        // Kept, not counted.
        return Ok(kept_count(connection, kind)?);
    }
    let sql = count_of(plan)?;
    let mut statement = connection.prepare_cached(&sql.text)?;
    Ok(statement.query_row(params_from_iter(sql.values), |row| unsigned(row, 0))?)
}

/// How many records of a type there are now.
fn kept_count(connection: &Connection, kind: ResourceType) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(statements::PLACE_COUNT_READ)?;
    let param = Param::of_type(kind.number()).0;
    Ok(statement.query_row([param], |row| unsigned(row, 0)).optional()?.unwrap_or(0))
}

/// Without a limit the order would not be kept, and rows that are in order need no table to be told apart.
fn count_of(plan: Plan) -> Made<Sql> {
    Sql::new("SELECT count(*) FROM (").then(plan.in_order(Sql::default())).push(" LIMIT -1)").within_bounds()
}
