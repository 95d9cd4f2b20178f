//! What one search is asked of: the views of one generation and the search parameters they were made with.

use std::sync::{Arc, OnceLock};

use anamnesis_engine::Generation;
use anamnesis_fhir::{Known, Params};
use anamnesis_kernel::ResourceType;
use anamnesis_store::{ReadError, Views};

use crate::app::App;
use crate::parameters::ParameterSet;
use crate::wiring;

/// One generation as a search sees it, whatever serves meanwhile.
pub(crate) struct Index {
    generation: Arc<Generation>,
    serving: Arc<ParameterSet>,
    wanted: Arc<ParameterSet>,
    /// Set once a parameter was asked for that is registered and not indexed.
    missed: OnceLock<Unindexed>,
}

/// A search by a parameter that is registered, while its index is being built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: registered for {kind}, and not indexed yet{}", progress(*.percent))]
pub(crate) struct Unindexed {
    kind: ResourceType,
    code: String,
    /// How much of the index is there; none where it waits for its turn.
    percent: Option<u64>,
}

fn progress(percent: Option<u64>) -> String {
    percent.map_or_else(|| ": its turn comes next".to_owned(), |percent| format!(": {percent} %"))
}

impl App {
    /// What a search is asked of now.
    ///
    /// # Errors
    ///
    /// When the views cannot be read.
    pub(crate) async fn index(&self) -> Result<Index, ReadError> {
        let wanted = self.parameters.refresh(&self.engine).await?;
        let generation = self.engine.serving();
        let serving = wiring::parameters_of(&generation);
        Ok(Index { generation, serving, wanted, missed: OnceLock::new() })
    }
}

impl Index {
    /// The views that are to be searched.
    pub(crate) fn views(&self) -> &dyn Views {
        &*self.generation.views
    }

    /// Makes sure that everything the search named is indexed: to leave a criterion out would widen the answer.
    ///
    /// # Errors
    ///
    /// When something is not, with how far its index is.
    pub(crate) fn settled(&self, app: &App) -> Result<(), Unindexed> {
        let Some(missed) = self.missed.get() else { return Ok(()) };
        let building = app.generations.building().filter(|building| building.shape == self.wanted.shape());
        Err(Unindexed { percent: building.map(|building| building.percent()), ..missed.clone() })
    }
}

impl Params for Index {
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known> {
        if self.wanted.differs(&self.serving, kind, code) {
            self.missed.get_or_init(|| Unindexed { kind, code: code.to_owned(), percent: None });
        }
        self.serving.catalogue().known(kind, code)
    }

    fn codes(&self, kind: ResourceType) -> Vec<Known> {
        self.serving.catalogue().codes(kind)
    }
}
