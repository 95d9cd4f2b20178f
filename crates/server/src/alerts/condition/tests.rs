//! Each condition, found and not found.

use std::time::Duration;

use super::super::window::{Sample, Window};
use super::*;

const GB: u64 = 1_000_000_000;

/// So many looks, each made from its number.
fn looks(count: u64, look: impl Fn(u64) -> Sample) -> Window {
    let mut window = Window::default();
    (0..count).for_each(|n| window.push(look(n)));
    window
}

fn disk(free: u64, size: u64) -> Sample {
    Sample { free: Some(free), size: Some(size), ..Sample::default() }
}

#[test]
fn what_is_found() {
    let at_rest = || looks(30, |_| Sample::default());
    let cache = |asked: u64, there: u64| {
        move |n: u64| Sample { cache: [(0, 0), (asked * n, there * n)], ..Sample::default() }
    };
    let http =
        |failed: u64| move |n: u64| Sample { answered: 1_000 * n, failed: failed * n, ..Sample::default() };
    let syncs = |each: f64| {
        move |n: u64| Sample { syncs: 10 * n, sync_seconds: each * 10.0 * n as f64, ..Sample::default() }
    };
    let shrinking = |from: u64, a_look: u64, size: u64| move |n: u64| disk(from - n * a_look, size);
    #[rustfmt::skip] // A table reads by column.
    let cases: Vec<(&str, Found, Window, bool)> = vec![
        // name                            condition           looks                                                                       found
        ("no append fails",               appends_fail,       at_rest(),                                                                  false),
        ("one failed just now",           appends_fail,       looks(30, |n| Sample { append_failures: n / 29, ..Sample::default() }),     true),
        ("one failed long ago",           appends_fail,       looks(30, |n| Sample { append_failures: n.min(1), ..Sample::default() }),   false),
        ("nobody writes",                 sync_slow,          at_rest(),                                                                  false),
        ("syncs of 5 ms",                 sync_slow,          looks(30, syncs(0.005)),                                                    false),
        ("syncs of 200 ms",               sync_slow,          looks(30, syncs(0.2)),                                                      true),
        ("views that advance",            stuck,              at_rest(),                                                                  false),
        ("views that do not",             stuck,              looks(1, |_| Sample { stuck: true, ..Sample::default() }),                  true),
        ("a lag of 30 s",                 behind,             looks(1, |_| Sample { lag_seconds: 30.0, ..Sample::default() }),            false),
        ("a lag of 31 s",                 behind,             looks(1, |_| Sample { lag_seconds: 31.0, ..Sample::default() }),            true),
        ("nothing parked",                parked,             at_rest(),                                                                  false),
        ("one event parked",              parked,             looks(1, |_| Sample { parked: 1, ..Sample::default() }),                    true),
        ("no generation",                 generation_fails,   at_rest(),                                                                  false),
        ("one that fails",                generation_fails,   looks(1, |_| Sample { generation_failed: true, ..Sample::default() }),      true),
        ("a disk nobody knows",           nearly_full,        at_rest(),                                                                  false),
        ("a twentieth free",              nearly_full,        looks(1, |_| disk(50 * GB, 1_000 * GB)),                                    false),
        ("less than that",                nearly_full,        looks(1, |_| disk(49 * GB, 1_000 * GB)),                                    true),
        ("half of a small disk",          nearly_full,        looks(1, |_| disk(GB / 2, GB)),                                             true),
        ("a disk that stays",             fills_up,           looks(300, |_| disk(40 * GB, 100 * GB)),                                    false),
        ("two GB an hour of 40",          fills_up,           looks(300, shrinking(40 * GB, 2 * GB / 240, 100 * GB)),                    true),
        ("a tenth of that",               fills_up,           looks(300, shrinking(40 * GB, GB / 1_200, 100 * GB)),                       false),
        ("a disk that is mostly free",    fills_up,           looks(300, shrinking(60 * GB, 2 * GB / 240, 100 * GB)),                     false),
        ("half an hour of it",            fills_up,           looks(120, shrinking(40 * GB, 2 * GB / 240, 100 * GB)),                     false),
        ("room for the views",            no_room_to_rebuild, looks(1, |_| Sample { views_bytes: 9, ..disk(10, 20) }),                    false),
        ("no room for the views",         no_room_to_rebuild, looks(1, |_| Sample { views_bytes: 11, ..disk(10, 20) }),                   true),
        ("a cache nobody asks",           cache_misses,       looks(90, cache(10, 0)),                                                    false),
        ("a cache that has most",         cache_misses,       looks(90, cache(1_000, 900)),                                               false),
        ("a cache that has little",       cache_misses,       looks(90, cache(1_000, 100)),                                               true),
        ("Redis answers",                 circuit_open,       at_rest(),                                                                  false),
        ("Redis does not",                circuit_open,       looks(1, |_| Sample { circuit_open: true, ..Sample::default() }),           true),
        ("nobody asks",                   server_errors,      at_rest(),                                                                  false),
        ("ten of a thousand fail",        server_errors,      looks(30, http(10)),                                                        false),
        ("eleven of a thousand fail",     server_errors,      looks(30, http(11)),                                                        true),
        ("nobody is turned away",         turned_away,        at_rest(),                                                                  false),
        ("someone is",                    turned_away,        looks(30, |n| Sample { turned_away: n, ..Sample::default() }),              true),
    ];
    for (name, condition, window, found) in cases {
        assert_eq!(condition(&window, &Thresholds::default()).is_some(), found, "{name}");
    }
}

