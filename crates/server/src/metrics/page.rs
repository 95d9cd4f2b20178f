//! The metrics for people: `docs/metrics.md`.
//!
//! Invariant: what is committed is what the registry gives; a test compares them.

use std::fmt::Write;

use prometheus::proto::{MetricFamily, MetricType};

use super::Metrics;
use crate::blessed::blessed;

const HEAD: &str = "# Metrics

<!-- @generated from crates/server/src/metrics.rs: change it there, then test with ANAMNESIS_BLESS=1. -->

`/metrics` speaks Prometheus text format 0.0.4; each metric is there from the start, at zero.
[Monitoring](monitoring.md) says which to look at when, and has rules, a dashboard and traces.

| metric | kind | labels | what it is |
|---|---|---|---|
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for family in Metrics::new().unwrap().registry.gather() {
        let kind = match family.get_field_type() {
            MetricType::COUNTER => "counter",
            MetricType::GAUGE => "gauge",
            MetricType::HISTOGRAM => "histogram",
            other => panic!("{} is {other:?}", family.name()),
        };
        let _ = writeln!(page, "| `{}` | {kind} | {} | {} |", family.name(), labels(&family), family.help());
    }
    page
}

/// The labels with the values they have from the start; those of requests come as requests do.
fn labels(family: &MetricFamily) -> String {
    let mut labels: Vec<(&str, Vec<&str>)> = Vec::new();
    for label in family.get_metric().iter().flat_map(|metric| metric.get_label()) {
        match labels.iter_mut().find(|(name, _)| *name == label.name()) {
            Some((_, values)) if values.contains(&label.value()) => {}
            Some((_, values)) => values.push(label.value()),
            None => labels.push((label.name(), vec![label.value()])),
        }
    }
    let shown = |(name, values): &(&str, Vec<&str>)| match values.as_slice() {
        [_] => format!("`{name}`"),
        values => format!("`{name}`: {}", values.join(", ")),
    };
    labels.iter().map(shown).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_is_committed_is_what_the_registry_gives() {
    blessed("metrics.md", &page());
}
