//! The conditions, as the rules for Prometheus in `ops/prometheus` have them, under the same names and, where nothing else is
//! set, with the same thresholds.
//!
//! Invariant: how long is counted in looks, 15 seconds each where nothing else is set.

use super::thresholds::Thresholds;
use super::window::Window;

/// Five minutes, a quarter of an hour, an hour.
const LOOKS_5M: usize = 20;
const LOOKS_15M: usize = 60;
const LOOKS_1H: usize = 240;
const LOOKS_6H: usize = 1_440;
/// Looks in a day.
const LOOKS_1D: f64 = 5_760.0;

/// How soon someone must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// At once.
    Critical,
    /// In working hours.
    Warning,
}

impl Severity {
    /// Its name as a label.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// Whether something is so now, and how bad.
type Found = fn(&Window, &Thresholds) -> Option<f64>;

/// Something that is not as it should be.
pub(super) struct Condition {
    /// Its name, here and in the rules.
    pub(super) name: &'static str,
    /// How soon someone must look.
    pub(super) severity: Severity,
    /// For so many looks it must last.
    pub(super) looks: u32,
    /// What is the matter, in a clause; `{}` stands for what is still in order.
    summary: &'static str,
    /// What is still in order, in words.
    in_order: fn(&Thresholds) -> String,
    /// What to do.
    pub(super) description: &'static str,
    /// Whether it is so now.
    pub(super) found: Found,
}

#[rustfmt::skip] // A table reads by column.
pub(super) static CONDITIONS: &[Condition] = &[
    is("AnamnesisAppendsFail",       Severity::Critical, 1,   appends_fail,       "writes fail", "Nothing acknowledged is lost. The process's log and anamnesis_append_failures_total say why: a full disk, a clock that is behind, or a store that does not answer."),
    is("AnamnesisSyncSlow",          Severity::Warning,  40,  sync_slow,          "a sync of the log takes more than {} ms", "Every write waits for one. Find out what else writes to the disk, or whether it is failing.").set(|t| t.sync_slow.as_millis().to_string()),
    is("AnamnesisViewsStuck",        Severity::Critical, 4,   stuck,              "the views do not advance", "Writes are kept, but reads and searches do not show them. /readyz or the process's log says why; a full disk is the usual reason."),
    is("AnamnesisViewsBehind",       Severity::Warning,  20,  behind,             "reads are more than {} s behind", "More is written than the views take in. If the lag falls, wait; else write less at once, or see whether the disk or the processor is busy.").set(|t| t.views_behind_s.to_string()),
    is("AnamnesisEventsParked",      Severity::Critical, 4,   parked,             "events are parked", "They are safe in the log, but the records they belong to are shown as they were before. Look which, mend the cause, and try them again."),
    is("AnamnesisGenerationFails",   Severity::Warning,  60,  generation_fails,   "the next generation of the views cannot be made", "The old one serves, so nothing is wrong but that new search parameters do not come. GET /api/generations and the process's log say why."),
    is("AnamnesisDiskNearlyFull",    Severity::Critical, 20,  nearly_full,        "the disk has less than {} free", "When it is full every write is refused; nothing is lost. Make room, or give it a larger disk.").set(|t| format!("{} % or {} bytes", t.disk_nearly_full_percent, t.disk_nearly_full_bytes)),
    is("AnamnesisDiskFillsUp",       Severity::Warning,  240, fills_up,           "the disk is full within {} days", "At the pace of the last hours. Plan for a larger disk; anamnesis_file_bytes says what takes it.").set(|t| t.disk_fills_up_days.to_string()),
    is("AnamnesisNoRoomToRebuild",   Severity::Warning,  240, no_room_to_rebuild, "there is no room for the views a second time", "The next generation of the views is made beside the serving one, so new search parameters and some upgrades need that room."),
    is("AnamnesisCacheMisses",       Severity::Warning,  120, cache_misses,       "a cache misses more than {} % of what it is asked for", "Answers are right, and slower than they could be. Give it more room, unless an import or a scan explains it.").set(|t| t.cache_misses_percent.to_string()),
    is("AnamnesisRedisPassedOver",   Severity::Warning,  20,  circuit_open,       "the server does without Redis", "Answers are right, and slower than they could be. See whether Redis runs, answers in time, and has room."),
    is("AnamnesisServerErrors",      Severity::Critical, 20,  server_errors,      "more than {} % of requests fail", "By route and status in anamnesis_http_request_duration_seconds; 503 is too much to do, 507 a full disk, 500 a bug that the process's log tells of.").set(|t| t.server_errors_percent.to_string()),
    is("AnamnesisClientsTurnedAway", Severity::Warning,  20,  turned_away,        "clients are turned away", "More is asked at once than the limits let in; anamnesis_http_refused_total says which. Find who asks so much, or raise the limit if the machine can take it."),
];

const fn is(
    name: &'static str,
    severity: Severity,
    looks: u32,
    found: Found,
    summary: &'static str,
    description: &'static str,
) -> Condition {
    Condition { name, severity, looks, summary, in_order: |_| String::new(), description, found }
}

impl Condition {
    /// With what is set for it.
    const fn set(mut self, in_order: fn(&Thresholds) -> String) -> Self {
        self.in_order = in_order;
        self
    }

