//! Texts that ended wait in runs, each in the order of values, before they are merged into then's table: there each would
//! stand on a page of its own, which is read, written and copied for one row. A run is a hundred pages, and of many runs
//! several rows go to a page together.
//!
//! Invariant: a text that ended stands in then's table or in a run, and never in both.

use std::sync::LazyLock;

use anamnesis_kernel::Instant;
use anamnesis_kernel::search::Key;
use anamnesis_store::{Change, IndexRow, IndexWrite};
use rusqlite::{OptionalExtension, Row, params};

use super::Writer;
use crate::statements as sql;

/// How many rows wait, and how they are merged into then's table.
#[derive(Clone, Copy)]
pub(in super::super) struct LateLimits {
    /// A run that was given so many rows is full, and the next begins.
    pub(in super::super) run_rows: i64,
    /// So many full runs are merged, together.
    pub(in super::super) runs: usize,
    /// So many rows are moved with a commit, which is about as much work as a small batch.
    pub(in super::super) slice_rows: usize,
    /// A commit that ends so many has several for each page by itself, and they go straight to then's table.
    pub(in super::super) straight_rows: usize,
}

impl Default for LateLimits {
    fn default() -> Self {
        Self { run_rows: 4_096, runs: 32, slice_rows: 3_000, straight_rows: 16_384 }
    }
}

struct Run {
    number: i64,
    /// How many rows it was given.
    rows: i64,
    /// Whether its rows are being moved; then it is given no more.
    merging: bool,
}

/// One that fails leaves what it moved, so that SQLite need keep no copy of the pages it touches; all of the change is taken
/// back anyway.
static MERGE: LazyLock<String> =
    LazyLock::new(|| sql::TEXT_LATE_MERGE.replacen("INSERT INTO", "INSERT OR FAIL INTO", 1));

/// What tells texts that ended apart, in the order of then's table.
type LateKey = (i64, String, i64, i64, i64, i64, String, i64);

/// No parameter is greater.
const GREATEST: LateKey = (i64::MAX, String::new(), 0, 0, 0, 0, String::new(), 0);

impl Writer {
    /// The run for the texts among these rows that ended; none where they go straight to then's table.
    pub(super) fn late_run(&self, past: &[(&IndexRow, Instant, Instant)]) -> rusqlite::Result<Option<i64>> {
        let texts = past.iter().filter(|(row, ..)| is_text(row)).count();
        if self.gathered.is_some() || !self.waits(texts) {
            return Ok(None);
        }
        let run = match self.runs()?.pop() {
            Some(newest) if newest.merging || newest.rows >= self.late.run_rows => newest.number + 1,
            Some(newest) => newest.number,
            None => 1,
        };
        self.connection.prepare_cached(sql::TEXT_RUN_GROW)?.execute([run, number(texts)])?;
        Ok(Some(run))
    }

    /// Moves rows of the runs that are being merged, those with the least keys first, so that rows of one page go together;
    /// where none are, those that are full are from now on, once there are enough.
    pub(super) fn merge_late(&self, change: &Change) -> rusqlite::Result<()> {
        let mut runs = self.runs()?;
        if !runs.iter().any(|run| run.merging) {
            runs.iter_mut().for_each(|run| run.merging = run.rows >= self.late.run_rows);
            if runs.iter().filter(|run| run.merging).count() < self.late.runs {
                return Ok(());
            }
            self.connection.prepare_cached(sql::TEXT_RUN_MERGE)?.execute([self.late.run_rows])?;
        }
        runs.retain(|run| run.merging);
        // At least as many go as come, so that no more come meanwhile than were there.
        let ended = change
            .index
            .iter()
            .filter(|write| is_text(write.row()) && !matches!(write, IndexWrite::Open(..)));
        let came = Some(ended.count()).filter(|ended| self.waits(*ended)).unwrap_or(0);
        let wanted = self.late.slice_rows.max(2 * came);
        let mut moved = 0;
        while moved < wanted.div_ceil(2) {
            let bound = self.bound(&runs, wanted - moved)?;
            moved += self.move_to_then(&runs, bound.as_ref().unwrap_or(&GREATEST))?;
            if bound.is_none() {
                self.connection.prepare_cached(sql::TEXT_RUN_REMOVE)?.execute([])?;
                break;
            }
        }
        Ok(())
    }

    /// Whether so many that end with a commit wait.
    fn waits(&self, texts: usize) -> bool {
        (1..self.late.straight_rows).contains(&texts)
    }

    /// The runs there are, the newest last.
    fn runs(&self) -> rusqlite::Result<Vec<Run>> {
        let mut read = self.connection.prepare_cached(sql::TEXT_RUN_READ)?;
        let run = |row: &Row<'_>| Ok(Run { number: row.get(0)?, rows: row.get(1)?, merging: row.get(2)? });
        read.query_map([], run)?.collect()
    }

    /// A key up to which these runs have no more than so many rows together, however values are spread, and one of them its
    /// share of so many; none where no run has its share left.
    fn bound(&self, runs: &[Run], rows: usize) -> rusqlite::Result<Option<LateKey>> {
        let of_each = (rows / runs.len().max(1)).max(1);
        let mut read = self.connection.prepare_cached(sql::TEXT_LATE_KEY)?;
        let mut least = None;
        for run in runs {
            let key: Option<LateKey> =
                read.query_row([run.number, number(of_each) - 1], |row| row.try_into()).optional()?;
            least = least.into_iter().chain(key).min();
        }
        Ok(least)
    }

    /// Moves the rows of these runs up to a key, and says how many they were. One that is there already is left out: whoever
    /// commits now did not write it.
    fn move_to_then(&self, runs: &[Run], bound: &LateKey) -> rusqlite::Result<usize> {
        let mut merge = self.connection.prepare_cached(&MERGE)?;
        let mut remove = self.connection.prepare_cached(sql::TEXT_LATE_REMOVE)?;
        let (param, text, date, record, partition, group, exact, began) = bound;
        let mut moved = 0;
        for run in runs {
            let rows = params![run.number, param, text, date, record, partition, group, exact, began];
            merge.execute(rows)?;
            moved += remove.execute(rows)?;
        }
        Ok(moved)
    }
}

fn is_text(row: &IndexRow) -> bool {
    matches!(row.entry.key, Key::Text { .. })
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
