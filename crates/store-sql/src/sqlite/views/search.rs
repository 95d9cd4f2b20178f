//! A query as one statement: the lightest filter gives rows, the others are looked up of each.
//!
//! Every table of a kind ends its key in (date, record, partition), so a page is read in order from where the last
//! ended; of a moment, every table is now's rows that began by then and then's rows that had not ended.

mod asked;
mod clause;
mod count;
mod far;
mod gather;
mod holds;
mod keys;
mod lightest;
mod narrow;
mod order;
mod plan;
#[cfg(test)]
mod plans;
mod source;
mod spans;
mod sql;
mod walk;

use anamnesis_kernel::search::{After, Query};
use anamnesis_store::{Hit, RecordNumber};
use rusqlite::Connection;

use super::records;
use asked::Asked;
use order::Found;
use sql::{Fault, Made};

/// What a query comes to, or why the store cannot answer it.
pub(super) type Answer<T> = Result<T, &'static str>;

/// The hits of a page, in order.
pub(super) fn search(connection: &Connection, query: &Query) -> rusqlite::Result<Answer<Vec<Hit>>> {
    answer(find(connection, query))
}

/// How many hits there are in all.
pub(super) fn count(connection: &Connection, query: &Query) -> rusqlite::Result<Answer<u64>> {
    answer(count::counted(&Asked::new(connection, query.at), query))
}

/// Both at once: rows in no order are gone through once for the two.
pub(super) fn search_counted(
    connection: &Connection,
    query: &Query,
) -> rusqlite::Result<Answer<(Vec<Hit>, u64)>> {
    answer(find_counted(connection, query))
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
    hits(&asked, order::page(&asked, query)?)
}

fn find_counted(connection: &Connection, query: &Query) -> Made<(Vec<Hit>, u64)> {
    let asked = Asked::new(connection, query.at);
    let (page, all) = order::page_counted(&asked, query)?;
    Ok((hits(&asked, page)?, all))
}

fn hits(asked: &Asked<'_>, page: Vec<Found>) -> Made<Vec<Hit>> {
    let mut hits = Vec::new();
    for Found { keys, place } in page {
        let number = RecordNumber { partition: place.partition, record: place.record };
        let version = records::by_number_as_of(asked.connection, number, asked.moment())?;
        hits.extend(version.map(|version| Hit { after: After { keys, place }, version }));
    }
    Ok(hits)
}
