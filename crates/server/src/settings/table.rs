//! The table of settings: to add one, add its field with its default, and its row here.

use std::ops::RangeInclusive;

use super::Settings;
use super::value::Value;

/// The commands that open a store.
pub(super) const STORE: &[&str] =
    &["serve", "import", "log", "parked", "verify", "rebuild", "demo", "config"];
/// The command that serves.
const SERVE: &[&str] = &["serve", "config"];
/// The commands that take resources in.
const WRITE: &[&str] = &["serve", "import", "demo", "config"];
/// The commands that make views.
const VIEWS: &[&str] = &["serve", "import", "rebuild", "demo", "config"];
/// The commands that can work on a running server.
const REMOTE: &[&str] = &["import", "log", "parked", "config"];

/// One setting.
pub(crate) struct Setting {
    /// Its name, dotted; its last word is its unit or `max`, where it has one.
    pub(crate) name: &'static str,
    /// What it is for: one clause that can stand behind the name.
    pub(crate) what: &'static str,
    /// A short name of its variable, beside the one its name gives.
    pub(super) short: Option<&'static str>,
    /// Its own flag; every setting also has `--set NAME=VALUE`.
    pub(super) flag: Option<Flag>,
    /// What a number may be.
    pub(super) within: RangeInclusive<u64>,
    /// Where its value is kept.
    pub(super) field: fn(&mut Settings) -> &mut dyn Value,
}

/// A flag of a setting.
pub(super) struct Flag {
    /// Without the dashes.
    pub(super) long: &'static str,
    /// What its value is, in a word.
    pub(super) value: &'static str,
    /// Which commands have it; empty for all.
    pub(super) commands: &'static [&'static str],
}

