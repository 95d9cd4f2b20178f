//! The units that amounts have or had: few, asked for by many searches, and therefore kept in the process too.
//!
//! Invariant: once a change is visible, so are its units.

use std::collections::BTreeSet;

use anamnesis_kernel::search::Key;
use anamnesis_store::IndexWrite;
use compact_str::CompactString;
use parking_lot::RwLock;
use rusqlite::Connection;

use crate::statements as sql;

/// A unit's system, or nothing, and its code or name.
pub(super) type Unit = (CompactString, CompactString);

/// Those of one generation.
pub(super) struct Units(RwLock<BTreeSet<Unit>>);

impl Units {
    /// As they stand in the table.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self(RwLock::new(stored(connection)?)))
    }

    /// Forgets those that were taken back with their transaction.
    pub(super) fn read_again(&self, connection: &Connection) -> rusqlite::Result<()> {
        *self.0.write() = stored(connection)?;
        Ok(())
    }

    /// Those of a system, in order.
    pub(super) fn of(&self, system: &str) -> Vec<CompactString> {
        let units = self.0.read();
        let from = units.range((CompactString::from(system), CompactString::default())..);
        from.take_while(|(of, _)| of == system).map(|(_, unit)| unit.clone()).collect()
    }

    /// Those of the rows that were never seen before.
    pub(super) fn missing(&self, writes: &[IndexWrite]) -> BTreeSet<Unit> {
        let units = self.0.read();
        let mut missing = BTreeSet::new();
        for write in writes {
            if let Key::Quantity { unit, system, .. } = &write.row().entry.key
                && !unit.is_empty()
            {
                let unit = (system.clone(), unit.clone());
                if !units.contains(&unit) {
                    missing.insert(unit);
                }
            }
        }
        missing
    }

    /// They are in the table for good.
    pub(super) fn add(&self, units: BTreeSet<Unit>) {
        if !units.is_empty() {
            self.0.write().extend(units);
        }
    }

    /// The table was emptied.
    pub(super) fn clear(&self) {
        self.0.write().clear();
    }
}

fn stored(connection: &Connection) -> rusqlite::Result<BTreeSet<Unit>> {
    let mut statement = connection.prepare(sql::UNIT_READ)?;
    let text = |text: String| CompactString::from(text);
    let rows = statement.query_map([], |row| Ok((text(row.get(0)?), text(row.get(1)?))))?;
    rows.collect()
}

/// Writes units that are not there yet.
pub(super) fn write(connection: &Connection, units: &BTreeSet<Unit>) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(sql::UNIT_ADD)?;
    for (system, unit) in units {
        add.execute([system.as_str(), unit.as_str()])?;
    }
    Ok(())
}
