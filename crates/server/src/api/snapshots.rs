//! `GET /api/streams/{Type}/{id}/snapshots`: at which versions the state of one record is kept, since when and why.

use anamnesis_json::{Object, Value};
use anamnesis_store::Listed;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer::{json, stamp};
use super::problem::Problem;
use super::query::Query;
use super::streams::{begun, named};
use crate::app::App;
use crate::as_of::AS_OF;
use crate::headers::await_cursor;

/// Answers with the snapshots of a record, newest version first; as of a moment those of versions that were there.
pub(super) async fn get(
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    stamp(&app, read(&app, &kind, &id, query.as_deref(), &headers).await)
}

async fn read(
    app: &App,
    kind: &str,
    id: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let query = Query::read(query, &[AS_OF])?;
    let name = named(kind, id)?;
    await_cursor(app, headers).await?;
    let as_of = query.as_of_log(app).await?;
    begun(app, &name, &as_of).await?;
    let mut kept = app.engine.snapshots(&name).await?;
    kept.retain(|listed| as_of.at().is_none_or(|at| listed.moment <= at));
    let kept: Vec<Value> = kept.iter().map(|listed| shown(listed).into()).collect();
    let answer = Object::new().with("stream", name.to_string()).with("snapshots", kept);
    Ok(json(&as_of.cursor, answer.to_text()))
}

/// What is told of a snapshot.
pub(super) fn shown(listed: &Listed) -> Object {
    Object::new()
        .with("version", listed.version)
        .with("taken_at", listed.taken_at.to_string())
        .with("reason", listed.reason.name())
}
