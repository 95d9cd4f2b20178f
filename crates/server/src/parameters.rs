//! The search parameters that stand in the store as ordinary records: which are wanted, and whether they are indexed.
//!
//! Invariant: what a client was told is registered is indexed, or a search that names it is refused until it is.

mod registering;
mod set;

use std::sync::Arc;

use anamnesis_engine::Engine;
use anamnesis_fhir::outcome::Issue;
use anamnesis_json::Object;
use anamnesis_kernel::search::{Param, Query, Test};
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};
use anamnesis_store::{ReadError, Views};
use tokio::sync::{Mutex, watch};

use registering::Registering;
pub(crate) use set::ParameterSet;

/// How many records are read at once.
const PAGE: u32 = 200;

/// The type whose records define search parameters.
pub(crate) const KIND: &str = "SearchParameter";

/// What is known of registered search parameters.
pub(crate) struct Parameters {
    /// Grows whenever the serving views show another definition.
    changes: watch::Sender<u64>,
    /// Up to which change the definitions were read.
    seen: Mutex<u64>,
    wanted: watch::Sender<Arc<ParameterSet>>,
    registered_max: usize,
    full_text: bool,
    registering: Registering,
}

impl Parameters {
    /// Those that the views were made by, until the views are looked at; `full_text` says whether words are wanted.
    pub(crate) fn new(set: Arc<ParameterSet>, registered_max: usize, full_text: bool) -> Self {
        // Before the first look, everything is new.
        let (changes, seen) = (watch::Sender::new(1), Mutex::new(0));
        let (wanted, registering) = (watch::Sender::new(set), Registering::default());
        Self { changes, seen, wanted, registered_max, full_text, registering }
    }

    /// Is told of each record that the serving views show anew.
    pub(crate) fn shown(&self, kind: ResourceType) {
        if kind.name() == KIND {
            self.all_shown();
        }
    }

    /// Is told that other views serve.
    pub(crate) fn all_shown(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Changes when the definitions may have.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Those that are to be indexed, as the serving views have them now.
    ///
    /// # Errors
    ///
    /// When the views cannot be read; what was known stays.
    pub(crate) async fn refresh(&self, engine: &Engine) -> Result<Arc<ParameterSet>, ReadError> {
        // What is told of is there already, so whatever is read now has all that was told by now.
        let changes = *self.changes.borrow();
        let mut seen = self.seen.lock().await;
        if *seen < changes {
            let set = ParameterSet::of(in_views(engine).await?, self.full_text);
            self.wanted.send_replace(Arc::new(set));
            *seen = changes;
        }
        Ok(self.wanted())
    }

    /// Those that are to be indexed, as they were last read.
    pub(crate) fn wanted(&self) -> Arc<ParameterSet> {
        Arc::clone(&self.wanted.borrow())
    }

    /// Everything wrong with a definition that is to be registered.
    pub(crate) fn faults(
        &self,
        kind: ResourceType,
        record: Option<&ResourceId>,
        elements: &Object,
    ) -> Vec<Issue> {
        if kind.name() != KIND {
            return Vec::new();
        }
        self.wanted().faults(record, elements, self.registered_max)
    }
}

/// The definitions as the serving views have them, in the order their records began.
async fn in_views(engine: &Engine) -> Result<Vec<(StreamName, Object)>, ReadError> {
    let Some(kind) = ResourceType::parse(KIND) else { return Ok(Vec::new()) };
    let views: Arc<dyn Views> = engine.views();
    let all = Test::Kind(Param::of_type(kind.number()));
    let mut query = Query::new(Some(kind), vec![all.into()], PAGE);
    let mut found = Vec::new();
    loop {
        let hits = views.search(&query).await?;
        query.after = hits.last().map(|hit| hit.after.clone());
        let full = hits.len() == PAGE as usize;
        for hit in hits {
            let elements = engine.elements(&hit.version).await?;
            found.extend(elements.map(|elements| (hit.version.number, hit.version.name, elements)));
        }
        if !full {
            found.sort_by_key(|(number, ..)| *number);
            return Ok(found.into_iter().map(|(_, name, elements)| (name, elements)).collect());
        }
    }
}

/// The set that views are to be made by when there are none: what the log says is registered, and words if they are
/// wanted.
///
/// # Errors
///
/// When the log cannot be read.
pub(crate) async fn in_log(engine: &Engine, full_text: bool) -> Result<ParameterSet, ReadError> {
    match ResourceType::parse(KIND) {
        Some(kind) => Ok(ParameterSet::of(engine.scan(kind).await?, full_text)),
        None => Ok(ParameterSet::official(full_text)),
    }
}