    /// What is the matter.
    pub(super) fn summary(&self, thresholds: &Thresholds) -> String {
        self.summary.replace("{}", &(self.in_order)(thresholds))
    }
}

/// A number where it is above another.
fn above(value: f64, most: f64) -> Option<f64> {
    (value > most).then_some(value)
}

/// One number by another; none by nothing.
fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn appends_fail(window: &Window, _: &Thresholds) -> Option<f64> {
    let (then, _) = window.ago(LOOKS_5M);
    above((window.now().append_failures - then.append_failures) as f64, 0.0)
}

fn sync_slow(window: &Window, set: &Thresholds) -> Option<f64> {
    let (now, (then, _)) = (window.now(), window.ago(LOOKS_5M));
    let time = share(now.sync_seconds - then.sync_seconds, now.syncs.saturating_sub(then.syncs) as f64);
    above(time?, set.sync_slow.as_secs_f64())
}

fn stuck(window: &Window, _: &Thresholds) -> Option<f64> {
    window.now().stuck.then_some(1.0)
}

fn behind(window: &Window, set: &Thresholds) -> Option<f64> {
    above(window.now().lag_seconds, set.views_behind_s as f64)
}

fn parked(window: &Window, set: &Thresholds) -> Option<f64> {
    above(window.now().parked as f64, set.events_parked_max as f64)
}

fn generation_fails(window: &Window, _: &Thresholds) -> Option<f64> {
    window.now().generation_failed.then_some(1.0)
}

/// How much of the disk is free.
fn free(window: &Window) -> Option<f64> {
    let now = window.now();
    share(now.free? as f64, now.size? as f64)
}

fn nearly_full(window: &Window, set: &Thresholds) -> Option<f64> {
    let few = window.now().free? < set.disk_nearly_full_bytes;
    free(window).filter(|free| few || 100.0 * *free < set.disk_nearly_full_percent as f64)
}

fn fills_up(window: &Window, set: &Thresholds) -> Option<f64> {
    let (now, (then, looks)) = (window.now(), window.ago(LOOKS_6H - 1));
    // What an hour says may only be an import.
    if looks < LOOKS_1H || free(window)? >= 0.5 {
        return None;
    }
    let lost_a_look = (then.free? as f64 - now.free? as f64) / looks as f64;
    let lost = lost_a_look * LOOKS_1D * set.disk_fills_up_days as f64;
    above(lost, now.free? as f64).and_then(|_| free(window))
}

fn no_room_to_rebuild(window: &Window, _: &Thresholds) -> Option<f64> {
    let now = window.now();
    (now.free? < now.views_bytes).then_some(now.free? as f64)
}

fn cache_misses(window: &Window, set: &Thresholds) -> Option<f64> {
    let (now, (then, looks)) = (window.now(), window.ago(LOOKS_15M));
    let rate = |(now, then): (&(u64, u64), &(u64, u64))| {
        let (asked, there) = (now.0 - then.0, now.1 - then.1);
        // Ten a second, as a look is 15 seconds.
        let enough = asked as f64 > 150.0 * looks as f64;
        let most = set.cache_misses_percent as f64;
        share(there as f64, asked as f64).filter(|rate| enough && 100.0 * (1.0 - rate) > most)
    };
    now.cache.iter().zip(&then.cache).filter_map(rate).reduce(f64::min)
}

fn circuit_open(window: &Window, _: &Thresholds) -> Option<f64> {
    window.now().circuit_open.then_some(1.0)
}

fn server_errors(window: &Window, set: &Thresholds) -> Option<f64> {
    let (now, (then, _)) = (window.now(), window.ago(LOOKS_5M));
    let failed = share((now.failed - then.failed) as f64, (now.answered - then.answered) as f64);
    above(failed?, set.server_errors_percent as f64 / 100.0)
}

fn turned_away(window: &Window, set: &Thresholds) -> Option<f64> {
    let (then, _) = window.ago(LOOKS_5M);
    above((window.now().turned_away - then.turned_away) as f64, set.clients_turned_away_max as f64)
}

#[cfg(test)]
mod tests;
