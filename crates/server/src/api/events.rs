//! `GET /api/events`: the log from a cursor on, a page at a time or followed as it grows.

mod follow;

use std::time::{Duration, Instant as Stopwatch};

use anamnesis_kernel::Cursor;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;

use super::answer::{json, stamp};
use super::page::Page;
use super::problem::{Kind, Problem};
use super::query::{Query, cursor};
use crate::app::App;
use crate::as_of::AS_OF;
use crate::headers::await_cursor;

/// How long one request looks for events that pass its filter.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// Answers with a page, or keeps answering where server-sent events are asked for.
pub(super) async fn get(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    stamp(&app, read(&app, query.as_deref(), &headers).await)
}

async fn read(app: &App, query: Option<&str>, headers: &HeaderMap) -> Result<Response, Problem> {
    let query = Query::read(query, &["from", "type", "record", "patient", "_count", AS_OF])?;
    let filter = query.filter(app.limits.values_max)?;
    let count = query.count(app.limits.count_max)?;
    let follows = wants_stream(headers);
    let resumed = match headers.get("last-event-id").filter(|_| follows).map(|id| id.to_str()) {
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return Err(Problem::new(Kind::BadRequest, "Last-Event-ID is not a cursor")),
        None => None,
    };
    let mut from = match resumed.filter(|id| !id.is_empty()).or(query.from()?) {
        Some(text) => cursor(app, "from", text)?,
        None => Cursor::beginning(app.engine.head().offsets.len()),
    };
    await_cursor(app, headers).await?;
    let as_of = query.as_of_log(app).await?;
    if follows {
        if as_of.at().is_some() {
            let what =
                "_asOf: the past does not grow, so there is nothing to follow: ask for application/json";
            return Err(Problem::new(Kind::BadRequest, what));
        }
        return Ok(follow::follow(app.clone(), from, filter, &as_of.cursor));
    }

    let started = Stopwatch::now();
    let end = as_of.at().map_or_else(|| app.engine.head(), |_| as_of.cursor.clone());
    let mut page = Page::new(count);
    while let Some(limit) = page.room() {
        let found = app.engine.events(&from, &end, &filter, limit).await?;
        page.extend(&found.events);
        from = found.next;
        let at_end = from.offsets.iter().zip(&end.offsets).all(|(seen, there)| seen >= there);
        if at_end || started.elapsed() > LOOK_MAX {
            break;
        }
    }
    Ok(json(&as_of.cursor, page.end_at(&from)))
}

/// Whether server-sent events are named before JSON.
fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|value| value.split(',')).map(|range| {
        let kind = range.split(';').next().unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    });
    let known = kinds.find(|kind| matches!(kind.as_str(), "text/event-stream" | "application/json"));
    known.as_deref() == Some("text/event-stream")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn what_is_accepted() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // accept                                        a stream
            ("*/*",                                       false),
            ("application/json",                          false),
            ("text/event-stream",                         true),
            ("Text/Event-Stream; charset=utf-8, */*",     true),
            ("application/json, text/event-stream",       false),
            ("text/html, text/event-stream",              true),
        ];
        for (accept, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(wants_stream(&headers), expected, "{accept}");
        }
        assert!(!wants_stream(&HeaderMap::new()));
    }
}
