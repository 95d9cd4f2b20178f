//! A disk that is really full: writes are refused and leave nothing, reads go on, and room makes it well again.

#![expect(clippy::panic, clippy::print_stderr, reason = "a test ends so, and says when it cannot run")]

#[path = "support/commits.rs"]
mod commits;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anamnesis_seal::{Tag, Tree};
use anamnesis_store::{AppendError, Change, Idempotency, Keys, Log, Mark, Views, Watermark};
use anamnesis_store_sql::{SqliteBeside, SqliteStore, SqliteViews};
use commits::{NOW, commit};
use tempfile::TempDir;
use uuid::Uuid;

/// A small file system of its own; gone when it is dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Result<Self, String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(folder.path());
        let output = mount.output().map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(Self(folder))
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file as large as the room there is, up to `bytes`.
    fn fill(&self, name: &str, bytes: usize) -> PathBuf {
        let path = self.path().join(name);
        let mut file = File::create(&path).expect("a file");
        for _ in 0..bytes.div_ceil(4_096) {
            if file.write_all(&[7; 4_096]).is_err() {
                break;
            }
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn disk() -> Option<SmallDisk> {
    match SmallDisk::mount() {
        Ok(disk) => Some(disk),
        Err(reason) if std::env::var_os("CI").is_some() => panic!("no small disk can be mounted: {reason}"),
        Err(reason) => {
            eprintln!("not run: no small disk can be mounted: {reason}");
            None
        }
    }
}

#[tokio::test]
async fn a_full_disk_refuses_keeps_nothing_and_recovers() {
    let Some(disk) = disk() else { return };
    let ballast = disk.fill("ballast", 1 << 20);
    let folder = disk.path().join("data");
    let store = SqliteStore::open(&folder, NOW).expect("opens");
    let log = &store.log;

    let mut taken = 0;
    let refused = loop {
        match log.append(commit(taken, 60_000)).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 1_000, "the disk is small");
    };
    assert!(matches!(refused, AppendError::Full(_)), "{refused:?}");
    assert!(taken > 5, "{taken}");

    // Whatever is tried again is refused again, and changes nothing of what was acknowledged.
    let head = log.head().borrow().clone();
    let filler = disk.fill("filler", 4 << 20);
    for _ in 0..3 {
        let refused = log.append(commit(taken, 60_000)).await;
        assert!(matches!(refused, Err(AppendError::Full(_))), "{refused:?}");
    }
    let resolved = log.resolve(NOW).await.expect("what is not lifted needs no room");
    assert_eq!(resolved.offsets, [0]);
    assert_eq!(*log.head().borrow(), head);
    let events = log.read(0, 0, u32::MAX).await.expect("reads go on");
    assert_eq!(events.len() as u64, taken);
    let mut tree = Tree::default();
    events.iter().for_each(|event| tree.push(event.leaf));
    assert_eq!(head.roots, [tree.root()]);
    assert_eq!(
        log.find_event(commit(taken, 1).streams.remove(0).events.remove(0).event_id).await.expect("reads"),
        None
    );
    store.keys.secrets().await.expect("keys are read");

    fs::remove_file(filler).expect("removes");
    fs::remove_file(ballast).expect("removes");
    for n in taken..taken + 5 {
        let appended = log.append(commit(n, 60_000)).await.expect("there is room again");
        assert_eq!(appended.cursor.offset(0), n + 1);
    }
    let (head, events) = (log.head().borrow().clone(), log.read(0, 0, u32::MAX).await.expect("reads"));
    drop(store);
    let store = SqliteStore::open(&folder, NOW).expect("opens");
    assert_eq!(store.log.head().borrow().roots, head.roots);
    assert_eq!(store.log.read(0, 0, u32::MAX).await.expect("reads"), events);
}

#[tokio::test]
async fn nobody_is_told_of_a_commit_that_the_full_disk_then_refused() {
    let Some(disk) = disk() else { return };
    let store = SqliteStore::open(&disk.path().join("data"), NOW).expect("opens");
    store.log.append(commit(0, 10)).await.expect("taken");
    disk.fill("filler", 4 << 20);
    for _ in 0..20 {
        let keyed = || {
            let mut commit = commit(1, 60_000);
            let (key, content, outcome) = (Tag([7; 16]), [7; 32], vec![7]);
            commit.idempotency = Some(Idempotency { key, content, outcome });
            store.log.append(commit)
        };
        // The first keeps the writer busy, so that the others come in one group.
        let answers = futures::future::join_all([keyed(), keyed(), keyed(), keyed()]).await;
        for answer in answers {
            assert!(matches!(answer, Err(AppendError::Full(_))), "{answer:?}");
        }
    }
    assert_eq!(store.log.kept(Tag([7; 16])).await.expect("reads"), None);
}

#[tokio::test]
async fn nothing_that_was_made_is_thrown_away_for_want_of_room() {
    let Some(disk) = disk() else { return };
    let folder = disk.path().join("data");
    let change = |offset| {
        let marks = vec![Mark { offset, leaf: [1; 32] }];
        let watermark = Watermark { log: Uuid::from_u128(1), shape: "shape".into(), marks, moment: NOW };
        Change { watermark, records: Vec::new(), index: Vec::new(), parked: Vec::new() }
    };
    let store = SqliteStore::open(&folder, NOW).expect("opens");
    store.views.apply(change(1)).await.expect("applied");
    let prepared = SqliteBeside::open(&folder, 1 << 20).expect("opens beside");
    prepared.views.apply(change(5)).await.expect("applied");
    prepared.rest().expect("brought to the disk");
    store.rest().expect("ends");

    let mut refused = 0;
    // What the files share takes 32 KB each.
    for kilobytes in (0..200).step_by(16) {
        let filler = disk.fill("filler", 4 << 20);
        let taken = fs::metadata(&filler).expect("is there").len();
        let file = File::options().write(true).open(&filler).expect("opens");
        file.set_len(taken.saturating_sub(kilobytes << 10)).expect("makes room");
        // Who has it open keeps what it takes.
        drop(file);
        for full in [
            SqliteBeside::open(&folder, 1 << 20).map(drop).err(),
            SqliteStore::open(&folder, NOW).map(drop).err(),
        ] {
            refused += u32::from(full.is_some_and(|full| full.to_string().contains("its disk is full")));
        }
        fs::remove_file(filler).expect("removes");
        let reached = async |views: &SqliteViews| views.watermark().await.expect("reads");
        let store = SqliteStore::open(&folder, NOW).expect("opens");
        assert_eq!(reached(&store.views).await, Some(change(1).watermark), "{kilobytes} KB");
        let prepared = SqliteBeside::open(&folder, 1 << 20).expect("opens beside");
        assert_eq!(reached(&prepared.views).await, Some(change(5).watermark), "{kilobytes} KB");
    }
    assert!(refused > 4, "{refused}");
}
