//! Damage behind the program's back is told with its place: at the opening, or by whoever reads there.

#![expect(clippy::panic, reason = "a test ends so")]

#[path = "support/commits.rs"]
mod commits;

use std::fs;
use std::path::{Path, PathBuf};

use anamnesis_kernel::Position;
use anamnesis_store::{Direction, Log, ReadError};
use anamnesis_store_sql::{OpenError, SqliteStore};
use commits::{NOW, STREAM, commit};
use rusqlite::Connection;
use tempfile::TempDir;

const EVENTS: u64 = 9;
const EVENT_BYTES: usize = 6_000;

/// As if all events had been brought into the table of streams, which only many are.
const BROUGHT: &str = "INSERT INTO log_stream SELECT partition, stream, version, position FROM log_event; \
    INSERT INTO log_meta VALUES ('streams', 9)";

/// A closed store with nine events, and its log in one file.
async fn store() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let store = SqliteStore::open(folder.path(), NOW).expect("opens");
    for n in 0..EVENTS {
        store.log.append(commit(n, EVENT_BYTES)).await.expect("taken");
    }
    drop(store);
    let path = folder.path().join("log.db");
    edit(&path, "SELECT 1");
    (folder, path)
}

/// Runs a statement behind the program's back, and brings all of it into the file.
fn edit(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("opens");
    connection.execute_batch(&format!("{sql}; PRAGMA wal_checkpoint(TRUNCATE);")).expect("edited");
}

/// The offset at which opening tells of damage.
fn damage_at_opening(folder: &TempDir) -> Option<u64> {
    match SqliteStore::open(folder.path(), NOW) {
        Ok(_) => None,
        Err(OpenError::Damaged { offset, .. }) => Some(offset),
        Err(other) => panic!("{other:?}"),
    }
}

