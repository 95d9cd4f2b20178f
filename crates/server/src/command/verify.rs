//! `anamnesis verify`: the log reads back whole, the tree matches it, and so do the views.

mod events;
mod views;

use std::sync::Arc;

use anamnesis_engine::projector::Projector;
use anamnesis_engine::{Damage, DryRun, Silent, Verdict, verify};
use anamnesis_json::{Object, Value};
use anamnesis_store_sql::OpenError;

use super::{Outcome, print, progress};
use crate::args::Verify;
use crate::settings::Settings;
use crate::wiring::{self, Opened, WiringError};
use views::{Compared, Wrong};

/// What the log and the views came to.
struct Found {
    log: Verdict,
    /// None where nobody asked, or the log is damaged.
    views: Option<Compared>,
    /// The same.
    lifted: Option<DryRun>,
}

impl Found {
    fn of_log(log: Verdict) -> Self {
        Self { log, views: None, lifted: None }
    }

    fn wrong_views(&self) -> Option<&Wrong> {
        match &self.views {
            Some(Compared::Different(wrong)) => Some(wrong),
            _ => None,
        }
    }

    fn leaves_some_unlifted(&self) -> bool {
        self.lifted.as_ref().is_some_and(|found| !found.unlifted.is_empty())
    }

    fn is_good(&self) -> bool {
        self.log.first_bad.is_none() && self.wrong_views().is_none() && !self.leaves_some_unlifted()
    }
}

pub(super) async fn run(arguments: Verify, settings: &Settings) -> anyhow::Result<Outcome> {
    let found = match wiring::open_as_is(settings, Arc::new(Silent)).await {
        Ok(opened) => check(opened, &arguments).await?,
        Err(WiringError::Store { source: OpenError::Damaged { offset, what }, .. }) => {
            let damage = Damage { partition: 0, offset, kind: what.to_owned() };
            Found::of_log(Verdict { events: 0, erased: 0, first_bad: Some(damage) })
        }
        Err(error) => return Err(error.into()),
    };
    if arguments.json {
        print(&String::from_utf8_lossy(&as_json(&found).to_text()));
    } else {
        print(&in_words(&found));
        found.lifted.iter().for_each(|lifted| print(&events::in_words(lifted)));
    }
    Ok(if found.is_good() { Outcome::Good } else { Outcome::Bad })
}

async fn check(opened: Opened, asked: &Verify) -> anyhow::Result<Found> {
    let mut told = progress::Events::new("reading", opened.engine.head().offset(0));
    let log = verify(&opened.engine, |progress| told.at(progress)).await?;
    told.end();
    if log.first_bad.is_some() {
        return Ok(Found::of_log(log));
    }
    let lifted = if asked.events { Some(events::lift_all(&opened.engine).await?) } else { None };
    if !asked.views {
        if let Err(why) = Projector::fits(&opened.engine, &opened.engine.serving()).await? {
            // Not damage to any fact.
            tracing::warn!("{why}; they are made again at the next start");
        }
        return Ok(Found { lifted, ..Found::of_log(log) });
    }
    Ok(Found { views: Some(views::compare(&opened).await?), lifted, log })
}

fn as_json(found: &Found) -> Object {
    let damage = |damage: &Damage| place(damage.partition, damage.offset, &damage.kind);
    let first_bad = match (&found.log.first_bad, found.wrong_views()) {
        (Some(bad), _) => damage(bad).into(),
        (None, Some(wrong)) => wrong.as_json(found.log.events).into(),
        (None, None) => Value::Null,
    };
    let said = Object::new()
        .with("ok", found.is_good())
        .with("events", found.log.events)
        .with("first_bad", first_bad);
    let said = match &found.lifted {
        None => said,
        Some(lifted) => events::as_json(lifted, said),
    };
    match &found.views {
        None => said,
        Some(Compared::Alike) => said.with("views_alike", true),
        Some(Compared::Different(_)) => said.with("views_alike", false),
        Some(Compared::Stale(_)) => said.with("views_alike", Value::Null),
    }
}

fn place(partition: u32, offset: u64, kind: &str) -> Object {
    Object::new().with("partition", u64::from(partition)).with("offset", offset).with("kind", kind)
}

fn in_words(found: &Found) -> String {
    let events = found.log.events;
    if let Some(Damage { partition, offset, kind }) = &found.log.first_bad {
        return format!(
            "damage ({kind}) at partition {partition}, offset {offset}; {events} events before it are good"
        );
    }
    let log = format!("good: {events} events read back as they were written");
    match &found.views {
        None => log,
        Some(Compared::Alike) => format!("{log}, and the views are what a fresh fold gives"),
        Some(Compared::Stale(why)) => {
            format!("{log}; {why}, so nothing was compared: they are made again at the next start")
        }
        Some(Compared::Different(wrong)) => format!(
            "damage (views): {}; the log is good: {events} events read back as they were written. \
             `anamnesis rebuild` makes the views anew",
            wrong.in_words()
        ),
    }
}
