//! What Prometheus is told: <https://prometheus.io/docs/instrumenting/exposition_formats/>, text format 0.0.4.

use std::time::Duration;

use anamnesis_engine::{Engine, Instruments, Stage};
use anamnesis_store::ReadError;
use prometheus::{
    Encoder, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

const STEP_BUCKETS: [f64; 14] =
    [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];
const HTTP_BUCKETS: [f64; 13] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];
/// Every step is there from the start, at zero.
const STEPS: [&str; 4] = ["decide", "append", "sync", "project"];

/// A limit that a client can meet before its request is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `limits.connections_max`
    Connections,
    /// `limits.head_ms_max`
    Head,
    /// `limits.body_ms_max`
    Body,
    /// `limits.bodies_bytes_max`
    Bodies,
    /// `limits.answer_ms_max`
    Answer,
    /// `limits.idle_ms_max`
    Idle,
    /// `limits.queue_max` or `limits.queue_ms_max`
    Queue,
}

impl Limit {
    const ALL: [Self; 7] =
        [Self::Connections, Self::Head, Self::Body, Self::Bodies, Self::Answer, Self::Idle, Self::Queue];

    /// Its name as a label.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Head => "head",
            Self::Body => "body",
            Self::Bodies => "bodies",
            Self::Answer => "answer",
            Self::Idle => "idle",
            Self::Queue => "queue",
        }
    }
}

/// The instruments of one process.
pub(crate) struct Metrics {
    registry: Registry,
    steps: HistogramVec,
    http: HistogramVec,
    events: IntCounter,
    syncs: IntCounter,
    log_bytes: IntGauge,
    views_bytes: IntGauge,
    lag_events: IntGauge,
    lag_seconds: Gauge,
    conflicts: IntCounter,
    connections: IntGauge,
    waiting: IntGauge,
    refused: IntCounterVec,
}

impl Metrics {
    /// All instruments, at zero.
    ///
    /// # Errors
    ///
    /// When two have the same name, which a test would show.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let metrics = Self {
            steps: HistogramVec::new(
                HistogramOpts::new(
                    "anamnesis_event_processing_seconds",
                    "Time of one step of a commit, or of one batch of the projector.",
                )
                .buckets(STEP_BUCKETS.to_vec()),
                &["step"],
            )?,
            http: HistogramVec::new(
                HistogramOpts::new(
                    "anamnesis_http_request_duration_seconds",
                    "Time from a request's head to its answer's head.",
                )
                .buckets(HTTP_BUCKETS.to_vec()),
                &["method", "route", "status"],
            )?,
            events: IntCounter::with_opts(Opts::new("anamnesis_log_events_total", "Events in the log."))?,
            syncs: IntCounter::with_opts(Opts::new(
                "anamnesis_log_syncs_total",
                "Groups of commits this process has synced; commits a sync is what group commit saves.",
            ))?,
            log_bytes: IntGauge::new("anamnesis_log_bytes", "Sealed bytes of all events in the log.")?,
            views_bytes: IntGauge::new("anamnesis_views_bytes", "Bytes of the serving views on disk.")?,
            lag_events: IntGauge::new(
                "anamnesis_view_lag_events",
                "Events in the log that the views have not.",
            )?,
            lag_seconds: Gauge::new(
                "anamnesis_view_lag_seconds",
                "Age of the oldest event that the views have not.",
            )?,
            conflicts: IntCounter::with_opts(Opts::new(
                "anamnesis_append_conflicts_total",
                "Appends that met a stream or claim someone else had moved, and were decided anew.",
            ))?,
            connections: IntGauge::new("anamnesis_http_connections", "Connections that are open.")?,
            waiting: IntGauge::new("anamnesis_http_requests_waiting", "Requests that wait for their turn.")?,
            refused: IntCounterVec::new(
                Opts::new(
                    "anamnesis_http_refused_total",
                    "Clients turned away or cut off, by the limit they met.",
                ),
                &["limit"],
            )?,
            registry,
        };
        let registry = &metrics.registry;
        registry.register(Box::new(metrics.steps.clone()))?;
        registry.register(Box::new(metrics.http.clone()))?;
        registry.register(Box::new(metrics.events.clone()))?;
        registry.register(Box::new(metrics.syncs.clone()))?;
        registry.register(Box::new(metrics.log_bytes.clone()))?;
        registry.register(Box::new(metrics.views_bytes.clone()))?;
        registry.register(Box::new(metrics.lag_events.clone()))?;
        registry.register(Box::new(metrics.lag_seconds.clone()))?;
        registry.register(Box::new(metrics.conflicts.clone()))?;
        registry.register(Box::new(metrics.connections.clone()))?;
        registry.register(Box::new(metrics.waiting.clone()))?;
        registry.register(Box::new(metrics.refused.clone()))?;
        for limit in Limit::ALL {
            metrics.refused.with_label_values(&[limit.name()]);
        }
        for step in STEPS {
            metrics.steps.with_label_values(&[step]);
        }
        metrics.http.with_label_values(&["GET", "/metrics", "200"]);
        Ok(metrics)
    }

    /// Notes an answered request.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, time: Duration) {
        let mut digits = [0_u8; 3];
        let mut left = status;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(left % 10).unwrap_or_default();
            left /= 10;
        }
        let status = std::str::from_utf8(&digits).unwrap_or_default();
        self.http.with_label_values(&[method, route, status]).observe(time.as_secs_f64());
    }

    /// Notes that a connection began, or ended.
    pub(crate) fn connections(&self, change: i64) {
        self.connections.add(change);
    }

    /// Notes that a request began to wait for its turn, or waits no more.
    pub(crate) fn waiting(&self, change: i64) {
        self.waiting.add(change);
    }

    /// Notes that a client met a limit.
    pub(crate) fn refused(&self, limit: Limit) {
        self.refused.with_label_values(&[limit.name()]).inc();
    }

    /// The text of all instruments, with what the log and the views say now.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub(crate) async fn text(&self, engine: &Engine) -> Result<Vec<u8>, ReadError> {
        let head = engine.log().head().borrow().clone();
        let (events, seen) = (head.cursor.offset(0), engine.reached().offset(0));
        self.events.inc_by(events.saturating_sub(self.events.get()));
        self.syncs.inc_by(head.syncs.saturating_sub(self.syncs.get()));
        self.log_bytes.set(signed(head.bytes));
        self.views_bytes.set(signed(engine.views().bytes()));
        self.lag_events.set(signed(events.saturating_sub(seen)));
        let oldest = engine.log().read(0, seen, 1).await?.into_iter().next();
        let behind_micros = oldest.map_or(0, |event| (engine.now().micros() - event.moment.micros()).max(0));
        self.lag_seconds.set(Duration::from_micros(behind_micros.unsigned_abs()).as_secs_f64());
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        encoded.map_err(|error| ReadError::Unavailable(error.into()))?;
        Ok(text)
    }
}

impl Instruments for Metrics {
    fn took(&self, stage: Stage, time: Duration) {
        let step = match stage {
            Stage::Decide => "decide",
            Stage::Append => "append",
            Stage::Sync => "sync",
            Stage::Project => "project",
        };
        self.steps.with_label_values(&[step]).observe(time.as_secs_f64());
    }

    fn conflict(&self) {
        self.conflicts.inc();
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
