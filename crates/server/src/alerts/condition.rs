//! The conditions, as the rules for Prometheus in `ops/prometheus` have them, under the same names.
//!
//! Invariant: how long is counted in looks, 15 seconds each where nothing else is set.

use super::window::Window;

/// Five minutes, a quarter of an hour, an hour.
const LOOKS_5M: usize = 20;
const LOOKS_15M: usize = 60;
const LOOKS_1H: usize = 240;
const LOOKS_6H: usize = 1_440;
/// Looks in three days.
const LOOKS_3D: f64 = 17_280.0;

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
type Found = fn(&Window) -> Option<f64>;

/// Something that is not as it should be.
pub(super) struct Condition {
    /// Its name, here and in the rules.
    pub(super) name: &'static str,
    /// How soon someone must look.
    pub(super) severity: Severity,
    /// For so many looks it must last.
    pub(super) looks: u32,
    /// What is the matter, in a clause.
    pub(super) summary: &'static str,
    /// What to do.
    pub(super) description: &'static str,
    /// Whether it is so now.
    pub(super) found: Found,
}

#[rustfmt::skip] // A table reads by column.
pub(super) static CONDITIONS: &[Condition] = &[
    is("AnamnesisAppendsFail",       Severity::Critical, 1,   appends_fail,       "writes fail", "Nothing acknowledged is lost. The process's log and anamnesis_append_failures_total say why: a full disk, a clock that is behind, or a store that does not answer."),
    is("AnamnesisSyncSlow",          Severity::Warning,  40,  sync_slow,          "a sync of the log takes more than 100 ms", "Every write waits for one. Find out what else writes to the disk, or whether it is failing."),
    is("AnamnesisViewsStuck",        Severity::Critical, 4,   stuck,              "the views do not advance", "Writes are kept, but reads and searches do not show them. /readyz or the process's log says why; a full disk is the usual reason."),
    is("AnamnesisViewsBehind",       Severity::Warning,  20,  behind,             "reads are more than 30 s behind", "More is written than the views take in. If the lag falls, wait; else write less at once, or see whether the disk or the processor is busy."),
    is("AnamnesisEventsParked",      Severity::Critical, 4,   parked,             "events are parked", "They are safe in the log, but the records they belong to are shown as they were before. Look which, mend the cause, and try them again."),
    is("AnamnesisGenerationFails",   Severity::Warning,  60,  generation_fails,   "the next generation of the views cannot be made", "The old one serves, so nothing is wrong but that new search parameters do not come. GET /api/generations and the process's log say why."),
    is("AnamnesisDiskNearlyFull",    Severity::Critical, 20,  nearly_full,        "the disk is nearly full", "When it is full every write is refused; nothing is lost. Make room, or give it a larger disk."),
    is("AnamnesisDiskFillsUp",       Severity::Warning,  240, fills_up,           "the disk is full within three days", "At the pace of the last hours. Plan for a larger disk; anamnesis_file_bytes says what takes it."),
    is("AnamnesisNoRoomToRebuild",   Severity::Warning,  240, no_room_to_rebuild, "there is no room for the views a second time", "The next generation of the views is made beside the serving one, so new search parameters and some upgrades need that room."),
    is("AnamnesisCacheMisses",       Severity::Warning,  120, cache_misses,       "a cache has less than half of what it is asked for", "Answers are right, and slower than they could be. Give it more room, unless an import or a scan explains it."),
    is("AnamnesisRedisPassedOver",   Severity::Warning,  20,  circuit_open,       "the server does without Redis", "Answers are right, and slower than they could be. See whether Redis runs, answers in time, and has room."),
    is("AnamnesisServerErrors",      Severity::Critical, 20,  server_errors,      "more than one request in a hundred fails", "By route and status in anamnesis_http_request_duration_seconds; 503 is too much to do, 507 a full disk, 500 a bug that the process's log tells of."),
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
    Condition { name, severity, looks, summary, description, found }
}

/// A number where it is above another.
fn above(value: f64, most: f64) -> Option<f64> {
    (value > most).then_some(value)
}

/// One number by another; none by nothing.
fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn appends_fail(window: &Window) -> Option<f64> {
    let (then, _) = window.ago(LOOKS_5M);
    above((window.now().append_failures - then.append_failures) as f64, 0.0)
}

fn sync_slow(window: &Window) -> Option<f64> {
    let (now, (then, _)) = (window.now(), window.ago(LOOKS_5M));
    let time = share(now.sync_seconds - then.sync_seconds, now.syncs.saturating_sub(then.syncs) as f64);
    above(time?, 0.1)
}

fn stuck(window: &Window) -> Option<f64> {
    window.now().stuck.then_some(1.0)
}

fn behind(window: &Window) -> Option<f64> {
    above(window.now().lag_seconds, 30.0)
}

fn parked(window: &Window) -> Option<f64> {
    above(window.now().parked as f64, 0.0)
}

fn generation_fails(window: &Window) -> Option<f64> {
    window.now().generation_failed.then_some(1.0)
}

/// How much of the disk is free.
fn free(window: &Window) -> Option<f64> {
    let now = window.now();
    share(now.free? as f64, now.size? as f64)
}

fn nearly_full(window: &Window) -> Option<f64> {
    let few = window.now().free? < 1_000_000_000;
    free(window).filter(|free| few || *free < 0.05)
}

fn fills_up(window: &Window) -> Option<f64> {
    let (now, (then, looks)) = (window.now(), window.ago(LOOKS_6H - 1));
    // What an hour says may only be an import.
    if looks < LOOKS_1H || free(window)? >= 0.5 {
        return None;
    }
    let lost_a_look = (then.free? as f64 - now.free? as f64) / looks as f64;
    above(lost_a_look * LOOKS_3D, now.free? as f64).and_then(|_| free(window))
}

fn no_room_to_rebuild(window: &Window) -> Option<f64> {
    let now = window.now();
    (now.free? < now.views_bytes).then_some(now.free? as f64)
}

fn cache_misses(window: &Window) -> Option<f64> {
    let (now, (then, looks)) = (window.now(), window.ago(LOOKS_15M));
    let rate = |(now, then): (&(u64, u64), &(u64, u64))| {
        let (asked, there) = (now.0 - then.0, now.1 - then.1);
        // Ten a second, as a look is 15 seconds.
        let enough = asked as f64 > 150.0 * looks as f64;
        share(there as f64, asked as f64).filter(|rate| enough && *rate < 0.5)
    };
    now.cache.iter().zip(&then.cache).filter_map(rate).reduce(f64::min)
}

fn circuit_open(window: &Window) -> Option<f64> {
    window.now().circuit_open.then_some(1.0)
}

fn server_errors(window: &Window) -> Option<f64> {
    let (now, (then, _)) = (window.now(), window.ago(LOOKS_5M));
    let failed = share((now.failed - then.failed) as f64, (now.answered - then.answered) as f64);
    above(failed?, 0.01)
}

fn turned_away(window: &Window) -> Option<f64> {
    let (then, _) = window.ago(LOOKS_5M);
    above((window.now().turned_away - then.turned_away) as f64, 0.0)
}

#[cfg(test)]
mod tests;
