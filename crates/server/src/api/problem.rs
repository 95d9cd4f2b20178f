//! A no, as a program reads it: problem details, <https://www.rfc-editor.org/rfc/rfc9457>.
//!
//! Invariant: details name paths, parameters and codes, and never quote a patient's values.

use anamnesis_engine::{CommitError, Expect};
use anamnesis_json::{Object, ParseError, Value};
use anamnesis_store::ReadError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::as_of::AsOfProblem;
use crate::headers::HeaderProblem;
use crate::request_id;

/// When to try again after a 503, in seconds.
const RETRY_AFTER_S: &str = "1";

/// What kind of no it is: each is something else for the caller to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The body is not JSON.
    Malformed,
    /// A parameter or header is not understood.
    BadRequest,
    /// There is nothing here.
    NotFound,
    /// Not this way.
    MethodNotAllowed,
    /// Someone wrote first: look, and decide again.
    Conflict,
    /// The key or event id was used with other content.
    KeyReused,
    /// The cursor lies beyond the log: it is of another one.
    CursorUnknown,
    /// The generation serves, or another is being made.
    Generation,
    /// The record was deleted.
    Deleted,
    /// The person was erased.
    Erased,
    /// The body is too large.
    TooLarge,
    /// The body came too slowly.
    TooSlow,
    /// The body is of a type that is not taken.
    MediaType,
    /// The record has an event that this program does not know.
    EventUnknown,
    /// The rules say no.
    Refused,
    /// What is stored is not what was written.
    Damaged,
    /// Nothing was kept: try again later.
    Unavailable,
    /// The system clock is behind the log.
    Clock,
    /// It may have been kept: look before trying again.
    Unanswered,
    /// There is no room.
    Full,
}

impl Kind {
    /// Every kind, in the order of their statuses.
    #[cfg(test)]
    pub(super) const ALL: [Self; 20] = [
        Self::Malformed,
        Self::BadRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::Conflict,
        Self::KeyReused,
        Self::CursorUnknown,
        Self::EventUnknown,
        Self::Generation,
        Self::Deleted,
        Self::Erased,
        Self::TooLarge,
        Self::MediaType,
        Self::Refused,
        Self::Damaged,
        Self::Unavailable,
        Self::Clock,
        Self::Unanswered,
        Self::Full,
    ];

    /// Status, the end of the type's URI, and title.
    pub(super) const fn row(self) -> (StatusCode, &'static str, &'static str) {
        type S = StatusCode;
        match self {
            Self::Malformed => (S::BAD_REQUEST, "malformed", "the body is not JSON as it is taken here"),
            Self::BadRequest => (S::BAD_REQUEST, "bad-request", "the request is not understood"),
            Self::NotFound => (S::NOT_FOUND, "not-found", "not found"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed", "method not allowed"),
            Self::Conflict => (S::CONFLICT, "conflict", "the record is not where it was expected"),
            Self::KeyReused => (S::CONFLICT, "key-reused", "the key was used with other content"),
            Self::CursorUnknown => (S::CONFLICT, "cursor-unknown", "the cursor lies beyond the log"),
            Self::EventUnknown => {
                (S::CONFLICT, "event-unknown", "the record has an event that a newer program wrote")
            }
            Self::Generation => (S::CONFLICT, "generation", "the generation stands otherwise"),
            Self::Deleted => (S::GONE, "deleted", "the record was deleted"),
            Self::Erased => (S::GONE, "erased", "the person was erased"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "too-large", "the body is too large"),
            Self::TooSlow => (S::REQUEST_TIMEOUT, "too-slow", "the body came too slowly"),
            Self::MediaType => {
                (S::UNSUPPORTED_MEDIA_TYPE, "media-type", "the body is of a type not taken here")
            }
            Self::Refused => (S::UNPROCESSABLE_ENTITY, "refused", "the events are refused"),
            Self::Damaged => (S::INTERNAL_SERVER_ERROR, "damaged", "what is stored is not what was written"),
            Self::Unavailable => (S::SERVICE_UNAVAILABLE, "unavailable", "not now: try again later"),
            Self::Clock => (S::SERVICE_UNAVAILABLE, "clock", "the system clock is behind the log"),
            Self::Unanswered => {
                (S::GATEWAY_TIMEOUT, "unanswered", "the log did not answer: look before trying again")
            }
            Self::Full => (S::INSUFFICIENT_STORAGE, "unavailable", "nothing was kept: there is no room"),
        }
    }
}

/// One reason of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    /// Where in the body.
    pub(super) path: String,
    /// Why, in one clause.
    pub(super) detail: String,
    /// What kind of reason: `invalid`, `business-rule` …
    pub(super) cause: &'static str,
}

