//! Answers about records that are held say so: `Anamnesis-Held` names the version they are shown at.
//!
//! Invariant: every answer to a request that names a held record in its path says it, whatever door and whatever status,
//! unless the moment it is about lies before what was parked.

use std::collections::HashSet;

use anamnesis_engine::{HeldSet, When};
use anamnesis_fhir::outcome::{Issue, IssueCode, Severity};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName, Version};
use anamnesis_store::HeldStream;
use axum::http::{HeaderName, HeaderValue, Uri};
use axum::response::Response;
use futures::FutureExt;

use crate::app::App;
use crate::as_of::AS_OF;
use crate::fhir::query::pairs;

/// On an answer: the record is held at this version, 0 where it is not shown at all.
pub(crate) const HELD: HeaderName = HeaderName::from_static("anamnesis-held");

/// More records than these are counted, not named.
const NAMED_MAX: usize = 10;

/// Says on an answer whether the record that the request names is held.
pub(crate) async fn say(app: &App, uri: &Uri, response: &mut Response) {
    if let Some((_, version)) = held_in(app, uri.path(), uri.query()).await {
        response.headers_mut().insert(HELD, HeaderValue::from(version));
    }
}

/// The same of an entry of a bundle that reads this URL, which has no headers.
pub(crate) async fn in_entry(app: &App, url: &str) -> Vec<Issue> {
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let held = held_in(app, &format!("/fhir/{path}"), query).await;
    held.map(|(name, version)| shown_as_of(&name, version)).into_iter().collect()
}

/// The record that a request names and the version it is held at, if it is, at the moment that is asked for.
async fn held_in(app: &App, path: &str, query: Option<&str>) -> Option<(StreamName, Version)> {
    // Most stores hold nothing, which is all that is looked at then.
    if app.engine.look_at_held(HeldSet::is_empty) {
        return None;
    }
    let name = named(path)?;
    let version = app.engine.held(&name, None)?;
    let at = match as_of(query) {
        // The answer says what is wrong with a moment that is none.
        Some(when) => Some(app.engine.as_of(&when).boxed().await.ok()?.moment),
        None => None,
    };
    app.engine.held(&name, at).map(|_| (name, version))
}

/// The record that a path names, at either door.
fn named(path: &str) -> Option<StreamName> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (kind, id) = match *parts.as_slice() {
        ["api", "patients", id, ..] => ("Patient", id),
        ["api", "streams" | "diff", kind, id, ..] | ["fhir", kind, id, ..] => (kind, id),
        _ => return None,
    };
    Some(StreamName::new(ResourceType::parse(kind)?, ResourceId::new(id).ok()?))
}

fn as_of(query: Option<&str>) -> Option<When> {
    let (_, text) = pairs(query?)?.into_iter().find(|(key, _)| key == AS_OF)?;
    text.parse().ok()
}

/// Of these records, those that are held, each once and with its version.
fn held_of<'a>(
    app: &App,
    names: impl Iterator<Item = &'a StreamName>,
    at: Option<Instant>,
) -> Vec<(&'a StreamName, Version)> {
    if app.engine.look_at_held(HeldSet::is_empty) {
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let each_once = names.filter(|name| seen.insert(*name));
    each_once.filter_map(|name| Some((name, app.engine.held(name, at)?))).collect()
}

/// What an answer says of records that are held: which of those it shows, and how many others it might have shown.
pub(crate) struct Told<'a> {
    shown: Vec<(&'a StreamName, Version)>,
    others: usize,
}

impl<'a> Told<'a> {
    /// Of an answer as of `at`, or of now, that shows these records.
    pub(crate) fn of(app: &App, names: impl Iterator<Item = &'a StreamName>, at: Option<Instant>) -> Self {
        Self { shown: held_of(app, names, at), others: 0 }
    }

    /// The same of one that could have shown any records of the types that `is_of` takes.
    pub(crate) fn of_some(
        app: &App,
        names: impl Iterator<Item = &'a StreamName>,
        is_of: impl Fn(ResourceType) -> bool,
        at: Option<Instant>,
    ) -> Self {
        let shown = held_of(app, names, at);
        // One whose name nobody knows may be of any type.
        let is_concerned = |held: &&HeldStream| {
            at.is_none_or(|at| held.held_from <= at) && held.name.as_ref().is_none_or(|name| is_of(name.kind))
        };
        let all = app.engine.look_at_held(|held| held.iter().filter(is_concerned).count());
        let counted = shown.iter().filter(|(name, _)| is_of(name.kind)).count();
        Self { shown, others: all.saturating_sub(counted) }
    }

    /// What a searchset says: nobody knows by what the others would be found now.
    pub(crate) fn in_search(&self) -> Vec<Issue> {
        self.issues(|others| {
            format!(
                "records that are held and not shown here: {others}; whether they would be found now is not known"
            )
        })
    }

    /// What a history says: it has no versions of what is not applied.
    pub(crate) fn in_history(&self) -> Vec<Issue> {
        self.issues(|others| {
            format!(
                "records that are held and not shown here: {others}; what happened to them since is in no history yet"
            )
        })
    }

    fn issues(&self, of_others: impl Fn(usize) -> String) -> Vec<Issue> {
        let named = self.shown.iter().take(NAMED_MAX).map(|(name, version)| shown_as_of(name, *version));
        let more = self.shown.len().saturating_sub(NAMED_MAX);
        let more = (more > 0).then(|| warning(format!("of the records shown here, {more} more are held")));
        let others = (self.others > 0).then(|| warning(of_others(self.others)));
        named.chain(more).chain(others).collect()
    }

    /// What a page of the event API or a read model says, as members of the answer; none where nothing is held.
    pub(crate) fn members(&self) -> Object {
        let mut members = Object::new();
        if !self.shown.is_empty() {
            let one = |(stream, version): &(&StreamName, Version)| {
                Value::from(Object::new().with("stream", stream.to_string()).with("version", *version))
            };
            members.push("held", self.shown.iter().map(one).collect::<Vec<_>>());
        }
        if self.others > 0 {
            members.push("held_not_shown", self.others as u64);
        }
        members
    }
}

fn shown_as_of(name: &StreamName, version: Version) -> Issue {
    warning(format!(
        "{name} is held: it is shown as of its version {version}; what happened to it since is not applied yet"
    ))
}

fn warning(what: String) -> Issue {
    Issue { severity: Severity::Warning, ..Issue::error(IssueCode::Incomplete, what) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_record_a_path_names() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("/fhir/Patient/p1",                       Some("Patient/p1")),
            ("/fhir/Patient/p1/",                      Some("Patient/p1")),
            ("/fhir/Patient/p1/_history/3",            Some("Patient/p1")),
            ("/fhir/Patient/p1/$everything",           Some("Patient/p1")),
            ("/api/streams/Observation/o1",            Some("Observation/o1")),
            ("/api/streams/Observation/o1/snapshots",  Some("Observation/o1")),
            ("/api/diff/Patient/p1",                   Some("Patient/p1")),
            ("/api/patients/p1/lab-results",           Some("Patient/p1")),
            ("/fhir/Patient",                          None),
            ("/fhir/Nothing/p1",                       None),
            ("/fhir/Patient/_history",                 None),
            ("/api/parked",                            None),
            ("/",                                      None),
        ];
        for (path, then) in cases {
            assert_eq!(named(path).map(|name| name.to_string()).as_deref(), then, "{path}");
        }
    }
}
