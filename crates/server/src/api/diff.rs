//! `GET /api/diff/{Type}/{id}` and `GET /api/patients/{id}/diff`: what changed between two moments, by whom and why.
//!
//! Invariant: both states are folded from the log, so nothing rests on what the views keep; a change names the event
//! that set its element last.

mod bounds;
mod fold;

use std::collections::BTreeSet;

use anamnesis_engine::When;
use anamnesis_json::{Object, Value};
use anamnesis_kernel::search::{Param, Place};
use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName};
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use futures::{StreamExt, stream};

use super::answer::{json, stamp};
use super::problem::{Kind, Problem};
use super::query::bad;
use super::timeline::{just_before, position};
use crate::app::App;
use crate::as_of::resolved;
use crate::headers::await_cursor;
use crate::held::Told;
use crate::same::{about, same_patients};
use bounds::{Bound, Bounds};
use fold::folded;

/// More changes than this are not listed.
const CHANGES_MAX: usize = 10_000;
/// More records than this are not compared at a time.
const RECORDS_MAX: usize = 10_000;
/// How many events of a patient are looked up at a time.
const LOOKED_AT: u32 = 1_000;
/// How many records are folded side by side.
const FOLDED_AT_ONCE: usize = 16;

/// What changed in one record.
pub(super) async fn of_record(
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let nothing = || Problem::new(Kind::NotFound, "there is no such record");
        let kind = ResourceType::parse(&kind).ok_or_else(nothing)?;
        let name = StreamName::new(kind, ResourceId::new(&id).map_err(|_| nothing())?);
        await_cursor(&app, &headers).await?;
        let bounds = Bounds::read(&app, query.as_deref(), true).await?;
        let changes = folded(&app, &name, &bounds).await?.ok_or_else(nothing)?.changes();
        let held = Told::of(&app, std::iter::once(&name), bounds.to.moment()).members();
        answered(&app, &bounds, changes, &held)
    };
    stamp(&app, answer.await)
}

/// What changed in all records of a patient, those of records merged with it too.
pub(super) async fn of_patient(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        let nobody = || Problem::new(Kind::NotFound, "there is no such patient");
        let id = ResourceId::new(&id).map_err(|_| nobody())?;
        await_cursor(&app, &headers).await?;
        let bounds = Bounds::read(&app, query.as_deref(), false).await?;
        let patient = StreamName::new(ResourceType::PATIENT, id);
        app.engine.views().find_one(&patient, None).await?.ok_or_else(nobody)?;
        let same = same_patients(&app.engine, &patient, at_the_end(&app, &bounds).await?).await?;
        let names = touched(&app, &same, &bounds).await?;
        let (app, bounds) = (&app, &bounds);
        let held = Told::of_some(app, names.iter(), |_| true, bounds.to.moment()).members();
        let fold = |name: StreamName| async move { folded(app, &name, bounds).await };
        let mut each = stream::iter(names).map(fold).buffered(FOLDED_AT_ONCE);
        let mut changes = Vec::new();
        while let Some(folded) = each.next().await {
            let Some(folded) = folded? else { continue };
            if folded.is_about(&same) {
                changes.extend(folded.changes());
            }
            if changes.len() > CHANGES_MAX {
                break;
            }
        }
        answered(app, bounds, changes, &held)
    };
    stamp(&app, answer.await)
}

/// The later of the two moments, by which it is told which records are one person's; none before the log began.
async fn at_the_end(app: &App, bounds: &Bounds) -> Result<Option<Instant>, Problem> {
    match &bounds.to {
        Bound::Point(cursor) if cursor.offset(0) > 0 => {
            Ok(resolved(app, &When::Cursor(cursor.clone())).await?.at())
        }
        _ => Ok(None),
    }
}

/// The records that events between the moments were of, in the order of names.
async fn touched(
    app: &App,
    patients: &[StreamName],
    bounds: &Bounds,
) -> Result<BTreeSet<StreamName>, Problem> {
    let offset = |bound: &Bound| match bound {
        Bound::Point(cursor) => cursor.offset(0),
        Bound::Version(_) => 0,
    };
    let (from, to) = (offset(&bounds.from), offset(&bounds.to));
    let mut names = BTreeSet::new();
    let mut query = about(Param::HAPPENED, patients, None, Some(just_before(from)), LOOKED_AT);
    loop {
        let hits = app.engine.views().search(&query).await?;
        query.after = hits.last().map(|hit| hit.after.clone());
        let more = hits.len() >= LOOKED_AT as usize;
        let is_between = |place: Place| position(place).is_some_and(|position| position.offset < to);
        let all = hits.last().is_some_and(|hit| !is_between(hit.after.place));
        names.extend(hits.into_iter().filter(|hit| is_between(hit.after.place)).map(|hit| hit.version.name));
        if names.len() > RECORDS_MAX {
            return Err(too_many("records", RECORDS_MAX));
        }
        if all || !more {
            return Ok(names);
        }
    }
}

fn too_many(what: &str, most: usize) -> Problem {
    bad(format!("more than {most} {what} changed between the moments: ask for less time"))
}

fn answered(app: &App, bounds: &Bounds, changes: Vec<Object>, held: &Object) -> Result<Response, Problem> {
    if changes.len() > CHANGES_MAX {
        return Err(too_many("elements", CHANGES_MAX));
    }
    let changes: Vec<Value> = changes.into_iter().map(Value::from).collect();
    let mut answer = Object::new()
        .with("from", bounds.from.to_json())
        .with("to", bounds.to.to_json())
        .with("changes", changes);
    for (key, value) in held.iter() {
        answer.push(key, value.clone());
    }
    let cursor = match &bounds.to {
        Bound::Point(cursor) => cursor.clone(),
        Bound::Version(_) => app.engine.reached(),
    };
    Ok(json(&cursor, answer.to_text()))
}
