//! Whether the views that serve are what a fresh fold of the log gives, with the same search parameters.

use std::sync::Arc;

use anamnesis_engine::projector::Projector;
use anamnesis_engine::rebuild;
use anamnesis_json::Object;
use anamnesis_store_sql::{Difference, DifferenceKind};

use super::place;
use crate::command::progress;
use crate::wiring::{self, Opened};

/// What came of it.
pub(super) enum Compared {
    /// They are.
    Alike,
    /// They are not.
    Different(Wrong),
    /// They cannot be compared, for this reason; the next start makes them again.
    Stale(&'static str),
}

/// The first row that is not as it should be.
pub(super) struct Wrong {
    difference: Difference,
    /// What the number of its search parameter stands for.
    parameter: Option<String>,
}

/// Brings the views that serve up to the end of the log, folds the log afresh, and compares.
pub(super) async fn compare(opened: &Opened) -> anyhow::Result<Compared> {
    let engine = &opened.engine;
    let serving = engine.serving();
    if let Err(why) = Projector::fits(engine, &serving).await? {
        return Ok(Compared::Stale(why));
    }
    let total = engine.head().offset(0);
    let mut told = progress::Events::new("catching up", total);
    rebuild(engine, Arc::clone(&serving), |progress| told.at(progress)).await?;
    told.end();
    let set = wiring::parameters_of(&serving);
    let (fresh, generation) = wiring::begin_trial(opened, Arc::clone(&set))?;
    fresh.retire();
    let mut told = progress::Events::new("folding", total);
    rebuild(engine, generation, |progress| told.at(progress)).await?;
    told.end();
    let bar = progress::tables();
    let drawn = bar.clone();
    let tell = move |done: usize, all: usize| {
        drawn.set_length(all as u64);
        drawn.set_position(done as u64);
    };
    let found = opened.store.views.difference(&fresh, tell).await?;
    bar.finish_and_clear();
    Ok(found.map_or(Compared::Alike, |difference| {
        let parameter = difference.param.and_then(|number| set.catalogue().named(number));
        Compared::Different(Wrong { difference, parameter })
    }))
}

impl Wrong {
    /// Where it is; where it is of no record, the place is the end of the log.
    pub(super) fn as_json(&self, events: u64) -> Object {
        let Difference { table, kind, record, .. } = self.difference;
        let (partition, offset) = record.map_or((0, events), |record| (record.partition, record.record));
        let said = place(partition, offset, "views").with("table", table).with("row", kind.name());
        match &self.parameter {
            Some(parameter) => said.with("parameter", parameter.as_str()),
            None => said,
        }
    }

    pub(super) fn in_words(&self) -> String {
        let Difference { table, kind, record, .. } = self.difference;
        let what = match kind {
            DifferenceKind::Missing => "a row is missing in",
            DifferenceKind::Surplus => "a row is too many in",
            DifferenceKind::Other => "a row holds something else in",
        };
        let parameter = self.parameter.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let record = record.map(|record| {
            format!(", of the record that begins at partition {}, offset {}", record.partition, record.record)
        });
        format!("{what} {table}{parameter}{}", record.unwrap_or_default())
    }
}
