//! `anamnesis verify`: the log reads back whole, the tree matches it, and so do the views.

mod events;

use std::sync::Arc;

use anamnesis_engine::projector::Projector;
use anamnesis_engine::{Damage, Silent, Verdict, rebuild, verify};
use anamnesis_json::{Object, Value};
use anamnesis_store::{ReadError, Views as _};
use anamnesis_store_sql::OpenError;

use super::{Outcome, print, progress};
use crate::args::Verify;
use crate::settings::Settings;
use crate::wiring::{self, Opened, WiringError};

pub(super) async fn run(arguments: Verify, settings: &Settings) -> anyhow::Result<Outcome> {
    let mut lifted = None;
    let verdict = match wiring::open_as_is(settings, Arc::new(Silent)).await {
        Ok(opened) => {
            let verdict = check(&opened, arguments.views).await?;
            if arguments.events && verdict.first_bad.is_none() {
                lifted = Some(events::lift_all(&opened.engine).await?);
            }
            verdict
        }
        Err(WiringError::Store { source: OpenError::Damaged { offset, what }, .. }) => bad(0, offset, what),
        Err(error) => return Err(error.into()),
    };
    if arguments.json {
        let json = as_json(&verdict);
        let json = lifted.as_ref().map_or(json.clone(), |found| events::as_json(found, json));
        print(&String::from_utf8_lossy(&json.to_text()));
    } else {
        print(&in_words(&verdict));
        lifted.iter().for_each(|found| print(&events::in_words(found)));
    }
    let good = verdict.first_bad.is_none() && lifted.is_none_or(|found| found.unlifted.is_empty());
    Ok(if good { Outcome::Good } else { Outcome::Bad })
}

async fn check(opened: &Opened, views_too: bool) -> anyhow::Result<Verdict> {
    let engine = &opened.engine;
    let total = engine.head().offset(0);
    let bar = progress::events(total);
    let verdict = verify(engine, |progress| bar.set_position(progress.done)).await?;
    bar.finish_and_clear();
    if verdict.first_bad.is_some() {
        return Ok(verdict);
    }
    if let Err(why) = Projector::fits(engine, &engine.serving()).await? {
        // Not damage to any fact: the views are made again at the next start.
        tracing::warn!("{why}; they are made again at the next start");
        return Ok(verdict);
    }
    if views_too && !alike(opened).await? {
        return Ok(bad(verdict.events, total, "views"));
    }
    Ok(verdict)
}

/// Whether the serving views, brought up to the log's end, equal a fresh fold with the same search parameters.
async fn alike(opened: &Opened) -> anyhow::Result<bool> {
    let engine = &opened.engine;
    let serving = engine.serving();
    rebuild(engine, Arc::clone(&serving), |_| {}).await?;
    let (fresh, generation) = wiring::begin(opened, wiring::parameters_of(&serving)).await?;
    let bar = progress::events(engine.head().offset(0));
    rebuild(engine, generation, |progress| bar.set_position(progress.done)).await?;
    bar.finish_and_clear();
    let digests: Result<_, ReadError> =
        async { Ok((serving.views.digest().await?, fresh.digest().await?)) }.await;
    fresh.retire();
    let (served, folded) = digests?;
    Ok(served == folded)
}

fn bad(events: u64, offset: u64, kind: &str) -> Verdict {
    Verdict { events, erased: 0, first_bad: Some(Damage { partition: 0, offset, kind: kind.to_owned() }) }
}

fn as_json(verdict: &Verdict) -> Object {
    let damage = |damage: &Damage| {
        let place =
            Object::new().with("partition", u64::from(damage.partition)).with("offset", damage.offset);
        Value::from(place.with("kind", damage.kind.as_str()))
    };
    Object::new()
        .with("ok", verdict.first_bad.is_none())
        .with("events", verdict.events)
        .with("first_bad", verdict.first_bad.as_ref().map_or(Value::Null, damage))
}

fn in_words(verdict: &Verdict) -> String {
    match &verdict.first_bad {
        None => format!("good: {} events read back as they were written", verdict.events),
        Some(Damage { partition, offset, kind }) => {
            format!(
                "damage ({kind}) at partition {partition}, offset {offset}; {} events before it are good",
                verdict.events
            )
        }
    }
}