impl Reason {
    /// Something not well formed.
    pub(super) fn invalid(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), detail: detail.into(), cause: "invalid" }
    }
}

/// A no.
#[derive(Debug)]
pub(super) struct Problem {
    kind: Kind,
    detail: String,
    /// Beside those that every problem has.
    members: Object,
}

impl Problem {
    /// A no of this kind, for this reason.
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), members: Object::new() }
    }

    /// A refusal for all these reasons.
    pub(super) fn refused(reasons: Vec<Reason>) -> Self {
        let detail = match reasons.as_slice() {
            [one] => one.detail.clone(),
            many => format!("there are {} reasons", many.len()),
        };
        let row = |reason: Reason| {
            let row = Object::new().with("path", reason.path).with("detail", reason.detail);
            Value::from(row.with("cause", reason.cause))
        };
        let reasons: Vec<Value> = reasons.into_iter().map(row).collect();
        Self { members: Object::new().with("reasons", reasons), ..Self::new(Kind::Refused, detail) }
    }

    /// What could not be carried out, but for refusals: those are told where they are in the body.
    pub(super) fn commit(error: CommitError) -> Self {
        let detail = error.to_string();
        match error {
            CommitError::Conflict { stream, expected, actual } => {
                let expected: Value = match expected {
                    Expect::Version(version) => version.into(),
                    Expect::None => "none".into(),
                    Expect::Any => "any".into(),
                    Expect::Live => "live".into(),
                };
                let members = Object::new().with("stream", stream.to_string());
                let members = members.with("expected", expected).with("actual", actual);
                Self { members, ..Self::new(Kind::Conflict, detail) }
            }
            CommitError::Refused(refusals) => Self::refused(
                refusals
                    .into_iter()
                    .map(|(_, _, refusal)| Reason::invalid(refusal.path, refusal.text))
                    .collect(),
            ),
            CommitError::KeyReused => Self::new(Kind::KeyReused, detail),
            CommitError::Erased(_) => Self::new(Kind::Erased, detail),
            CommitError::Clock { .. } => Self::logged(Kind::Clock, &error),
            CommitError::Busy | CommitError::Claimed => Self::new(Kind::Unavailable, detail),
            CommitError::Unavailable(_) => Self::logged(Kind::Unavailable, &error),
            CommitError::Full(_) => Self::logged(Kind::Full, &error),
            CommitError::Unanswered(_) => Self::logged(Kind::Unanswered, &error),
            // Whoever runs the server was told when the event was parked.
            CommitError::EventUnknown(_) => Self::new(Kind::EventUnknown, detail),
            CommitError::Damaged(_) => Self::logged(Kind::Damaged, &error),
        }
    }

    /// A no that whoever runs the server must hear of, with all its sources.
    pub(super) fn logged(kind: Kind, error: &dyn std::error::Error) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            chain = format!("{chain}: {cause}");
            source = cause.source();
        }
        let status = kind.row().0.as_u16();
        tracing::error!(
            request_id = request_id::current(),
            status,
            "the event API could not answer: {chain}"
        );
        Self::new(kind, error.to_string())
    }

    fn body(&self) -> Vec<u8> {
        let (status, name, title) = self.kind.row();
        let mut body = Object::new()
            .with("type", format!("/problems/{name}"))
            .with("title", title)
            .with("status", u64::from(status.as_u16()))
            .with("detail", self.detail.as_str());
        for (key, value) in self.members.iter() {
            body.push(key, value.clone());
        }
        body.to_text()
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let kind = match error {
            ReadError::Unavailable(_) | ReadError::TooLong | ReadError::Unanswerable(_) => Kind::Unavailable,
            ReadError::Newer { .. } => return Self::new(Kind::EventUnknown, error.to_string()),
            ReadError::Damaged { .. } => Kind::Damaged,
        };
        Self::logged(kind, &error)
    }
}

