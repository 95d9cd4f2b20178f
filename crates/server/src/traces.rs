//! Traces for OpenTelemetry: what one request did, step by step, and which batch of the projector it went into.
//!
//! Invariant: no span has what a client wrote but UUIDs and the ids of W3C Trace Context, and no request waits for one.

mod commits;
mod queue;
mod send;

use std::time::{Duration, SystemTime};

use anamnesis_engine::Projected;
use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanKind, Status, TraceContextExt, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanExporter as _};
use prometheus::IntCounterVec;
use uuid::Uuid;

use crate::request_id::RequestId;
use commits::Commits;
use queue::Queue;
use send::Sender;

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end of the process waits for what is not sent yet.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
/// What a service is called that nobody named otherwise.
const SERVICE: &str = "anamnesis";
const SERVICE_VARIABLE: &str = "OTEL_SERVICE_NAME";
const CORRELATION: &str = "anamnesis.correlation_id";

/// Makes spans and has them sent.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    commits: Commits,
}

/// A request that is worked on.
pub(crate) struct Asked {
    context: Context,
    id: RequestId,
}

/// What a request's first commit belongs together with, once it is known.
#[derive(Default)]
struct Correlation(std::sync::OnceLock<Uuid>);

impl Traces {
    /// Sends to a collector whose OTLP endpoint over HTTP this is, and counts there what became of spans.
    ///
    /// # Errors
    ///
    /// When that is no address, or a variable of OpenTelemetry's has no meaning.
    pub(crate) fn new(endpoint: &str, counted: IntCounterVec) -> Result<Self, ExporterBuildError> {
        let signal = "/v1/traces";
        let whole = endpoint.ends_with(signal);
        let endpoint = if whole { endpoint.to_owned() } else { format!("{endpoint}{signal}") };
        let builder = SpanExporter::builder().with_http().with_http_client(Sender::new(PATIENCE));
        let mut exporter = builder.with_endpoint(endpoint).with_timeout(PATIENCE).build()?;
        let resource = resource();
        exporter.set_resource(&resource);
        let queue = Queue::new(exporter, counted)
            .map_err(|error| ExporterBuildError::InternalFailure(error.to_string()))?;
        let provider =
            SdkTracerProvider::builder().with_resource(resource).with_span_processor(queue).build();
        let tracer = provider.tracer(SERVICE);
        Ok(Self { provider, tracer, commits: Commits::default() })
    }

    /// A request begins; its trace is the client's, where that sent one.
    pub(crate) fn request(
        &self,
        method: &'static str,
        route: &str,
        headers: &HeaderMap,
        id: RequestId,
    ) -> Asked {
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Parent(headers));
        let mut builder = SpanBuilder::from_name(format!("{method} {route}")).with_kind(SpanKind::Server);
        builder.attributes = Some(vec![
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.to_owned()),
        ]);
        let span = self.tracer.build_with_context(builder, &parent);
        let context = Context::new().with_span(span).with_value(Correlation::default());
        Asked { context, id }
    }

    /// Whoever works on a request now spent so much time on this step, which has just ended.
    pub(crate) fn step(&self, name: &'static str, time: Duration) {
        let context = Context::current();
        if !context.span().span_context().is_sampled() {
            return;
        }
        let end = SystemTime::now();
        let begin = end.checked_sub(time).unwrap_or(end);
        let builder = SpanBuilder::from_name(name).with_start_time(begin);
        self.tracer.build_with_context(builder, &context).end_with_timestamp(end);
    }

    /// Whoever works on a request now is about to hand this commit to the log.
    pub(crate) fn committing(&self, commit: Uuid, correlation: Option<&str>) {
        let context = Context::current();
        let span = context.span().span_context().clone();
        if !span.is_sampled() {
            return;
        }
        if let (Some(id), Some(said)) = (correlation.and_then(uuid), context.get::<Correlation>()) {
            // The first of several; the entries of a batch have one in common.
            let _ = said.0.set(id);
        }
        self.commits.remember(commit, span);
    }

    /// A batch went into the views: a trace of its own, with links to those of the requests whose commits it has.
    pub(crate) fn projected(&self, batch: &Projected) {
        let mut links = Vec::new();
        let mut ids: Vec<StringValue> = Vec::new();
        for (commit, correlation) in &batch.commits {
            let Some(context) = self.commits.recall(*commit) else { continue };
            let id = correlation.as_deref().and_then(uuid).map(|id| id.to_string());
            let told = id.iter().map(|id| KeyValue::new(CORRELATION, id.clone())).collect();
            links.push(Link::new(context, told, 0));
            ids.extend(id.map(StringValue::from));
        }
        if links.is_empty() {
            return;
        }
        ids.dedup();
        let end = SystemTime::now();
        let begin = end.checked_sub(batch.time).unwrap_or(end);
        let mut builder = SpanBuilder::from_name("project").with_start_time(begin).with_links(links);
        builder.attributes = Some(vec![
            KeyValue::new("anamnesis.events", i64::try_from(batch.events).unwrap_or(i64::MAX)),
            KeyValue::new(CORRELATION, Value::Array(Array::String(ids))),
        ]);
        self.tracer.build_with_context(builder, &Context::new()).end_with_timestamp(end);
    }

    /// Sends what is not sent yet, for a while.
    pub(crate) fn stop(&self) {
        // What could not be sent in time is lost, which is counted.
        let _ = self.provider.shutdown_with_timeout(LAST_PATIENCE);
    }
}

impl Asked {
    /// What is done while the request is worked on.
    pub(crate) fn context(&self) -> Context {
        self.context.clone()
    }

    /// It was answered.
    pub(crate) fn answered(self, status: u16) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        span.set_attribute(KeyValue::new("anamnesis.request_id", self.id.to_string()));
        let said = self.context.get::<Correlation>().and_then(|said| said.0.get().copied());
        let sent = match self.id {
            RequestId::Sent(id) => Some(id),
            RequestId::Ours(_) => None,
        };
        if let Some(id) = said.or(sent) {
            span.set_attribute(KeyValue::new(CORRELATION, id.to_string()));
        }
        if status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Of a client's headers the one that says which trace its request is part of; the rest is its own business.
struct Parent<'a>(&'a HeaderMap);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let wanted = (key == "traceparent").then(|| self.0.get(key))?;
        wanted.and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

/// What a caller calls something, where it can be nothing else than an id.
fn uuid(text: &str) -> Option<Uuid> {
    matches!(text.len(), 32 | 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// Who sends: what the environment says, and our name where it has none.
fn resource() -> Resource {
    let builder = Resource::builder();
    let named = std::env::var_os(SERVICE_VARIABLE).is_some_and(|name| !name.is_empty());
    let builder = if named { builder } else { builder.with_service_name(SERVICE) };
    builder.with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_is_told() {
        let id = Uuid::from_u128(7);
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            (id.to_string(),          true),
            (id.simple().to_string(), true),
            (id.urn().to_string(),    false),
            ("Vandersecret".into(),   false),
            ("85120312345678901234567890123456789".into(), false),
        ];
        for (text, told) in cases {
            assert_eq!(uuid(&text), told.then_some(id), "{text}");
        }
    }
}
