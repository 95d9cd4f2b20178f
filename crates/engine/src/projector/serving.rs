//! The projector of the views that serve: folds whatever comes, answers who asks, and gives way to the next generation's.

use std::panic::resume_unwind;
use std::time::Duration;

use anamnesis_kernel::Cursor;
use anamnesis_store::Head;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::{ProjectError, Projector, Reached};
use crate::generation::Successor;
use crate::instruments::Parked;

/// Views that lack so many events are behind: more come than one batch takes.
const BEHIND: u64 = 1_000;

impl Projector {
    /// Tells those who wait how far the views are, and those who measure what they hold.
    pub fn publish(&self) {
        let (events, streams) = self.generation.held.read().counts();
        self.engine.instruments.parked(Parked { events, streams });
        let cursor = Cursor { moment: self.moment, offsets: vec![self.mark.offset] };
        self.engine.reached.send_replace(Reached { cursor });
    }

    /// Folds whatever comes, until `stop` says so; what cannot be folded is told and tried again.
    ///
    /// While the views are behind and nobody waits for them, it does so where `leisure` lets others go before it.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>, leisure: Option<Handle>) {
        let Some(mut offered) = self.engine.generations.offered() else { return };
        let Some(mut asked) = self.engine.retries.asked() else { return };
        let mut head = self.engine.log.head();
        let mut pause_ms = 10;
        self.publish();
        while !*stop.borrow() {
            if let Ok(next) = offered.try_recv() {
                self = self.succeeded_by(next).await;
            }
            if let Ok(ask) = asked.try_recv() {
                self.answer(ask).await;
            }
            let stepped;
            (self, stepped) = self.step_in_turn(leisure.as_ref()).await;
            match stepped {
                Ok(0) => {
                    *self.engine.stuck.write() = None;
                    tokio::select! {
                        changed = head.changed() => if changed.is_err() { return },
                        changed = stop.changed() => if changed.is_err() { return },
                        Some(next) = offered.recv() => self = self.succeeded_by(next).await,
                        Some(ask) = asked.recv() => self.answer(ask).await,
                    }
                    self.gather(&mut head, &mut stop).await;
                }
                Ok(_) => {
                    pause_ms = 10;
                    self.publish();
                    self.gather(&mut head, &mut stop).await;
                }
                Err(error) => {
                    let cause =
                        std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    let first = self.engine.stuck.write().replace(format!("{error}: {cause}")).is_none();
                    if first {
                        tracing::error!(
                            offset = self.mark.offset,
                            cause,
                            "the views do not advance: {error}"
                        );
                    }
                    pause_ms = (pause_ms * 2).min(5_000);
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(pause_ms)) => {}
                        Some(next) = offered.recv() => self = self.succeeded_by(next).await,
                        Some(ask) = asked.recv() => self.answer(ask).await,
                        changed = stop.changed() => if changed.is_err() { return },
                    }
                }
            }
        }
    }
}

impl Projector {
    /// As [`step`](Self::step); where it can wait, others go before it.
    async fn step_in_turn(mut self, leisure: Option<&Handle>) -> (Self, Result<usize, ProjectError>) {
        let behind = self.engine.head().offset(0).saturating_sub(self.mark.offset);
        let can_wait = behind >= BEHIND && !self.engine.is_awaited();
        let Some(leisure) = leisure.filter(|_| can_wait) else {
            let stepped = self.step().await;
            return (self, stepped);
        };
        let step = leisure.spawn(async move {
            let stepped = self.step().await;
            (self, stepped)
        });
        // It is never cancelled, so it can only have panicked.
        step.await.unwrap_or_else(|gone| resume_unwind(gone.into_panic()))
    }

    /// Gives way to the projector of the next generation, once that has all that this one has; to none that holds a
    /// record at a version that this one is beyond.
    ///
    /// Nothing is folded here meanwhile, so what readers have seen is never taken from them.
    async fn succeeded_by(self, successor: Successor) -> Self {
        let Successor { projector: mut next, told } = successor;
        while next.mark.offset < self.mark.offset {
            if let Err(error) = next.step().await {
                // Who offered it and went away has nothing to be told.
                let _ = told.send(Err(error));
                return self;
            }
        }
        if let Err(error) = next.may_serve() {
            let _ = told.send(Err(error));
            return self;
        }
        // The next may be further than this one: what was found in these views is not kept for those.
        let changing = self.engine.caches.currents.change_all();
        self.engine.generations.swap(next.generation());
        drop(changing);
        next.generation.indexing.all_shown();
        next.publish();
        let _ = told.send(Ok(()));
        next
    }

    /// Lets a batch gather, unless someone waits to see it or it is large already.
    async fn gather(&self, head: &mut watch::Receiver<Head>, stop: &mut watch::Receiver<bool>) {
        let enough = self.mark.offset + u64::from(self.batches.events_max());
        tokio::select! {
            () = self.engine.awaited() => {}
            () = tokio::time::sleep(self.batches.gather()) => {}
            _ = head.wait_for(|head| head.cursor.offset(0) >= enough) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}
