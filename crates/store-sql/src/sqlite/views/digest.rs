//! A hash over all rows in key order: two generations are alike when it is.

use anamnesis_seal::{Hash, sha256};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::rows::ROWS;

/// The hash of a chain over the rows, table after table.
pub(super) fn digest(connection: &Connection) -> rusqlite::Result<Hash> {
    let mut chain: Hash = [0; 32];
    for (table, (_, sql)) in (0_u8..).zip(ROWS) {
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut text = Vec::new();
        while let Some(row) = rows.next()? {
            text.clear();
            text.extend(chain);
            text.push(table);
            for column in 0..columns {
                append(row.get_ref(column)?, &mut text);
            }
            chain = sha256(&text);
        }
    }
    Ok(chain)
}

fn append(value: ValueRef<'_>, out: &mut Vec<u8>) {
    let (mark, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(number) => (1, &number.to_be_bytes()),
        ValueRef::Real(number) => (2, &number.to_be_bytes()),
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    out.push(mark);
    out.extend((bytes.len() as u64).to_be_bytes());
    out.extend(bytes);
}
