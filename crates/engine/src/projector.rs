//! The projector: folds the log from the watermark onward into views; live, catching up and rebuilding alike.
//!
//! Invariant: views and watermark are stored together, so that stopping between any two lines loses nothing.

mod ahead;
mod batch;
mod batches;
mod parking;
mod retry;
mod scribe;
mod serving;
mod state;

use std::sync::Arc;
use std::time::Instant as Stopwatch;

use anamnesis_kernel::{Cursor, Instant};
use anamnesis_seal::Tag;
use anamnesis_store::{
    ApplyError, Cause, Change, Mark, ParkWrite, ReadError, RecordNumber, StoredEvent, Unapplied, Watermark,
};
use uuid::Uuid;

use crate::cache::Seen;
use crate::engine::Engine;
use crate::generation::Generation;
use crate::held::HeldSet;
use crate::instruments::{Projected, Stage};
use batch::Batch;
use batches::Batches;
use parking::Parking;
use scribe::Scribe;
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
    /// The next generation cannot apply events that the serving one has.
    #[error("it holds {streams} records at versions that the serving views are beyond")]
    Held {
        /// How many records.
        streams: u64,
    },
}

/// Where views begin that have nothing.
const BEGINNING: Mark = Mark { offset: 0, leaf: [0; 32] };

/// Folds one log into one generation of views.
pub struct Projector {
    engine: Arc<Engine>,
    generation: Arc<Generation>,
    states: States,
    /// When it last looked whether somebody was erased.
    seen: Seen,
    batches: Batches,
    mark: Mark,
    moment: Instant,
    /// What is parked is to be tried again before anything else: the program may be another than before.
    retries: bool,
    /// Up to here one commit at a time, since the views refuse a row of one.
    careful_until: u64,
    /// Of the next commit: streams of which the views refuse a row.
    refused: Vec<Tag>,
    /// Who writes while the next batch is folded, where nobody waits to see what was.
    scribe: Option<Scribe>,
}

/// A batch that was folded, and is to be in the views.
struct Made {
    /// Where it ends.
    mark: Mark,
    moment: Instant,
    count: usize,
    /// Whether it is one commit.
    single: bool,
    /// Whose each of its records is.
    streams: Vec<(RecordNumber, Tag)>,
    parked: Vec<ParkWrite>,
    /// Its first commits, for those who follow them.
    named: Vec<Uuid>,
    started: Stopwatch,
}

