//! Prometheus is content with the metrics, and all of them are there from the start.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says by its panic what it found")]

use std::io::Write;
use std::process::{Command, Stdio};

use anamnesis_e2e::json;
use anamnesis_testkit::{Server, skipped};

/// The names that others rely on.
const NAMES: [&str; 12] = [
    "anamnesis_event_processing_seconds",
    "anamnesis_log_events_total",
    "anamnesis_log_bytes",
    "anamnesis_views_bytes",
    "anamnesis_view_lag_events",
    "anamnesis_view_lag_seconds",
    "anamnesis_cache_requests_total",
    "anamnesis_snapshots_total",
    "anamnesis_parked_events",
    "anamnesis_append_conflicts_total",
    "anamnesis_http_request_duration_seconds",
    "anamnesis_http_refused_total",
];

/// Values of labels that are there before anything happened.
const SERIES: [&str; 12] = [
    "anamnesis_event_processing_seconds_count{step=\"decide\"} 0",
    "anamnesis_event_processing_seconds_count{step=\"append\"} 0",
    "anamnesis_event_processing_seconds_count{step=\"sync\"} 0",
    "anamnesis_event_processing_seconds_count{step=\"project\"} 0",
    "anamnesis_cache_requests_total{level=\"process\",result=\"hit\"} 0",
    "anamnesis_cache_requests_total{level=\"process\",result=\"miss\"} 0",
    "anamnesis_cache_requests_total{level=\"redis\",result=\"hit\"} 0",
    "anamnesis_cache_requests_total{level=\"redis\",result=\"miss\"} 0",
    "anamnesis_cache_requests_total{level=\"redis\",result=\"error\"} 0",
    "anamnesis_snapshots_total{reason=\"count\"} 0",
    "anamnesis_snapshots_total{reason=\"daily\"} 0",
    "anamnesis_snapshots_total{reason=\"significant\"} 0",
];

#[test]
fn every_instrument_is_there_with_its_help_and_type() {
    let server = Server::start();
    let text = server.http().get("/metrics").expect(200).text().to_string();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md")).unwrap();
    let told: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(told.len() > NAMES.len(), "the page has a table");
    for name in NAMES.iter().chain(&told) {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
        assert!(text.contains(&format!("# TYPE {name} ")), "{name} has no type");
    }
    let named =
        |line: &str| line.strip_prefix("# TYPE ").and_then(|rest| rest.split(' ').next()).map(str::to_owned);
    for name in text.lines().filter_map(named) {
        assert!(told.contains(&name.as_str()), "docs/metrics.md does not know {name}");
    }
    for series in SERIES {
        assert!(text.contains(series), "{series}");
    }
}

/// The value of a series.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not there")).parse().unwrap()
}

#[test]
fn what_happens_is_measured() {
    let server = Server::start();
    for n in 0..3 {
        let patient = format!(r#"{{"resourceType":"Patient","id":"p{n}","active":true}}"#);
        server.http().put(&format!("/fhir/Patient/p{n}"), &json(&patient)).expect(201);
    }
    server.http().get("/fhir/Patient/p1").expect(200);
    server.http().get("/fhir/Patient/nobody").expect(404);
    let text = server.http().get("/metrics").expect(200).text().to_string();
    let is = |series: &str| value(&text, series);
    assert_eq!(is("anamnesis_log_events_total"), 3.0);
    assert_eq!(is("anamnesis_event_processing_seconds_count{step=\"decide\"}"), 3.0);
    assert_eq!(is("anamnesis_event_processing_seconds_count{step=\"sync\"}"), 3.0);
    assert_eq!(is("anamnesis_view_batch_events_sum"), 3.0);
    assert_eq!(is("anamnesis_log_syncs_total"), 3.0);
    assert!(is("anamnesis_log_sync_seconds_total") > 0.0);
    assert_eq!(is("anamnesis_view_lag_events"), 0.0);
    for file in ["log", "keys", "views"] {
        assert!(is(&format!("anamnesis_file_bytes{{file=\"{file}\"}}")) > 0.0, "{file}");
    }
    assert!(is("anamnesis_disk_free_bytes") > 0.0);
    assert!(is("anamnesis_disk_size_bytes") >= is("anamnesis_disk_free_bytes"));
    let route = "anamnesis_http_request_duration_seconds_count{method=\"GET\",route=\"/fhir/{kind}/{id}\"";
    let routes = text.lines().filter(|line| line.starts_with(route)).count();
    assert_eq!(routes, 2, "one for each status, none for an id");
    assert!(!text.contains("nobody"), "no label has what a client sent");
}

#[test]
fn promtool_is_content() {
    let server = Server::start();
    let text = server.http().get("/metrics").expect(200).text().to_string();
    let started = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn();
    let Ok(mut promtool) = started else {
        assert!(std::env::var_os("CI").is_none(), "promtool is not here (Debian package prometheus)");
        skipped("promtool is not here (Debian package prometheus)");
        return;
    };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(promtool.wait().unwrap().success());
}
