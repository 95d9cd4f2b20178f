//! What operators load into Prometheus and Grafana: rules that fire when they should, and nothing that asks for a metric
//! which is not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anamnesis_e2e::{at, json, list, str};
use anamnesis_json::{Object, Value};
use anamnesis_testkit::{Server, skipped};

const RULES: &str = "ops/prometheus/alerts.yml";
const TRIALS: &str = "ops/prometheus/alerts_test.yml";
const DASHBOARD: &str = "ops/grafana/anamnesis.json";
const PAGE: &str = "docs/monitoring.md";

fn tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(tree(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Has promtool look at a file; where it is not here the test says so.
#[track_caller]
fn promtool(args: [&str; 2], path: &Path) {
    let Ok(ended) = Command::new("promtool").args(args).arg(path).output() else {
        assert!(std::env::var_os("CI").is_none(), "promtool is not here (Debian package prometheus)");
        skipped("promtool is not here (Debian package prometheus)");
        return;
    };
    let said = [ended.stdout, ended.stderr].concat();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// The names of the alerts, in their order.
fn alerts() -> Vec<String> {
    let rules = read(RULES);
    let names = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    names.map(str::to_owned).collect()
}

/// Every expression of the dashboard, as Prometheus is asked it.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        Value::Object(members) => {
            for (name, member) in members.iter() {
                match (name, member.as_str()) {
                    ("expr", Some(expression)) => found.push(
                        expression
                            .replace("$__rate_interval", "5m")
                            .replace("$instance", ".+")
                            .replace("$job", "anamnesis"),
                    ),
                    _ => expressions(member, found),
                }
            }
        }
        _ => {}
    }
}

/// Our metrics that a text names, without what a histogram puts behind them.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let names = text.split(|c| !is_part(c)).filter(|word| word.starts_with("anamnesis_"));
    let stem = |name: &str| {
        let histogram = ["_bucket", "_count", "_sum"].iter().find_map(|ending| name.strip_suffix(ending));
        histogram.unwrap_or(name).to_owned()
    };
    names.map(stem).collect()
}

#[test]
fn the_rules_are_rules() {
    promtool(["check", "rules"], &tree(RULES));
}

#[test]
fn each_alert_fires_when_it_should_and_not_else() {
    promtool(["test", "rules"], &tree(TRIALS));
    let trials = read(TRIALS);
    for alert in alerts() {
        let asked = format!("- expr: ALERTS{{alertname=\"{alert}\", alertstate=\"firing\"}}");
        let answers = || trials.split(&asked).skip(1).map(|rest| rest.lines().nth(2).unwrap_or_default());
        assert!(answers().any(|answer| answer.trim() == "exp_samples: []"), "{alert} is quiet at some time");
        assert!(answers().any(|answer| answer.trim() == "exp_samples:"), "{alert} fires at some time");
    }
}

#[test]
fn each_alert_says_what_to_do_and_where_it_is_written() {
    let (rules, page) = (read(RULES), read(PAGE));
    assert!(alerts().len() > 10, "{:?}", alerts());
    for alert in alerts() {
        let rule = rules.split(&format!("- alert: {alert}\n")).nth(1).unwrap();
        let rule = rule.split("- alert: ").next().unwrap();
        for what in ["severity: ", "summary: ", "description: "] {
            assert!(rule.contains(what), "{alert} has no {what}");
        }
        assert!(rule.contains(&format!("runbook: {PAGE}#{}\n", alert.to_lowercase())), "{alert}");
        assert!(page.contains(&format!("\n### {alert}\n")), "{alert} is not in {PAGE}");
    }
    for heading in page.lines().filter_map(|line| line.strip_prefix("### Anamnesis")) {
        assert!(rules.contains(&format!("- alert: Anamnesis{heading}\n")), "{heading} is no alert");
    }
}

#[test]
fn the_dashboard_asks_what_prometheus_understands() {
    let dashboard = json(read(DASHBOARD));
    assert_eq!(str(&dashboard, "title"), "Anamnesis");
    for panel in list(&dashboard, "panels").iter().filter(|panel| str(panel, "type") != "row") {
        assert!(!list(panel, "targets").is_empty(), "{}", str(panel, "title"));
        let right = at(panel, "gridPos.x").as_u64().unwrap() + at(panel, "gridPos.w").as_u64().unwrap();
        assert!(right <= 24, "{}", str(panel, "title"));
    }
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert!(found.len() > 30, "{found:?}");
    assert!(found.iter().all(|expression| !expression.contains('$')), "{found:?}");
    let rule = |(n, expression): (usize, &String)| {
        Value::from(Object::new().with("record", format!("dashboard:{n}")).with("expr", expression.as_str()))
    };
    let rules: Vec<Value> = found.iter().enumerate().map(rule).collect();
    let group = Object::new().with("name", "dashboard").with("rules", Value::Array(rules));
    let groups = Object::new().with("groups", Value::Array(vec![group.into()]));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dashboard.yml");
    // JSON is YAML too.
    std::fs::write(&path, groups.to_text()).unwrap();
    promtool(["check", "rules"], &path);
}

#[test]
fn whatever_is_asked_for_is_there() {
    let server = Server::start();
    let text = server.http().get("/metrics").expect(200).text();
    let there: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for path in [RULES, TRIALS, DASHBOARD, PAGE, "docs/operating.md"] {
        let asked = named(&read(path));
        let missing: Vec<&String> = asked.iter().filter(|name| !there.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{path} asks for {missing:?}");
    }
    // And the dashboard shows all there is.
    let shown = named(&read(DASHBOARD));
    let hidden: Vec<&&str> = there.iter().filter(|name| !shown.contains(**name)).collect();
    assert!(hidden.is_empty(), "the dashboard shows nothing of {hidden:?}");
}
