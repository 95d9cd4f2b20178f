//! Views that are prepared beside those that serve: who may do so, what is touched, and what serves whenever a process
//! ends.

#[path = "support/commits.rs"]
mod commits;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anamnesis_seal::{SubjectNumber, Tag};
use anamnesis_store::{AppendError, Change, Direction, KeyRow, Keys, Log, Mark, Views, Watermark};
use anamnesis_store_sql::{OpenError, SqliteBeside, SqliteStore};
use commits::{NOW, STREAM, commit};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

const MAKING_BYTES: u64 = 1 << 20;

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path(), NOW).expect("opens")
}

fn beside(folder: &TempDir) -> SqliteBeside {
    SqliteBeside::open(folder.path(), MAKING_BYTES).expect("opens beside")
}

fn change(offset: u64, shape: &str) -> Change {
    let marks = vec![Mark { offset, leaf: [1; 32] }];
    let watermark = Watermark { log: Uuid::from_u128(1), shape: shape.into(), marks, moment: NOW };
    Change { watermark, records: Vec::new(), index: Vec::new(), parked: Vec::new() }
}

/// Up to which event the views are complete.
async fn reached(views: &dyn Views) -> Option<u64> {
    let watermark = views.watermark().await.expect("reads");
    watermark.and_then(|watermark| watermark.marks.first().map(|mark| mark.offset))
}

async fn prepare(folder: &TempDir, offset: u64, shape: &str) {
    let prepared = beside(folder);
    prepared.views.apply(change(offset, shape)).await.expect("applied");
    prepared.rest().expect("brought to the disk");
}

fn of_another_layout(path: &Path) {
    let connection = Connection::open(path).expect("opens");
    connection.pragma_update(None, "user_version", 77).expect("set");
}

fn names(folder: &TempDir) -> BTreeSet<String> {
    let entries = fs::read_dir(folder.path()).expect("lists");
    entries.map(|entry| entry.expect("lists").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn the_log_and_the_keys_are_read_while_another_writes_them_and_not_written() {
    let folder = folder();
    let store = open(&folder);
    let row =
        |n: u8| KeyRow { tag: Tag([n; 16]), number: SubjectNumber(n.into()), wrapped: Some(vec![n; 40]) };
    store.log.append(commit(0, 10)).await.expect("taken");
    store.keys.add(vec![row(1)]).await.expect("added");
    let prepared = beside(&folder);
    assert_eq!(prepared.log.info(), store.log.info());
    assert_eq!(*prepared.log.head().borrow(), {
        let mut head = store.log.head().borrow().clone();
        (head.syncs, head.sync_time) = Default::default();
        head
    });

    store.log.append(commit(1, 10)).await.expect("taken");
    store.keys.add(vec![row(2)]).await.expect("added");
    let read = async |log: &dyn Log| log.read(0, 0, 10).await.expect("reads");
    assert_eq!(read(&*prepared.log).await.len(), 1, "as far as it was looked at");
    prepared.log.look().expect("looked");
    assert_eq!(read(&*prepared.log).await, read(&*store.log).await);
    let found = prepared.keys.find_by_number(&[SubjectNumber(2)]).await.expect("reads");
    assert_eq!(found, [Some(row(2))]);

    let refused = prepared.log.append(commit(2, 10)).await;
    assert!(matches!(refused, Err(AppendError::Unanswered(_))), "{refused:?}");
    prepared.keys.add(vec![row(3)]).await.expect_err("not here");
    prepared.keys.destroy(SubjectNumber(1), NOW).await.expect_err("not here");
    prepared.keys.add_secrets(Vec::new()).await.map(drop).expect("nothing is no change");
    assert_eq!(store.keys.find_by_number(&[SubjectNumber(3)]).await.expect("reads"), [None]);
    assert!(store.keys.destroy(SubjectNumber(1), NOW).await.expect("who reads holds nobody up"));
    assert_eq!(store.log.append(commit(2, 10)).await.expect("goes on").cursor.offset(0), 3);
    // The one that wrote is gone, with all that it had in its write-ahead log.
    drop(store);
    prepared.log.look().expect("looked");
    assert_eq!(read(&*prepared.log).await.len(), 3);
}

#[tokio::test]
async fn streams_are_read_while_another_writes_them_of_this_program_or_an_older_one() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // whose log                       how it is laid out
        ("this one's, in memory",         ""),
        ("this one's, in the table",      "INSERT INTO log_stream SELECT partition, stream, version, position FROM log_event; \
                                           INSERT INTO log_meta VALUES ('streams', 4);"),
        ("an older one's, with an index", "DROP TABLE log_stream; \
                                           CREATE UNIQUE INDEX log_event_stream ON log_event (stream, version, partition);"),
    ];
    for (whose, layout) in cases {
        let folder = folder();
        let store = open(&folder);
        for n in 0..4 {
            store.log.append(commit(n, 10)).await.expect("taken");
        }
        drop(store);
        let file = Connection::open(folder.path().join("log.db")).expect("opens");
        file.execute_batch(layout).expect("laid out");

        let prepared = beside(&folder);
        let forward = prepared.log.read_stream(STREAM, 2, Direction::Forward, 2).await.expect(whose);
        assert_eq!(forward.iter().map(|event| event.version).collect::<Vec<_>>(), [2, 3], "{whose}");
        let backward = prepared.log.read_stream(STREAM, 3, Direction::Backward, 9).await.expect(whose);
        assert_eq!(backward.iter().map(|event| event.version).collect::<Vec<_>>(), [3, 2, 1], "{whose}");
        let head = prepared.log.stream_head(STREAM).await.expect(whose);
        assert_eq!(head.map(|head| head.version), Some(4), "{whose}");
        assert_eq!(prepared.log.stream_events(STREAM).await.expect(whose), 4, "{whose}");
        prepared.log.look().expect(whose);
        assert_eq!(prepared.log.stream_events(STREAM).await.expect(whose), 4, "{whose}, looked at again");
    }
}

