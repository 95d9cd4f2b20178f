//! `/api/generations`: the views that serve, those that are made beside them, and those that are kept; and what operators
//! ask of them.

use std::time::Duration;

use anamnesis_json::{Object, Value};
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;

use super::answer::{json, stamp};
use super::problem::{Kind, Problem};
use super::query::Query;
use crate::app::App;
use crate::generations::{Act, Building, Denied, Kept};
use crate::wiring;

/// How long an answer waits until what was asked is done.
const PATIENCE: Duration = Duration::from_secs(30);

/// `GET /api/generations`: how far each is.
pub(super) async fn get(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let said = match nothing_asked(query.as_deref()) {
        Ok(()) => read(&app).await,
        Err(problem) => Err(problem),
    };
    stamp(&app, said)
}

/// `POST /api/generations`: what was cancelled is wanted again.
pub(super) async fn make(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    stamp(&app, change(&app, query.as_deref(), Ok(Act::Build)).await)
}

/// `DELETE /api/generations/{number}`: it is not to be made, or not to be kept longer.
pub(super) async fn remove(
    State(app): State<App>,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    stamp(&app, change(&app, query.as_deref(), named(&number).map(Act::Remove)).await)
}

/// `POST /api/generations/{number}/serve`: it serves again.
pub(super) async fn serve(
    State(app): State<App>,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    stamp(&app, change(&app, query.as_deref(), named(&number).map(Act::Serve)).await)
}

fn nothing_asked(query: Option<&str>) -> Result<(), Problem> {
    Query::read(query, &[]).map(drop)
}

fn named(number: &str) -> Result<u64, Problem> {
    number.parse().map_err(|_| Problem::new(Kind::NotFound, Denied::Unknown.to_string()))
}

async fn change(app: &App, query: Option<&str>, act: Result<Act, Problem>) -> Result<Response, Problem> {
    nothing_asked(query)?;
    match tokio::time::timeout(PATIENCE, app.generations.ask(act?)).await {
        Ok(Ok(())) => read(app).await,
        Ok(Err(denied)) => {
            let kind = match denied {
                Denied::Unknown => Kind::NotFound,
                Denied::Serves | Denied::Busy => Kind::Generation,
                Denied::Failed => Kind::Unavailable,
            };
            Err(Problem::new(kind, denied.to_string()))
        }
        Err(_) => Err(Problem::new(Kind::Unavailable, "it is not done yet")),
    }
}

async fn read(app: &App) -> Result<Response, Problem> {
    // So that what is wanted has every registration that was acknowledged.
    app.learn().await?;
    let wanted = app.parameters.wanted();
    let reached = app.engine.reached();
    // Looked at before what serves, so that one that has just been swapped in is not in neither.
    let all = app.generations.all();
    let serving = app.engine.serving();
    let set = wiring::parameters_of(&serving);
    let serving = Object::new()
        .with("number", all.serving)
        .with("shape", set.shape())
        .with("search_parameters", set.len() as u64)
        .with("events", reached.offset(0))
        .with("of", app.engine.head().offset(0))
        .with("since", all.since.to_string());
    let body = Object::new()
        .with("wanted", wanted.shape())
        .with("serving", serving)
        .with("building", all.building.map_or(Value::Null, |building| in_progress(&building).into()))
        .with("kept", all.kept.map_or(Value::Null, |kept| is_kept(&kept).into()))
        .with("cancelled", all.cancelled.map_or(Value::Null, Value::from));
    Ok(json(&reached, body.to_text()))
}

fn in_progress(building: &Building) -> Object {
    let number = |number: Option<u64>| number.map_or(Value::Null, Value::from);
    Object::new()
        .with("number", building.number)
        .with("shape", building.shape.as_str())
        .with("search_parameters", building.parameters as u64)
        .with("events", building.done)
        .with("of", building.total)
        .with("events_per_s", number(building.events_per_s()))
        .with("seconds_left", number(building.seconds_left()))
        .with("since", building.since.to_string())
        .with("failed", building.failed.as_deref().map_or(Value::Null, Value::from))
}

fn is_kept(kept: &Kept) -> Object {
    Object::new()
        .with("number", kept.number)
        .with("shape", kept.shape.as_str())
        .with("search_parameters", kept.parameters as u64)
        .with("until", kept.until.to_string())
}
