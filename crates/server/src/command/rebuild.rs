//! `anamnesis rebuild`: the next generation of the views beside the serving one, then the swap; one that was begun before
//! is gone on with.

mod beside;

use std::sync::Arc;
use std::time::Instant as Stopwatch;

use anamnesis_engine::{Silent, rebuild};
use anamnesis_json::{Object, Value};

use super::{Outcome, print, progress};
use crate::args::Rebuild;
use crate::parameters::in_log;
use crate::settings::Settings;
use crate::wiring::{self, Opened};

pub(super) async fn run(arguments: Rebuild, settings: &Settings) -> anyhow::Result<Outcome> {
    if arguments.beside {
        return beside::run(&arguments, settings).await;
    }
    let opened = wiring::open_as_is(settings, Arc::new(Silent)).await?;
    let started = Stopwatch::now();
    // What the log and the settings say, whatever the serving views do.
    let set = in_log(&opened.engine, settings.full_text).await?;
    let (next, generation) = wiring::begin(&opened, Arc::new(set)).await?;
    let there = generation.offset().await?;
    let Opened { store, engine, .. } = opened;
    let mut told = progress::Events::new("folding", engine.head().offset(0));
    let events = rebuild(&engine, Arc::clone(&generation), |progress| told.at(progress)).await?;
    told.end();
    let lost = engine.lost_by(&generation).await?;
    if lost > 0 {
        next.retire();
        anyhow::bail!(
            "the serving views stay: made anew they would hold {lost} records at earlier versions, see `anamnesis verify --events`"
        );
    }
    drop(engine);
    store.swap_generation(next)?;
    let seconds = started.elapsed().as_secs_f64();
    if arguments.json {
        print_json(events, seconds);
    } else {
        print(&format!("the views were made anew of {events} events in {seconds:.1} s{}", of_before(there)));
    }
    Ok(Outcome::Good)
}

fn print_json(events: u64, seconds: f64) {
    let seconds = Value::Number(format!("{seconds:.3}").into());
    print(&String::from_utf8_lossy(&Object::new().with("events", events).with("seconds", seconds).to_text()));
}

/// What is said of one that was gone on with.
fn of_before(there: u64) -> String {
    if there > 0 { format!("; {there} were there already") } else { String::new() }
}
