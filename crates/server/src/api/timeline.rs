//! `GET /api/patients/{id}/timeline`: what happened to a patient, in the order of the log, across all records.
//!
//! Invariant: an event is there when its record was about the patient before it or after it, for ever: a record that
//! was deleted, or went to someone else, loses nothing that happened until then. A page never waits for the log's length,
//! only for what happened to this patient.

use std::collections::BTreeSet;
use std::time::{Duration, Instant as Stopwatch};

use anamnesis_engine::{Filter, Shown};
use anamnesis_kernel::search::{Param, Place};
use anamnesis_kernel::{Cursor, Position, ResourceId, ResourceType, StreamName};
use anamnesis_store::Hit;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer::{json, stamp};
use super::moment::{Edge, point};
use super::page::Page;
use super::problem::{Kind, Problem};
use super::query::Query;
use crate::app::App;
use crate::as_of::AS_OF;
use crate::headers::await_cursor;
use crate::held::Told;
use crate::same::{Same, about, known_same_patients};

/// How long one request looks for events that pass its filter.
const LOOK_MAX: Duration = Duration::from_secs(5);
/// What is said where a record of the patient's does not say whom it yielded to.
const MERGES_UNKNOWN: &str =
    "a record of this patient cannot be read: what it was merged into, and happened there, may be missing";
/// How many events are looked up at a time where a filter passes few of them.
const LOOKED_AT: u32 = 250;

/// Answers with a page; `next` is the cursor to ask again from, as `since`.
pub(super) async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    stamp(&app, read(&app, &id, query.as_deref(), &headers).await)
}

async fn read(app: &App, id: &str, query: Option<&str>, headers: &HeaderMap) -> Result<Response, Problem> {
    let query = Query::read(query, &["type", "record", "since", "_count", AS_OF])?;
    let filter = query.filter(app.limits.values_max)?;
    let count = query.count(app.limits.count_max)?;
    let nobody = || Problem::new(Kind::NotFound, "there is no such patient");
    let id = ResourceId::new(id).map_err(|_| nobody())?;
    let since = match query.since()? {
        Some(text) => point(app, "since", text, Edge::Since).await?,
        None => Cursor::beginning(app.engine.head().offsets.len()),
    };
    await_cursor(app, headers).await?;
    // Taken before anything is looked at, so that at least all of this is in the answer.
    let as_of = query.as_of(app).await?;
    let (at, reached) = (as_of.at(), as_of.cursor);
    let patient = StreamName::new(ResourceType::PATIENT, id);
    app.engine.views().find_one(&patient, at).await?.ok_or_else(nobody)?;
    let Same { names: same, unread } = known_same_patients(&app.engine, &patient, at).await?;

    let started = Stopwatch::now();
    let mut page = Page::new(count);
    let (mut next, mut streams) = (since, BTreeSet::new());
    while let Some(room) = page.room() {
        let limit = if filter.is_open() { room } else { LOOKED_AT };
        let search = about(Param::HAPPENED, &same, at, Some(just_before(next.offset(0))), limit);
        let hits = app.engine.views().search(&search).await?;
        let more = hits.len() >= limit as usize;
        next = looked_at(app, &filter, &hits, &mut page, &mut streams, next).await?;
        if page.room().is_some() && !more {
            // What was recorded in the meantime may lie behind what was looked at last.
            next = if next.offset(0) < reached.offset(0) { reached.clone() } else { next };
            break;
        }
        if started.elapsed() > LOOK_MAX {
            break;
        }
    }
    // An event that the views have not taken in is on no timeline yet.
    let mut said = Told::of_some(app, streams.iter(), |_| true, at).members();
    if unread.is_some() {
        said.push("incomplete", MERGES_UNKNOWN);
    }
    Ok(json(&reached, page.end_saying(&next, &said)))
}

/// Adds the events of these hits that pass the filter, until the page is full; gives the point after the last of them.
async fn looked_at<'h>(
    app: &App,
    filter: &Filter,
    hits: &'h [Hit],
    page: &mut Page,
    streams: &mut BTreeSet<StreamName>,
    mut next: Cursor,
) -> Result<Cursor, Problem> {
    let place = |hit: &'h Hit| Some((position(hit.after.place)?, &hit.version.name));
    let places: Vec<_> = hits.iter().filter_map(place).collect();
    for ((position, name), (moment, event)) in places.iter().zip(app.engine.events_at(&places).await?) {
        if page.room().is_none() {
            return Ok(next);
        }
        next = Cursor { moment: moment.unwrap_or(next.moment), offsets: vec![position.offset + 1] };
        // Where it cannot be told, it is shown.
        let is_taken = |event: &Shown| event.event().is_none_or(|event| filter.takes(event));
        if let Some(event) = event.filter(is_taken) {
            page.extend(&[event]);
            streams.insert((*name).clone());
        }
    }
    Ok(next)
}

/// Where an event stands that is found under [`Param::HAPPENED`].
pub(super) fn position(place: Place) -> Option<Position> {
    Some(Position { partition: place.partition, offset: u64::try_from(place.date).ok()? })
}

/// The place before every row of the event at this offset.
pub(super) fn just_before(offset: u64) -> Place {
    let date = i64::try_from(offset).unwrap_or(i64::MAX);
    Place { date: date.saturating_sub(1), record: u64::MAX, partition: u32::MAX }
}
