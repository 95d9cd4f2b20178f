//! A hash over all rows in key order: two generations are alike when it is.

use anamnesis_seal::{Hash, sha256};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// Each table's rows in the order of its key; what is interned stands by its text.
const ROWS: [&str; 21] = [
    "SELECT * FROM record_now ORDER BY partition, record",
    "SELECT * FROM record_then ORDER BY partition, record, version",
    "SELECT * FROM history ORDER BY 1, 2, 3, 4",
    "SELECT * FROM place_count WHERE count <> 0 ORDER BY 1",
    "SELECT * FROM place_now ORDER BY 1, 2, 3, 4",
    "SELECT * FROM place_then ORDER BY 1, 2, 3, 4, 5",
    "SELECT t.param, t.code, s.text, t.date, t.record, t.partition, t.grp, t.began FROM token_now t \
     LEFT JOIN interned s ON s.number = t.system ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "SELECT t.param, t.code, s.text, t.date, t.record, t.partition, t.grp, t.began, t.ended FROM token_then t \
     LEFT JOIN interned s ON s.number = t.system ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
    "SELECT * FROM text_now ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "SELECT * FROM text_then ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
    "SELECT * FROM text_past ORDER BY 1, 2, 3",
    "SELECT * FROM date_now ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "SELECT * FROM date_then ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
    "SELECT q.param, q.low, q.high, u.text, s.text, q.date, q.record, q.partition, q.grp, q.began \
     FROM quantity_now q LEFT JOIN interned u ON u.number = q.unit LEFT JOIN interned s ON s.number = q.system \
     ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9",
    "SELECT q.param, q.low, q.high, u.text, s.text, q.date, q.record, q.partition, q.grp, q.began, q.ended \
     FROM quantity_then q LEFT JOIN interned u ON u.number = q.unit LEFT JOIN interned s ON s.number = q.system \
     ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    "SELECT * FROM reference_now ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "SELECT * FROM reference_then ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
    "SELECT * FROM unit ORDER BY 1, 2",
    "SELECT * FROM words_now ORDER BY 1",
    "SELECT * FROM words_then ORDER BY 1",
    // The index is in this order, and larger than what could be sorted.
    "SELECT term, doc, col, offset FROM words_instance",
];

/// The hash of a chain over the rows, table after table.
pub(super) fn digest(connection: &Connection) -> rusqlite::Result<Hash> {
    let mut chain: Hash = [0; 32];
    for (table, sql) in (0_u8..).zip(ROWS) {
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
