//! The parameters of everything: `_count`, `_type`, `_since`, `start`, `end`, `_asOf`, and the page.
//!
//! `start` and `end` are about care, not about records: a record is in between when its main clinical date is, which is
//! where a span begins; one that has none, as the patient has not, is always in.

use std::collections::HashSet;

use anamnesis_kernel::search::Place;
use anamnesis_kernel::{Instant, ResourceType, StreamName};
use anamnesis_store::{Hit, RecordVersion};

use crate::app::App;
use crate::as_of::{AS_OF, AsOf};
use crate::fhir::history::{count, instant};
use crate::fhir::outcome::Outcome;
use crate::fhir::page::{self, End};
use crate::fhir::query;

/// What is asked for.
pub(super) struct Asked {
    /// So many records at most.
    pub(super) count: u32,
    /// As of when; none asks about now.
    pub(super) as_of: Option<Instant>,
    /// Where the page before ended.
    pub(super) after: Option<End>,
    /// What was understood, for links.
    pub(super) pairs: Vec<(&'static str, String)>,
    types: HashSet<ResourceType>,
    since: Option<Instant>,
    start: Option<Instant>,
    end: Option<Instant>,
}

impl Asked {
    pub(super) fn read(
        app: &App,
        patient: &StreamName,
        pairs: &[(String, String)],
        as_of: &AsOf,
    ) -> Result<Self, Outcome> {
        let mut asked = Self {
            count: app.limits.count_max,
            as_of: as_of.at(),
            after: None,
            pairs: as_of.pair().into_iter().collect(),
            types: HashSet::new(),
            since: None,
            start: None,
            end: None,
        };
        let mut token = None;
        for (key, value) in pairs {
            let key = match key.as_str() {
                "_count" => {
                    // A page without room would be followed by itself for ever.
                    asked.count = count(value)?.clamp(1, app.limits.count_max);
                    "_count"
                }
                "_type" => {
                    for name in value.split(',') {
                        let kind = ResourceType::parse(name);
                        asked.types.insert(kind.ok_or_else(|| Outcome::bad("_type: not a type of FHIR R4"))?);
                    }
                    "_type"
                }
                "_since" => {
                    asked.since = Some(instant("_since", value)?.0);
                    "_since"
                }
                "start" => {
                    asked.start = Some(instant("start", value)?.0);
                    "start"
                }
                "end" => {
                    asked.end = Some(instant("end", value)?.1);
                    "end"
                }
                "_page" => {
                    token = Some(value);
                    continue;
                }
                _ => continue,
            };
            // Types may be given one by one; all else once.
            if key != "_type" && asked.pairs.iter().any(|(known, _)| *known == key) {
                return Err(Outcome::bad(format!("{key}: must stand once")));
            }
            asked.pairs.push((key, value.clone()));
        }
        if let (Some(start), Some(end)) = (asked.start, asked.end)
            && start > end
        {
            return Err(Outcome::bad("start: lies behind end"));
        }
        if let Some(token) = token {
            match page::read(&app.engine.keyring().store, &question(patient, &asked.pairs), token) {
                Some(end @ (End::Place(_) | End::Name(_))) => asked.after = Some(end),
                _ => return Err(Outcome::bad("_page: not a page of this operation")),
            }
        }
        Ok(asked)
    }

    /// What was understood, for a link to another page as of the same.
    pub(super) fn pinned(&self, as_of: &AsOf) -> Vec<(&'static str, String)> {
        let others = self.pairs.iter().filter(|(key, _)| *key != AS_OF).cloned();
        std::iter::once(as_of.pinned()).chain(others).collect()
    }

    /// Whether anything narrows what is answered.
    pub(super) fn narrows(&self) -> bool {
        !self.types.is_empty() || self.since.is_some() || self.start.is_some() || self.end.is_some()
    }

    /// Whether a record of the compartment is among what is asked for.
    pub(super) fn takes(&self, hit: &Hit) -> bool {
        self.is_of_type(&hit.version.name) && self.is_new(&hit.version) && self.is_in_care(&hit.after.place)
    }

    /// Whether records of this type are asked for.
    pub(super) fn is_of_type(&self, name: &StreamName) -> bool {
        self.types.is_empty() || self.types.contains(&name.kind)
    }

    /// Whether it changed since.
    pub(super) fn is_new(&self, version: &RecordVersion) -> bool {
        self.since.is_none_or(|since| version.began >= since)
    }

    /// Whether what stands here in the order of searches lies between the dates of care.
    pub(super) fn is_in_care(&self, place: &Place) -> bool {
        let Some(micros) = place.date.checked_neg().filter(|_| place.date != i64::MAX) else { return true };
        let at = Instant::from_micros(micros);
        self.start.is_none_or(|start| at >= start) && self.end.is_none_or(|end| at <= end)
    }
}

/// What a link to another page is bound to.
pub(super) fn question(patient: &StreamName, pairs: &[(&'static str, String)]) -> String {
    let narrowing: Vec<_> = pairs.iter().filter(|(key, _)| *key != "_count").cloned().collect();
    format!("{patient}/$everything?{}", query::text(&narrowing))
}
