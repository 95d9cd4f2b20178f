//! `anamnesis rebuild --beside`: the views that this program will serve from, prepared while another process serves.

use std::time::Instant as Stopwatch;

use super::{of_before, print_json};
use crate::args::Rebuild;
use crate::command::{Outcome, print, progress};
use crate::settings::Settings;
use crate::wiring::{self, Prepared};

pub(super) async fn run(arguments: &Rebuild, settings: &Settings) -> anyhow::Result<Outcome> {
    let started = Stopwatch::now();
    let beside = wiring::open_beside(settings).await?;
    let there = beside.engine.serving().offset().await?;
    let mut told = progress::Events::new("preparing", beside.engine.head().offset(0));
    let Prepared { events, held, outdated } = beside.prepare(|progress| told.at(progress)).await?;
    told.end();
    if held > 0 {
        tracing::warn!(
            records = held,
            "this program cannot apply all events of some records: `anamnesis verify --events` says which"
        );
    }
    if outdated {
        tracing::warn!(
            "search parameters were registered meanwhile: begun again it is made with them, else they are indexed after the start"
        );
    }
    let seconds = started.elapsed().as_secs_f64();
    if arguments.json {
        print_json(events, seconds);
    } else {
        print(&format!(
            "the views are ready, with {events} events, in {seconds:.1} s{}: stop the program that serves, and start this one",
            of_before(there)
        ));
    }
    Ok(Outcome::Good)
}
