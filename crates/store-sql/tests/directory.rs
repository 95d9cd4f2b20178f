//! The data directory: one process at a time, nothing newer touched, what is derived made anew.

#[path = "support/commits.rs"]
mod commits;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anamnesis_seal::{SubjectNumber, Tag};
use anamnesis_store::{Change, KeyRow, Keys, Log, Mark, Views, Watermark};
use anamnesis_store_sql::{OpenError, SqliteStore};
use commits::{NOW, commit};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path(), NOW).expect("opens")
}

/// Every file but the lock, with what it holds.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("lists").map(|entry| entry.expect("lists").path());
    entries
        .filter(|path| !path.ends_with("lock"))
        .map(|path| (path.clone(), fs::read(path).expect("reads")))
        .collect()
}

fn change(offset: u64) -> Change {
    let marks = vec![Mark { offset, leaf: [1; 32] }];
    let watermark = Watermark { log: Uuid::from_u128(1), shape: "shape".into(), marks, moment: NOW };
    Change { watermark, records: Vec::new(), index: Vec::new(), parked: Vec::new() }
}

async fn watermark(store: &SqliteStore) -> Option<Watermark> {
    store.views.watermark().await.expect("reads")
}

#[tokio::test]
async fn a_second_opening_waits_for_nothing_and_touches_nothing() {
    let folder = folder();
    let first = open(&folder);
    let refused = SqliteStore::open(folder.path(), NOW).err();
    assert!(matches!(refused, Some(OpenError::InUse)), "{refused:?}");
    first.log.append(commit(0, 10)).await.expect("the first goes on");
    drop(first);
    assert_eq!(open(&folder).log.head().borrow().cursor.offset(0), 1);
}

#[tokio::test]
async fn a_newer_format_is_left_untouched() {
    let used = folder();
    drop(open(&used));
    for newer in ["2\n", "2", "17\n", "no number\n", ""] {
        for folder in [&used, &folder()] {
            fs::write(folder.path().join("format"), newer).expect("writes");
            let before = files(folder.path());
            let refused = SqliteStore::open(folder.path(), NOW).err();
            assert!(matches!(refused, Some(OpenError::Newer { known: 1, .. })), "{newer:?}: {refused:?}");
            assert_eq!(files(folder.path()), before, "{newer:?}");
        }
    }
    fs::write(used.path().join("format"), "1\n").expect("writes");
    open(&used);
}

#[tokio::test]
async fn views_that_are_not_ours_are_made_anew_and_the_log_stays() {
    let folder = folder();
    let path = folder.path().join("views.db");
    let store = open(&folder);
    store.log.append(commit(0, 10)).await.expect("taken");
    store.views.apply(change(1)).await.expect("applied");
    drop(store);
    let store = open(&folder);
    assert_eq!(watermark(&store).await, Some(change(1).watermark), "ours are kept");
    drop(store);
    let of_another_layout = || {
        let connection = Connection::open(&path).expect("opens");
        connection.pragma_update(None, "user_version", 77).expect("set");
    };
    let garbage = || fs::write(&path, [0xa5; 9_000]).expect("writes");
    let cut = || fs::write(&path, &fs::read(&path).expect("reads")[..5_000]).expect("writes");
    let gone = || fs::remove_file(&path).expect("removes");
    let spoils: [(&str, &dyn Fn()); 4] =
        [("another layout", &of_another_layout), ("garbage", &garbage), ("cut", &cut), ("gone", &gone)];
    for (name, spoil) in spoils {
        spoil();
        let store = open(&folder);
        assert_eq!(watermark(&store).await, None, "{name}");
        assert_eq!(store.log.head().borrow().cursor.offset(0), 1, "{name}");
        store.views.apply(change(1)).await.expect("applied");
    }
}

#[tokio::test]
async fn cleared_and_reset_views_are_as_new() {
    let folder = folder();
    let mut store = open(&folder);
    let empty = store.views.digest().await.expect("reads");
    store.views.apply(change(1)).await.expect("applied");
    store.views.clear().expect("cleared");
    assert_eq!((watermark(&store).await, store.views.digest().await.expect("reads")), (None, empty));
    store.views.apply(change(2)).await.expect("applied");
    store.reset_views().expect("reset");
    assert_eq!((watermark(&store).await, store.views.digest().await.expect("reads")), (None, empty));
    store.views.apply(change(3)).await.expect("applied");
    drop(store);
    assert_eq!(watermark(&open(&folder)).await, Some(change(3).watermark));
}

/// The files of the views there are.
fn views_files(folder: &TempDir) -> Vec<String> {
    let names = files(folder.path())
        .into_keys()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("views") || name == "serving").collect()
}

#[tokio::test]
async fn the_next_generation_serves_once_it_is_swapped_in() {
    let folder = folder();
    let store = open(&folder);
    store.views.apply(change(1)).await.expect("applied");
    let next = store.begin_generation().expect("begun");
    next.apply(change(5)).await.expect("applied");
    assert_eq!(watermark(&store).await, Some(change(1).watermark), "the serving one goes on");
    next.retire();
    drop(next);
    assert!(
        views_files(&folder).iter().all(|name| name.starts_with("views.db")),
        "{:?}",
        views_files(&folder)
    );

    let next = store.begin_generation().expect("begun anew");
    assert_eq!(next.watermark().await.expect("reads"), None);
    next.apply(change(9)).await.expect("applied");
    // Both are being read while they change places.
    let old = Arc::clone(&store.views);
    store.swap_generation(next).expect("swapped");
    old.apply(change(2)).await.expect_err("the old generation is closed");
    drop(old);
    assert_eq!(views_files(&folder), ["views.db"]);
    assert_eq!(watermark(&open(&folder)).await, Some(change(9).watermark));
}

