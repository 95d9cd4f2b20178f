//! Bringing events into the table of streams: a run of the newest, sorted as the table is, a slice of it with each commit.
//!
//! Invariant: what was brought counts once the whole run is in the table, and says so in the file with the last slice;
//! after a crash before that the run is brought again.

use anamnesis_seal::Tag;
use rusqlite::{Connection, params};

use super::super::{clamp, rows};
use super::{Placed, Streams};
use crate::statements;

/// How much of a run a commit brings at least.
const SLICE_MIN: usize = 256;

/// What is being brought.
pub(in crate::sqlite::log) struct Bringing {
    /// How many events make a run.
    room: usize,
    run: Vec<(Tag, Placed)>,
    /// How many of the run the table has.
    done: usize,
    /// How many it would have with what is written and not committed.
    doing: usize,
    /// All events before it are in the run or were brought before.
    upto: u64,
}

impl Bringing {
    /// Nothing yet; a run begins when so many events are in memory.
    pub(in crate::sqlite::log) const fn new(room: usize) -> Self {
        Self { room, run: Vec::new(), done: 0, doing: 0, upto: 0 }
    }

    /// Writes a slice into the table, beside `events` that are appended, for which room must be made meanwhile.
    pub(in crate::sqlite::log) fn write(
        &mut self,
        connection: &Connection,
        streams: &Streams,
        events: usize,
    ) -> rusqlite::Result<()> {
        if self.run.is_empty() {
            self.begin(streams);
        }
        self.doing = self.done.saturating_add(SLICE_MIN.max(2 * events)).min(self.run.len());
        let slice = self.run.get(self.done..self.doing).unwrap_or_default();
        if slice.is_empty() {
            return Ok(());
        }
        let mut statement = connection.prepare_cached(statements::LOG_ADD_TO_STREAM)?;
        for (Tag(stream), Placed { version, offset }) in slice {
            statement.execute(params![0, stream, clamp(*version), clamp(*offset)])?;
        }
        if self.doing == self.run.len() { rows::set_brought(connection, self.upto) } else { Ok(()) }
    }

    /// What was written is committed.
    pub(in crate::sqlite::log) fn committed(&mut self, streams: &Streams) {
        self.done = self.doing;
        if self.done == self.run.len() && self.done > 0 {
            streams.brought(self.upto);
            *self = Self::new(self.room);
        }
    }

    fn begin(&mut self, streams: &Streams) {
        {
            let newest = streams.0.read();
            if newest.events < self.room {
                return;
            }
            self.upto = newest.next;
            let of = newest.of.iter();
            self.run = of.flat_map(|(tag, places)| places.iter().map(|place| (*tag, *place))).collect();
        }
        self.run.sort_unstable_by_key(|(Tag(stream), place)| (*stream, place.version));
    }
}

/// Brings all events of a log that an older program wrote, which kept an index instead, and drops the index: in the order of
/// that, a 256th of all streams at a time. What a killed start has brought is passed over by the next.
pub(in crate::sqlite::log) fn take_up(connection: &Connection, next: u64) -> rusqlite::Result<()> {
    if !rows::has_old_index(connection)? {
        return Ok(());
    }
    for first in 0..=u8::MAX {
        // Behind the last tag stands what is longer.
        let end = first.checked_add(1).map_or_else(|| vec![u8::MAX; 17], |after| vec![after]);
        connection.execute(BRING_BY_INDEX, params![[first], end])?;
    }
    let transaction = connection.unchecked_transaction()?;
    rows::set_brought(&transaction, next)?;
    transaction.execute_batch("DROP INDEX log_event_stream")?;
    transaction.commit()
}

const BRING_BY_INDEX: &str = "INSERT INTO log_stream (partition, stream, version, position) \
    SELECT partition, stream, version, position FROM log_event INDEXED BY log_event_stream \
    WHERE stream >= ?1 AND stream < ?2 ORDER BY stream, version \
    ON CONFLICT (stream, version, partition) DO NOTHING";
