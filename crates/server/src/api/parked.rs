//! `GET /api/parked` and `POST /api/parked/retry`: what could not be applied, and trying that again.

use anamnesis_engine::projector::ProjectError;
use anamnesis_engine::{HeldSet, Retried};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Cursor, Position};
use anamnesis_store::Parked;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::answer::{json, stamp};
use super::problem::{Kind, Problem};
use super::query::{Query, cursor};
use crate::app::App;

/// Answers with a page of what is parked in the serving views, in the order of the log.
pub(super) async fn get(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    stamp(&app, read(&app, query.as_deref()).await)
}

/// Tries again, and answers with what came of it.
pub(super) async fn retry(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    stamp(&app, again(&app, query.as_deref()).await)
}

async fn read(app: &App, query: Option<&str>) -> Result<Response, Problem> {
    let query = Query::read(query, &["from", "_count"])?;
    let count = query.count(app.limits.count_max)?;
    let from = match query.from()? {
        Some(text) => cursor(app, "from", text)?,
        None => Cursor::beginning(app.engine.head().offsets.len()),
    };
    let reached = app.engine.reached();
    let place = Position { partition: 0, offset: from.offset(0) };
    let parked = app.engine.views().parked(place, count).await?;
    let next = parked
        .last()
        .map_or(from, |last| Cursor { moment: last.recorded_at, offsets: vec![last.position.offset + 1] });
    let (events, records) = app.engine.look_at_held(HeldSet::counts);
    let page = Object::new()
        .with("records", records)
        .with("events", events)
        .with("parked", parked.iter().map(|parked| described(parked).into()).collect::<Vec<Value>>())
        .with("next", next.to_string());
    Ok(json(&reached, page.to_text()))
}

async fn again(app: &App, query: Option<&str>) -> Result<Response, Problem> {
    let only = Query::read(query, &["stream"])?.stream()?;
    let retried = app.engine.retry(only).await.map_err(|error| match error {
        ProjectError::Log(error) => error.into(),
        error => Problem::logged(Kind::Unavailable, &error),
    })?;
    let retried =
        retried.ok_or_else(|| Problem::new(Kind::Unavailable, "nothing makes views in this process"))?;
    let (events, _) = app.engine.look_at_held(HeldSet::counts);
    Ok(json(&app.engine.reached(), came_of(&retried, events).to_text()))
}

/// A parked event as it is told.
pub(crate) fn described(parked: &Parked) -> Object {
    let Position { partition, offset } = parked.position;
    let position = Object::new().with("partition", u64::from(partition)).with("offset", offset);
    let name = parked.name.as_ref().map_or(Value::Null, |name| name.to_string().into());
    Object::new()
        .with("stream", name)
        .with("version", parked.version)
        .with("event_id", parked.event_id.to_string())
        .with("type", parked.kind.as_str())
        .with("schema_version", u64::from(parked.schema_version))
        .with("position", position)
        .with("recorded_at", parked.recorded_at.to_string())
        .with("reason", parked.why.code())
        .with("since", parked.since.to_string())
        .with("attempts", u64::from(parked.attempts))
}

/// What came of a retry, and how many events are parked still.
pub(crate) fn came_of(retried: &Retried, parked: u64) -> Object {
    let Retried { tried, released, applied } = *retried;
    Object::new()
        .with("tried", tried)
        .with("released", released)
        .with("applied", applied)
        .with("parked", parked)
}
