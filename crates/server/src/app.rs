//! What every handler is given: the engine, the limits, the instruments.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anamnesis_chart::Door;
use anamnesis_engine::{Engine, Wait};
use anamnesis_json::Object;
use anamnesis_kernel::{Actor, ResourceId, Source};
use anamnesis_store::ReadError;
use compact_str::CompactString;
use tokio::sync::watch;

use crate::fhir::metadata::Statement;
use crate::generations::Generations;
use crate::metrics::Metrics;
use crate::parameters::Parameters;
use crate::profiles::Profiles;
use crate::races::Races;
use crate::turns::Turns;
use crate::validation::{Rules, Validation};

/// Shared by all handlers.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    parts: Parts,
    turns: Turns,
    races: Races,
    statement: watch::Sender<Option<Statement>>,
    stopping: watch::Sender<bool>,
}

/// What [`App`] holds.
pub(crate) struct Parts {
    pub(crate) engine: Arc<Engine>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    /// The data directory.
    pub(crate) data: PathBuf,
    pub(crate) validation: Validation,
    pub(crate) profiles: Arc<Profiles>,
    pub(crate) parameters: Arc<Parameters>,
    pub(crate) generations: Arc<Generations>,
    /// The FHIR base as clients see it, without a slash at the end: `http://127.0.0.1:8080/fhir`.
    pub(crate) base_url: String,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        let turns = Turns::new(&parts.limits, Arc::clone(&parts.metrics));
        let races = Races::new();
        Self(Arc::new(Shared {
            parts,
            turns,
            races,
            statement: watch::Sender::new(None),
            stopping: watch::Sender::new(false),
        }))
    }

    /// Turns of those who race for the same criteria or the same record.
    pub(crate) fn races(&self) -> &Races {
        &self.0.races
    }

    /// What the server says of itself, once it was asked.
    pub(crate) fn statement(&self) -> &watch::Sender<Option<Statement>> {
        &self.0.statement
    }

    /// What a written resource, which becomes that record, must obey beside R4.
    pub(crate) fn rules<'a>(&'a self, record: Option<&'a ResourceId>) -> Rules<'a> {
        Rules { profiles: &self.profiles, parameters: &self.parameters, record }
    }

    /// Reads anew what clients wrote that others must obey, where that changed.
    ///
    /// # Errors
    ///
    /// When the views cannot be read; what was known holds.
    pub(crate) async fn learn(&self) -> Result<(), ReadError> {
        self.profiles.refresh(&self.engine).await?;
        self.parameters.refresh(&self.engine).await.map(drop)
    }

    /// Whose turn it is.
    pub(crate) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    /// Tells everything that would go on for ever to end.
    pub(crate) fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// Becomes true when the process is about to end.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.subscribe()
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

