//! The projector: folds the log from the watermark onward into views; live, catching up and rebuilding alike.
//!
//! Invariant: views and watermark are stored together, so that stopping between any two lines loses nothing.

mod batch;
mod batches;
mod state;

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use anamnesis_kernel::{Cursor, Event, Instant};
use anamnesis_store::{Cause, Head, Mark, ReadError, StoredEvent, Watermark};
use tokio::sync::watch;

use crate::codec;
use crate::engine::Engine;
use crate::generation::{Generation, Successor};
use crate::instruments::Stage;
use batch::Batch;
use batches::Batches;
use state::States;

/// Up to where the views are complete.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The point of the log.
    pub cursor: Cursor,
}

/// Why the views do not advance.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The log could not be read, or is damaged.
    #[error("the log cannot be folded")]
    Log(#[from] ReadError),
    /// The views could not be written.
    #[error("the views cannot be written")]
    Views(#[source] Cause),
}

/// Folds one log into one generation of views.
pub struct Projector {
    engine: Arc<Engine>,
    generation: Arc<Generation>,
    states: States,
    batches: Batches,
    mark: Mark,
    moment: Instant,
}

impl Projector {
    /// A projector for a generation that begins at its watermark.
    ///
    /// Views that are of another log, of another shape, or ahead of the log must be emptied first: see
    /// [`Projector::fits`].
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    pub async fn new(engine: Arc<Engine>, generation: Arc<Generation>) -> Result<Self, ReadError> {
        let watermark = generation.views.watermark().await?;
        let mark = watermark.as_ref().and_then(|w| w.marks.first().copied());
        let projector = Self {
            engine,
            generation,
            states: States::new(),
            batches: Batches::new(),
            mark: mark.unwrap_or(Mark { offset: 0, leaf: [0; 32] }),
            moment: watermark.map_or(Instant::default(), |w| w.moment),
        };
        Ok(projector)
    }

    /// Whether views were made of this log, by this code, and are not ahead of it; else, what is wrong with them.
    ///
    /// # Errors
    ///
    /// When the log or the views cannot be read.
    pub async fn fits(
        engine: &Engine,
        generation: &Generation,
    ) -> Result<Result<(), &'static str>, ReadError> {
        let Some(watermark) = generation.views.watermark().await? else { return Ok(Ok(())) };
        if watermark.log != engine.log.info().id {
            return Ok(Err("the views are of another log"));
        }
        if watermark.shape != generation.indexing.shape() {
            return Ok(Err("the views were made by other code"));
        }
        let Some(mark) = watermark.marks.first() else { return Ok(Err("the views have no watermark")) };
        if mark.offset > engine.head().offset(0) {
            return Ok(Err("the views are ahead of the log"));
        }
        let Some(last) = mark.offset.checked_sub(1) else { return Ok(Ok(())) };
        let found = engine.log.read(0, last, 1).await?;
        let same = found.first().is_some_and(|event| event.leaf == mark.leaf);
        Ok(if same { Ok(()) } else { Err("the views are of another course of this log") })
    }

    /// How many events are included.
    pub fn offset(&self) -> u64 {
        self.mark.offset
    }

    /// What it folds into.
    pub fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.generation)
    }

    /// Folds the next batch, at least one commit if there is any; gives the number of events folded.
    ///
    /// # Errors
    ///
    /// When the log cannot be folded or the views not be written; nothing of the batch was.
    pub async fn step(&mut self) -> Result<usize, ProjectError> {
        let started = Stopwatch::now();
        let stored = self.whole_commits().await?;
        let Some(last) = stored.last() else { return Ok(0) };
        let mark = Mark { offset: last.position.offset + 1, leaf: last.leaf };
        let moment = last.moment;
        let count = stored.len();
        let mut batch = Batch::new(&self.engine, &self.generation, &mut self.states);
        for commit in commits(stored) {
            let mut events: Vec<Event> = Vec::with_capacity(commit.len());
            for stored in commit {
                events.extend(codec::open(&self.engine.keyring, stored).await?);
            }
            batch.add(events).await?;
        }
        let change = batch.finish(Watermark {
            log: self.engine.log.info().id,
            shape: self.generation.indexing.shape().to_owned(),
            marks: vec![mark],
            moment,
        });
        let touched: Vec<_> = match self.serves() {
            true => change.records.iter().map(|write| write.version.name.clone()).collect(),
            false => Vec::new(),
        };
        let changing = self.engine.currents.change(touched.iter());
        let applied = self.generation.views.apply(change).await;
        drop(changing);
        if let Err(cause) = applied {
            // What was folded in memory is not in the views: begin again from them.
            self.states.clear();
            return Err(ProjectError::Views(cause));
        }
        (self.mark, self.moment) = (mark, moment);
        touched.iter().for_each(|name| self.generation.indexing.shown(name));
        let took = started.elapsed();
        self.batches.folded(count, took);
        self.engine.instruments.took(Stage::Project, took);
        Ok(count)
    }

    /// The next events, ending with a whole commit.
    async fn whole_commits(&self) -> Result<Vec<StoredEvent>, ReadError> {
        let head = self.engine.head().offset(0);
        let mut limit = self.batches.events_max();
        loop {
            let mut stored = self.engine.log.read(0, self.mark.offset, limit).await?;
            let end = self.mark.offset + stored.len() as u64;
            if end >= head || stored.is_empty() {
                return Ok(stored);
            }
            let cut = stored.last().map(|event| event.commit_id);
            let whole = stored.iter().rposition(|event| Some(event.commit_id) != cut);
            match whole {
                Some(last) => {
                    stored.truncate(last + 1);
                    return Ok(stored);
                }
                // One commit is longer than the batch.
                None => limit = limit.saturating_mul(2),
            }
        }
    }

    fn serves(&self) -> bool {
        Arc::ptr_eq(&self.generation.views, &self.engine.views())
    }

    /// Tells those who wait how far the views are.
    pub fn publish(&self) {
        let cursor = Cursor { moment: self.moment, offsets: vec![self.mark.offset] };
        self.engine.reached.send_replace(Reached { cursor });
    }

    /// Folds whatever comes, until `stop` says so; what cannot be folded is told and tried again.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let Some(mut offered) = self.engine.generations.offered() else { return };
        let mut head = self.engine.log.head();
        let mut pause_ms = 10;
        self.publish();
        while !*stop.borrow() {
            if let Ok(next) = offered.try_recv() {
                self = self.succeeded_by(next).await;
            }
            match self.step().await {
                Ok(0) => {
                    *self.engine.stuck.write() = None;
                    tokio::select! {
                        changed = head.changed() => if changed.is_err() { return },
                        changed = stop.changed() => if changed.is_err() { return },
                        Some(next) = offered.recv() => self = self.succeeded_by(next).await,
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
                        changed = stop.changed() => if changed.is_err() { return },
                    }
                }
            }
        }
    }
}

impl Projector {
    /// Gives way to the projector of the next generation, once that has all that this one has.
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
        // The next may be further than this one: what was found in these views is not kept for those.
        let changing = self.engine.currents.change_all();
        self.engine.generations.swap(next.generation());
        drop(changing);
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

/// Splits events that follow one another into commits.
fn commits(stored: Vec<StoredEvent>) -> Vec<Vec<StoredEvent>> {
    let mut commits: Vec<Vec<StoredEvent>> = Vec::new();
    for event in stored {
        match commits.last_mut() {
            Some(last) if last.first().is_some_and(|first| first.commit_id == event.commit_id) => {
                last.push(event)
            }
            _ => commits.push(vec![event]),
        }
    }
    commits
}
