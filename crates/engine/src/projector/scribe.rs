//! Writes batches into a generation on a thread of its own, so that the next is folded meanwhile.
//!
//! Invariant: one batch is under way at a time, and whoever looks at the views waits for it first.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use anamnesis_store::{ApplyError, Change, Views};
use tokio::sync::oneshot;

use super::Made;

type Written = Result<(), ApplyError>;

/// The thread that writes, and what it is about.
pub(super) struct Scribe {
    changes: Option<mpsc::SyncSender<(Change, oneshot::Sender<Written>)>>,
    thread: Option<JoinHandle<()>>,
    /// What is being written, or was and nobody has asked what came of it.
    under_way: Option<(Made, Waited)>,
}

enum Waited {
    Not(oneshot::Receiver<Written>),
    For(Written),
}

impl Scribe {
    /// One who writes into these views, with the priority of whoever asks for it.
    pub(super) fn new(views: Arc<dyn Views>) -> std::io::Result<Self> {
        let (changes, taken) = mpsc::sync_channel::<(Change, oneshot::Sender<Written>)>(1);
        let runtime = tokio::runtime::Handle::current();
        let write = move || {
            while let Ok((change, told)) = taken.recv() {
                // Who asked and went away has nothing to be told.
                let _ = told.send(runtime.block_on(views.apply(change)));
            }
        };
        let thread = std::thread::Builder::new().name("scribe".into()).spawn(write)?;
        Ok(Self { changes: Some(changes), thread: Some(thread), under_way: None })
    }

    /// Where the batch that is under way ends.
    pub(super) fn made(&self) -> Option<&Made> {
        self.under_way.as_ref().map(|(made, _)| made)
    }

    /// Begins to write; what was under way before was [taken](Self::take).
    pub(super) fn write(&mut self, change: Change, made: Made) {
        let (told, answer) = oneshot::channel();
        let sent = self.changes.as_ref().is_some_and(|changes| changes.send((change, told)).is_ok());
        let waited = if sent { Waited::Not(answer) } else { Waited::For(gone()) };
        self.under_way = Some((made, waited));
    }

    /// Waits until the views have what is under way; false where they could not be written.
    pub(super) async fn settled(&mut self) -> bool {
        let Some((_, waited)) = &mut self.under_way else { return true };
        if let Waited::Not(answer) = waited {
            let written = answer.await.unwrap_or_else(|_| gone());
            *waited = Waited::For(written);
        }
        matches!(waited, Waited::For(Ok(())))
    }

    /// What was under way, and what came of it.
    pub(super) async fn take(&mut self) -> Option<(Made, Written)> {
        self.settled().await;
        match self.under_way.take() {
            Some((made, Waited::For(written))) => Some((made, written)),
            _ => None,
        }
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        self.changes.take();
        if let Some(thread) = self.thread.take() {
            // A panic in it was told when it happened.
            let _ = thread.join();
        }
    }
}

fn gone() -> Written {
    Err(ApplyError::Unavailable("the thread that writes is gone".into()))
}
