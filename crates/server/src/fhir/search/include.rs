//! What comes along with what is found: <https://hl7.org/fhir/R4/search.html#revinclude>.
//!
//! Invariant: each record comes once and never beside itself as a match; all are of the moment of the page; whatever
//! circles there are, it ends, as each round brings only records that were not there before.

mod referred;
mod referring;

use std::collections::HashSet;

use anamnesis_fhir::search::Include;
use anamnesis_kernel::{Instant, StreamName};
use anamnesis_store::{Body, ReadError, RecordVersion, Views};

use super::found::Shown;
use crate::app::App;
use crate::index::Index;
use referred::referred;
use referring::referring;

/// What comes along with a page.
#[derive(Default)]
pub(super) struct Included {
    /// The records, in the order they were come upon.
    pub(super) records: Vec<Shown>,
    /// Whether there are more than are taken along.
    pub(super) more: bool,
}

/// What the includes bring along with these matches.
///
/// # Errors
///
/// When the views or the log cannot be read.
pub(super) async fn included(
    app: &App,
    index: &Index,
    includes: &[Include],
    matches: &[Shown],
    at: Option<Instant>,
) -> Result<Included, ReadError> {
    let mut brought = Included::default();
    let mut known: HashSet<StreamName> = matches.iter().map(|(name, _)| name.clone()).collect();
    let mut round = 0;
    let mut begin = 0;
    while !includes.is_empty() {
        let from = if round == 0 { matches } else { brought.records.get(begin..).unwrap_or_default() };
        let applying: Vec<&Include> = includes.iter().filter(|one| round == 0 || one.iterate).collect();
        if from.is_empty() || applying.is_empty() {
            break;
        }
        let room = app.limits.included_max.saturating_sub(brought.records.len());
        let mut new = New { known: &mut known, versions: Vec::new(), room, more: false };
        let names = referred(from, &applying, index, &app.base_url);
        new.named(index.views(), names, at).await?;
        for include in applying.iter().filter(|include| include.reverse) {
            referring(index, include, from, at, &mut new).await?;
        }
        let New { versions, more, .. } = new;
        brought.more |= more;
        let texts = app.engine.texts(&versions.iter().collect::<Vec<_>>()).await?;
        begin = brought.records.len();
        let shown = versions.into_iter().zip(texts);
        brought.records.extend(shown.filter_map(|(version, text)| Some((version.name, text?))));
        round += 1;
    }
    Ok(brought)
}

/// The records that one round brings.
struct New<'a> {
    known: &'a mut HashSet<StreamName>,
    versions: Vec<RecordVersion>,
    room: usize,
    more: bool,
}

impl New<'_> {
    /// Takes a record that was not there before; says whether another one has room.
    fn take(&mut self, version: RecordVersion) -> bool {
        if self.known.contains(&version.name) {
            return true;
        }
        if self.versions.len() >= self.room {
            self.more = true;
            return false;
        }
        self.known.insert(version.name.clone());
        self.versions.push(version);
        true
    }

    /// Takes the records of these names that are there.
    async fn named(
        &mut self,
        views: &dyn Views,
        names: Vec<StreamName>,
        at: Option<Instant>,
    ) -> Result<(), ReadError> {
        let names: Vec<_> = names.into_iter().filter(|name| !self.known.contains(name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let found = views.find(&names, at).await?.into_iter().flatten();
        for version in found.filter(|version| !matches!(version.body, Body::Deleted)) {
            if !self.take(version) {
                break;
            }
        }
        Ok(())
    }
}
