//! `GET /api/generations`: the views that serve, and those that are made beside them.

use anamnesis_json::{Object, Value};
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::answer::{json, stamp};
use super::problem::Problem;
use super::query::Query;
use crate::app::App;
use crate::generations::Building;
use crate::wiring;

/// Answers with how far each is.
pub(super) async fn get(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    stamp(&app, read(&app, query.as_deref()))
}

fn read(app: &App, query: Option<&str>) -> Result<Response, Problem> {
    Query::read(query, &[])?;
    let reached = app.engine.reached();
    // Looked at before what serves, so that one that has just been swapped in is not in neither.
    let building = app.generations.building();
    let serving = app.engine.serving();
    let set = wiring::parameters_of(&serving);
    let serving = Object::new()
        .with("shape", set.shape())
        .with("search_parameters", set.len() as u64)
        .with("events", reached.offset(0))
        .with("of", app.engine.head().offset(0))
        .with("since", app.generations.serving_since().to_string());
    let building = building.map_or(Value::Null, |building| in_progress(&building).into());
    Ok(json(&reached, Object::new().with("serving", serving).with("building", building).to_text()))
}

fn in_progress(building: &Building) -> Object {
    let number = |number: Option<u64>| number.map_or(Value::Null, Value::from);
    Object::new()
        .with("shape", building.shape.as_str())
        .with("search_parameters", building.parameters as u64)
        .with("events", building.done)
        .with("of", building.total)
        .with("events_per_s", number(building.events_per_s()))
        .with("seconds_left", number(building.seconds_left()))
        .with("since", building.since.to_string())
        .with("failed", building.failed.as_deref().map_or(Value::Null, Value::from))
}