/// How much is taken at once, and how long is waited; `limits.` and the field's name is the setting's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Of a request's body.
    pub(crate) body_bytes_max: usize,
    /// Of one event's data.
    pub(crate) event_bytes_max: usize,
    /// Of arrays and objects in JSON.
    pub(crate) nesting_max: usize,
    /// Of a bundle.
    pub(crate) bundle_entries_max: usize,
    /// Of the resources in the answer to a bundle, together.
    pub(crate) bundle_answer_bytes_max: usize,
    /// For all entries of a bundle together.
    pub(crate) bundle: Duration,
    /// Of a page.
    pub(crate) count_max: u32,
    /// Of records that come along on one page, because those found refer to them or are referred to.
    pub(crate) included_max: usize,
    /// Of events in one request to the event API.
    pub(crate) commit_events_max: usize,
    /// Of values in one search.
    pub(crate) values_max: usize,
    /// Of search parameters that clients register.
    pub(crate) search_parameters_max: usize,
    /// Of records that a chained search leads over.
    pub(crate) chain_depth_max: usize,
    /// Of `_include` and `_revinclude` in one search.
    pub(crate) includes_max: usize,
    /// Of parameters that a search is sorted by.
    pub(crate) sorts_max: usize,
    /// Of an expression in `_filter`, `_text` or `_content`.
    pub(crate) filter_bytes_max: usize,
    /// Of its parentheses.
    pub(crate) filter_depth_max: usize,
    /// For one search of the views.
    pub(crate) query: Duration,
    /// For the views to have what a request wrote or names.
    pub(crate) views: Duration,
    /// Of a request's head.
    pub(crate) head_bytes_max: usize,
    /// For a request's head to arrive.
    pub(crate) head: Duration,
    /// For a request's body to arrive, beside what its bytes have at the slowest pace.
    pub(crate) body: Duration,
    /// That pace.
    pub(crate) body_bytes_per_s_min: u64,
    /// For a client to take some bytes of its answer.
    pub(crate) answer: Duration,
    /// For a connection without a request.
    pub(crate) idle: Duration,
    /// Of connections at once.
    pub(crate) connections_max: usize,
    /// Of requests worked on at once.
    pub(crate) requests_max: usize,
    /// Of requests that wait for that.
    pub(crate) queue_max: usize,
    /// For one of them.
    pub(crate) queue: Duration,
    /// Of all bodies that arrive or are worked on, together.
    pub(crate) bodies_bytes_max: u64,
    /// For requests under way when the process is told to stop.
    pub(crate) shutdown: Duration,
    /// Whether criteria may delete several records at once.
    pub(crate) conditional_delete: ConditionalDelete,
    /// Of records that are deleted at once, where several may be.
    pub(crate) conditional_delete_max: u32,
    /// Whether who changes a record must name the version that it was.
    pub(crate) require_if_match: bool,
}

/// What a deletion by criteria may find: <https://hl7.org/fhir/R4/valueset-conditional-delete-status.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConditionalDelete {
    /// One record; several are refused.
    Single,
    /// Several, which go in one commit.
    Multiple,
}

impl ConditionalDelete {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::Single, Self::Multiple];

    /// Its code in a CapabilityStatement, and as a setting.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Multiple => "multiple",
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 << 20,
            event_bytes_max: 8 << 20,
            nesting_max: 64,
            bundle_entries_max: 10_000,
            bundle_answer_bytes_max: 64 << 20,
            // Who waits in between, such as a proxy, seldom does for longer.
            bundle: Duration::from_secs(60),
            count_max: 1_000,
            included_max: 1_000,
            commit_events_max: 10_000,
            values_max: 1_000,
            search_parameters_max: 100,
            chain_depth_max: 8,
            includes_max: 32,
            sorts_max: 8,
            filter_bytes_max: 8_192,
            filter_depth_max: 16,
            query: Duration::from_secs(5),
            views: Duration::from_secs(30),
            head_bytes_max: 128 << 10,
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            body_bytes_per_s_min: 16 << 10,
            answer: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            // A process may commonly have 1,024 files open, and the store has some of them.
            connections_max: 900,
            requests_max: 256,
            queue_max: 1_024,
            queue: Duration::from_secs(10),
            bodies_bytes_max: 1 << 30,
            shutdown: Duration::from_secs(20),
            conditional_delete: ConditionalDelete::Single,
            conditional_delete_max: 1_000,
            require_if_match: false,
        }
    }
}

/// What a door knows about a write beside its content.
#[derive(Clone)]
pub(crate) struct WriteContext {
    /// The door's manners.
    pub(crate) door: Door,
    /// The door's name, and where the fact came from.
    pub(crate) source: Source,
    /// Who asks.
    pub(crate) actor: Actor,
    /// Why.
    pub(crate) reason: Option<CompactString>,
    /// The caller's key that makes a repetition harmless.
    pub(crate) idempotency_key: Option<Vec<u8>>,
    /// What the write belongs together with.
    pub(crate) correlation_id: Option<CompactString>,
    /// What the answer waits for.
    pub(crate) wait: Wait,
    /// What the client tells of where it comes from: a Provenance that does not say yet what it is about.
    pub(crate) provenance: Option<Arc<Object>>,
}

#[cfg(test)]
pub(crate) mod fixture;
