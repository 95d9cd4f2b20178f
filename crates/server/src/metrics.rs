//! What Prometheus is told: <https://prometheus.io/docs/instrumenting/exposition_formats/>, text format 0.0.4.
//!
//! Invariant: every instrument is there from the start, at zero, and no label has a value that a client chose.

mod disk;
mod limit;
mod make;
#[cfg(test)]
mod page;
mod readings;
mod sample;
mod taken;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_otlp::ExporterBuildError;
use prometheus::{
    Counter, Encoder, Gauge, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Registry, TextEncoder,
};

use crate::health;
use crate::traces::Traces;
pub(crate) use limit::Limit;
use make::Make;
pub(crate) use readings::Readings;

const STEP_BUCKETS: [f64; 14] =
    [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];
const HTTP_BUCKETS: [f64; 13] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];
const EVENTS_BUCKETS: [f64; 9] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0];

/// Why an append can fail, as labels.
const APPEND_FAILURES: [&str; 4] = ["full", "clock", "unavailable", "unanswered"];

/// The instruments of one process.
pub(crate) struct Metrics {
    registry: Registry,
    /// Held while readings are taken, so that a counter takes none twice.
    taking: Mutex<()>,
    traces: Option<Traces>,

    steps: HistogramVec,
    http: HistogramVec,
    connections: IntGauge,
    waiting: IntGauge,
    refused: IntCounterVec,
    /// Requests that were answered, and those answered with 5xx, but for those of who looks after the server.
    answered: AtomicU64,
    failed: AtomicU64,

    events: IntCounter,
    log_bytes: IntGauge,
    syncs: IntCounter,
    sync_seconds: Counter,
    conflicts: IntCounter,
    append_failures: IntCounterVec,

    views_bytes: IntGauge,
    lag_events: IntGauge,
    lag_seconds: Gauge,
    stuck: IntGauge,
    batches: Histogram,
    parked: IntGauge,
    held: IntGauge,

    generation: IntGauge,
    generation_progress: Gauge,
    generation_left: Gauge,
    generation_failed: IntGauge,

    loads: Histogram,
    cache: IntCounterVec,
    circuit: IntGauge,
    snapshots: IntCounterVec,
    snapshots_kept: IntGauge,
    snapshot_newest: Gauge,

    spans: IntCounterVec,
    alerts: IntCounterVec,
    files: IntGaugeVec,
    disk_free: IntGauge,
    disk_size: IntGauge,
}