fn damage<T: std::fmt::Debug>(read: Result<T, ReadError>) -> Option<u64> {
    match read {
        Ok(_) => None,
        Err(ReadError::Damaged { partition: 0, offset, .. }) => Some(offset),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_altered_middle_is_found_by_its_readers() {
    #[rustfmt::skip]
    let cases = [
     // name                  what is done behind the program's back                                                            found at
        ("a sealed byte",     "UPDATE log_event SET sealed = X'00' || substr(sealed, 2) WHERE position = 4",                    4),
        ("a byte less",       "UPDATE log_event SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) AS BLOB) WHERE position = 4", 4),
        ("not bytes",         "UPDATE log_event SET sealed = 'text' WHERE position = 4",                                        4),
        ("the leaf",          "UPDATE log_event SET leaf = zeroblob(32) WHERE position = 4",                                    4),
        ("a short leaf",      "UPDATE log_event SET leaf = zeroblob(31) WHERE position = 4",                                    4),
        ("the version",       "UPDATE log_event SET version = 400 WHERE position = 4",                                          4),
        ("a negative number", "UPDATE log_event SET version = -1 WHERE position = 4",                                           4),
        ("the moment",        "UPDATE log_event SET moment = moment + 1 WHERE position = 4",                                    4),
        ("the type",          "UPDATE log_event SET kind = 'PatientDeleted' WHERE position = 4",                                4),
        ("the schema",        "UPDATE log_event SET schema_version = 2 WHERE position = 4",                                     4),
        ("the subject",       "UPDATE log_event SET subject = 2 WHERE position = 4",                                            4),
        ("the stream",        "UPDATE log_event SET stream = zeroblob(16) WHERE position = 4",                                  4),
        ("the event id",      "UPDATE log_event SET event_id = zeroblob(16) WHERE position = 4",                                4),
        ("the commit",        "UPDATE log_event SET commit_id = zeroblob(16) WHERE position = 4",                               4),
        ("a missing event",   "DELETE FROM log_event WHERE position = 4",                                                       4),
        ("several missing",   "DELETE FROM log_event WHERE position IN (4, 5, 6)",                                              4),
        ("the first missing", "DELETE FROM log_event WHERE position = 0",                                                       0),
        ("two exchanged",     "UPDATE log_event SET position = 99 WHERE position = 4; UPDATE log_event SET position = 4 WHERE position = 5; \
                               UPDATE log_event SET position = 5 WHERE position = 99",                                          4),
    ];
    for ((name, sql, place), brought) in cases.into_iter().flat_map(|case| [(case, false), (case, true)]) {
        let (folder, path) = store().await;
        if brought {
            edit(&path, BROUGHT);
        }
        edit(&path, sql);
        let store = SqliteStore::open(folder.path(), NOW).expect(name);
        let log = &store.log;
        assert_eq!(log.read(0, 0, place as u32).await.expect(name).len() as u64, place, "{name}");
        let by_page = damage(log.read(0, 0, 100).await);
        if name == "two exchanged" {
            // Each is what was written; only the tree's root and the versions tell that they stand wrong.
            assert_eq!(by_page, None, "{name}");
            continue;
        }
        assert_eq!(by_page, Some(place), "{name}");
        assert_eq!(damage(log.read(0, place, 1).await), Some(place), "{name}");
        assert_eq!(
            damage(log.read_at(&[Position { partition: 0, offset: place }]).await),
            Some(place),
            "{name}"
        );
        assert_eq!(damage(log.read_stream(STREAM, 1, Direction::Forward, 100).await), Some(place), "{name}");
        let backward = damage(log.read_stream(STREAM, EVENTS, Direction::Backward, 100).await);
        assert!(backward.is_some_and(|found| found >= place), "{name}");
        assert_eq!(damage(log.read(0, 7, 100).await), None, "{name}: the rest reads");
        if name.contains("missing") && place == 4 {
            assert_eq!(damage(log.resolve(NOW).await), Some(4), "{name}");
        }
    }
}

#[tokio::test]
async fn a_wrong_end_is_found_at_the_opening() {
    let copy = "INSERT INTO log_event SELECT 9, partition, stream, 10, randomblob(16), commit_id, subject, kind, \
                schema_version, moment, leaf, sealed FROM log_event WHERE position = 8";
    #[rustfmt::skip]
    let cases = [
     // name                      what is done behind the program's back                                          found at
        ("the last missing",      "DELETE FROM log_event WHERE position = 8",                                     8),
        ("the last two missing",  "DELETE FROM log_event WHERE position > 6",                                     8),
        ("all missing",           "DELETE FROM log_event",                                                        8),
        ("no table",              "DROP TABLE log_event",                                                         8),
        ("a byte of the last",    "UPDATE log_event SET sealed = X'00' || substr(sealed, 2) WHERE position = 8",  8),
        ("the last one's leaf",   "UPDATE log_event SET leaf = zeroblob(32) WHERE position = 8",                  8),
        ("one too many",          copy,                                                                           9),
        ("the head moved back",   "UPDATE log_partition SET next = 5",                                            5),
        ("the head moved on",     "UPDATE log_partition SET next = 11",                                           9),
        ("no head",               "DELETE FROM log_partition",                                                    0),
        ("no tree",               "UPDATE log_partition SET tree = X''",                                          9),
        ("another tree's size", "UPDATE log_partition SET tree = zeroblob(40)",                         9),
    ];
    for (name, sql, place) in cases {
        let (folder, path) = store().await;
        edit(&path, sql);
        assert_eq!(damage_at_opening(&folder), Some(place), "{name}");
    }
}

#[tokio::test]
async fn a_bit_that_turned_on_the_disk_is_found_where_it_is() {
    for place in [0, 3, 8] {
        let (folder, path) = store().await;
        let mut file = fs::read(&path).expect("reads");
        let written = commit(place, EVENT_BYTES).streams.remove(0).events.remove(0).sealed;
        let needle = &written[100..200];
        // A page that was split may hold a stale copy too, so every one is turned.
        let copies: Vec<usize> =
            (0..file.len() - needle.len()).filter(|at| file[*at..].starts_with(needle)).collect();
        assert!(!copies.is_empty(), "the event is in the file");
        copies.into_iter().for_each(|at| file[at + 50] ^= 1);
        fs::write(&path, file).expect("writes");
        if place == EVENTS - 1 {
            assert_eq!(damage_at_opening(&folder), Some(place));
        } else {
            let store = SqliteStore::open(folder.path(), NOW).expect("its end is good");
            assert_eq!(damage(store.log.read(0, 0, 100).await), Some(place));
        }
    }
}

#[tokio::test]
async fn a_file_that_is_cut_gone_or_another_is_never_an_empty_log() {
    const PAGE: u64 = 4_096;
    let (folder, path) = store().await;
    let whole = fs::read(&path).expect("reads");
    let pages = whole.len() as u64 / PAGE;
    assert!(pages > 20);
    for length in [0, 1, 100, PAGE, 2 * PAGE, pages / 2 * PAGE, (pages - 1) * PAGE] {
        fs::write(&path, &whole[..length as usize]).expect("writes");
        assert_eq!(damage_at_opening(&folder), Some(0), "{length} of {} bytes", whole.len());
        assert_eq!(fs::metadata(&path).expect("is there").len(), length, "the damaged file is left as it is");
    }
    fs::write(&path, vec![0xa5; whole.len()]).expect("writes");
    assert_eq!(damage_at_opening(&folder), Some(0), "garbage");
    fs::remove_file(&path).expect("removes");
    assert_eq!(damage_at_opening(&folder), Some(0), "gone");
    assert!(!path.exists());
    fs::write(&path, &whole).expect("writes");
    assert_eq!(damage_at_opening(&folder), None, "brought back");
}

#[tokio::test]
async fn what_a_crash_cut_off_is_not_damage() {
    let (folder, path) = store().await;
    let store = SqliteStore::open(folder.path(), NOW).expect("opens");
    store.log.append(commit(EVENTS, EVENT_BYTES)).await.expect("taken");
    // The files as a crash would leave them, while the store is still open.
    let after = TempDir::new().expect("a folder");
    for entry in fs::read_dir(folder.path()).expect("lists") {
        let entry = entry.expect("lists");
        fs::copy(entry.path(), after.path().join(entry.file_name())).expect("copies");
    }
    let wal = after.path().join("log.db-wal");
    let acknowledged = SqliteStore::open(after.path(), NOW).expect("opens");
    assert_eq!(acknowledged.log.read(0, 0, 100).await.expect("reads").len() as u64, EVENTS + 1);
    drop(acknowledged);
    // A commit that was torn in the write-ahead log was never acknowledged: it is gone, and the rest is whole.
    let torn = fs::read(path.with_extension("db-wal")).expect("reads");
    fs::copy(&path, after.path().join("log.db")).expect("copies");
    fs::write(&wal, &torn[..torn.len() - 2_000]).expect("writes");
    let store = SqliteStore::open(after.path(), NOW).expect("opens");
    assert_eq!(store.log.read(0, 0, 100).await.expect("reads").len() as u64, EVENTS);
    store.log.append(commit(EVENTS, 10)).await.expect("taken");
}
