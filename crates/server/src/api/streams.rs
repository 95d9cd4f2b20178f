//! `GET /api/streams/{Type}/{id}`: the events of one record, from a version on.

use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName};
use anamnesis_store::Direction;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer::{json, stamp};
use super::page::Page;
use super::problem::{Kind, Problem};
use super::query::Query;
use crate::app::App;
use crate::as_of::{AS_OF, AsOf};
use crate::headers::await_cursor;

/// Answers with a page of the stream; `next` is the version to ask again from.
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
    let query = Query::read(query, &["from", "_count", AS_OF])?;
    let (mut next, count) = (query.version()?, query.count(app.limits.count_max)?);
    let name = named(kind, id)?;
    await_cursor(app, headers).await?;
    let as_of = query.as_of_log(app).await?;

    let first = next;
    let mut page = Page::new(count);
    while let Some(limit) = page.room() {
        let found = app.engine.stream(&name, next, limit, as_of.at()).await?;
        page.extend(&found.events);
        if found.next > next {
            next = found.next;
            continue;
        }
        if page.is_empty() {
            begun(app, &name, &as_of).await?;
            if first == 1 {
                return Err(Problem::new(Kind::Erased, "the person it was about was erased"));
            }
        }
        break;
    }
    Ok(json(&as_of.cursor, page.end_before(next)))
}

/// The stream that a path names.
pub(super) fn named(kind: &str, id: &str) -> Result<StreamName, Problem> {
    let kind = ResourceType::parse(kind).ok_or_else(nothing)?;
    Ok(StreamName::new(kind, ResourceId::new(id).map_err(|_| nothing())?))
}

/// Refuses a stream that had not begun at that moment, or is not there at all.
pub(super) async fn begun(app: &App, name: &StreamName, as_of: &AsOf) -> Result<(), Problem> {
    let tag = app.engine.keyring().store.stream_tag(name);
    let first = app.engine.log().read_stream(tag, 1, Direction::Forward, 1).await?;
    let there = |moment: Instant| as_of.at().is_none_or(|at| moment <= at);
    if first.first().is_some_and(|first| there(first.moment)) { Ok(()) } else { Err(nothing()) }
}

fn nothing() -> Problem {
    Problem::new(Kind::NotFound, "there is no such stream")
}
