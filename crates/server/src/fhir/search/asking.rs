//! What the query strings of this door are read against: parameters, codes, limits, the time.

use std::sync::Arc;

use anamnesis_fhir::search::{Context, Limits, Sets};
use anamnesis_kernel::Instant;

use crate::app::App;
use crate::index::{Index, Unindexed};

const COUNT_DEFAULT: u32 = 20;

/// What the query strings of this door are read against.
pub(in crate::fhir) struct Asking {
    index: Index,
    limits: Limits,
    sets: Arc<dyn Sets + Send + Sync>,
    now: Instant,
}

impl Asking {
    /// As of now; `strict` refuses parameters that are not understood.
    pub(in crate::fhir) fn new(app: &App, strict: bool) -> Self {
        let limits = Limits {
            base: Some(app.base_url.clone()),
            count_default: COUNT_DEFAULT.min(app.limits.count_max),
            count_max: app.limits.count_max,
            values_max: app.limits.values_max,
            chain_depth_max: app.limits.chain_depth_max,
            includes_max: app.limits.includes_max,
            sorts_max: app.limits.sorts_max,
            filter_bytes_max: app.limits.filter_bytes_max,
            filter_depth_max: app.limits.filter_depth_max,
            strict,
        };
        let index = app.index();
        let sets = app.profiles.sets(index.views_kept());
        Self { index, limits, sets, now: app.engine.now() }
    }

    /// What it was read by, and what is to be searched.
    ///
    /// # Errors
    ///
    /// When it names what is not indexed yet, whatever else is wrong with it.
    pub(in crate::fhir) fn index(&self, app: &App) -> Result<&Index, Unindexed> {
        self.index.settled(app).map(|()| &self.index)
    }

    /// What a parser is given.
    pub(in crate::fhir) fn context(&self) -> Context<'_> {
        Context { params: &self.index, sets: &*self.sets, limits: &self.limits, now: self.now }
    }
}
