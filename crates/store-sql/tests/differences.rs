//! Two generations are compared by what their rows mean, whatever numbers stand for it, and the first difference is placed.

use std::path::Path;
use std::sync::Arc;

use anamnesis_kernel::search::{Entry, Key, Param, Place, Real};
use anamnesis_kernel::{Instant, ResourceType};
use anamnesis_store::{Change, IndexRow, IndexWrite, Mark, RecordNumber, Views, Watermark};
use anamnesis_store_sql::{Difference, DifferenceKind, SqliteStore, SqliteViews};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

/// When it begins: 2026-01-01.
const NOW: Instant = Instant::from_micros(1_767_225_600_000_000);
const TOKEN: Param = Param(1);
const QUANTITY: Param = Param(2);

fn open(record: u64, param: Param, key: Key) -> IndexWrite {
    let place = Place { date: 0, record, partition: 0 };
    let began = Instant::from_micros(10 + i64::try_from(record).expect("small"));
    IndexWrite::Open(IndexRow { entry: Entry { param, key, group: 0 }, place }, began)
}

/// The rows of one record: a code, an amount and words that others have too, but for the systems and the unit.
fn rows(record: u64) -> Vec<IndexWrite> {
    let own = match record % 3 {
        0 => "s-one",
        1 => "s-two",
        _ => "s-three",
    };
    let low = Real::new(1.5).expect("a number");
    vec![
        open(record, TOKEN, Key::Token { code: "final".into(), system: own.into() }),
        open(record, QUANTITY, Key::Quantity { low, high: low, unit: own.into(), system: "u".into() }),
        open(
            record,
            Param::of_type(ResourceType::PATIENT.number()),
            Key::Words { narrative: "calm and well".into(), rest: own.into() },
        ),
    ]
}

/// Views of nine records, one change each, in this order.
async fn made(views: &SqliteViews, order: impl Iterator<Item = u64>) {
    for (record, offset) in order.zip(1..) {
        let marks = vec![Mark { offset, leaf: [1; 32] }];
        let watermark = Watermark { log: Uuid::from_u128(1), shape: "shape".into(), marks, moment: NOW };
        let change = Change { watermark, records: Vec::new(), index: rows(record), parked: Vec::new() };
        views.apply(change).await.expect("applied");
    }
}

/// Served views, and fresh ones whose numbers stand for other texts and versions.
async fn both(folder: &TempDir) -> (SqliteStore, Arc<SqliteViews>) {
    let store = SqliteStore::open(folder.path(), NOW).expect("opens");
    made(&store.views, 1..=9).await;
    let fresh = store.begin_trial().expect("begun");
    made(&fresh, (1..=9).rev()).await;
    fresh.finish().await.expect("finished");
    (store, fresh)
}

fn connect(folder: &Path) -> Connection {
    Connection::open(folder.join("views.db")).expect("opens")
}

#[tokio::test]
async fn other_numbers_make_no_difference() {
    let folder = TempDir::new().expect("a folder");
    let (store, fresh) = both(&folder).await;
    let first: String = connect(folder.path())
        .query_row("SELECT text FROM interned ORDER BY number LIMIT 1", [], |row| row.get(0))
        .expect("reads");
    assert_eq!(first, "s-two", "that of the record that came first here, and last there");
    assert_eq!(store.views.difference(&fresh, |_, _| {}).await.expect("reads"), None);
    assert_eq!(store.views.digest().await.expect("reads"), fresh.digest().await.expect("reads"));
}

#[tokio::test]
async fn a_row_in_a_group_is_found_by_its_record() {
    use DifferenceKind::{Missing, Other, Surplus};
    let words = Param::of_type(ResourceType::PATIENT.number());
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // what is done to the views                                                          table           row      parameter       record
        ("DELETE FROM token_now WHERE record = 7",                                         "token_now",    Missing, Some(TOKEN),    Some(7)),
        ("DELETE FROM token_now",                                                          "token_now",    Missing, Some(TOKEN),    Some(1)),
        ("UPDATE token_now SET system = (SELECT system FROM token_now WHERE record = 5) WHERE record = 6",
                                                                                           "token_now",    Other,   Some(TOKEN),    Some(6)),
        ("UPDATE token_now SET began = began + 1 WHERE record = 3",                        "token_now",    Other,   Some(TOKEN),    Some(3)),
        ("INSERT INTO token_now SELECT param, code, system, 5, record, partition, grp, began FROM token_now WHERE record = 9",
                                                                                           "token_now",    Surplus, Some(TOKEN),    Some(9)),
        ("INSERT INTO token_now SELECT param, 'early', system, date, record, partition, grp, began FROM token_now WHERE record = 4",
                                                                                           "token_now",    Surplus, Some(TOKEN),    Some(4)),
        ("UPDATE quantity_now SET unit = 0 WHERE record = 2",                              "quantity_now", Other,   Some(QUANTITY), Some(2)),
        ("DELETE FROM words_now WHERE record = 8",                                         "words_now",    Missing, Some(words),    Some(8)),
        ("INSERT INTO words (rowid, narrative, rest) SELECT number, '', 'calm' FROM words_now WHERE record = 6",
                                                                                           "words",        Other,   Some(words),    Some(6)),
        ("INSERT INTO words (rowid, narrative, rest) VALUES (99, 'calm', '')",             "words",        Surplus, None,           None),
    ];
    for (sql, table, kind, param, record) in cases {
        let folder = TempDir::new().expect("a folder");
        let (store, fresh) = both(&folder).await;
        connect(folder.path()).execute_batch(sql).expect(sql);
        let record = record.map(|record| RecordNumber { partition: 0, record });
        let expected = Difference { table, kind, param, record };
        let found = store.views.difference(&fresh, |_, _| {}).await.expect("reads");
        assert_eq!(found, Some(expected), "{sql}");
        assert_ne!(store.views.digest().await.expect("reads"), fresh.digest().await.expect("reads"), "{sql}");
    }
}
