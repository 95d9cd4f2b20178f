//! All rows of the views, table by table: the same for equal views, however they were built.
//!
//! Invariant: each table's columns begin with those it is ordered by, in that order, and none is sorted anew that is
//! large.

use std::cmp::Ordering;

use rusqlite::types::ValueRef;

/// How the rows of a table are read.
#[derive(Clone, Copy)]
pub(super) enum Rows {
    /// In the order of its key.
    InOrder(&'static str),
    /// In groups, whose order is that of the key and within which rows come in any order: to sort them by what is
    /// interned or numbered would need room for the largest group.
    InGroups(Grouped),
}

/// A table whose rows come in groups.
#[derive(Clone, Copy)]
pub(super) struct Grouped {
    /// Its rows, without an order.
    rows: &'static str,
    /// The columns that a group has in common, which come first in a row and are those it is ordered by.
    key: &'static [&'static str],
    /// Whether the rows come in that order by themselves.
    in_order: bool,
}

impl Grouped {
    /// How many columns a group has in common.
    pub(super) const fn width(&self) -> usize {
        self.key.len()
    }

    /// All rows, group after group.
    pub(super) fn all(&self) -> String {
        if self.in_order {
            self.rows.to_owned()
        } else {
            format!("{} ORDER BY {}", self.rows, self.key.join(", "))
        }
    }

    /// The rows of the group whose key is given.
    pub(super) fn one(&self) -> String {
        let is = |(n, column): (usize, &&str)| format!("{column} = ?{}", n + 1);
        let keys: Vec<String> = self.key.iter().enumerate().map(is).collect();
        format!("{} WHERE {}", self.rows, keys.join(" AND "))
    }
}

/// All tables; what is interned stands by its text, and words stand by the version that they are of.
pub(super) const ROWS: [(&str, Rows); 21] = [
    (
        "record_now",
        Rows::InOrder(
            "SELECT partition, record, version, kind, id, began, position, state, corrects, body FROM record_now \
          ORDER BY 1, 2, 3",
        ),
    ),
    (
        "record_then",
        Rows::InOrder(
            "SELECT partition, record, version, kind, id, began, ended, position, state, corrects, body FROM record_then \
          ORDER BY 1, 2, 3",
        ),
    ),
    ("history", Rows::InOrder("SELECT * FROM history ORDER BY 1, 2, 3, 4")),
    ("place_count", Rows::InOrder("SELECT * FROM place_count WHERE count <> 0 ORDER BY 1")),
    ("place_now", Rows::InOrder("SELECT * FROM place_now ORDER BY 1, 2, 3, 4")),
    ("place_then", Rows::InOrder("SELECT * FROM place_then ORDER BY 1, 2, 3, 4, 5")),
    (
        "token_now",
        Rows::InGroups(Grouped {
            rows: "SELECT t.param, t.code, s.text, t.date, t.record, t.partition, t.grp, t.began FROM token_now t \
          LEFT JOIN interned s ON s.number = t.system",
            key: TOKEN,
            in_order: false,
        }),
    ),
    (
        "token_then",
        Rows::InGroups(Grouped {
            rows: "SELECT t.param, t.code, s.text, t.date, t.record, t.partition, t.grp, t.began, t.ended FROM token_then t \
          LEFT JOIN interned s ON s.number = t.system",
            key: TOKEN,
            in_order: false,
        }),
    ),
    ("text_now", Rows::InOrder("SELECT * FROM text_now ORDER BY 1, 2, 3, 4, 5, 6, 7")),
    (
        "text_then",
        // What waits in runs is little enough to be sorted.
        Rows::InOrder(
            "SELECT * FROM text_then UNION ALL \
          SELECT param, text, date, record, partition, grp, exact, began, ended FROM text_late \
          WHERE run IN (SELECT run FROM text_run) ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
        ),
    ),
    ("text_past", Rows::InOrder("SELECT * FROM text_past ORDER BY 1, 2, 3")),
    ("date_now", Rows::InOrder("SELECT * FROM date_now ORDER BY 1, 2, 3, 4, 5, 6, 7")),
    ("date_then", Rows::InOrder("SELECT * FROM date_then ORDER BY 1, 2, 3, 4, 5, 6, 7, 8")),
    (
        "quantity_now",
        Rows::InGroups(Grouped {
            rows: "SELECT q.param, q.low, q.high, u.text, s.text, q.date, q.record, q.partition, q.grp, q.began \
          FROM quantity_now q LEFT JOIN interned u ON u.number = q.unit LEFT JOIN interned s ON s.number = q.system",
            key: QUANTITY,
            in_order: false,
        }),
    ),
    (
        "quantity_then",
        Rows::InGroups(Grouped {
            rows: "SELECT q.param, q.low, q.high, u.text, s.text, q.date, q.record, q.partition, q.grp, q.began, q.ended \
          FROM quantity_then q LEFT JOIN interned u ON u.number = q.unit LEFT JOIN interned s ON s.number = q.system",
            key: QUANTITY,
            in_order: false,
        }),
    ),
    ("reference_now", Rows::InOrder("SELECT * FROM reference_now ORDER BY 1, 2, 3, 4, 5, 6, 7")),
    ("reference_then", Rows::InOrder("SELECT * FROM reference_then ORDER BY 1, 2, 3, 4, 5, 6, 7, 8")),
    ("unit", Rows::InOrder("SELECT * FROM unit ORDER BY 1, 2")),
    (
        "words_now",
        Rows::InOrder("SELECT record, partition, param, began, date, grp FROM words_now ORDER BY 1, 2, 3, 4"),
    ),
    (
        "words_then",
        Rows::InOrder(
            "SELECT record, partition, param, began, ended, date, grp FROM words_then ORDER BY 1, 2, 3, 4, 5",
        ),
    ),
    (
        "words",
        Rows::InGroups(Grouped {
            rows: "SELECT w.term, w.col, w.offset, coalesce(n.record, t.record) AS record, \
          coalesce(n.partition, t.partition) AS partition, coalesce(n.param, t.param) AS param, \
          coalesce(n.began, t.began) AS began FROM words_instance w \
          LEFT JOIN words_now n ON n.number = w.doc LEFT JOIN words_then t ON t.number = w.doc",
            key: &["w.term"],
            // The index has no other order, and is larger than what could be sorted.
            in_order: true,
        }),
    ),
];

const TOKEN: &[&str] = &["t.param", "t.code"];
const QUANTITY: &[&str] = &["q.param", "q.low", "q.high"];

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
