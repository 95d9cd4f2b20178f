//! A bar for long work, drawn only where someone is looking.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over bytes, with a count of resources beside it.
pub(super) fn bytes(total: u64) -> ProgressBar {
    bar(total, "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg} {eta} left")
}

/// A bar over events.
pub(super) fn events(total: u64) -> ProgressBar {
    bar(total, "{bar:30} {human_pos}/{human_len} events {per_sec} {eta} left")
}

fn bar(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(4));
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
