//! The event API and the read models: plain JSON for applications that don't want FHIR.
//!
//! Invariant: every answer says in `Anamnesis-Cursor` up to which point it is complete, and every no is a problem.

mod answer;
mod commits;
mod diff;
pub(crate) mod envelope;
mod events;
mod generations;
mod moment;
mod openapi;
mod page;
pub(crate) mod parked;
mod patients;
mod problem;
mod query;
mod snapshots;
mod streams;
#[cfg(test)]
mod tests;
mod timeline;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{delete, get, post};

use crate::app::{App, Limits};
use crate::turns::Busy;
use answer::{json, stamp};
use problem::{Kind, Problem};

/// Every route below `/api`.
pub(crate) fn router(limits: &Limits) -> Router<App> {
    let commits = post(commits::post).layer(DefaultBodyLimit::max(limits.body_bytes_max));
    Router::new()
        .route("/", get(index))
        .route("/openapi.json", get(description))
        .route("/commits", commits)
        .route("/events", get(events::get))
        .route("/streams/{kind}/{id}", get(streams::get))
        .route("/streams/{kind}/{id}/snapshots", get(snapshots::get))
        .route("/patients/{id}", get(patients::patient))
        .route("/patients/{id}/clinical-record", get(patients::clinical_record))
        .route("/patients/{id}/lab-results", get(patients::lab_results))
        .route("/patients/{id}/timeline", get(timeline::get))
        .route("/patients/{id}/diff", get(diff::of_patient))
        .route("/diff/{kind}/{id}", get(diff::of_record))
        .route("/generations", get(generations::get).post(generations::make))
        .route("/generations/{number}", delete(generations::remove))
        .route("/generations/{number}/serve", post(generations::serve))
        .route("/parked", get(parked::get))
        .route("/parked/retry", post(parked::retry))
        .fallback(nowhere)
        .method_not_allowed_fallback(wrong_method)
}

/// `GET /api`: what there is.
async fn index(State(app): State<App>) -> Response {
    json(&app.engine.reached(), openapi::links())
}

/// `GET /api/openapi.json`.
async fn description(State(app): State<App>) -> Response {
    json(&app.engine.reached(), openapi::document().to_vec())
}

/// The answer to a request whose turn did not come.
pub(crate) fn busy(app: &App) -> Response {
    stamp(app, Err(Problem::new(Kind::Unavailable, Busy.to_string())))
}

async fn nowhere(State(app): State<App>) -> Response {
    stamp(&app, Err(Problem::new(Kind::NotFound, "there is nothing at this address")))
}

async fn wrong_method(State(app): State<App>) -> Response {
    stamp(&app, Err(Problem::new(Kind::MethodNotAllowed, "the address does not take this method")))
}
