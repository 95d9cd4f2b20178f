//! Spans that wait to be sent, in batches, by a thread of its own.
//!
//! Invariant: whoever ends a span never waits; what finds no room is dropped, and every span is counted once.

use std::io;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter, SpanProcessor};
use prometheus::IntCounterVec;

/// How many spans wait at most.
const SPANS_MAX: usize = 4_096;
/// How many are sent at once.
const BATCH_MAX: usize = 512;
/// How long the first of a batch waits for others.
const GATHER: Duration = Duration::from_millis(500);

enum Message {
    Span(Box<SpanData>),
    Stop,
}

/// The way into the queue.
#[derive(Debug)]
pub(super) struct Queue {
    spans: SyncSender<Message>,
    ended: Mutex<Receiver<()>>,
    counted: IntCounterVec,
}

impl Queue {
    /// Begins to send with this exporter; counts by `exported`, `failed` and `dropped`.
    ///
    /// # Errors
    ///
    /// When no thread can be had.
    pub(super) fn new<E: SpanExporter + 'static>(exporter: E, counted: IntCounterVec) -> io::Result<Self> {
        let (spans, waiting) = sync_channel(SPANS_MAX);
        let (end, ended) = sync_channel(1);
        let work = Work { exporter, counted: counted.clone(), failing: false };
        std::thread::Builder::new().name("traces".into()).spawn(move || {
            work.run(&waiting);
            // Nobody listens when the process did not want to wait.
            let _ = end.try_send(());
        })?;
        Ok(Self { spans, ended: Mutex::new(ended), counted })
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.spans.try_send(Message::Span(Box::new(span))).is_err() {
            self.counted.with_label_values(&["dropped"]).inc();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let late = |_| OTelSdkError::Timeout(timeout);
        let told = self.spans.try_send(Message::Stop);
        let Ok(ended) = self.ended.lock() else { return Err(OTelSdkError::AlreadyShutdown) };
        // A queue that is full is one whose collector does not keep up.
        told.map_err(|_| OTelSdkError::Timeout(timeout))?;
        ended.recv_timeout(timeout).map_err(late)
    }
}

/// The thread that sends.
struct Work<E> {
    exporter: E,
    counted: IntCounterVec,
    failing: bool,
}

impl<E: SpanExporter> Work<E> {
    fn run(mut self, waiting: &Receiver<Message>) {
        while let Ok(Message::Span(first)) = waiting.recv() {
            let mut batch = vec![*first];
            let until = Instant::now() + GATHER;
            let mut stop = false;
            while batch.len() < BATCH_MAX && !stop {
                match waiting.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(Message::Span(span)) => batch.push(*span),
                    Ok(Message::Stop) => stop = true,
                    Err(_) => break,
                }
            }
            self.send(batch);
            if stop {
                return;
            }
        }
    }

    fn send(&mut self, batch: Vec<SpanData>) {
        let spans = batch.len() as u64;
        let sent = futures::executor::block_on(self.exporter.export(batch));
        // Told when it begins and when it ends: it may last.
        match (&sent, self.failing) {
            (Err(error), false) => tracing::warn!(
                cause = error.to_string(),
                "spans cannot be sent to the collector; they are dropped and counted"
            ),
            (Ok(()), true) => tracing::info!("spans are sent to the collector again"),
            _ => {}
        }
        self.failing = sent.is_err();
        // After it was told, so that who sees the count finds the line.
        let result = if sent.is_ok() { "exported" } else { "failed" };
        self.counted.with_label_values(&[result]).inc_by(spans);
    }
}
