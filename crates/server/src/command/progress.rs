//! How far long work is: a bar where someone is looking, else a line of the log now and then.

use std::io::IsTerminal;
use std::time::{Duration, Instant as Stopwatch};

use anamnesis_engine::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::pace::Pace;

/// How often a line tells of it.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// A bar over bytes, with a count of resources beside it.
pub(super) fn bytes(total: u64) -> ProgressBar {
    bar(total, "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg} {eta} left")
}

/// Work that goes through the log.
pub(super) struct Events {
    what: &'static str,
    bar: ProgressBar,
    pace: Option<Pace>,
    told: Stopwatch,
}

impl Events {
    /// None of it is done yet.
    pub(super) fn new(what: &'static str, total: u64) -> Self {
        let bar = bar(total, "{msg} {bar:30} {human_pos}/{human_len} events {per_sec} {eta} left");
        bar.set_message(what);
        Self { what, bar, pace: None, told: Stopwatch::now() }
    }

    /// It has come so far.
    pub(super) fn at(&mut self, Progress { done, total }: Progress) {
        // What was there already says nothing of how fast it goes.
        let pace = *self.pace.get_or_insert_with(|| Pace::from(done));
        self.bar.set_length(total);
        self.bar.set_position(done);
        if self.told.elapsed() >= TOLD_EVERY && !std::io::stderr().is_terminal() {
            self.told = Stopwatch::now();
            pace.tell(Progress { done, total }, self.what);
        }
    }

    /// It is done.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }
}

/// A bar over the tables of the views.
pub(super) fn tables() -> ProgressBar {
    bar(1, "comparing {bar:30} {pos}/{len} tables")
}

fn bar(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(4));
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
