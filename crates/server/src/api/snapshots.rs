//! `GET /api/streams/{Type}/{id}/snapshots`: at which versions the state of one record is kept, since when and why.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName};
use anamnesis_store::{Direction, Listed};
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer::{json, stamp};
use super::problem::{Kind, Problem};
use super::query::Query;
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
    let nothing = || Problem::new(Kind::NotFound, "there is no such stream");
    let kind = ResourceType::parse(kind).ok_or_else(nothing)?;
    let name = StreamName::new(kind, ResourceId::new(id).map_err(|_| nothing())?);
    await_cursor(app, headers).await?;
    let as_of = query.as_of(app).await?;
    let tag = app.engine.keyring().store.stream_tag(&name);
    let begins = app.engine.log().read_stream(tag, 1, Direction::Forward, 1).await?;
    let there = |moment: Instant| as_of.at().is_none_or(|at| moment <= at);
    if !begins.first().is_some_and(|first| there(first.moment)) {
        return Err(nothing());
    }
    let mut kept = app.engine.snapshots(&name).await?;
    kept.retain(|listed| there(listed.moment));
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