/// Each threshold, set so that what is found by default is not, and what is not is.
#[test]
fn what_is_set_counts() {
    let set = |change: fn(&mut Thresholds)| {
        let mut set = Thresholds::default();
        change(&mut set);
        set
    };
    let syncs = looks(30, |n| Sample { syncs: 10 * n, sync_seconds: 1.5 * n as f64, ..Sample::default() });
    let lag = looks(1, |_| Sample { lag_seconds: 45.0, ..Sample::default() });
    let park = looks(1, |_| Sample { parked: 5, ..Sample::default() });
    let cache = looks(90, |n| Sample { cache: [(0, 0), (1_000 * n, 400 * n)], ..Sample::default() });
    let errors = looks(30, |n| Sample { answered: 1_000 * n, failed: 25 * n, ..Sample::default() });
    let away = looks(30, |n| Sample { turned_away: n, ..Sample::default() });
    let falling = looks(300, |n| disk(40 * GB - n * GB / 300, 100 * GB));
    #[rustfmt::skip] // A table reads by column.
    let cases: Vec<(&str, Found, Window, Thresholds, Thresholds)> = vec![
        // setting                   condition      looks                       found with                                            not with
        ("sync_slow_ms",             sync_slow,     syncs,                      set(|s| s.sync_slow = Duration::from_millis(149)),    set(|s| s.sync_slow = Duration::from_millis(151))),
        ("views_behind_s",           behind,        lag,                        set(|s| s.views_behind_s = 44),                       set(|s| s.views_behind_s = 45)),
        ("events_parked_max",        parked,        park,                       set(|s| s.events_parked_max = 4),                     set(|s| s.events_parked_max = 5)),
        ("disk_nearly_full_percent", nearly_full,   looks(1, |_| disk(20 * GB, 100 * GB)), set(|s| s.disk_nearly_full_percent = 21),  set(|s| s.disk_nearly_full_percent = 20)),
        ("disk_nearly_full_bytes",   nearly_full,   looks(1, |_| disk(20 * GB, 100 * GB)), set(|s| s.disk_nearly_full_bytes = 21 * GB), set(|s| s.disk_nearly_full_bytes = 20 * GB)),
        ("disk_fills_up_days",       fills_up,      falling,                    set(|s| s.disk_fills_up_days = 3),                    set(|s| s.disk_fills_up_days = 2)),
        ("cache_misses_percent",     cache_misses,  cache,                      set(|s| s.cache_misses_percent = 59),                 set(|s| s.cache_misses_percent = 61)),
        ("server_errors_percent",    server_errors, errors,                     set(|s| s.server_errors_percent = 2),                 set(|s| s.server_errors_percent = 3)),
        ("clients_turned_away_max",  turned_away,   away,                       set(|s| s.clients_turned_away_max = 19),              set(|s| s.clients_turned_away_max = 20)),
    ];
    for (name, condition, window, found, not) in cases {
        assert!(condition(&window, &found).is_some(), "{name}");
        assert!(condition(&window, &not).is_none(), "{name}");
        let is_of = |one: &&Condition| one.found as usize == condition as usize;
        let told = CONDITIONS.iter().find(is_of).unwrap();
        // How many of what should not be at all is in the value that is told.
        assert_eq!(told.summary(&found) == told.summary(&not), name.ends_with("_max"), "{name}");
        assert!(!told.summary(&found).contains('{'), "{name}");
    }
}

