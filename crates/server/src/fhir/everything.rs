//! Everything about one patient: <https://hl7.org/fhir/R4/patient-operation-everything.html>.
//!
//! Invariant: over all pages each record comes once: first the patient's compartment in the order of searches,
//! then, in the order of names, what those records point to outside of it. Nothing of another patient comes along.

mod pointed;

use std::sync::Arc;

use anamnesis_fhir::bundle::{Found, Head, Mode, searchset};
use anamnesis_fhir::compartment;
use anamnesis_kernel::search::{Criterion, Place, Query, Test};
use anamnesis_kernel::{ResourceType, StreamName};
use anamnesis_store::{Body, ReadError};

use super::history::count;
use super::outcome::Outcome;
use super::page::{self, End};
use super::query;
use super::reply::Reply;
use super::search::{bundle_id, linked, page_of};
use super::together::texts;
use crate::app::App;
use pointed::Pointed;

/// How many records outside of the compartment are looked up at a time.
const LOOKED_UP: usize = 100;

/// One page of what there is about a patient.
///
/// # Errors
///
/// 404 when the patient was never here, 410 when it was deleted; 400 when a parameter cannot be taken.
pub(super) async fn everything(
    app: &App,
    patient: &StreamName,
    pairs: &[(String, String)],
) -> Result<Reply, Outcome> {
    let asked = Asked::read(app, patient, pairs)?;
    let cursor = app.engine.reached();
    let found = app.engine.views().find(std::slice::from_ref(patient)).await?.into_iter().flatten().next();
    if matches!(found.ok_or(Outcome::NotFound)?.body, Body::Deleted) {
        return Err(Outcome::Gone);
    }
    let mut page = Page { records: Vec::new(), wanted: asked.count as usize };
    let ended = match asked.after {
        Some(End::Name(name)) => outside(app, patient, Some(&name), None, &mut page).await?,
        Some(End::Place(place)) => inside(app, patient, Some(place), &mut page).await?,
        _ => inside(app, patient, None, &mut page).await?,
    };

    let url = format!("{}/{patient}/$everything", app.base_url);
    let own: Vec<(&str, String)> =
        asked.sent.map(|count| ("_count", count.to_string())).into_iter().collect();
    let next = ended.map(|end| {
        let mut pairs = own.clone();
        pairs.push(("_page", page::token(&app.engine.keyring().store, &question(patient), &end)));
        linked(&url, &query::text(&pairs))
    });
    let own = linked(&url, &query::text(&own));
    let mut links = vec![("self", own.as_str())];
    links.extend(next.as_deref().map(|next| ("next", next)));
    let urls: Vec<String> =
        page.records.iter().map(|(name, ..)| format!("{}/{name}", app.base_url)).collect();
    let entries = urls.iter().zip(&page.records).map(|(url, (_, text, mode))| Found {
        full_url: Some(url),
        resource: text,
        mode: *mode,
    });
    let now = app.engine.now().to_millis_text();
    let id = bundle_id();
    let head = Head { id: Some(&id), last_updated: Some(&now), total: None };
    Ok(Reply::bundle(searchset(&head, &links, entries), cursor))
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
    patient: &StreamName,
    after: Option<Place>,
    page: &mut Page,
) -> Result<Option<End>, Outcome> {
    let mut query = compartment_query(patient, after, u32::try_from(page.room()).unwrap_or(u32::MAX));
    let (hits, more) = page_of(app, &mut query).await?;
    let found = texts(app, hits.iter().map(|hit| &hit.version).collect()).await?;
    let end = hits.last().map(|last| End::Place(last.place));
    for (hit, text) in hits.into_iter().zip(found) {
        page.records.extend(text.map(|text| (hit.version.name, text, Mode::Match)));
    }
    if more {
        return Ok(end);
    }
    // A page that begins with the compartment has all of it: what it points to need not be read again.
    let mut pointed = None;
    if after.is_none() {
        let mut whole = Pointed::new(patient, &app.base_url);
        for (name, text, _) in &page.records {
            whole.read(name, text);
        }
        pointed = Some(whole);
    }
    let from_outside = outside(app, patient, None, pointed, page).await?;
    // With no room left, the next page begins outside: after the last of the compartment, of which none are left.
    Ok(match from_outside {
        Some(End::Place(_)) => end,
        other => other,
    })
}