#[tokio::test]
async fn one_at_a_time_prepares_and_goes_on_where_the_last_was() {
    let folder = folder();
    let store = open(&folder);
    let first = beside(&folder);
    first.views.apply(change(4, "new")).await.expect("applied");
    let second = SqliteBeside::open(folder.path(), MAKING_BYTES).err();
    assert!(matches!(second, Some(OpenError::BeingPrepared)), "{second:?}");
    // The first change is committed at once, so a kill leaves it.
    drop(first);
    let mut second = beside(&folder);
    assert_eq!(reached(&*second.views).await, Some(4));
    second.begin_anew().expect("begun");
    assert_eq!(reached(&*second.views).await, None);
    assert_eq!(reached(&*store.views).await, None);
}

#[tokio::test]
async fn nothing_that_is_not_a_store_of_this_format_is_prepared_from() {
    let used = folder();
    drop(open(&used));
    fs::write(used.path().join("format"), "2\n").expect("writes");
    let refused = SqliteBeside::open(used.path(), MAKING_BYTES).err();
    assert!(matches!(refused, Some(OpenError::Newer { found: 2, known: 1 })), "{refused:?}");
    fs::write(used.path().join("format"), "1\n").expect("writes");
    for suffix in ["", "-wal"] {
        let _ = fs::remove_file(used.path().join(format!("log.db{suffix}")));
    }
    let refused = SqliteBeside::open(used.path(), MAKING_BYTES).err();
    assert!(matches!(refused, Some(OpenError::Damaged { offset: 0, .. })), "{refused:?}");
    assert!(SqliteBeside::open(folder().path(), MAKING_BYTES).is_err());
    assert!(!names(&used).iter().any(|name| name.starts_with("prepared")), "{:?}", names(&used));
}

/// What a process that ends at each step leaves, and what serves then: 1 served, 5 was prepared.
#[tokio::test]
async fn what_was_prepared_serves_where_the_old_views_cannot() {
    type Spoil = fn(&Path);
    let remove: Spoil = |path| fs::remove_file(path).expect("removed");
    let garbage: Spoil = |path| fs::write(path, [0xa5; 9_000]).expect("written");
    let keep: Spoil = |_| ();
    #[rustfmt::skip] // A table reads by column.
    let cases: [(&str, Spoil, Spoil, Option<u64>, bool); 8] = [
     //  what there is                              views.db           prepared.db        serves   prepared.db is left
        ("views that are ours",                     keep,              keep,              Some(1), true),
        ("of another layout",                       of_another_layout, keep,              Some(5), false),
        ("the old ones are gone, not yet replaced", remove,            keep,              Some(5), false),
        ("garbage",                                 garbage,           keep,              Some(5), false),
        ("nothing was prepared",                    of_another_layout, remove,            None,    false),
        ("prepared by a third program",             of_another_layout, of_another_layout, None,    true),
        ("prepared, and spoilt",                    of_another_layout, garbage,           None,    true),
        ("all of it is gone",                       remove,            remove,            None,    false),
    ];
    for (name, spoil_serving, spoil_prepared, expected, left) in cases {
        let folder = folder();
        let store = open(&folder);
        store.views.apply(change(1, "old")).await.expect("applied");
        prepare(&folder, 5, "new").await;
        store.rest().expect("ends");
        spoil_serving(&folder.path().join("views.db"));
        spoil_prepared(&folder.path().join("prepared.db"));
        for _ in 0..2 {
            let store = open(&folder);
            assert_eq!(reached(&*store.views).await, expected, "{name}");
            assert_eq!(store.views.number(), 1, "{name}");
            store.rest().expect("ends");
            assert_eq!(names(&folder).contains("prepared.db"), left, "{name}");
        }
    }
}

