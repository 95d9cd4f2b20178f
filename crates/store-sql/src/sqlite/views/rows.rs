//! All rows of the views, table by table: the same for equal views, however they were built.
//!
//! Invariant: each table's columns begin with those it is ordered by, in that order.

use std::cmp::Ordering;

use rusqlite::types::ValueRef;

/// Each table's rows in the order of its key; what is interned stands by its text.
pub(super) const ROWS: [(&str, &str); 21] = [
    (
        "record_now",
        "SELECT partition, record, version, kind, id, began, position, state, corrects, body FROM record_now \
      ORDER BY 1, 2, 3",
    ),
    (
        "record_then",
        "SELECT partition, record, version, kind, id, began, ended, position, state, corrects, body FROM record_then \
      ORDER BY 1, 2, 3",
    ),
    ("history", "SELECT * FROM history ORDER BY 1, 2, 3, 4"),
    ("place_count", "SELECT * FROM place_count WHERE count <> 0 ORDER BY 1"),
    ("place_now", "SELECT * FROM place_now ORDER BY 1, 2, 3, 4"),
    ("place_then", "SELECT * FROM place_then ORDER BY 1, 2, 3, 4, 5"),
    (
        "token_now",
        "SELECT t.param, t.code, s.text, t.date, t.record, t.partition, t.grp, t.began FROM token_now t \
      LEFT JOIN interned s ON s.number = t.system ORDER BY 1, 2, 3, 4, 5, 6, 7",
    ),
    (
        "token_then",
        "SELECT t.param, t.code, s.text, t.date, t.record, t.partition, t.grp, t.began, t.ended FROM token_then t \
      LEFT JOIN interned s ON s.number = t.system ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
    ),
    ("text_now", "SELECT * FROM text_now ORDER BY 1, 2, 3, 4, 5, 6, 7"),
    ("text_then", "SELECT * FROM text_then ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"),
    ("text_past", "SELECT * FROM text_past ORDER BY 1, 2, 3"),
    ("date_now", "SELECT * FROM date_now ORDER BY 1, 2, 3, 4, 5, 6, 7"),
    ("date_then", "SELECT * FROM date_then ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"),
    (
        "quantity_now",
        "SELECT q.param, q.low, q.high, u.text, s.text, q.date, q.record, q.partition, q.grp, q.began \
      FROM quantity_now q LEFT JOIN interned u ON u.number = q.unit LEFT JOIN interned s ON s.number = q.system \
      ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9",
    ),
    (
        "quantity_then",
        "SELECT q.param, q.low, q.high, u.text, s.text, q.date, q.record, q.partition, q.grp, q.began, q.ended \
      FROM quantity_then q LEFT JOIN interned u ON u.number = q.unit LEFT JOIN interned s ON s.number = q.system \
      ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    ),
    ("reference_now", "SELECT * FROM reference_now ORDER BY 1, 2, 3, 4, 5, 6, 7"),
    ("reference_then", "SELECT * FROM reference_then ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"),
    ("unit", "SELECT * FROM unit ORDER BY 1, 2"),
    ("words_now", "SELECT * FROM words_now ORDER BY 1"),
    ("words_then", "SELECT * FROM words_then ORDER BY 1"),
    // The index is in this order, and larger than what could be sorted.
    ("words", "SELECT term, doc, col, offset FROM words_instance"),
];

/// The order that SQLite gives two values of one column.
pub(super) fn order(one: ValueRef<'_>, other: ValueRef<'_>) -> Ordering {
    match (one, other) {
        (ValueRef::Integer(one), ValueRef::Integer(other)) => one.cmp(&other),
        (ValueRef::Real(one), ValueRef::Real(other)) => one.total_cmp(&other),
        (ValueRef::Text(one), ValueRef::Text(other)) | (ValueRef::Blob(one), ValueRef::Blob(other)) => {
            one.cmp(other)
        }
        _ => rank(one).cmp(&rank(other)),
    }
}

fn rank(value: ValueRef<'_>) -> u8 {
    match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) => 1,
        ValueRef::Real(_) => 2,
        ValueRef::Text(_) => 3,
        ValueRef::Blob(_) => 4,
    }
}
