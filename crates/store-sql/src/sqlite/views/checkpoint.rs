//! Bringing the write-ahead log home while writing goes on: a thread copies most of it, and the writer what came since.
//!
//! The thread also has the log written to the disk bit by bit as it grows: all of it at once would take the disk for
//! so long that whoever syncs another file meanwhile, as those who append do, waited behind it.
//!
//! Invariant: the thread only copies what is committed; without it, or when it fails, the log is longer and nothing else.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;
use rusqlite::Connection;

use super::super::connection::{Care, open_writer, wal_path};

/// Pages in the log after which the thread begins: the more, the oftener is a page written that is copied once.
const PAGES: i32 = 16_000;
/// With so many the writer waits, lest the log grow faster than it is brought home.
const PAGES_MAX: i32 = 4 * PAGES;
/// After so many more the thread has them written to the disk: a few milliseconds of its time.
const PAGES_SYNCED: i32 = 1_000;
/// The thread goes through the log again where so many pages came meanwhile, so often at the most: the writer finishes
/// what is left, and whoever waits for the views waits for that.
const PAGES_LEFT: i32 = 200;
const TIMES: usize = 3;

/// The thread, and what the writer knows of the log; ends with its writer.
pub(super) struct Checkpoints {
    /// Pages in the log at the last commit.
    pages: Arc<AtomicI32>,
    next: Next,
    /// Whether the thread has been through the log since it was asked; held while it is.
    through: Arc<Mutex<bool>>,
    ask: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

/// With how many pages in the log the thread is asked next.
struct Next {
    sync: i32,
    bring_home: i32,
}

/// What the thread is asked.
#[derive(Clone, Copy)]
enum Ask {
    Sync,
    BringHome,
}

impl Checkpoints {
    /// Takes the place of the checkpoints that the connection would do by itself.
    pub(super) fn beside(writer: &mut Connection, path: &Path) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let told = Arc::clone(&pages);
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            told.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let through = Arc::new(Mutex::new(false));
        let (ask, asked) = bounded(1);
        let beside =
            Beside { path: path.to_owned(), pages: Arc::clone(&pages), through: Arc::clone(&through) };
        let run = move || beside.run(&asked);
        let thread = std::thread::Builder::new().name("views-checkpoint".into()).spawn(run).ok();
        Ok(Self {
            pages,
            next: Next { sync: PAGES_SYNCED, bring_home: PAGES },
            through,
            ask: Some(ask),
            thread,
        })
    }

    /// After a commit: asks the thread, or finishes what it did, after which the log begins anew.
    pub(super) fn committed(&mut self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        let through = match pages {
            PAGES_MAX.. => Some(self.through.lock()),
            _ => self.through.try_lock(),
        };
        let Some(mut through) = through else { return };
        if std::mem::take(&mut *through) || pages >= PAGES_MAX {
            // Where a reader is in the way, or the disk is full, the log goes on until the next time.
            let _ = checkpoint(writer);
            self.next = Next { sync: 0, bring_home: pages.saturating_add(PAGES) };
            return;
        }
        // Where it began anew, since the thread had all of it, so does this.
        self.next.sync = self.next.sync.min(pages.saturating_add(PAGES_SYNCED));
        if pages < PAGES {
            self.next.bring_home = PAGES;
        }
        if pages >= self.next.bring_home && self.ask(Ask::BringHome) {
            self.next.bring_home = pages.saturating_add(PAGES);
        } else if pages >= self.next.sync && self.ask(Ask::Sync) {
            self.next.sync = pages.saturating_add(PAGES_SYNCED);
        }
    }

    /// False where the thread has not come to what it was asked before.
    fn ask(&self, what: Ask) -> bool {
        self.ask.as_ref().is_some_and(|ask| ask.try_send(what).is_ok())
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.ask.take();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell, and a thread that panicked is not there any more.
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
struct Beside {
    path: PathBuf,
    pages: Arc<AtomicI32>,
    through: Arc<Mutex<bool>>,
}

impl Beside {
    fn run(self, asked: &Receiver<Ask>) {
        let Ok(connection) = open_writer(&self.path, Care::Derived) else { return };
        let log = wal_path(&self.path);
        while let Ok(ask) = asked.recv() {
            // What is not written now is when it is brought home.
            let _ = File::open(&log).and_then(|log| log.sync_data());
            if matches!(ask, Ask::BringHome) {
                let mut through = self.through.lock();
                *through = self.bring_home(&connection).is_ok();
            }
        }
    }

    fn bring_home(&self, connection: &Connection) -> rusqlite::Result<()> {
        for _ in 0..TIMES {
            let copied = checkpoint(connection)?;
            if self.pages.load(Ordering::Relaxed).saturating_sub(copied) < PAGES_LEFT {
                break;
            }
        }
        Ok(())
    }
}

/// Copies what no reader keeps from being copied, and waits for nobody; gives how many pages are home.
fn checkpoint(connection: &Connection) -> rusqlite::Result<i32> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))
}
