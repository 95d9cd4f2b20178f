//! Keeps the views indexed by the search parameters that are wanted: one generation after the other, beside the
//! serving one.
//!
//! Invariant: the old generation serves until the next has all that it has, and whatever ends the process, one serves
//! after.

mod begun;
mod wishes;

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use anamnesis_engine::projector::{ProjectError, Projector};
use anamnesis_engine::{Engine, Generation, Progress, build};
use anamnesis_store::ReadError;
use anamnesis_store_sql::{OpenError, SqliteStore, SqliteViews};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use super::{Opened, parameters_of};
use crate::generations::{Act, Building, Denied, Generations, Kept, Wish};
use crate::pace::Pace;
use crate::parameters::{ParameterSet, Parameters};
use crate::priority;
use crate::profiles::Profiles;

pub(super) use begun::begun;

/// How long it waits before it tries again what failed.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// How often the log is told how far the next is.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Why a generation could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MakeError {
    /// Its file.
    #[error("its file cannot be used")]
    File(#[from] OpenError),
    /// The log or the serving views.
    #[error("the store cannot be read")]
    Read(#[from] ReadError),
    /// The log, or its own views.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The thread it is made on.
    #[error("its thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// Its own views.
    #[error("it cannot be written")]
    Write(#[source] anamnesis_store::Cause),
}

/// What came of an attempt.
enum Made {
    /// It serves.
    Serves,
    /// None is wanted but the one that serves, or the one that is wanted was cancelled.
    Nothing,
    /// It was cancelled while it was made.
    Cancelled(Wish),
    /// The process is about to end; the next one goes on with it.
    Stopped,
}

/// How a fold ended that others could end.
enum Folded {
    /// It is near the end of the log.
    Near(Box<Projector>),
    /// Someone wants it no more.
    Cancelled(Wish),
    /// The process is about to end.
    Stopped,
}

/// The generation that served before, and until when it is kept.
struct Previous {
    views: Arc<SqliteViews>,
    generation: Arc<Generation>,
    until: Stopwatch,
}

/// One who makes the next generation whenever another is wanted.
pub(super) struct Keeper {
    store: SqliteStore,
    engine: Arc<Engine>,
    parameters: Arc<Parameters>,
    profiles: Arc<Profiles>,
    generations: Arc<Generations>,
    query_patience: Duration,
    grace: Duration,
    /// Begun by a process that ended before it was made.
    unfinished: Option<Arc<SqliteViews>>,
    previous: Option<Previous>,
    wishes: mpsc::Receiver<Wish>,
    stop: watch::Receiver<bool>,
}

impl Keeper {
    /// One for this store; none where it has one already.
    pub(super) fn new(
        opened: Opened,
        query_patience: Duration,
        grace: Duration,
        stop: watch::Receiver<bool>,
    ) -> Option<Self> {
        let Opened { store, engine, profiles, parameters, generations } = opened;
        let wishes = generations.wishes()?;
        Some(Self {
            store,
            engine,
            parameters,
            profiles,
            generations,
            query_patience,
            grace,
            unfinished: None,
            previous: None,
            wishes,
            stop,
        })
    }

    /// Goes on until it is told to stop; gives the store back.
    pub(super) async fn keep(mut self) -> SqliteStore {
        let mut changes = self.parameters.changes();
        self.catch_up().await;
        if let Err(error) = self.look_back() {
            tracing::warn!("what was under way at the last end cannot be gone on with: {error}");
        }
        let mut pause = PAUSE;
        while !*self.stop.borrow() {
            changes.mark_unchanged();
            match self.next().await {
                Ok(Made::Serves) => pause = PAUSE,
                Ok(Made::Stopped) => break,
                Ok(Made::Nothing | Made::Cancelled(_)) => self.idle(&mut changes, Duration::MAX).await,
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(cause, "the next generation of the views cannot be made: {error}");
                    self.generations.tell(|told| {
                        if let Some(building) = &mut told.building {
                            building.failed = Some(error.to_string());
                        }
                    });
                    self.idle(&mut changes, pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        self.forget_previous();
        self.store
    }

    /// Waits until the views have the log as it is now: views that are being made show only some of the definitions.
    async fn catch_up(&mut self) {
        let (start, reached) = (self.engine.head(), self.engine.reached().offset(0));
        let pace = Pace::from(reached);
        loop {
            let waited = tokio::select! {
                there = self.engine.wait_for_views(&start, TOLD_EVERY) => there,
                _ = self.stop.wait_for(|stop| *stop) => return,
            };
            if waited {
                return;
            }
            let done = self.engine.reached().offset(0);
            pace.tell(Progress { done, total: start.offset(0) }, "the views are catching up");
        }
    }

    /// Finds out what the process before left.
    fn look_back(&mut self) -> Result<(), MakeError> {
        self.unfinished = self.store.unfinished_generation()?;
        let unwanted = self.store.views.unwanted()?;
        self.generations.tell(|told| told.cancelled = unwanted);
        Ok(())
    }

    /// Waits until something may have to be done.
    async fn idle(&mut self, changes: &mut watch::Receiver<u64>, patience: Duration) {
        let grace =
            self.previous.as_ref().map_or(Duration::MAX, |p| p.until.duration_since(Stopwatch::now()));
        tokio::select! {
            _ = changes.changed() => {}
            _ = self.stop.changed() => {}
            Some(wish) = self.wishes.recv() => self.obey(wish).await,
            () = tokio::time::sleep(patience) => {}
            () = tokio::time::sleep(grace) => self.forget_previous(),
        }
    }

    /// Makes the next generation, if another is wanted than the one that serves.
    async fn next(&mut self) -> Result<Made, MakeError> {
        let wanted = self.parameters.refresh(&self.engine).await?;
        let shape = wanted.shape();
        let serves = shape == self.engine.serving().indexing.shape();
        if serves || self.generations.is_cancelled(shape) {
            if serves {
                self.want(None)?;
            }
            if let Some(unfinished) = self.unfinished.take() {
                unfinished.retire();
            }
            self.generations.tell(|told| told.building = None);
            return Ok(Made::Nothing);
        }
        self.want(None)?;
        // Never are there more than two.
        self.forget_previous();
        self.generations.tell(|told| told.building = None);
        let unfinished = self.unfinished.take();
        let (next, generation) = begun(
            &self.store,
            &self.engine,
            unfinished,
            Arc::clone(&wanted),
            &self.profiles,
            &self.parameters,
        )
        .await?;
        next.limit_queries(self.query_patience);
        match self.make(&next, generation, &wanted).await {
            Ok(Made::Cancelled(wish)) => {
                let number = next.number();
                next.retire();
                drop(next);
                let noted = self.want(Some(wanted.shape()));
                self.generations.tell(|told| told.building = None);
                tracing::info!(number, "the next generation of the views was cancelled");
                // Who asked and went away has nothing to be told.
                let _ = wish.told.send(noted.as_ref().map(drop).map_err(|_| Denied::Failed));
                noted.map(|()| Made::Nothing)
            }
            Err(error) => {
                next.retire();
                Err(error)
            }
            made => made,
        }
    }

    async fn make(
        &mut self,
        next: &Arc<SqliteViews>,
        generation: Arc<Generation>,
        wanted: &ParameterSet,
    ) -> Result<Made, MakeError> {
        let done = generation.offset().await?;
        let (now, total) = (self.engine.now(), self.engine.head().offset(0));
        let building = Building {
            number: next.number(),
            shape: wanted.shape().to_owned(),
            parameters: wanted.len(),
            since: now,
            done,
            total,
            failed: None,
            pace: Pace::from(done),
        };
        self.generations.tell(|told| told.building = Some(building));
        tracing::info!(
            number = next.number(),
            parameters = wanted.len(),
            events = done,
            of = total,
            "the next generation of the views is {}",
            if done > 0 { "gone on with" } else { "begun" }
        );
        match self.fold(&generation, next.number()).await? {
            Folded::Near(projector) => match self.put_in_place(Arc::clone(next), *projector).await? {
                true => {
                    tracing::info!("the next generation of the views serves");
                    Ok(Made::Serves)
                }
                false => Ok(Made::Stopped),
            },
            Folded::Stopped => Ok(Made::Stopped),
            Folded::Cancelled(wish) => Ok(Made::Cancelled(wish)),
        }
    }

    /// Folds until it is near enough to take over, or is told to end.
    async fn fold(&mut self, generation: &Arc<Generation>, number: u64) -> Result<Folded, MakeError> {
        let (mut last_told, mut cancelled) = (Stopwatch::now(), None);
        let go_on = |progress| {
            self.generations.advance(progress);
            if last_told.elapsed() >= TOLD_EVERY {
                last_told = Stopwatch::now();
                if let Some(building) = self.generations.building() {
                    building.pace.tell(progress, "the next generation of the views is being made");
                }
            }
            while let Ok(wish) = self.wishes.try_recv() {
                if wish.act == Act::Remove(number) {
                    cancelled = Some(wish);
                    return false;
                }
                let _ = wish.told.send(Err(Denied::Busy));
            }
            !*self.stop.borrow()
        };
        let work = |runtime: Handle| runtime.block_on(build(&self.engine, Arc::clone(generation), go_on));
        let folded = priority::at_leisure(work).map_err(MakeError::Thread)??;
        Ok(match (folded, cancelled) {
            (Some(projector), _) => Folded::Near(Box::new(projector)),
            (None, Some(wish)) => Folded::Cancelled(wish),
            (None, None) => Folded::Stopped,
        })
    }

    /// Has these views serve in the place of those that do, which are kept for the grace; false says that the projector
    /// has ended.
    async fn put_in_place(
        &mut self,
        next: Arc<SqliteViews>,
        projector: Projector,
    ) -> Result<bool, MakeError> {
        // Once more when it takes over; but whatever comes in between, what is appointed must be fit to serve.
        projector.may_serve()?;
        let generation = self.engine.serving();
        let handed = match self.store.appoint(&next) {
            Ok(()) => self.engine.hand_over(projector).await.map_err(MakeError::from),
            Err(error) => Err(error.into()),
        };
        if !matches!(handed, Ok(true)) {
            // However far it came, it is the serving one's turn again.
            self.store.appoint(&self.store.views)?;
            return handed;
        }
        let number = next.number();
        let views = std::mem::replace(&mut self.store.views, next);
        let kept = self.keep_previous(views, generation);
        let now = self.engine.now();
        self.generations.tell(|told| {
            (told.serving, told.since, told.building, told.kept) = (number, now, None, kept);
        });
        Ok(true)
    }

    fn keep_previous(&mut self, views: Arc<SqliteViews>, generation: Arc<Generation>) -> Option<Kept> {
        if self.grace.is_zero() {
            views.retire();
            return None;
        }
        views.stand_by();
        let set = parameters_of(&generation);
        let grace_us = i64::try_from(self.grace.as_micros()).unwrap_or(i64::MAX);
        let kept = Kept {
            number: views.number(),
            shape: set.shape().to_owned(),
            parameters: set.len(),
            until: self.engine.now().plus_micros(grace_us),
        };
        self.previous = Some(Previous { views, generation, until: Stopwatch::now() + self.grace });
        Some(kept)
    }

    /// The one that served before goes, once nobody reads it any more.
    fn forget_previous(&mut self) {
        if let Some(previous) = self.previous.take() {
            previous.views.retire();
            // Its file goes with it, if nobody reads it.
            drop(previous);
            self.generations.tell(|told| told.kept = None);
        }
    }

    /// Notes that this shape shall not be made, or that none is unwanted.
    fn want(&self, unwanted: Option<&str>) -> Result<(), MakeError> {
        if self.generations.all().cancelled.as_deref() != unwanted {
            self.store.views.set_unwanted(unwanted).map_err(MakeError::Write)?;
            self.generations.tell(|told| told.cancelled = unwanted.map(str::to_owned));
        }
        Ok(())
    }
}