/// Every setting, in the order in which they are shown.
#[rustfmt::skip] // A table reads by column.
pub(crate) static SETTINGS: &[Setting] = &[
    row("data", |s| &mut s.data, "the data directory").flag("data", "DIR", STORE),
    row("listen", |s| &mut s.listen, "the address to listen on").flag("listen", "ADDR", SERVE),
    row("base_url", |s| &mut s.base_url, "the FHIR base as clients see it, where that is not the address listened on").flag("base-url", "URL", SERVE),
    row("url", |s| &mut s.url, "a running server to work on instead of a data directory: for `import` its FHIR base, for `log` and `parked` its address").flag("url", "URL", REMOTE),
    row("keys.master", |s| &mut s.master_key, "the file of the master key; where none is set, `master.key` in the data directory"),
    row("log.level", |s| &mut s.log_level, "how much to log: error, warn, info, debug, or a filter such as `anamnesis=debug`").short("ANAMNESIS_LOG").flag("log", "LEVEL", &[]),
    row("log.json", |s| &mut s.log_json, "log as JSON, one object a line").flag("log-json", "BOOL", &[]),
    row("telemetry.otlp", |s| &mut s.otlp, "the collector that traces are sent to, by OTLP over HTTP; none are made where none is set").short("OTEL_EXPORTER_OTLP_ENDPOINT"),
    row("alerts.webhook", |s| &mut s.alerts.webhook, "the address that alerts are posted to, as Alertmanager would; none are where none is set, and the log has them anyway"),
    row("alerts.secret_file", |s| &mut s.alerts.secret, "the file of the secret that these posts are signed with; unsigned where none is set"),
    row("alerts.every_ms", |s| &mut s.alerts.every, "how often the conditions of alerts are looked at; how long they must last is counted in looks").within(10, 3_600_000),
    row("alerts.sync_slow_ms", |s| &mut s.alerts.thresholds.sync_slow, "how long a sync of the log may take, at the mean of five minutes, before there is an alert").within(1, 60_000),
    row("alerts.views_behind_s", |s| &mut s.alerts.thresholds.views_behind_s, "how far reads may be behind what was written").within(1, 86_400),
    row("alerts.events_parked_max", |s| &mut s.alerts.thresholds.events_parked_max, "how many events may be parked").within(0, 1 << 40),
    row("alerts.disk_nearly_full_percent", |s| &mut s.alerts.thresholds.disk_nearly_full_percent, "how much of the disk must be free").within(0, 100),
    row("alerts.disk_nearly_full_bytes", |s| &mut s.alerts.thresholds.disk_nearly_full_bytes, "how much of the disk must be free, however large it is").within(0, 1 << 50),
    row("alerts.disk_fills_up_days", |s| &mut s.alerts.thresholds.disk_fills_up_days, "for how long the disk must last at the pace of the last hours").within(1, 365),
    row("alerts.cache_misses_percent", |s| &mut s.alerts.thresholds.cache_misses_percent, "how much of what a cache is asked for it may not have").within(0, 100),
    row("alerts.server_errors_percent", |s| &mut s.alerts.thresholds.server_errors_percent, "how many requests of a hundred may fail").within(0, 100),
    row("alerts.clients_turned_away_max", |s| &mut s.alerts.thresholds.clients_turned_away_max, "how many clients may be turned away within five minutes").within(0, 1 << 40),

    row("redis", |s| &mut s.redis, "a Redis that keeps what was read lately, sealed, beside what the process keeps: redis://[NAME:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// with TLS; none where none is set").flag("redis", "URL", SERVE),
    row("cache.bytes_max", |s| &mut s.cache.bytes_max, "what the process keeps of what was read and written lately, all together; nothing at 0").within(0, 1 << 40),
    row("cache.ttl_s", |s| &mut s.cache.ttl, "how long Redis keeps what is put there, at most").within(1, 31_536_000),
    row("cache.redis_ms_max", |s| &mut s.cache.answer, "how long an answer of Redis is waited for").within(1, 10_000),
    row("cache.redis_connect_ms_max", |s| &mut s.cache.connect, "how long a connection to Redis may take to come about; nobody waits for it").within(1, 60_000),
    row("cache.redis_prefix", |s| &mut s.cache.prefix, "what all keys in Redis begin with; the store's id follows"),
    row("cache.redis_ca", |s| &mut s.cache.certificates, "a file of certificates in PEM that Redis is trusted by, instead of those of the machine"),

    row("cors.origins", |s| &mut s.cors_origins, "origins whose scripts may use the server from a browser; none where none is set").flag("cors-origins", "ORIGINS", SERVE),
    row("validation", |s| &mut s.validation, "what becomes of a resource that breaks FHIR's rules: refused, or kept with a tag where a record can be kept with it").flag("validation", "HOW", WRITE),
    row("profiles", |s| &mut s.profiles, "profiles that every record of their type must follow, whether it names them or not"),
    row("search.full_text", |s| &mut s.full_text, "index the words of records, for `_text` and `_content`; an index that has them otherwise is made again while it serves").flag("full-text", "BOOL", VIEWS),
    row("generations.grace_s", |s| &mut s.grace_s, "how long a generation of the views is kept after another took its place, so that one can go back to it").within(0, 604_800),
    row("generations.bytes_max", |s| &mut s.making_bytes_max, "how much of a generation of the views is kept in memory while it is made; with less its pages are written oftener, and it takes longer").within(1 << 20, 1 << 40),
    row("fhir.require_if_match", |s| &mut s.limits.require_if_match, "whether an update, patch or deletion of a record that is there must name its version by `If-Match`; 400").flag("require-if-match", "BOOL", SERVE),
    row("conditional_delete", |s| &mut s.limits.conditional_delete, "whether a FHIR deletion by criteria may delete several records").flag("conditional-delete", "HOW", SERVE),

    row("snapshot.every", |s| &mut s.snapshot.every, "after how many events of a record its state is kept, so that it loads fast however long its history; 0 for never").within(0, 1_000_000),
    row("snapshot.daily", |s| &mut s.snapshot.daily, "keep the state of each record that was active on a day"),
    row("snapshot.significant", |s| &mut s.snapshot.significant, "keep the state of a record when something significant happened: an admission, a final result, a death"),
    row("snapshot.significant_gap", |s| &mut s.snapshot.significant_gap, "how many events must lie between the last state that was kept and one that is kept because something significant happened").within(0, 1_000_000),

    row("limits.body_bytes_max", |s| &mut s.limits.body_bytes_max, "the largest request body taken; 413").short("ANAMNESIS_BODY_BYTES_MAX").flag("body-bytes-max", "BYTES", SERVE).within(1, 1 << 32),
    row("limits.event_bytes_max", |s| &mut s.limits.event_bytes_max, "the largest event taken, without its envelope").within(1, 16 << 20),
    row("limits.nesting_max", |s| &mut s.limits.nesting_max, "how deep arrays and objects nest in JSON that is taken").within(1, anamnesis_json::DEPTH_MAX as u64),
    row("limits.bundle_entries_max", |s| &mut s.limits.bundle_entries_max, "entries of a transaction or batch").within(1, 100_000),
    row("limits.bundle_answer_bytes_max", |s| &mut s.limits.bundle_answer_bytes_max, "resources in the answer to a transaction or batch, all together; an entry that reads beyond it is told 503 in its place").within(1, 1 << 32),
    row("limits.bundle_ms_max", |s| &mut s.limits.bundle, "how long a transaction or batch may take; what was not begun by then is told 503").within(1, 3_600_000),
    row("limits.commit_events_max", |s| &mut s.limits.commit_events_max, "events in one request to the event API").within(1, 100_000),
    row("limits.count_max", |s| &mut s.limits.count_max, "the largest page, whatever `_count` asks for").within(1, 10_000),
    row("limits.included_max", |s| &mut s.limits.included_max, "records that `_include` and `_revinclude` bring along on one page; the bundle says when there are more").within(0, 100_000),
    row("limits.conditional_delete_max", |s| &mut s.limits.conditional_delete_max, "records deleted at once by criteria, where several may be").within(1, 10_000),
    row("limits.values_max", |s| &mut s.limits.values_max, "values in one search, those joined by a comma counted each").within(1, 10_000),
    row("limits.search_parameters_max", |s| &mut s.limits.search_parameters_max, "search parameters that clients register, beside the official ones").within(0, 1_000),
    row("limits.chain_depth_max", |s| &mut s.limits.chain_depth_max, "records that a chained search leads over, there and back").within(1, 32),
    row("limits.includes_max", |s| &mut s.limits.includes_max, "how many `_include` and `_revinclude` one search has").within(1, 1_000),
    row("limits.sorts_max", |s| &mut s.limits.sorts_max, "parameters that one search is sorted by").within(1, 32),
    row("limits.filter_bytes_max", |s| &mut s.limits.filter_bytes_max, "the longest expression in `_filter`, `_text` or `_content`").within(1, 65_536),
    row("limits.filter_depth_max", |s| &mut s.limits.filter_depth_max, "how deep parentheses nest in such an expression").within(1, 64),
    row("limits.query_ms_max", |s| &mut s.limits.query, "how long one search of the views may take; 503").within(1, 3_600_000),
    row("limits.views_ms_max", |s| &mut s.limits.views, "how long a request waits for the views to have what it wrote or names").within(0, 3_600_000),

    row("limits.head_bytes_max", |s| &mut s.limits.head_bytes_max, "the largest request head, its URL included; 431").within(8_192, 1 << 20),
    row("limits.head_ms_max", |s| &mut s.limits.head, "how long a request's head may take to arrive; the connection is closed").within(1, 3_600_000),
    row("limits.body_ms_max", |s| &mut s.limits.body, "how long a request's body may take to arrive, beside the time its bytes have at the slowest pace; 408").within(1, 3_600_000),
    row("limits.body_bytes_per_s_min", |s| &mut s.limits.body_bytes_per_s_min, "the slowest pace of a body").within(1, 1 << 30),
    row("limits.answer_ms_max", |s| &mut s.limits.answer, "how long a client may take no bytes of its answer; the connection is closed").within(1, 3_600_000),
    row("limits.idle_ms_max", |s| &mut s.limits.idle, "how long a connection may stay open without a request").within(1, 86_400_000),
    row("limits.connections_max", |s| &mut s.limits.connections_max, "connections at once; another is told 503").within(1, 1 << 20),
    row("limits.requests_max", |s| &mut s.limits.requests_max, "requests worked on at once; others wait in the queue").within(1, 1 << 20),
    row("limits.queue_max", |s| &mut s.limits.queue_max, "requests that wait at once; another is told 503").within(0, 1 << 20),
    row("limits.queue_ms_max", |s| &mut s.limits.queue, "how long a request waits; then it is told 503").within(0, 3_600_000),
    row("limits.bodies_bytes_max", |s| &mut s.limits.bodies_bytes_max, "bodies that arrive or are worked on, all together; another is told 503").within(1, 1 << 40),
    row("limits.shutdown_ms_max", |s| &mut s.limits.shutdown, "how long a shutdown waits for requests under way").within(0, 3_600_000),
];

