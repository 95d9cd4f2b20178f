//! What one search is asked of: the views of one generation and the search parameters they were made with.
//!
//! Invariant: what a query string was read by is what is searched, whatever generation serves meanwhile.

use std::sync::{Arc, OnceLock};

use anamnesis_engine::Generation;
use anamnesis_fhir::index::{Referred, index, references};
use anamnesis_fhir::{Known, Params};
use anamnesis_json::Object;
use anamnesis_kernel::search::{Entry, Param};
use anamnesis_kernel::{Cursor, ResourceType, StreamName};
use anamnesis_store::{ReadError, Views};

use crate::app::App;
use crate::parameters::ParameterSet;
use crate::wiring;

/// One generation as a search sees it.
#[derive(Clone)]
pub(crate) struct Index {
    generation: Arc<Generation>,
    serving: Arc<ParameterSet>,
    wanted: Arc<ParameterSet>,
    /// Set once a parameter was asked for that is registered and not indexed.
    missed: OnceLock<Unindexed>,
    /// Set once one was asked for that another generation may not have.
    registered: OnceLock<()>,
}

/// The index of a search parameter changed between the reading of criteria and their search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the search parameters changed meanwhile; nothing was kept")]
pub(crate) struct Reindexed;

/// A search by a parameter that is registered or switched on, while its index is being built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: wanted for {kind}, and not indexed yet: {stage}")]
pub(crate) struct Unindexed {
    kind: ResourceType,
    code: String,
    stage: Stage,
}

/// How far the index is that has the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Stage {
    #[error("its turn comes next")]
    Waits,
    #[error("{0} %")]
    Percent(u64),
    #[error("the making of its index was cancelled")]
    Cancelled,
}

impl App {
    /// What a search is asked of now; after [`App::learn`] it has seen every registration that was acknowledged.
    pub(crate) fn index(&self) -> Index {
        // The other way round, one that is wanted could have been indexed in between and be taken for missing.
        let wanted = self.parameters.wanted();
        let generation = self.engine.serving();
        let serving = wiring::parameters_of(&generation);
        Index { generation, serving, wanted, missed: OnceLock::new(), registered: OnceLock::new() }
    }
}

impl Index {
    /// The views that are to be searched.
    pub(crate) fn views(&self) -> &dyn Views {
        &*self.generation.views
    }

    /// Whether its views have all that the log had at a cursor.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub(crate) async fn has(&self, cursor: &Cursor) -> Result<bool, ReadError> {
        let marks = self.generation.views.watermark().await?.map(|watermark| watermark.marks);
        let have = |at: usize| marks.as_ref().and_then(|marks| marks.get(at)).map_or(0, |mark| mark.offset);
        Ok(cursor.offsets.iter().enumerate().all(|(at, wanted)| have(at) >= *wanted))
    }

    /// The same, for whoever keeps them.
    pub(crate) fn views_kept(&self) -> Arc<dyn Views> {
        Arc::clone(&self.generation.views)
    }

    /// The views that serve now, where what was asked so far means the same in them: others may be needed because they
    /// have more.
    ///
    /// # Errors
    ///
    /// When something that was asked for is indexed otherwise now.
    pub(crate) fn views_now(&self, app: &App) -> Result<Arc<dyn Views>, Reindexed> {
        let now = app.engine.serving();
        let same = self.registered.get().is_none() || now.indexing.shape() == self.serving.shape();
        if same { Ok(Arc::clone(&now.views)) } else { Err(Reindexed) }
    }

    /// What the search parameters are called together: it changes with any of them.
    pub(crate) fn shape(&self) -> &str {
        self.serving.shape()
    }

    /// What a record is found by, or will be once it is written.
    pub(crate) fn entries(&self, name: &StreamName, elements: &Object) -> Vec<Entry> {
        index(name, elements, self.serving.catalogue()).entries
    }

    /// Calls `give` with what a record refers to, by parameter; `base` is our own address.
    pub(crate) fn references(
        &self,
        name: &StreamName,
        elements: &Object,
        base: &str,
        give: &mut dyn FnMut(Param, Referred),
    ) {
        references(name, elements, self.serving.catalogue(), base, give);
    }

    /// Makes sure that all that was asked for is indexed: to leave a criterion out would widen the answer.
    ///
    /// # Errors
    ///
    /// When something is not, with how far its index is.
    pub(crate) fn settled(&self, app: &App) -> Result<(), Unindexed> {
        let Some(missed) = self.missed.get() else { return Ok(()) };
        let building = app.generations.building().filter(|building| building.shape == self.wanted.shape());
        let stage = match building {
            Some(building) => Stage::Percent(building.percent()),
            None if app.generations.is_cancelled(self.wanted.shape()) => Stage::Cancelled,
            None => Stage::Waits,
        };
        Err(Unindexed { stage, ..missed.clone() })
    }
}

impl Params for Index {
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known> {
        if self.wanted.differs(&self.serving, kind, code) {
            self.missed.get_or_init(|| Unindexed { kind, code: code.to_owned(), stage: Stage::Waits });
        }
        if self.serving.has(kind, code) {
            self.registered.get_or_init(|| ());
        }
        self.serving.catalogue().known(kind, code)
    }

    fn codes(&self, kind: ResourceType) -> Vec<Known> {
        self.serving.catalogue().codes(kind)
    }

    fn full_text(&self, kind: ResourceType, code: &str) -> bool {
        if self.wanted.has_full_text() && !self.serving.has_full_text() {
            self.missed.get_or_init(|| Unindexed { kind, code: code.to_owned(), stage: Stage::Waits });
        }
        // The next generation may have no words.
        self.registered.get_or_init(|| ());
        self.serving.has_full_text()
    }
}