/// Fills the page with what the compartment points to, from after `after` on; gives where it ended.
///
/// [`End::Place`] stands for "before the first of these".
async fn outside(
    app: &App,
    patient: &StreamName,
    after: Option<&StreamName>,
    pointed: Option<Pointed>,
    page: &mut Page,
) -> Result<Option<End>, Outcome> {
    let pointed = match pointed {
        Some(pointed) => pointed,
        None => all_pointed(app, patient).await?,
    };
    let mut last = after.cloned();
    let names: Vec<StreamName> =
        pointed.names().into_iter().filter(|name| after.is_none_or(|after| name > after)).collect();
    for some in names.chunks(LOOKED_UP) {
        for (name, found) in some.iter().zip(app.engine.views().find(some).await?) {
            let Some(found) = found else { continue };
            if !of_nobody_else(app, patient, &found).await? {
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

/// Whether a record belongs to no patient, or to this one too.
async fn of_nobody_else(
    app: &App,
    patient: &StreamName,
    found: &anamnesis_store::RecordVersion,
) -> Result<bool, ReadError> {
    let Some(elements) = app.engine.elements(found).await? else { return Ok(false) };
    let patients = compartment::patients(&found.name, &elements);
    Ok(patients.is_empty() || patients.contains(&patient.id))
}

async fn all_pointed(app: &App, patient: &StreamName) -> Result<Pointed, ReadError> {
    let mut pointed = Pointed::new(patient, &app.base_url);
    let mut after = None;
    loop {
        let mut query = compartment_query(patient, after, app.limits.count_max);
        let (hits, more) = page_of(app, &mut query).await?;
        for (hit, text) in hits.iter().zip(texts(app, hits.iter().map(|hit| &hit.version).collect()).await?) {
            match text {
                Some(text) => pointed.read(&hit.version.name, &text),
                None => pointed.inside(&hit.version.name),
            }
        }
        match hits.last() {
            Some(last) if more => after = Some(last.place),
            _ => return Ok(pointed),
        }
    }
}

fn compartment_query(patient: &StreamName, after: Option<Place>, limit: u32) -> Query {
    let kind = Some(ResourceType::PATIENT.number());
    let test = Test::Reference { param: compartment::PARAM, kind, id: patient.id.as_str().into() };
    Query { kind: None, all: vec![Criterion { any: vec![test] }], after, limit }
}

fn question(patient: &StreamName) -> String {
    format!("{patient}/$everything")
}

struct Asked {
    count: u32,
    sent: Option<u32>,
    after: Option<End>,
}

impl Asked {
    fn read(app: &App, patient: &StreamName, pairs: &[(String, String)]) -> Result<Self, Outcome> {
        let mut asked = Self { count: app.limits.count_max, sent: None, after: None };
        for (key, value) in pairs {
            match key.as_str() {
                "_count" => {
                    let count = count(value)?;
                    asked.sent = Some(count);
                    // A page without room would be followed by itself for ever.
                    asked.count = count.clamp(1, app.limits.count_max);
                }
                "_page" => match page::read(&app.engine.keyring().store, &question(patient), value) {
                    Some(end @ (End::Place(_) | End::Name(_))) => asked.after = Some(end),
                    _ => return Err(Outcome::bad("_page: not a page of this operation")),
                },
                "start" | "end" | "_since" | "_type" => {
                    return Err(Outcome::bad(format!("{key}: not supported here")));
                }
                _ => {}
            }
        }
        Ok(asked)
    }
}