impl Metrics {
    /// All instruments, at zero.
    ///
    /// # Errors
    ///
    /// When two have the same name, which a test would show.
    #[rustfmt::skip] // A table reads by column.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let make = Make::default();
        let steps: &[&str] = &["decide", "append", "sync", "project"];
        let (levels, results): (&[&str], &[&str]) = (&["process", "redis"], &["hit", "miss", "error"]);
        let reasons: &[&str] = &["count", "daily", "significant"];
        let limits = Limit::ALL.map(Limit::name);
        let request: [(&str, &[&str]); 3] = [("method", &["GET"]), ("route", &["/metrics"]), ("status", &["200"])];
        let version: (&str, &[&str]) = ("version", &[env!("CARGO_PKG_VERSION")]);
        make.gauges("build_info", "Always 1; the version of the program is a label.", version)?
            .with_label_values(version.1)
            .set(1);
        Ok(Self {
            steps: make.histograms("event_processing_seconds", "Time of one step of a commit, or of one batch of the projector.", &STEP_BUCKETS, &[("step", steps)])?,
            http: make.histograms("http_request_duration_seconds", "Time from a request's head to its answer's head.", &HTTP_BUCKETS, &request)?,
            connections: make.gauge("http_connections", "Connections that are open.")?,
            waiting: make.gauge("http_requests_waiting", "Requests that wait for their turn.")?,
            refused: make.counters("http_refused_total", "Clients turned away or cut off, by the limit they met.", &[("limit", &limits)])?,
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),

            events: make.counter("log_events_total", "Events in the log.")?,
            log_bytes: make.gauge("log_bytes", "Sealed bytes of all events in the log.")?,
            syncs: make.counter("log_syncs_total", "Groups of commits this process has synced; commits a sync is what group commit saves.")?,
            sync_seconds: make.seconds("log_sync_seconds_total", "Time that those syncs took.")?,
            conflicts: make.counter("append_conflicts_total", "Appends that met a stream or claim someone else had moved, and were decided anew.")?,
            append_failures: make.counters("append_failures_total", "Writes that failed for another reason than what they asked, by why.", &[("reason", &APPEND_FAILURES)])?,

            views_bytes: make.gauge("views_bytes", "Bytes of the serving views on disk.")?,
            lag_events: make.gauge("view_lag_events", "Events in the log that the views have not.")?,
            lag_seconds: make.ratio("view_lag_seconds", "Age of the oldest event that the views have not.")?,
            stuck: make.gauge("views_stuck", "1 while the views do not advance because something fails again and again.")?,
            batches: make.histogram("view_batch_events", "Events in one batch that went into the serving views.", &EVENTS_BUCKETS)?,
            parked: make.gauge("parked_events", "Events that could not be applied to the views, with those behind them in their streams.")?,
            held: make.gauge("held_streams", "Streams that are not brought up to date because of parked events.")?,

            generation: make.gauge("generation_underway", "1 while a generation of the views is made beside the serving one.")?,
            generation_progress: make.ratio("generation_progress_ratio", "How much of it is there, from 0 to 1.")?,
            generation_left: make.ratio("generation_left_seconds", "How long it will take at the pace so far.")?,
            generation_failed: make.gauge("generation_failed", "1 while the last try to make it has failed.")?,

            loads: make.histogram("load_events", "Events folded to load the state of a record.", &EVENTS_BUCKETS)?,
            cache: make.counters("cache_requests_total", "Look-ups in the caches, by level and what came of them.", &[("level", levels), ("result", results)])?,
            circuit: make.gauge("cache_circuit_open", "1 while Redis is passed over because it failed.")?,
            snapshots: make.counters("snapshots_total", "Snapshots taken, by why.", &[("reason", reasons)])?,
            snapshots_kept: make.gauge("snapshots_kept", "Snapshots that are kept.")?,
            snapshot_newest: make.ratio("snapshot_newest_timestamp_seconds", "When the newest snapshot was taken, in seconds since 1970.")?,

            spans: make.counters("trace_spans_total", "Spans of traces, by what became of them: sent, lost because the collector failed, or dropped because it was too slow.", &[("result", &["exported", "failed", "dropped"])])?,
            alerts: make.counters("alert_messages_total", "Messages of alerts to the webhook, by what became of them: taken, given up, or dropped because too many waited.", &[("result", &["sent", "failed", "dropped"])])?,
            files: make.gauges("file_bytes", "Bytes of the files in the data directory, by database.", ("file", &disk::FILES))?,
            disk_free: make.gauge("disk_free_bytes", "Bytes that may still be written to the disk of the data directory.")?,
            disk_size: make.gauge("disk_size_bytes", "Bytes of that disk.")?,

            taking: Mutex::new(()),
            traces: None,
            registry: make.done(),
        })
    }

    /// The same, which also makes traces and sends them to this OTLP endpoint.
    ///
    /// # Errors
    ///
    /// When that is none.
    pub(crate) fn tracing_to(self, endpoint: &str) -> Result<Self, ExporterBuildError> {
        let traces = Some(Traces::new(endpoint, self.spans.clone())?);
        Ok(Self { traces, ..self })
    }

    /// Traces, where they are made.
    pub(crate) fn traces(&self) -> Option<&Traces> {
        self.traces.as_ref()
    }

    /// Notes an answered request.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, time: Duration) {
        if !health::is_at(route) {
            self.answered.fetch_add(1, Ordering::Relaxed);
            self.failed.fetch_add(u64::from(status >= 500), Ordering::Relaxed);
        }
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

    /// Counts what became of alerts' messages.
    pub(crate) fn alert_messages(&self) -> IntCounterVec {
        self.alerts.clone()
    }

    /// The text of all instruments, as they stand after these readings.
    pub(crate) fn text(&self, readings: &Readings) -> prometheus::Result<Vec<u8>> {
        self.take(readings);
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
