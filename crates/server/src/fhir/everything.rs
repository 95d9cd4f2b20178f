//! Everything about one patient: <https://hl7.org/fhir/R4/patient-operation-everything.html>.
//!
//! Invariant: over all pages each record comes once, whoever writes meanwhile: first the patient's compartment in the
//! order of searches, then, in the order of names, what those records point to outside of it; all pages are answered as
//! of the same cursor. Nothing of another patient comes along; records that were merged are one patient, whichever of
//! them is asked.

mod asked;
mod pointed;

use std::sync::Arc;

use anamnesis_fhir::bundle::{Found, Head, Mode, searchset};
use anamnesis_fhir::compartment;
use anamnesis_fhir::outcome::operation_outcome;
use anamnesis_kernel::StreamName;
use anamnesis_kernel::search::Place;
use anamnesis_store::{Body, Hit, ReadError};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::header::CONTENT_TYPE;

use super::get::broken_query;
use super::outcome::Outcome;
use super::page::{self, End};
use super::reply::{self, Reply};
use super::search::{bundle_id, linked, page_of, versions};
use super::{parameters, query, request};
use crate::app::App;
use crate::as_of::as_of;
use crate::held;
use crate::same::{about, same_patients};
use asked::{Asked, question};
use pointed::Pointed;

/// How many records outside of the compartment are looked up at a time.
const LOOKED_UP: usize = 100;
/// How many of the compartment are looked at at a time, where not all are asked for.
const LOOKED_AT: u32 = 200;

/// `POST /Patient/{id}/$everything`, the parameters as a resource.
pub(super) async fn handle_post(
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let answer = async {
        let (parts, body) = request.into_parts();
        request::accepted(&app, &parts.headers, parts.uri.query()).await?;
        let patient = request::stream(&kind, &id)?;
        if !patient.is_patient() {
            return Err(Outcome::NoInteraction);
        }
        let mut pairs = query::pairs(parts.uri.query().unwrap_or_default())
            .ok_or_else(|| Outcome::Invalid(vec![broken_query()]))?;
        // Who sends no body need not say what it is.
        let sent = match parts.headers.contains_key(CONTENT_TYPE) {
            true => Some(request::json(&app, &parts.headers, body).await?.1),
            false => None,
        };
        pairs.extend(parameters::pairs(sent.as_ref())?);
        everything(&app, &patient, &pairs).await
    };
    reply::finish(&app, answer.await)
}

/// One page of what there is about a patient.
///
/// # Errors
///
/// 404 when the patient was not here yet, 410 when it was deleted; 400 when a parameter cannot be taken.
pub(super) async fn everything(
    app: &App,
    patient: &StreamName,
    pairs: &[(String, String)],
) -> Result<Reply, Outcome> {
    let as_of = as_of(app, pairs).await?;
    let mut asked = Asked::read(app, patient, pairs, &as_of)?;
    let mut found = page_of_all(app, patient, &asked).await?;
    // To look at the present costs less, and is the same as long as the views have not moved on.
    if asked.as_of.is_none() && as_of.is_behind(app).await? {
        asked.as_of = Some(as_of.cursor.moment);
        found = page_of_all(app, patient, &asked).await?;
    }
    let (page, ended) = found;

    let url = format!("{}/{patient}/$everything", app.base_url);
    let next = ended.map(|end| {
        let mut pairs = asked.pinned(&as_of);
        let question = question(patient, &pairs);
        pairs.push(("_page", page::token(&app.engine.keyring().store, &question, &end)));
        linked(&url, &query::text(&pairs))
    });
    let own = linked(&url, &query::text(&asked.pairs));
    let mut links = vec![("self", own.as_str())];
    links.extend(next.as_deref().map(|next| ("next", next)));
    let urls: Vec<String> =
        page.records.iter().map(|(name, ..)| format!("{}/{name}", app.base_url)).collect();
    let entries = urls.iter().zip(&page.records).map(|(url, (_, text, mode))| Found {
        full_url: Some(url),
        resource: text,
        mode: *mode,
    });
    let names = page.records.iter().map(|(name, ..)| name);
    let issues = held::Told::of_some(app, names, |_| true, Some(as_of.cursor.moment)).in_search();
    let outcome = (!issues.is_empty()).then(|| operation_outcome(&issues).to_text());
    let entries = entries.chain(outcome.as_deref().map(|text| Found {
        full_url: None,
        resource: text,
        mode: Mode::Outcome,
    }));
    let now = app.engine.now().to_millis_text();
    let id = bundle_id();
    let head = Head { id: Some(&id), last_updated: Some(&now), total: None };
    Ok(Reply::bundle(searchset(&head, &links, entries), as_of.cursor))
}

/// What is on the page that is asked for, and where it ended.
async fn page_of_all(app: &App, patient: &StreamName, asked: &Asked) -> Result<(Page, Option<End>), Outcome> {
    let found = app.engine.views().find_one(patient, asked.as_of).await?.ok_or(Outcome::NotFound)?;
    if found.body == Body::Deleted {
        return Err(Outcome::Gone(None));
    }
    let same = same_patients(&app.engine, patient, asked.as_of).await?;
    let mut page = Page { records: Vec::new(), wanted: asked.count as usize };
    let ended = match &asked.after {
        Some(End::Name(name)) => outside(app, &same, asked, Some(name), None, &mut page).await?,
        Some(End::Place(place)) => inside(app, &same, asked, Some(*place), &mut page).await?,
        _ => inside(app, &same, asked, None, &mut page).await?,
    };
    Ok((page, ended))
}

