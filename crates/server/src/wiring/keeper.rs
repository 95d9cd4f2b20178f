//! Keeps the views indexed by the search parameters that are wanted: one generation after the other, beside the
//! serving one.
//!
//! Invariant: the old generation serves until the next has all that it has, and whatever ends the process, one serves
//! after.

use std::sync::Arc;
use std::time::Duration;

use anamnesis_engine::projector::ProjectError;
use anamnesis_engine::{Engine, build};
use anamnesis_store::ReadError;
use anamnesis_store_sql::{OpenError, SqliteStore, SqliteViews};
use tokio::sync::watch;

use super::{Opened, generation};
use crate::generations::{Building, Generations};
use crate::parameters::{ParameterSet, Parameters};
use crate::profiles::Profiles;

/// How long it waits before it tries again what failed.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Why a generation could not be made.
#[derive(Debug, thiserror::Error)]
enum MakeError {
    /// Its file.
    #[error("its file cannot be used")]
    File(#[from] OpenError),
    /// The log or the serving views.
    #[error("the store cannot be read")]
    Read(#[from] ReadError),
    /// The log, or its own views.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// Its own views.
    #[error("it cannot be written")]
    Write(#[source] anamnesis_store::Cause),
}

/// One who makes the next generation whenever another is wanted.
pub(super) struct Keeper {
    store: SqliteStore,
    engine: Arc<Engine>,
    parameters: Arc<Parameters>,
    profiles: Arc<Profiles>,
    generations: Arc<Generations>,
    query_patience: Duration,
    stop: watch::Receiver<bool>,
}

impl Keeper {
    pub(super) fn new(opened: Opened, query_patience: Duration, stop: watch::Receiver<bool>) -> Self {
        let Opened { store, engine, profiles, parameters, generations } = opened;
        Self { store, engine, parameters, profiles, generations, query_patience, stop }
    }

    /// Goes on until it is told to stop; gives the store back.
    pub(super) async fn keep(mut self) -> SqliteStore {
        let mut changes = self.parameters.changes();
        let mut stop = self.stop.clone();
        let start = self.engine.head();
        // Views that are being made from nothing show only some of the definitions.
        tokio::select! {
            _ = self.engine.wait_for_views(&start, Duration::MAX) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        let mut pause = PAUSE;
        while !*self.stop.borrow() {
            changes.mark_unchanged();
            match self.next().await {
                Ok(true) => pause = PAUSE,
                Ok(false) => tokio::select! {
                    _ = changes.changed() => {}
                    _ = stop.changed() => {}
                },
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(cause, "the next generation of the views cannot be made: {error}");
                    self.generations.fail(error.to_string());
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        _ = changes.changed() => {}
                        _ = stop.changed() => {}
                    }
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        self.store
    }

    /// Makes the next generation, if another is wanted than the one that serves; whether it serves now.
    async fn next(&mut self) -> Result<bool, MakeError> {
        let wanted = self.parameters.refresh(&self.engine).await?;
        if wanted.shape() == self.engine.serving().indexing.shape() {
            self.generations.end();
            return Ok(false);
        }
        let (now, total) = (self.engine.now(), self.engine.head().offset(0));
        self.generations.begin(Building::new(wanted.shape(), wanted.len(), now, total));
        tracing::info!(
            parameters = wanted.len(),
            events = total,
            "the next generation of the views is begun"
        );
        let next = self.store.begin_generation()?;
        match self.make(&next, wanted).await {
            Ok(true) => {
                std::mem::replace(&mut self.store.views, next).retire();
                self.generations.swapped(self.engine.now());
                tracing::info!("the next generation of the views serves");
                Ok(true)
            }
            other => {
                // Should it have been appointed already, it is the serving one's turn again.
                let again = self.store.appoint(&self.store.views);
                next.retire();
                again?;
                other
            }
        }
    }

    async fn make(&self, next: &Arc<SqliteViews>, wanted: Arc<ParameterSet>) -> Result<bool, MakeError> {
        next.limit_queries(self.query_patience);
        let generation = generation(next, wanted, &self.profiles, &self.parameters).await;
        let generation = generation.map_err(MakeError::Write)?;
        let go_on = |progress| {
            self.generations.advance(progress);
            !*self.stop.borrow()
        };
        let Some(projector) = build(&self.engine, generation, go_on).await? else { return Ok(false) };
        self.store.appoint(next)?;
        Ok(self.engine.hand_over(projector).await?)
    }
}
