//! Views that are prepared beside the process that serves, most often by a newer program, for its first start.
//!
//! Invariant: whoever serves notices nothing; what is prepared is complete up to its watermark whenever this ends, and is
//! gone on with when it is begun again.

use std::sync::Arc;

use anamnesis_engine::projector::{ProjectError, Projector};
use anamnesis_engine::{Engine, Progress, Silent, build, rebuild};
use anamnesis_store::{NoSnapshots, Views};
use anamnesis_store_sql::{OpenError, SqliteBeside};
use tokio::runtime::Handle;

use super::{Engaged, Files, Remember, WiringError, engage, is_there, read_master, store_error};
use crate::parameters::{ParameterSet, Parameters, in_log};
use crate::priority;
use crate::settings::Settings;

/// A store that another process may serve, and an engine to which what is prepared is what serves.
pub(crate) struct Beside {
    store: SqliteBeside,
    parameters: Arc<Parameters>,
    /// What works on it.
    pub(crate) engine: Arc<Engine>,
}

/// Why views could not be prepared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrepareError {
    /// The log, which another process writes.
    #[error("the log cannot be followed")]
    Log(#[source] OpenError),
    /// The log, or what is prepared.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// What is prepared.
    #[error("what is prepared cannot be brought to the disk")]
    Views(#[source] OpenError),
    /// The thread it is made on.
    #[error("its thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Opens what there is to prepare views from in the directory that the settings name, and those that were begun before, if
/// they are what is wanted now.
pub(crate) async fn open_beside(settings: &Settings) -> Result<Beside, WiringError> {
    is_there(settings)?;
    let opened = SqliteBeside::open(&settings.data, settings.making_bytes_max);
    let mut store = opened.map_err(store_error(&settings.data))?;
    let engaged = begin(settings, &store).await?;
    let wanted = in_log(&engaged.engine, settings.full_text).await?;
    if goes_on(&engaged.engine, &wanted).await? {
        let Engaged { engine, parameters, .. } = engaged;
        return Ok(Beside { store, parameters, engine });
    }
    drop(engaged);
    store.begin_anew().map_err(store_error(&settings.data))?;
    store.views.set_plan(&wanted.plan()).await.map_err(WiringError::Views)?;
    let Engaged { engine, parameters, .. } = begin(settings, &store).await?;
    Ok(Beside { store, parameters, engine })
}

async fn begin(settings: &Settings, store: &SqliteBeside) -> Result<Engaged, WiringError> {
    let master = read_master(settings.master_key())?;
    let files = Files {
        log: Arc::clone(&store.log),
        keys: Arc::clone(&store.keys),
        views: Arc::clone(&store.views),
        snapshots: Arc::new(NoSnapshots),
    };
    engage(settings, files, &master, Remember::InProcess, Arc::new(Silent)).await
}

/// Whether what was prepared is a part of this log, made by this code and with what is wanted.
async fn goes_on(engine: &Engine, wanted: &ParameterSet) -> Result<bool, WiringError> {
    let prepared = engine.serving();
    let planned = prepared.views.plan().await?.is_some_and(|plan| plan == wanted.plan());
    let begun = prepared.views.watermark().await?.is_some();
    Ok(planned && begun && Projector::fits(engine, &prepared).await?.is_ok())
}

/// What was prepared.
pub(crate) struct Prepared {
    /// How many events it has.
    pub(crate) events: u64,
    /// How many records it holds at earlier versions, since their events cannot be applied.
    pub(crate) held: usize,
    /// Whether search parameters were registered meanwhile, which it is not indexed by.
    pub(crate) outdated: bool,
}

impl Beside {
    /// Folds until it has nearly all that the log has, however much is written meanwhile, and then what there was last.
    pub(crate) async fn prepare(
        self,
        mut tell: impl FnMut(Progress) + Send,
    ) -> Result<Prepared, PrepareError> {
        let Self { store, parameters, engine } = self;
        let generation = engine.serving();
        let (log, mut lost) = (Arc::clone(&store.log), None);
        let go_on = |progress| {
            tell(progress);
            lost = log.look().err();
            lost.is_none()
        };
        let work = |runtime: Handle| {
            runtime.block_on(async {
                match build(&engine, Arc::clone(&generation), go_on).await? {
                    Some(_) => rebuild(&engine, Arc::clone(&generation), |_| ()).await,
                    None => Ok(0),
                }
            })
        };
        let folded = priority::at_leisure(work).map_err(PrepareError::Thread)?;
        if let Some(lost) = lost {
            return Err(PrepareError::Log(lost));
        }
        let events = folded?;
        let held = store.views.held().await.map_err(ProjectError::from)?.len();
        let wanted = parameters.refresh(&engine).await.map_err(ProjectError::from)?;
        let outdated = wanted.shape() != generation.indexing.shape();
        store.rest().map_err(PrepareError::Views)?;
        Ok(Prepared { events, held, outdated })
    }
}
