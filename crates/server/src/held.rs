//! Answers about records that are held say so: `Anamnesis-Held` names the version they are shown at.
//!
//! Invariant: every answer to a request that names a held record in its path says it, whatever door and whatever status,
//! unless the moment it is about lies before what was parked.

use std::collections::BTreeSet;

use anamnesis_engine::When;
use anamnesis_fhir::outcome::{Issue, IssueCode, Severity};
use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName, Version};
use anamnesis_store::HeldStream;
use axum::http::{HeaderName, HeaderValue, Uri};
use axum::response::Response;

use crate::app::App;
use crate::as_of::AS_OF;
use crate::fhir::query::pairs;

/// On an answer: the record is held at this version, 0 where it is not shown at all.
pub(crate) const HELD: HeaderName = HeaderName::from_static("anamnesis-held");

/// More records than these are counted, not named.
const NAMED_MAX: usize = 10;

/// Says on an answer whether the record that the request names is held.
pub(crate) async fn say(app: &App, uri: &Uri, response: &mut Response) {
    // Most stores hold nothing, which is all that is looked at then.
    if app.engine.look_at_held(|held| held.is_empty()) {
        return;
    }
    let Some(name) = named(uri.path()) else { return };
    let Some(version) = app.engine.held(&name, None) else { return };
    let at = match as_of(uri.query()) {
        Some(when) => match app.engine.as_of(&when).await {
            Ok(cursor) => Some(cursor.moment),
            // The answer says what is wrong with the moment.
            Err(_) => return,
        },
        None => None,
    };
    if app.engine.held(&name, at).is_some() {
        response.headers_mut().insert(HELD, HeaderValue::from(version));
    }
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

/// Of these records, those that are held, each with its version.
pub(crate) fn held_of<'a>(
    app: &App,
    names: impl Iterator<Item = &'a StreamName>,
    at: Option<Instant>,
) -> Vec<(&'a StreamName, Version)> {
    if app.engine.look_at_held(|held| held.is_empty()) {
        return Vec::new();
    }
    names.filter_map(|name| Some((name, app.engine.held(name, at)?))).collect()
}

/// What a bundle says of the records it shows that are held.
pub(crate) fn shown<'a>(app: &App, names: impl Iterator<Item = &'a StreamName>, at: Instant) -> Vec<Issue> {
    let held = held_of(app, names, Some(at));
    let named = held.iter().take(NAMED_MAX).map(|(name, version)| {
        warning(format!("{name} is held: it is shown as of its version {version}; what happened to it since is not applied yet"))
    });
    let others = held.len().saturating_sub(NAMED_MAX);
    let others = (others > 0).then(|| warning(format!("of the records shown here, {others} more are held")));
    named.chain(others).collect()
}

/// What a search says of records of this type, or of all, that are held and not shown: nobody knows by what they would be
/// found now.
pub(crate) fn not_shown<'a>(
    app: &App,
    names: impl Iterator<Item = &'a StreamName>,
    kind: Option<ResourceType>,
    at: Instant,
) -> Option<Issue> {
    let is_of = |name: &StreamName| kind.is_none_or(|kind| name.kind == kind);
    let is_concerned = |held: &&HeldStream| held.held_from <= at && held.name.as_ref().is_none_or(is_of);
    let all = app.engine.look_at_held(|held| held.iter().filter(is_concerned).count());
    if all == 0 {
        return None;
    }
    let shown: BTreeSet<&StreamName> =
        held_of(app, names, Some(at)).into_iter().map(|(name, _)| name).filter(|name| is_of(name)).collect();
    let others = all.saturating_sub(shown.len());
    (others > 0).then(|| {
        warning(format!(
            "records that are held and not shown here: {others}; whether they would be found now is not known"
        ))
    })
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
