//! Prometheus is content with the metrics, and all of them are there from the start.

use std::io::Write;
use std::process::{Command, Stdio};

use anamnesis_testkit::{Server, skipped};

const NAMES: [&str; 11] = [
    "anamnesis_event_processing_seconds",
    "anamnesis_log_events_total",
    "anamnesis_log_bytes",
    "anamnesis_views_bytes",
    "anamnesis_view_lag_events",
    "anamnesis_view_lag_seconds",
    "anamnesis_append_conflicts_total",
    "anamnesis_http_request_duration_seconds",
    "anamnesis_http_connections",
    "anamnesis_http_requests_waiting",
    "anamnesis_http_refused_total",
];

#[test]
fn every_instrument_is_there_with_its_help_and_type() {
    let server = Server::start();
    let text = server.http().get("/metrics").expect(200).text().to_string();
    for name in NAMES {
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
        assert!(text.contains(&format!("# TYPE {name} ")), "{name} has no type");
    }
    for step in ["decide", "append", "sync", "project"] {
        assert!(
            text.contains(&format!("anamnesis_event_processing_seconds_count{{step=\"{step}\"}} 0")),
            "{step}"
        );
    }
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