#[tokio::test]
async fn what_was_prepared_and_killed_is_taken_up_with_its_write_ahead_log() {
    let folder = folder();
    let store = open(&folder);
    let prepared = beside(&folder);
    prepared.views.apply(change(5, "new")).await.expect("applied");
    let killed = self::folder();
    for file in ["log.db", "log.db-wal", "keys.db", "keys.db-wal", "prepared.db", "prepared.db-wal"] {
        fs::copy(folder.path().join(file), killed.path().join(file)).expect("copied");
    }
    drop((prepared, store));
    assert_eq!(reached(&*open(&killed).views).await, Some(5));
    let left = names(&killed);
    assert!(!left.iter().any(|name| name.starts_with("prepared.db")), "{left:?}");
}

#[tokio::test]
async fn who_starts_while_views_are_prepared_leaves_the_old_ones() {
    let folder = folder();
    let store = open(&folder);
    store.views.apply(change(1, "old")).await.expect("applied");
    store.rest().expect("ends");
    let prepared = beside(&folder);
    // The same program starts and ends as ever.
    let mut store = open(&folder);
    assert!(matches!(store.take_up_prepared(), Err(OpenError::BeingPrepared)));
    store.forget_prepared().expect("not now");
    store.rest().expect("ends");
    of_another_layout(&folder.path().join("views.db"));
    let before = fs::read(folder.path().join("views.db")).expect("reads");
    let refused = SqliteStore::open(folder.path(), NOW).err();
    assert!(matches!(refused, Some(OpenError::BeingPrepared)), "{refused:?}");
    assert_eq!(fs::read(folder.path().join("views.db")).expect("reads"), before);
    prepared.views.apply(change(5, "new")).await.expect("nobody took it away");
    prepared.rest().expect("brought to the disk");
    assert_eq!(reached(&*open(&folder).views).await, Some(5));
}

#[tokio::test]
async fn whoever_serves_and_makes_generations_of_its_own_leaves_what_is_prepared() {
    let folder = folder();
    let mut store = open(&folder);
    store.views.apply(change(1, "old")).await.expect("applied");
    let prepared = beside(&folder);
    prepared.views.apply(change(4, "new")).await.expect("applied");
    let next = store.begin_generation().expect("begun");
    next.apply(change(2, "older")).await.expect("applied");
    store.appoint(&next).expect("appointed");
    std::mem::replace(&mut store.views, next).retire();
    store.rest().expect("ends");
    let store = open(&folder);
    assert_eq!(reached(&*store.views).await, Some(2));
    assert!(store.unfinished_generation().expect("looked").is_none());
    prepared.views.apply(change(5, "new")).await.expect("nobody took it away");
    prepared.rest().expect("brought to the disk");
    let mut store = store;
    assert!(store.take_up_prepared().expect("taken up"));
    assert_eq!(reached(&*store.views).await, Some(5));
    store.views.apply(change(6, "new")).await.expect("it is written like any other");
    assert!(!store.take_up_prepared().expect("looked"), "there is nothing more");
    assert_eq!(reached(&*store.views).await, Some(6));
}

#[tokio::test]
async fn what_nobody_needs_is_removed_and_what_another_program_may_is_not() {
    let folder = folder();
    let store = open(&folder);
    store.forget_prepared().expect("there is none");
    assert!(!names(&folder).iter().any(|name| name.starts_with("prepared")));
    store.views.apply(change(1, "old")).await.expect("applied");
    for (shape, left) in [("new", true), ("old", false)] {
        prepare(&folder, 5, shape).await;
        store.forget_prepared().expect("looked");
        assert_eq!(names(&folder).contains("prepared.db"), left, "{shape}");
    }
}
