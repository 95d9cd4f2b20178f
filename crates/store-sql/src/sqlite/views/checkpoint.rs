//! Bringing the write-ahead log home while writing goes on: a thread copies most of it, and the writer what came since.
//!
//! Invariant: the thread only copies what is committed; without it, or when it fails, the log is longer and nothing else.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;
use rusqlite::Connection;

use super::super::connection::{Care, open_writer};

/// Pages in the log after which the thread begins: the more, the oftener is a page written that is copied once.
const PAGES: i32 = 16_000;
/// With so many the writer waits, lest the log grow faster than it is brought home.
const PAGES_MAX: i32 = 4 * PAGES;

/// The thread, and what the writer knows of the log; ends with its writer.
pub(super) struct Checkpoints {
    /// Pages in the log at the last commit.
    pages: Arc<AtomicI32>,
    /// With how many the thread is asked next.
    next: i32,
    /// Whether the thread has been through the log since it was asked; held while it is.
    through: Arc<Mutex<bool>>,
    ask: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
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
        let (path, done) = (path.to_owned(), Arc::clone(&through));
        let run = move || bring_home(&path, &asked, &done);
        let thread = std::thread::Builder::new().name("views-checkpoint".into()).spawn(run).ok();
        Ok(Self { pages, next: PAGES, through, ask: Some(ask), thread })
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
            self.next = pages.saturating_add(PAGES);
        } else if pages < PAGES {
            self.next = PAGES;
        } else if pages >= self.next
            && let Some(ask) = &self.ask
        {
            self.next = pages.saturating_add(PAGES);
            let _ = ask.try_send(());
        }
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

fn bring_home(path: &Path, asked: &Receiver<()>, through: &Mutex<bool>) {
    let Ok(connection) = open_writer(path, Care::Derived) else { return };
    while asked.recv().is_ok() {
        let mut through = through.lock();
        *through = checkpoint(&connection).is_ok();
    }
}

/// Copies what no reader keeps from being copied, and waits for nobody.
fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
