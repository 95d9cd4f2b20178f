//! The file of the snapshots may be deleted, old or spoilt: it is made anew, and the store goes on.

use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use anamnesis_kernel::Instant;
use anamnesis_seal::{SubjectNumber, Tag};
use anamnesis_store::{Reason, SealedState, Shape, Snapshot, SnapshotWrite, Snapshots, UpTo};
use anamnesis_store_sql::SqliteStore;
use rusqlite::Connection;
use tempfile::TempDir;

const NOW: Instant = Instant::from_micros(1_767_225_600_000_000);
const SHAPE: Shape = Shape([1; 16]);

fn write(version: u64) -> SnapshotWrite {
    let state = SealedState {
        stream: Tag([7; 16]),
        version,
        shape: SHAPE,
        subject: SubjectNumber(1),
        moment: NOW,
        leaf: [2; 32],
        sealed: vec![9; 5_000],
    };
    let snapshot = Snapshot { state, taken_at: NOW, reason: Reason::Count };
    SnapshotWrite { snapshot, surplus: Vec::new() }
}

async fn newest(store: &SqliteStore) -> Option<u64> {
    let found = store.snapshots.newest(Tag([7; 16]), SHAPE, UpTo::Newest).await.expect("reads");
    found.map(|snapshot| snapshot.state.version)
}

/// A store with a hundred snapshots in its file, closed.
async fn store() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let store = SqliteStore::open(folder.path(), NOW).expect("opens");
    store.snapshots.put((1..=100).map(write).collect()).await.expect("kept");
    assert_eq!(newest(&store).await, Some(100));
    drop(store);
    let path = folder.path().join("snapshots.db");
    let connection = Connection::open(&path).expect("opens");
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);").expect("brought home");
    (folder, path)
}

#[tokio::test]
async fn a_file_that_is_gone_old_or_no_database_is_made_anew() {
    for spoil in ["gone", "old", "no database"] {
        let (folder, path) = store().await;
        match spoil {
            "gone" => fs::remove_file(&path).expect("removed"),
            "old" => {
                let connection = Connection::open(&path).expect("opens");
                connection.execute_batch("PRAGMA user_version = 0").expect("edited");
            }
            _ => fs::write(&path, "no database ".repeat(1_000)).expect("written"),
        }
        let store = SqliteStore::open(folder.path(), NOW).expect("opens all the same");
        assert_eq!(newest(&store).await, None, "{spoil}");
        store.snapshots.put(vec![write(5)]).await.expect("kept");
        assert_eq!(newest(&store).await, Some(5), "{spoil}");
        assert_eq!(store.snapshots.tally().await.expect("reads").count, 1, "{spoil}");
    }
}

#[tokio::test]
async fn a_file_that_is_spoilt_while_it_is_open_is_made_anew() {
    let (folder, path) = store().await;
    let store = SqliteStore::open(folder.path(), NOW).expect("opens");
    // All but the first page, which says how the file is laid out.
    let mut file = OpenOptions::new().write(true).open(&path).expect("opens");
    let length = usize::try_from(fs::metadata(&path).expect("is there").len()).expect("a small file");
    file.seek(SeekFrom::Start(4_096)).expect("sought");
    file.write_all(&vec![0xa5; length - 4_096]).expect("written");
    drop(file);
    assert_eq!(newest(&store).await, None, "what was there is lost");
    store.snapshots.put(vec![write(5)]).await.expect("kept");
    assert_eq!(newest(&store).await, Some(5));
    assert_eq!(store.snapshots.tally().await.expect("reads").count, 1);
}