impl From<AsOfProblem> for Problem {
    fn from(problem: AsOfProblem) -> Self {
        let kind = match problem {
            AsOfProblem::Read(error) => return error.into(),
            AsOfProblem::CursorUnknown(_) => Kind::CursorUnknown,
            AsOfProblem::Behind | AsOfProblem::Starting => Kind::Unavailable,
            _ => Kind::BadRequest,
        };
        Self::new(kind, problem.to_string())
    }
}

impl From<HeaderProblem> for Problem {
    fn from(problem: HeaderProblem) -> Self {
        let kind = match problem {
            HeaderProblem::CursorUnknown => Kind::CursorUnknown,
            HeaderProblem::Behind => Kind::Unavailable,
            HeaderProblem::Cursor | HeaderProblem::Wait | HeaderProblem::Key | HeaderProblem::Reason => {
                Kind::BadRequest
            }
        };
        Self::new(kind, problem.to_string())
    }
}

impl From<ParseError> for Problem {
    fn from(error: ParseError) -> Self {
        let place = Object::new().with("line", error.line as u64).with("column", error.column as u64);
        Self { members: place, ..Self::new(Kind::Malformed, error.to_string()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, ..) = self.kind.row();
        let mime = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, mime, self.body()).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        let stream = || "Patient/p1".parse().unwrap();
        let conflict = |expected| CommitError::Conflict { stream: stream(), expected, actual: 4 };
        let full = || CommitError::Full("no space left".into());
        let newer = || ReadError::Newer { partition: 0, offset: 7, what: "its type is not known" }.into();

        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // problem                                                     status  body
            (Problem::commit(conflict(Expect::Version(3))),             409, r#"{"type":"/problems/conflict","title":"the record is not where it was expected","status":409,"detail":"a record is at version 4","stream":"Patient/p1","expected":3,"actual":4}"#),
            (Problem::commit(conflict(Expect::None)),                   409, r#"{"type":"/problems/conflict","title":"the record is not where it was expected","status":409,"detail":"a record is at version 4","stream":"Patient/p1","expected":"none","actual":4}"#),
            (Problem::commit(CommitError::KeyReused),                   409, r#"{"type":"/problems/key-reused","title":"the key was used with other content","status":409,"detail":"the key was used before with other content"}"#),
            (Problem::commit(CommitError::Erased(stream())),            410, r#"{"type":"/problems/erased","title":"the person was erased","status":410,"detail":"the subject was erased"}"#),
            (Problem::commit(newer()),                                  409, r#"{"type":"/problems/event-unknown","title":"the record has an event that a newer program wrote","status":409,"detail":"a record has an event that this program does not know"}"#),
            (Problem::commit(full()),                                   507, r#"{"type":"/problems/unavailable","title":"nothing was kept: there is no room","status":507,"detail":"the disk is full"}"#),
            (Problem::commit(CommitError::Clock { behind_s: 61 }),      503, r#"{"type":"/problems/clock","title":"the system clock is behind the log","status":503,"detail":"the system clock is behind the log by 61 s"}"#),
            (Problem::refused(vec![Reason::invalid("data", "missing")]), 422, r#"{"type":"/problems/refused","title":"the events are refused","status":422,"detail":"missing","reasons":[{"path":"data","detail":"missing","cause":"invalid"}]}"#),
            (anamnesis_json::parse(b"{\n  ?").unwrap_err().into(),      400, r#"{"type":"/problems/malformed","title":"the body is not JSON as it is taken here","status":400,"detail":"unexpected character at line 2, column 3","line":2,"column":3}"#),
        ];
        for (problem, status, body) in cases {
            assert_eq!(String::from_utf8(problem.body()).unwrap(), body);
            let response = problem.into_response();
            assert_eq!(response.status().as_u16(), status, "{body}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), status == 503, "{body}");
        }
    }
}