/// Who sets nothing is told of the same by both.
#[test]
fn the_rules_for_prometheus_have_the_same_thresholds() {
    let rules = include_str!("../../../../../ops/prometheus/alerts.yml");
    let set = Thresholds::default();
    let percent = |percent: u64| percent as f64 / 100.0;
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("AnamnesisSyncSlow",          format!("> {}\n", set.sync_slow.as_secs_f64())),
        ("AnamnesisViewsBehind",       format!("> {}\n", set.views_behind_s)),
        ("AnamnesisEventsParked",      format!("> {}\n", set.events_parked_max)),
        ("AnamnesisDiskNearlyFull",    format!("< {:e}\n", set.disk_nearly_full_bytes as f64)),
        ("AnamnesisDiskNearlyFull",    format!("< {}\n", percent(set.disk_nearly_full_percent))),
        ("AnamnesisDiskFillsUp",       format!("{} * 86400", set.disk_fills_up_days)),
        ("AnamnesisCacheMisses",       format!("< {}\n", 1.0 - percent(set.cache_misses_percent))),
        ("AnamnesisServerErrors",      format!("> {}\n", percent(set.server_errors_percent))),
        ("AnamnesisClientsTurnedAway", format!("> {}\n", set.clients_turned_away_max)),
    ];
    for (name, expected) in cases {
        let rule = rules.split("- alert: ").find(|rule| rule.starts_with(&format!("{name}\n"))).unwrap();
        let rule = rule.split("labels:").next().unwrap();
        assert!(rule.contains(&expected), "{name} has no {expected:?}: {rule}");
    }
}

#[test]
fn nothing_is_found_before_the_first_look() {
    for condition in CONDITIONS {
        assert_eq!((condition.found)(&Window::default(), &Thresholds::default()), None, "{}", condition.name);
    }
}

/// Those without Prometheus are told of the same: only that a server is down it cannot tell itself.
#[test]
fn the_rules_for_prometheus_have_the_same_names_and_severities() {
    let rules = include_str!("../../../../../ops/prometheus/alerts.yml");
    let after = |line: &str, what: &str| line.trim().strip_prefix(what).map(str::to_owned);
    let names: Vec<String> = rules.lines().filter_map(|line| after(line, "- alert: ")).collect();
    let severities: Vec<String> = rules.lines().filter_map(|line| after(line, "severity: ")).collect();
    let theirs: Vec<(String, String)> = names.into_iter().zip(severities).collect();
    let ours = CONDITIONS.iter().map(|it| (it.name.to_owned(), it.severity.name().to_owned()));
    let down = ("AnamnesisDown".to_owned(), "critical".to_owned());
    assert_eq!(theirs, [down].into_iter().chain(ours).collect::<Vec<_>>());
}
