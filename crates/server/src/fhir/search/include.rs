//! What comes along with what is found: <https://hl7.org/fhir/R4/search.html#revinclude>.
//!
//! Invariant: each version of a record comes once and never beside itself as a match; all are of the moment of the page;
//! whatever circles there are, it ends, as each round brings only what was not there before.

mod referred;
mod referring;

use std::collections::HashSet;

use anamnesis_fhir::search::Include;
use anamnesis_kernel::search::{Param, Query, Test};
use anamnesis_kernel::{Instant, StreamName, Version};
use anamnesis_store::{Body, ReadError, RecordVersion, Views};

use super::found::{Shown, shown};
use crate::app::App;
use crate::index::Index;
use referred::{Called, referred};
use referring::referring;

/// How many definitions of one URL come along; more have it by mistake.
const DEFINITIONS_MAX: u32 = 100;

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
    let mut known = Known::of(matches);
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
        let found = referred(from, &applying, index, &app.base_url);
        new.named(index.views(), found.names, at).await?;
        new.versions(index.views(), found.versions, at).await?;
        new.definitions(index.views(), found.definitions, at).await?;
        for include in applying.iter().filter(|include| include.reverse) {
            referring(index, include, from, at, &mut new).await?;
        }
        let New { versions, more, .. } = new;
        brought.more |= more;
        begin = brought.records.len();
        brought.records.extend(shown(app, versions).await?);
        round += 1;
    }
    Ok(brought)
}

/// What is there already.
#[derive(Default)]
struct Known {
    /// As it is at the moment of the page.
    names: HashSet<StreamName>,
    versions: HashSet<(StreamName, Version)>,
}

impl Known {
    fn of(matches: &[Shown]) -> Self {
        let names = matches.iter().map(|one| one.name.clone()).collect();
        Self { names, versions: matches.iter().map(|one| (one.name.clone(), one.version)).collect() }
    }
}

/// The records that one round brings.
struct New<'a> {
    known: &'a mut Known,
    versions: Vec<RecordVersion>,
    room: usize,
    more: bool,
}

impl New<'_> {
    /// Takes a record as it is at the moment of the page, if it was not there before; says whether another has room.
    fn take(&mut self, version: RecordVersion) -> bool {
        self.known.names.contains(&version.name) || {
            self.known.names.insert(version.name.clone());
            self.take_version(version)
        }
    }

    /// The same of one version, whichever it is.
    fn take_version(&mut self, version: RecordVersion) -> bool {
        if self.known.versions.contains(&(version.name.clone(), version.version)) {
            return true;
        }
        if self.versions.len() >= self.room {
            self.more = true;
            return false;
        }
        self.known.versions.insert((version.name.clone(), version.version));
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
        let names: Vec<_> = names.into_iter().filter(|name| !self.known.names.contains(name)).collect();
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

    /// Takes the versions that references name, of those that were there by then.
    async fn versions(
        &mut self,
        views: &dyn Views,
        named: Vec<(StreamName, Version)>,
        at: Option<Instant>,
    ) -> Result<(), ReadError> {
        for (name, version) in named {
            let found = views.find_version(&name, version).await?.and_then(|found| found.as_of(at));
            if let Some(found) = found.filter(|found| !matches!(found.body, Body::Deleted))
                && !self.take_version(found)
            {
                break;
            }
        }
        Ok(())
    }

    /// Takes the definitions that are called so and are of a type that is meant: each that has the URL, where a reference
    /// names no version.
    async fn definitions(
        &mut self,
        views: &dyn Views,
        called: Vec<Called>,
        at: Option<Instant>,
    ) -> Result<(), ReadError> {
        for Called { text, meant } in called {
            let named = Test::Reference { param: Param::CANONICAL, kind: Some(0), id: text };
            let query = Query { at, ..Query::new(None, vec![named.into()], DEFINITIONS_MAX) };
            let found = views.search(&query).await?.into_iter().map(|hit| hit.version);
            for version in found.filter(|version| meant.iter().any(|meant| meant.takes(version.name.kind))) {
                if !self.take(version) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