#[tokio::test]
async fn generations_follow_each_other_while_the_old_ones_are_read() {
    let folder = folder();
    let mut store = open(&folder);
    store.views.apply(change(1)).await.expect("applied");
    for offset in [5, 7] {
        let next = store.begin_generation().expect("begun");
        next.apply(change(offset)).await.expect("applied");
        store.appoint(&next).expect("appointed");
        let old = std::mem::replace(&mut store.views, next);
        old.retire();
        assert_ne!(old.watermark().await.expect("reads"), watermark(&store).await, "{offset}");
        store.views.apply(change(offset + 1)).await.expect("it is written like any other");
    }
    let left = views_files(&folder);
    assert!(left.iter().all(|name| name == "serving" || name.starts_with("views-3.db")), "{left:?}");
    drop(store);
    assert_eq!(watermark(&open(&folder)).await, Some(change(8).watermark));
    assert!(views_files(&folder).iter().all(|name| name.starts_with("views.db")));
}

/// What a process that is killed at each step leaves, and what serves then.
#[tokio::test]
async fn a_generation_that_was_appointed_serves_whenever_the_process_is_killed() {
    #[rustfmt::skip] // A table reads by column.
    let cases: [(&str, &[&str], Option<&str>, u64); 9] = [
        ("under way",                      &["views.db", "views-2.db"],               None,               1),
        ("several under way",              &["views.db", "views-2.db", "views-3.db"], None,               1),
        ("it was only a trial",            &["views.db", "views-trial.db"],           None,               1),
        ("appointed, before it serves",    &["views.db", "views-2.db"],               Some("views-2.db"), 5),
        ("the old one is gone",            &["views-2.db"],                           Some("views-2.db"), 5),
        ("it has the name already",        &["views.db"],                             Some("views-2.db"), 1),
        ("another is under way",           &["views.db", "views-2.db", "views-3.db"], Some("views-2.db"), 5),
        ("of an older program",            &["views.db", "views-next.db"],            None,               1),
        ("a name that is none",            &["views.db"],                             Some("log.db"),     1),
    ];
    for (name, there, appointed, expected) in cases {
        let folder = folder();
        let store = open(&folder);
        store.views.apply(change(1)).await.expect("applied");
        let next = store.begin_generation().expect("begun");
        next.apply(change(5)).await.expect("applied");
        next.finish().await.expect("committed");
        let killed = self::folder();
        // With their write-ahead logs, as nothing was closed.
        for file in ["log.db", "keys.db"].iter().chain(there) {
            let is_made_up = matches!(*file, "views-3.db" | "views-next.db" | "views-trial.db");
            let from = if is_made_up { "views-2.db" } else { file };
            for suffix in ["", "-wal"] {
                let (from, to) = (format!("{from}{suffix}"), format!("{file}{suffix}"));
                fs::copy(folder.path().join(from), killed.path().join(to)).expect("copied");
            }
        }
        if let Some(appointed) = appointed {
            fs::write(killed.path().join("serving"), appointed).expect("written");
        }
        let store = open(&killed);
        assert_eq!(watermark(&store).await, Some(change(expected).watermark), "{name}");
        // The newest that was not appointed may be gone on with.
        let newest = there
            .iter()
            .filter(|file| appointed != Some(**file) && file.as_bytes()[6].is_ascii_digit())
            .max();
        let unfinished = store.unfinished_generation().expect("looked at");
        assert_eq!(
            unfinished.as_ref().map(|views| format!("views-{}.db", views.number())).as_deref(),
            newest.copied(),
            "{name}"
        );
        if let Some(unfinished) = unfinished {
            assert_eq!(unfinished.watermark().await.expect("reads"), Some(change(5).watermark), "{name}");
            unfinished.retire();
        }
        let left = views_files(&killed);
        assert!(left.iter().all(|name| name.starts_with("views.db")), "{name}: {left:?}");
    }
}

#[tokio::test]
async fn a_destroyed_key_is_nowhere_on_the_disk() {
    let folder = folder();
    let wrapped = |n: u8| vec![0xd0 + n, 0x5e, 0xc2, n, 0xa7, 0x19, 0x83, 0x4b, n, 0x66, 0xf1, 0x20];
    let row =
        |n: u8| KeyRow { tag: Tag([n; 16]), number: SubjectNumber(n.into()), wrapped: Some(wrapped(n)) };
    let found = |n: u8| {
        let needle = wrapped(n);
        files(folder.path()).values().any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    };
    let store = open(&folder);
    store.keys.add(vec![row(1), row(2), row(3)]).await.expect("added");
    store.keys.find_by_tag(&[Tag([2; 16])]).await.expect("reads");
    assert!(found(2), "it was there");
    assert!(store.keys.destroy(SubjectNumber(2), NOW).await.expect("destroyed"));
    assert!(!found(2), "while the store is open");
    drop(store);
    assert!(!found(2), "when it is closed");
    assert!(found(1) && found(3), "the others are kept");
}
