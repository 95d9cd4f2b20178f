//! Traces, as a collector receives them: OTLP over HTTP, <https://opentelemetry.io/docs/specs/otlp/#otlphttp>, decoded
//! by its own definitions.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by its panic what it found")]

use std::time::{Duration, Instant};

use anamnesis_e2e::{Answer, Received, Receiver, json};
use anamnesis_testkit::{Options, Server};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;

const ID: &str = "0189f7a4-7a3e-7b62-9d0a-3c2f1e0d9b8a";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn server(receiver: &Receiver) -> Server {
    Options::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url()).start()
}

fn batches(received: &[Received]) -> Vec<ResourceSpans> {
    let decode = |one: &Received| ExportTraceServiceRequest::decode(one.body.as_slice()).expect("it is OTLP");
    received.iter().flat_map(|one| decode(one).resource_spans).collect()
}

fn spans(received: &[Received]) -> Vec<Span> {
    batches(received).into_iter().flat_map(|of| of.scope_spans).flat_map(|of| of.spans).collect()
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::ArrayValue(all)) => all.values.iter().map(text).collect::<Vec<_>>().join(","),
        other => panic!("{other:?}"),
    }
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    attributes.iter().find(|one| one.key == key).and_then(|one| one.value.as_ref()).map(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first span that holds, once it came.
#[track_caller]
fn span(receiver: &Receiver, what: &str, holds: impl Fn(&Span) -> bool) -> Span {
    receiver.wait_for(what, |received| spans(received).into_iter().find(|span| holds(span)))
}

fn value(server: &Server, series: &str) -> u64 {
    let text = server.http().get("/metrics").expect(200).text();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not there")).parse().unwrap()
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_write_is_followed_from_the_request_to_the_projection() {
    let receiver = Receiver::start();
    let server = server(&receiver);
    let patient = json(r#"{"resourceType":"Patient","id":"zz-4711","name":[{"family":"Zanzibarski"}]}"#);
    let http = server
        .http()
        .with_header("x-request-id", ID)
        .with_header("tracestate", "who=Zanzibarski")
        .with_header("traceparent", &format!("00-{TRACE}-{PARENT}-01"));
    http.put("/fhir/Patient/zz-4711", &patient).expect(201);

    let project = span(&receiver, "the projection", |span| span.name == "project");
    let request = span(&receiver, "the request", |span| span.kind == SpanKind::Server as i32);
    assert_eq!(request.name, "PUT /fhir/{kind}/{id}");
    assert_eq!((hex(&request.trace_id).as_str(), hex(&request.parent_span_id).as_str()), (TRACE, PARENT));
    let of_request = |key| attribute(&request.attributes, key);
    assert_eq!(of_request("http.request.method").as_deref(), Some("PUT"));
    assert_eq!(of_request("http.route").as_deref(), Some("/fhir/{kind}/{id}"));
    assert_eq!(of_request("http.response.status_code").as_deref(), Some("201"));
    assert_eq!(of_request("anamnesis.correlation_id").as_deref(), Some(ID));

    for step in ["decide", "append", "sync", "wait"] {
        let step = span(&receiver, step, |span| span.name == step);
        assert_eq!(step.trace_id, request.trace_id, "{}", step.name);
        assert_eq!(step.parent_span_id, request.span_id, "{}", step.name);
        let within = request.start_time_unix_nano <= step.start_time_unix_nano + 1_000_000
            && step.end_time_unix_nano <= request.end_time_unix_nano;
        assert!(within && step.start_time_unix_nano <= step.end_time_unix_nano, "{}", step.name);
    }

    // The event has it too.
    let events = server.http().get("/api/streams/Patient/zz-4711").expect(200).text();
    assert!(events.contains(&format!(r#""correlation_id":"{ID}""#)), "{events}");

    let link = project.links.first().expect("the projection is linked to the request");
    assert_eq!((&link.trace_id, &link.span_id), (&request.trace_id, &request.span_id));
    assert_eq!(attribute(&link.attributes, "anamnesis.correlation_id").as_deref(), Some(ID));
    assert_eq!(attribute(&project.attributes, "anamnesis.correlation_id").as_deref(), Some(ID));
    assert_eq!(attribute(&project.attributes, "anamnesis.events").as_deref(), Some("1"));
    assert_ne!(project.trace_id, request.trace_id, "a batch may be of many requests");

    let received = receiver.received();
    let first = received.first().unwrap();
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/v1/traces"));
    assert_eq!(first.header("content-type"), Some("application/x-protobuf"));
    let resource = batches(&received).remove(0).resource.unwrap();
    assert_eq!(attribute(&resource.attributes, "service.name").as_deref(), Some("anamnesis"));
    for one in &received {
        let said = String::from_utf8_lossy(&one.body);
        assert!(!said.contains("Zanzibarski") && !said.contains("zz-4711"), "no patient's data, no id");
    }
    until("what was exported is counted", || {
        value(&server, "anamnesis_trace_spans_total{result=\"exported\"}") >= 6
    });
}

#[test]
fn a_client_that_takes_no_sample_has_none() {
    let receiver = Receiver::start();
    let mut server = server(&receiver);
    let http = server.http().with_header("traceparent", &format!("00-{TRACE}-{PARENT}-00"));
    http.put("/fhir/Patient/p1", &json(r#"{"resourceType":"Patient","id":"p1"}"#)).expect(201);
    server.http().with_header("traceparent", "00-no-parent-01").get("/fhir/Patient/p1").expect(200);
    // What is not sent yet is sent at the end.
    assert!(server.terminate().unwrap().success());
    let spans = spans(&receiver.received());
    assert!(spans.iter().all(|span| hex(&span.trace_id) != TRACE));
    assert!(spans.iter().all(|span| span.name != "project" && span.name != "sync"));
    let read = spans.iter().find(|span| span.name == "GET /fhir/{kind}/{id}").expect("the read is traced");
    assert!(read.parent_span_id.is_empty(), "what is no parent is none");
}

#[test]
fn a_collector_that_fails_hurts_nobody() {
    let receiver = Receiver::start();
    receiver.answer_with([Answer::Status(503), Answer::Nothing, Answer::Status(400)]);
    let server = server(&receiver);
    let write = |n: u32| {
        let patient = format!(r#"{{"resourceType":"Patient","id":"p{n}"}}"#);
        let status = server.http().put(&format!("/fhir/Patient/p{n}"), &json(&patient)).status;
        assert!([200, 201].contains(&status), "{status}");
    };
    write(0);
    until("a failure is counted", || value(&server, "anamnesis_trace_spans_total{result=\"failed\"}") > 0);
    until("it is sent again", || {
        write(1);
        value(&server, "anamnesis_trace_spans_total{result=\"exported\"}") > 0
    });
    let said = server.stderr();
    assert_eq!(said.matches("spans cannot be sent").count(), 1, "once for each time it begins:\n{said}");
    assert!(said.contains("spans are sent to the collector again"), "{said}");

    // One that takes everything and says nothing: the queue fills, and what finds no room is dropped.
    receiver.fall_silent();
    until("spans are dropped", || {
        for _ in 0..500 {
            let begun = Instant::now();
            server.http().get("/fhir/Patient/p1").expect(200);
            // Who waited for the collector would wait the five seconds that it is given to answer.
            assert!(begun.elapsed() < Duration::from_secs(4), "a read waits for nobody");
        }
        value(&server, "anamnesis_trace_spans_total{result=\"dropped\"}") > 0
    });
}

#[test]
fn nothing_is_sent_where_nobody_asked() {
    let server = Options::new().env("OTEL_EXPORTER_OTLP_ENDPOINT", "").start();
    server.http().get("/fhir/Patient").expect(200);
    assert_eq!(value(&server, "anamnesis_trace_spans_total{result=\"exported\"}"), 0);
    let refused = Options::new().arg("--set").arg("telemetry.otlp=somewhere").try_start();
    assert!(refused.err().unwrap().to_string().contains("telemetry.otlp"));
}
