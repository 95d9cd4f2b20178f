//! What every handler is given: the engine, the limits, the instruments.

use std::ops::Deref;
use std::sync::Arc;

use anamnesis_chart::Door;
use anamnesis_engine::{Engine, Wait};
use anamnesis_json::Object;
use anamnesis_kernel::{Actor, Source};
use compact_str::CompactString;
use tokio::sync::watch;

use crate::metrics::Metrics;
use crate::turns::Turns;

/// Shared by all handlers.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

struct Shared {
    parts: Parts,
    stopping: watch::Sender<bool>,
    turns: Turns,
}

/// What [`App`] holds.
pub(crate) struct Parts {
    pub(crate) engine: Arc<Engine>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    /// The FHIR base as clients see it, without a slash at the end: `http://127.0.0.1:8080/fhir`.
    pub(crate) base_url: String,
}

impl App {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared { parts, stopping: watch::Sender::new(false), turns: Turns::new() }))
    }

    /// Who is next to change a record by what it holds.
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

/// How much is taken at once; each has the name of its setting.
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
    /// Of a page.
    pub(crate) count_max: u32,
    /// Of events in one request to the event API.
    pub(crate) commit_events_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 << 20,
            event_bytes_max: 8 << 20,
            nesting_max: 64,
            bundle_entries_max: 10_000,
            count_max: 1_000,
            commit_events_max: 10_000,
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
