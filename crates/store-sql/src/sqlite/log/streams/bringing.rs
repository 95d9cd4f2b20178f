//! Bringing events into the table of streams: a run of the newest, sorted as the table is, a slice of it with each commit.
//!
//! Invariant: what was brought counts once the whole run is in the table, and says so in the file with the last slice;
//! after a crash before that the run is brought again.

use anamnesis_seal::Tag;
use rusqlite::{Connection, params};

use super::super::{clamp, rows};
use super::{Place, Streams};
use crate::statements;

/// How much of a run a commit brings at least.
const SLICE_MIN: usize = 256;

/// What is being brought.
pub(in crate::sqlite::log) struct Bringing {
    /// How many events make a run.
    room: usize,
    run: Vec<(Tag, Place)>,
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
        for (Tag(stream), Place { version, offset }) in slice {
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
        let newest = streams.0.read();
        if newest.events < self.room {
            return;
        }
        self.upto = newest.next;
        self.run =
            newest.of.iter().flat_map(|(tag, places)| places.iter().map(|place| (*tag, *place))).collect();
        self.run.sort_unstable_by_key(|(Tag(stream), place)| (*stream, place.version));
    }
}

/// Brings at once what would take the room of many runs in memory, as all does that was written by an older program, which
/// kept an index instead.
pub(in crate::sqlite::log) fn bring_all(
    connection: &Connection,
    next: u64,
    room: usize,
) -> rusqlite::Result<()> {
    let brought = rows::brought(connection)?;
    if next.saturating_sub(brought) > 4 * room as u64 {
        let transaction = connection.unchecked_transaction()?;
        transaction.execute(statements::LOG_BRING_STREAMS, params![0, clamp(brought), clamp(next)])?;
        rows::set_brought(&transaction, next)?;
        transaction.commit()?;
    }
    connection.execute_batch("DROP INDEX IF EXISTS log_event_stream")
}
