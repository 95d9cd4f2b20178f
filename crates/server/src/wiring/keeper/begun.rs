//! The next generation as it is begun, or gone on with where one that was begun before still fits.

use std::sync::Arc;

use anamnesis_engine::projector::Projector;
use anamnesis_engine::{Engine, Generation};
use anamnesis_store::Views as _;
use anamnesis_store_sql::{SqliteStore, SqliteViews};

use super::MakeError;
use crate::parameters::{ParameterSet, Parameters};
use crate::profiles::Profiles;
use crate::wiring::R4;

/// A generation made with these search parameters, as far as `unfinished` has it, or empty.
pub(in crate::wiring) async fn begun(
    store: &SqliteStore,
    engine: &Engine,
    unfinished: Option<Arc<SqliteViews>>,
    wanted: Arc<ParameterSet>,
    profiles: &Arc<Profiles>,
    parameters: &Arc<Parameters>,
) -> Result<(Arc<SqliteViews>, Arc<Generation>), MakeError> {
    let generation = |views: &Arc<SqliteViews>| {
        let (profiles, parameters) = (Arc::clone(profiles), Arc::clone(parameters));
        let indexing = Arc::new(R4 { profiles, parameters, set: Arc::clone(&wanted) });
        Arc::new(Generation::new(Arc::clone(views) as _, indexing))
    };
    if let Some(views) = unfinished {
        let there = generation(&views);
        if goes_on(engine, &there, &wanted).await {
            return Ok((views, there));
        }
        views.retire();
    }
    let views = store.begin_generation()?;
    views.set_plan(&wanted.plan()).await.map_err(MakeError::Write)?;
    let there = generation(&views);
    Ok((views, there))
}

/// Whether it has a part of this log, made by this code and with these search parameters.
///
/// What cannot be read is made anew.
async fn goes_on(engine: &Engine, generation: &Generation, wanted: &ParameterSet) -> bool {
    let planned = matches!(generation.views.plan().await, Ok(Some(plan)) if plan == wanted.plan());
    let begun = matches!(generation.views.watermark().await, Ok(Some(_)));
    planned && begun && matches!(Projector::fits(engine, generation).await, Ok(Ok(())))
}