/// What a page has so far.
struct Page {
    records: Vec<(StreamName, Arc<[u8]>, Mode)>,
    wanted: usize,
}

impl Page {
    fn room(&self) -> usize {
        self.wanted.saturating_sub(self.records.len())
    }
}

/// Fills the page from the compartment, and from outside of it once that is through; gives where it ended.
async fn inside(
    app: &App,
    patients: &[StreamName],
    asked: &Asked,
    after: Option<Place>,
    page: &mut Page,
) -> Result<Option<End>, Outcome> {
    let (hits, more) = taken(app, patients, asked, after, page.room()).await?;
    let found = app.engine.texts(&versions(&hits)).await?;
    let end = hits.last().map(|last| End::Place(last.after.place));
    for (hit, text) in hits.into_iter().zip(found) {
        page.records.extend(text.map(|text| (hit.version.name, text, Mode::Match)));
    }
    if more {
        return Ok(end);
    }
    // A page that begins with the compartment has all of it: what it points to need not be read again.
    let mut pointed = None;
    if after.is_none() && !asked.narrows() {
        let mut whole = Pointed::new(patients, &app.base_url);
        for (name, text, _) in &page.records {
            whole.read(name, text);
        }
        pointed = Some(whole);
    }
    let from_outside = outside(app, patients, asked, None, pointed, page).await?;
    // With no room left, the next page begins outside: after the last of the compartment, of which none are left.
    Ok(match from_outside {
        Some(End::Place(_)) if end.is_some() => end,
        other => other,
    })
}

/// The records of the compartment that are asked for, from behind `after` on, and whether others follow.
async fn taken(
    app: &App,
    patients: &[StreamName],
    asked: &Asked,
    mut after: Option<Place>,
    wanted: usize,
) -> Result<(Vec<Hit>, bool), ReadError> {
    let mut taken = Vec::with_capacity(wanted);
    let limit = u32::try_from(wanted).unwrap_or(u32::MAX);
    loop {
        let limit = if asked.narrows() { LOOKED_AT } else { limit };
        let mut query = about(compartment::PARAM, patients, asked.as_of, after, limit);
        let (hits, more) = page_of(app, &mut query).await?;
        after = hits.last().map(|hit| hit.after.place);
        for hit in hits.into_iter().filter(|hit| asked.takes(hit)) {
            if taken.len() == wanted {
                return Ok((taken, true));
            }
            taken.push(hit);
        }
        if !more || (!asked.narrows() && taken.len() == wanted) {
            return Ok((taken, more));
        }
    }
}

/// Fills the page with what the compartment points to, from after `after` on; gives where it ended.
///
/// [`End::Place`] stands for "before the first of these".
async fn outside(
    app: &App,
    patients: &[StreamName],
    asked: &Asked,
    after: Option<&StreamName>,
    pointed: Option<Pointed>,
    page: &mut Page,
) -> Result<Option<End>, Outcome> {
    let pointed = match pointed {
        Some(pointed) => pointed,
        None => all_pointed(app, patients, asked).await?,
    };
    let mut last = after.cloned();
    let asked_for = |name: &StreamName| asked.is_of_type(name) && after.is_none_or(|after| name > after);
    let names: Vec<StreamName> = pointed.names().into_iter().filter(asked_for).collect();
    for some in names.chunks(LOOKED_UP) {
        for (name, found) in some.iter().zip(app.engine.views().find(some, asked.as_of).await?) {
            let Some(found) = found.filter(|found| asked.is_new(found)) else { continue };
            if !of_nobody_else(app, patients, &found).await? {
                continue;
            }
            let Some(text) = app.engine.text(&found).await? else { continue };
            if page.room() == 0 {
                // There is another one: the page ends before it.
                let nowhere = Place { date: i64::MAX, record: u64::MAX, partition: u32::MAX };
                return Ok(Some(last.map_or(End::Place(nowhere), End::Name)));
            }
            page.records.push((name.clone(), text, Mode::Include));
            last = Some(name.clone());
        }
    }
    Ok(None)
}

/// Whether a record belongs to no patient, or to one of these too.
async fn of_nobody_else(
    app: &App,
    patients: &[StreamName],
    found: &anamnesis_store::RecordVersion,
) -> Result<bool, ReadError> {
    let Some(elements) = app.engine.elements(found).await? else { return Ok(false) };
    let whose = compartment::patients(&found.name, &elements);
    Ok(whose.is_empty() || patients.iter().any(|patient| whose.contains(&patient.id)))
}

/// What all records of the compartment point to that lie between the dates of care, whatever their types.
async fn all_pointed(app: &App, patients: &[StreamName], asked: &Asked) -> Result<Pointed, ReadError> {
    let mut pointed = Pointed::new(patients, &app.base_url);
    let mut after = None;
    loop {
        let mut query = about(compartment::PARAM, patients, asked.as_of, after, app.limits.count_max);
        let (hits, more) = page_of(app, &mut query).await?;
        for (hit, text) in hits.iter().zip(app.engine.texts(&versions(&hits)).await?) {
            match text.filter(|_| asked.is_in_care(&hit.after.place)) {
                Some(text) => pointed.read(&hit.version.name, &text),
                None => pointed.inside(&hit.version.name),
            }
        }
        match hits.last() {
            Some(last) if more => after = Some(last.after.place),
            _ => return Ok(pointed),
        }
    }
}
