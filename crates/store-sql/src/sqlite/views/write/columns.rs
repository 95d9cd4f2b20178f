//! The columns of a row of the index, in the order in which the statements of its table have them.

use anamnesis_kernel::search::{Entry, Key, Place};
use anamnesis_store::IndexRow;
use rusqlite::types::ToSqlOutput;

use super::super::super::log::clamp;
use super::{Writer, is_place};
use crate::id::target_bytes;

impl Writer {
    /// The key's, the place's, and what tells rows of one place apart.
    pub(super) fn columns<'a>(&self, row: &'a IndexRow, values: &mut Vec<ToSqlOutput<'a>>) {
        let IndexRow { entry: Entry { param, key, group }, place: Place { date, record, partition } } = row;
        values.push(param.0.into());
        match key {
            Key::Token { code, system } if is_place(code, system) => {}
            Key::Words { .. } => {}
            Key::Token { code, system } => {
                values.extend([code.as_str().into(), self.number(system).into()]);
            }
            Key::Text { text, .. } => values.push(text.as_str().into()),
            Key::Date { low, high } => values.extend([(*low).into(), (*high).into()]),
            Key::Quantity { low, high, unit, system } => {
                values.extend([low.get().into(), high.get().into()]);
                values.extend([self.number(unit).into(), self.number(system).into()]);
            }
            Key::Reference { kind, id } => {
                values.extend([(*kind).into(), target_bytes(*kind, id).into()]);
            }
        }
        values.extend([(*date).into(), clamp(*record).into(), (*partition).into()]);
        match key {
            Key::Token { code, system } if is_place(code, system) => {}
            Key::Text { exact, .. } => values.extend([(*group).into(), exact.as_str().into()]),
            _ => values.push((*group).into()),
        }
    }
}