const fn row(name: &'static str, field: fn(&mut Settings) -> &mut dyn Value, what: &'static str) -> Setting {
    Setting { name, what, short: None, flag: None, within: 0..=u64::MAX, field }
}

impl Setting {
    const fn flag(
        mut self,
        long: &'static str,
        value: &'static str,
        commands: &'static [&'static str],
    ) -> Self {
        self.flag = Some(Flag { long, value, commands });
        self
    }

    const fn short(mut self, variable: &'static str) -> Self {
        self.short = Some(variable);
        self
    }

    const fn within(mut self, least: u64, most: u64) -> Self {
        self.within = least..=most;
        self
    }

    /// The environment variable its name gives: `limits.count_max` has `ANAMNESIS_LIMITS_COUNT_MAX`.
    pub(super) fn variable(&self) -> String {
        format!("ANAMNESIS_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// Its variables: the short one first, where there is one.
    pub(super) fn variables(&self) -> Vec<String> {
        self.short.map(str::to_owned).into_iter().chain([self.variable()]).collect()
    }

    /// What is counted in it, by the last words of its name.
    pub(super) fn unit(&self) -> Option<&'static str> {
        let name = self.name.trim_end_matches("_max").trim_end_matches("_min");
        let units = [
            ("_bytes_per_s", "bytes per second"),
            ("_bytes", "bytes"),
            ("_ms", "milliseconds"),
            ("_s", "seconds"),
            ("_days", "days"),
            ("_percent", "percent"),
        ];
        units.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, unit)| *unit)
    }

    /// What can be given for it, in words.
    pub(super) fn expected(&self) -> String {
        let value = (self.field)(&mut Settings::default()).expected();
        if !(self.field)(&mut Settings::default()).is_number() {
            return value.to_owned();
        }
        let unit = self.unit().map(|unit| format!(" of {unit}")).unwrap_or_default();
        format!("{value}{unit} from {} to {}", self.within.start(), self.within.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_name_stands_once_and_no_default_breaks_its_own_rule() {
        let mut seen = HashSet::new();
        let mut settings = Settings::default();
        for setting in SETTINGS {
            assert!(seen.insert(setting.name.to_owned()), "{}", setting.name);
            for variable in setting.variables() {
                assert!(seen.insert(variable), "{}", setting.name);
            }
            let field = (setting.field)(&mut settings);
            assert!(field.number().is_none_or(|number| setting.within.contains(&number)), "{}", setting.name);
            assert!(setting.what.chars().next().is_some_and(char::is_lowercase), "{}", setting.name);
        }
    }

    #[test]
    fn units_come_from_names() {
        let expected = |name: &str| SETTINGS.iter().find(|s| s.name == name).map(Setting::expected);
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("limits.head_bytes_max",       "a whole number of bytes from 8192 to 1048576"),
            ("cache.ttl_s",                 "a whole number of seconds from 1 to 31536000"),
            ("limits.query_ms_max",         "a whole number of milliseconds from 1 to 3600000"),
            ("limits.body_bytes_per_s_min", "a whole number of bytes per second from 1 to 1073741824"),
            ("limits.nesting_max",          "a whole number from 1 to 64"),
            ("listen",                      "an address and a port, such as \"127.0.0.1:8080\""),
        ];
        for (name, words) in cases {
            assert_eq!(expected(name).as_deref(), Some(words));
        }
    }
}
