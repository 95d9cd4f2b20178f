//! Changes that share a commit, while views are made and nobody looks at them: a page that many of them touch is
//! written once.
//!
//! Invariant: a change is there whole or not at all, and with it all before it; an error or a crash takes what gathered
//! since the last commit, and the watermark says so.

use std::time::{Duration, Instant as Stopwatch};

use anamnesis_store::Change;

use super::Writer;

/// So many rows are worth a commit: what they touch is held in memory or in the write-ahead log until then.
const ROWS: usize = 1_000_000;
/// A crash shall not take more time than this.
const LONGEST: Duration = Duration::from_secs(5);

/// What was written since the last commit.
#[derive(Default)]
pub(super) struct Gathered {
    rows: usize,
    /// None before the first, which is the first change, so that there is something to go on with.
    committed: Option<Stopwatch>,
}

impl Gathered {
    /// Whether it is enough with these rows.
    fn enough(&mut self, rows: usize) -> bool {
        self.rows += rows;
        self.rows >= ROWS || self.committed.is_none_or(|at| at.elapsed() >= LONGEST)
    }
}

impl Writer {
    /// Writes a change, and commits it with others; where it cannot be written, all that gathered goes: to take back one
    /// change alone, a copy of each page that it touches would have to be kept.
    pub(super) fn apply_later(&mut self, change: &Change) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
        }
        let units = self.units.missing(&change.index);
        if let Err(error) = self.write(change, &units) {
            self.lose_gathered();
            return Err(error);
        }
        self.units.add(units);
        let rows = change.records.len() + change.index.len();
        match self.gathered.as_mut().is_some_and(|gathered| gathered.enough(rows)) {
            true => self.commit_gathered(),
            false => Ok(()),
        }
    }

    /// Commits what gathered, if anything did.
    pub(super) fn commit_gathered(&mut self) -> rusqlite::Result<()> {
        let Some(gathered) = &mut self.gathered else { return Ok(()) };
        *gathered = Gathered { rows: 0, committed: Some(Stopwatch::now()) };
        if self.connection.is_autocommit() {
            return Ok(());
        }
        let committed = self.connection.execute_batch("COMMIT");
        match &committed {
            Ok(()) => self.checkpoints.committed(&self.connection),
            Err(_) => self.lose_gathered(),
        }
        committed
    }

    /// Takes back all that was not committed; the watermark says how far the rest goes.
    fn lose_gathered(&mut self) {
        self.roll_back();
        // Units that cannot be read are missed by nobody who may write.
        let _ = self.units.read_again(&self.connection);
    }
}