/// What came of a batch.
enum Folded {
    /// So many events are in the views.
    Events(usize),
    /// The views refuse a row, and it is known how to go on.
    Again,
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
        let held = HeldSet::new(generation.views.held().await?);
        let retries = !held.is_empty();
        *generation.held.write() = held;
        let projector = Self {
            seen: engine.caches.erasures.seen(),
            engine,
            generation,
            states: States::new(),
            batches: Batches::new(),
            mark: mark.unwrap_or(BEGINNING),
            moment: watermark.map_or(Instant::default(), |w| w.moment),
            retries,
            careful_until: 0,
            refused: Vec::new(),
            scribe: None,
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

    /// Whether its generation, as far as it came, shows every record as far on as the serving one does.
    ///
    /// # Errors
    ///
    /// [`ProjectError::Held`] where it does not: then what readers have seen would be taken from them.
    pub fn may_serve(&self) -> Result<(), ProjectError> {
        let serving = self.engine.serving();
        let streams = self.generation.held.read().beyond(&serving.held.read());
        if streams > 0 { Err(ProjectError::Held { streams }) } else { Ok(()) }
    }

    /// What it folds into.
    pub fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.generation)
    }

    /// Folds the next batch, at least one commit if there is any; gives the number of events folded.
    ///
    /// What cannot be applied is parked, and its stream held; at first what is parked already is tried again.
    ///
    /// # Errors
    ///
    /// When the log cannot be read or the views not be written; nothing of the batch was.
    pub async fn step(&mut self) -> Result<usize, ProjectError> {
        self.retry_first().await?;
        self.forget_the_erased();
        loop {
            let Some((change, made)) = self.make(self.mark.offset).await? else { return Ok(0) };
            let written = self.apply(change).await;
            if let Folded::Events(count) = self.written(made, written).await? {
                return Ok(count);
            }
        }
    }

    /// Lets go of what is remembered here, if somebody was erased since: it may be of them.
    fn forget_the_erased(&mut self) {
        let seen = self.engine.caches.erasures.seen();
        if std::mem::replace(&mut self.seen, seen) != seen {
            self.states.clear();
        }
    }

    async fn retry_first(&mut self) -> Result<(), ProjectError> {
        if self.retries {
            let retried = self.retry(None).await?;
            tracing::info!(
                retried.tried,
                retried.released,
                retried.applied,
                "what was parked was tried again"
            );
            self.retries = false;
        }
        Ok(())
    }

    /// Folds the batch that begins there; none where nothing does.
    async fn make(&mut self, from: u64) -> Result<Option<(Change, Made)>, ProjectError> {
        let started = Stopwatch::now();
        let mut commits = commits(self.whole_commits(from).await?);
        if from < self.careful_until {
            commits.truncate(1);
        }
        let Some(last) = commits.last().and_then(|commit| commit.last()) else { return Ok(None) };
        let mark = Mark { offset: last.position.offset + 1, leaf: last.leaf };
        let moment = last.moment;
        let first = commits.iter().take(Projected::COMMITS_MAX).filter_map(|commit| commit.first());
        let named = first.map(|stored| stored.commit_id).collect();
        let single = commits.len() == 1;
        let watermark = self.watermark(mark, moment);
        let parking = Parking::new(&self.engine, &self.generation, &self.refused);
        let mut batch =
            Batch::new(&self.engine, &self.generation, &mut self.states, parking, self.scribe.as_mut());
        for commit in commits {
            if let Err(error) = batch.add(commit).await {
                // What it made of the records so far is not what the views have.
                self.states.clear();
                return Err(error.into());
            }
        }
        let (change, streams) = batch.finish(watermark);
        let count = usize::try_from(mark.offset - from).unwrap_or(usize::MAX);
        let parked = change.parked.clone();
        Ok(Some((change, Made { mark, moment, count, single, streams, parked, named, started })))
    }

    /// Notes what came of writing a batch.
    async fn written(&mut self, made: Made, written: Result<(), ApplyError>) -> Result<Folded, ProjectError> {
        match written {
            Ok(()) => {}
            Err(ApplyError::Refused { record, cause }) => {
                let stream =
                    made.streams.iter().find(|(number, _)| *number == record).map(|(_, stream)| *stream);
                match stream {
                    // Which commit it is of is found by going through them one by one.
                    Some(_) if !made.single => self.careful_until = made.mark.offset,
                    Some(stream) if !self.refused.contains(&stream) => {
                        tracing::error!(offset = self.mark.offset, %cause, "the views refuse a row");
                        self.refused.push(stream);
                    }
                    _ => return Err(ProjectError::Views(cause)),
                }
                self.go_back().await?;
                return Ok(Folded::Again);
            }
            Err(ApplyError::Unavailable(cause)) => return Err(ProjectError::Views(cause)),
        }
        (self.mark, self.moment) = (made.mark, made.moment);
        self.refused.clear();
        self.parked(&made.parked);
        let time = made.started.elapsed();
        self.batches.folded(made.count, time);
        self.engine.instruments.took(Stage::Project, time);
        if self.serves() {
            let (events, commits) = (made.count, made.named);
            self.engine.instruments.projected(&Projected { events, time, commits });
        }
        Ok(Folded::Events(made.count))
    }

    /// Goes on from what the views have: where they are being made, what gathered before a refused row went with it, and
    /// from now on nothing gathers.
    async fn go_back(&mut self) -> Result<(), ProjectError> {
        self.generation.views.finish().await.map_err(ProjectError::Views)?;
        let there = self.generation.views.watermark().await?;
        self.moment = there.as_ref().map_or(Instant::default(), |there| there.moment);
        self.mark = there.and_then(|there| there.marks.into_iter().next()).unwrap_or(BEGINNING);
        Ok(())
    }

    fn watermark(&self, mark: Mark, moment: Instant) -> Watermark {
        let (log, shape) = (self.engine.log.info().id, self.generation.indexing.shape().to_owned());
        Watermark { log, shape, marks: vec![mark], moment }
    }

    /// Writes a change into the views, and lets go of what was known of the records it touches.
    async fn apply(&mut self, change: Change) -> Result<(), ApplyError> {
        let touched: Vec<_> = match self.serves() {
            true => change.records.iter().map(|write| write.version.name.clone()).collect(),
            false => Vec::new(),
        };
        let changing = self.engine.caches.currents.change(touched.iter());
        let applied = self.generation.views.apply(change).await;
        drop(changing);
        match &applied {
            Ok(()) => touched.iter().for_each(|name| self.generation.indexing.shown(name)),
            // What was folded in memory is not in the views: begin again from them.
            Err(_) => self.states.clear(),
        }
        applied
    }

    /// Notes what the views passed over, and tells whoever runs the program; who reads waits until this is done.
    fn parked(&self, writes: &[ParkWrite]) {
        for write in writes {
            let ParkWrite::Park(parked) = write else { continue };
            self.generation.held.write().park(parked);
            if parked.why != Unapplied::Behind {
                let (offset, why) = (parked.position.offset, parked.why.code());
                tracing::error!(
                    offset,
                    r#type = parked.kind,
                    schema_version = parked.schema_version,
                    why,
                    "an event is parked, and its record held; `anamnesis parked` shows it"
                );
            }
        }
    }

    /// The next events, ending with a whole commit.
    async fn whole_commits(&self, from: u64) -> Result<Vec<StoredEvent>, ReadError> {
        let head = self.engine.head().offset(0);
        let mut limit = self.batches.events_max();
        loop {
            let mut stored = self.engine.log.read(0, from, limit).await?;
            let end = from + stored.len() as u64;
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
