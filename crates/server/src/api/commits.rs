//! `POST /api/commits`: events that a client says happened, taken together or not at all.

mod body;
mod locate;
mod members;
mod shape;

use anamnesis_chart::Door;
use anamnesis_engine::{Answer, CommitError, Idempotent, Request};
use anamnesis_json::parse_with_depth;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::answer::{json_as, stamp};
use super::envelope::Members;
use super::problem::{Kind, Problem};
use super::query::Query;
use crate::app::App;
use crate::arriving::Unarrived;
use crate::headers::write_context;

/// Answers 201 with what was appended, 202 when the views do not show it yet, 200 when it had been appended before, else a
/// problem.
pub(super) async fn post(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    stamp(&app, commit(&app, query.as_deref(), &headers, body).await)
}

async fn commit(
    app: &App,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Query::read(query, &[])?;
    takes_json(headers)?;
    let context = write_context(headers, Door::Api, "api")?;
    let text = body.map_err(|rejection| unread(app, &rejection))?;
    let asked = parse_with_depth(&text, app.limits.nesting_max)?;
    let asked =
        body::read(asked, text.len(), &app.limits, context.reason.as_ref()).map_err(Problem::refused)?;
    let form = asked.form;

    let keys = &app.engine.keyring().store;
    let idempotency = context
        .idempotency_key
        .map(|key| Idempotent { key: keys.idempotency_key(&key), content: keys.content(&text) });
    drop(text);
    let request = Request {
        items: asked.items,
        idempotency,
        claims: Vec::new(),
        actor: context.actor,
        source: context.source,
        door: context.door,
        correlation_id: asked.correlation_id.or(context.correlation_id),
        wait: context.wait,
    };
    let passing = app.races().pass(request.items.iter().map(|item| &item.stream)).await;
    let answer = app.commit(request).await;
    drop(passing);
    match answer {
        Ok(answer) => {
            let status = match answer.repeated {
                true => StatusCode::OK,
                false if answer.seen => StatusCode::CREATED,
                // It is recorded; reads do not show it yet.
                false => StatusCode::ACCEPTED,
            };
            Ok(json_as(status, &answer.cursor, write_answer(&answer)))
        }
        Err(CommitError::Refused(refusals)) => {
            let located = refusals.into_iter().map(|(item, step, why)| locate::reason(form, item, step, why));
            Err(Problem::refused(located.collect()))
        }
        Err(error) => Err(Problem::commit(error)),
    }
}

/// JSON, whatever its charset parameter says: it is UTF-8 by its own standard.
fn takes_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(sent) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = sent.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    if kind.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(Kind::MediaType, "the body is sent as application/json"))
}

fn unread(app: &App, rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = format!("the body has more than {} bytes", app.limits.body_bytes_max);
        return Problem::new(Kind::TooLarge, detail);
    }
    match Unarrived::of(rejection) {
        Some(Unarrived::TooSlow) => Problem::new(Kind::TooSlow, "the body did not arrive in time"),
        Some(Unarrived::Busy(busy)) => Problem::new(Kind::Unavailable, busy.to_string()),
        _ => Problem::new(Kind::BadRequest, "the body did not arrive whole"),
    }
}

fn write_answer(answer: &Answer) -> Vec<u8> {
    let count: usize = answer.items.iter().map(|item| item.events.len()).sum();
    let mut out = Vec::with_capacity(128 + 192 * count);
    let mut members = Members::begin(&mut out);
    members.word("cursor", &answer.cursor);
    if answer.commit_id.is_nil() {
        members.raw("commit_id").extend_from_slice(b"null");
    } else {
        members.uuid("commit_id", answer.commit_id);
    }
    let events = members.raw("events");
    events.push(b'[');
    let receipts = answer.items.iter().flat_map(|item| item.events.iter().map(move |event| (item, event)));
    for (n, (item, event)) in receipts.enumerate() {
        if n > 0 {
            events.push(b',');
        }
        let mut receipt = Members::begin(events);
        receipt.uuid("event_id", event.event_id);
        receipt.word("stream", &item.stream);
        receipt.number("version", event.version);
        receipt.position(event.position);
        receipt.end();
    }
    events.push(b']');
    members.end();
    out
}

#[cfg(test)]
mod tests {
    use anamnesis_engine::{ItemAnswer, Receipt};
    use anamnesis_kernel::{Cursor, Instant, Position};
    use axum::http::HeaderValue;
    use uuid::Uuid;

    use super::*;

    fn answer(commit: u128, events: Vec<Receipt>) -> Answer {
        let stream = "Patient/p1".parse().unwrap();
        Answer {
            cursor: Cursor { moment: Instant::from_micros(16), offsets: vec![2] },
            commit_id: Uuid::from_u128(commit),
            moment: Instant::from_micros(16),
            items: vec![ItemAnswer { stream, version: 2, created: true, live: true, events }],
            repeated: false,
            seen: true,
        }
    }

    #[test]
    fn answers() {
        let receipt = |n: u64| Receipt {
            event_id: Uuid::from_u128(u128::from(n)),
            kind: "PatientRegistered".into(),
            version: n,
            position: Position { partition: 0, offset: n - 1 },
        };
        let nothing = r#"{"cursor":"c1~10~2","commit_id":null,"events":[]}"#;
        let two = concat!(
            r#"{"cursor":"c1~10~2","commit_id":"00000000-0000-0000-0000-000000000009","events":["#,
            r#"{"event_id":"00000000-0000-0000-0000-000000000001","stream":"Patient/p1","version":1,"#,
            r#""position":{"partition":0,"offset":0}},"#,
            r#"{"event_id":"00000000-0000-0000-0000-000000000002","stream":"Patient/p1","version":2,"#,
            r#""position":{"partition":0,"offset":1}}]}"#
        );
        let text = |answer| String::from_utf8(write_answer(&answer)).unwrap();
        assert_eq!(text(answer(0, vec![])), nothing);
        assert_eq!(text(answer(9, vec![receipt(1), receipt(2)])), two);
    }

    #[test]
    fn content_types() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("application/json",                true),
            ("Application/JSON; charset=utf-8", true),
            ("application/fhir+json",           false),
            ("text/plain",                      false),
            ("",                                false),
        ];
        for (sent, taken) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(sent));
            assert_eq!(takes_json(&headers).is_ok(), taken, "{sent}");
        }
        assert!(takes_json(&HeaderMap::new()).is_ok());
    }
}
