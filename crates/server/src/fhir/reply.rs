//! What an interaction comes to, and how it becomes an HTTP answer.
//!
//! Invariant: every answer carries `Anamnesis-Cursor`, a no too.

use std::fmt::{Display, Write};

use anamnesis_kernel::{Cursor, Instant, StreamName, Version};
use axum::body::Body;
use axum::body::Bytes;
use axum::response::Response;
use bytes::BytesMut;
use http::header::{CONTENT_LOCATION, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::http_date::http_date;
use super::negotiate::FHIR_JSON;
use super::outcome::Outcome;
use crate::app::App;
use crate::headers::CURSOR;

const RETRY_AFTER_S: &str = "1";
/// Room for the headers of an answer, those that are put around it included.
const HEADERS: usize = 12;

/// What an interaction comes to when it is carried out.
pub(super) struct Reply {
    /// Its status.
    pub(super) status: StatusCode,
    /// JSON text; empty when there is nothing to send.
    pub(super) body: Bytes,
    /// The record, where it is about one.
    pub(super) stream: Option<StreamName>,
    /// Its version.
    pub(super) version: Option<Version>,
    /// An entity tag that is no version's.
    pub(super) tag: Option<String>,
    /// When that version began.
    pub(super) modified: Option<Instant>,
    /// The point of the log it is complete up to.
    pub(super) cursor: Cursor,
    /// Whether `Location` says where the version is.
    pub(super) located: bool,
}

impl Reply {
    /// A body that is no single record.
    pub(super) fn bundle(body: Vec<u8>, cursor: Cursor) -> Self {
        Self {
            status: StatusCode::OK,
            body: body.into(),
            stream: None,
            version: None,
            tag: None,
            modified: None,
            cursor,
            located: false,
        }
    }

    /// A version of one record, as it is read.
    pub(super) fn version(
        stream: StreamName,
        version: Version,
        began: Instant,
        body: Bytes,
        cursor: Cursor,
    ) -> Self {
        Self {
            status: StatusCode::OK,
            body,
            stream: Some(stream),
            version: Some(version),
            tag: None,
            modified: Some(began),
            cursor,
            located: false,
        }
    }

    /// Where the version is, relative to the base, where a client is to be told.
    pub(super) fn location(&self) -> Option<String> {
        let (stream, version) = (self.stream.as_ref().filter(|_| self.located)?, self.version?);
        Some(format!("{stream}/_history/{version}"))
    }

    /// The entity tag of the version, or of what has none.
    pub(super) fn etag(&self) -> Option<String> {
        self.version.map(etag).or_else(|| self.tag.clone())
    }
}

/// `W/"3"`: <https://hl7.org/fhir/R4/http.html#versioning>.
pub(super) fn etag(version: Version) -> String {
    format!("W/\"{version}\"")
}

/// Makes the HTTP answer.
pub(super) fn finish(app: &App, answer: Result<Reply, Outcome>) -> Response {
    let mut values = Values::new();
    let mut response;
    let cursor;
    match answer {
        Ok(reply) => {
            let place = reply.stream.as_ref().zip(reply.version);
            let place = place.and_then(|(stream, version)| values.place(&app.base_url, stream, version));
            let etag = match (reply.version, &reply.tag) {
                (Some(version), _) => values.etag(version),
                (None, Some(tag)) => values.write(tag),
                (None, None) => None,
            };
            let modified = reply.modified.and_then(http_date).and_then(|date| values.write(date));
            let empty = reply.body.is_empty();
            response = Response::new(Body::from(reply.body));
            *response.status_mut() = reply.status;
            let headers = response.headers_mut();
            headers.reserve(HEADERS);
            if !empty {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
            }
            set(headers, LOCATION, place.clone().filter(|_| reply.located));
            set(headers, CONTENT_LOCATION, place.filter(|_| !empty));
            set(headers, ETAG, etag);
            set(headers, LAST_MODIFIED, modified);
            cursor = reply.cursor;
        }
        Err(outcome) => {
            response = Response::new(Body::from(outcome.text()));
            *response.status_mut() = outcome.status();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
            // The version of a deletion may be told: <https://hl7.org/fhir/R4/http.html#read>.
            if let Outcome::Gone(Some(version)) = outcome {
                set(response.headers_mut(), ETAG, values.etag(version));
            }
            if outcome.status() == StatusCode::SERVICE_UNAVAILABLE {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
            }
            cursor = app.engine.reached();
        }
    }
    set(response.headers_mut(), CURSOR, values.write(cursor));
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

/// Values of one answer's headers, written one behind the other into one piece of memory.
struct Values(BytesMut);

impl Values {
    fn new() -> Self {
        Self(BytesMut::with_capacity(256))
    }

    /// None for what no header can say.
    fn write(&mut self, value: impl Display) -> Option<HeaderValue> {
        write!(self.0, "{value}").ok()?;
        self.written()
    }

    /// Where a version is.
    fn place(&mut self, base: &str, stream: &StreamName, version: Version) -> Option<HeaderValue> {
        for piece in [base, "/", stream.kind.name(), "/", stream.id.as_str(), "/_history/"] {
            self.0.extend_from_slice(piece.as_bytes());
        }
        self.write(version)
    }

    /// As [`etag`].
    fn etag(&mut self, version: Version) -> Option<HeaderValue> {
        write!(self.0, "W/\"{version}\"").ok()?;
        self.written()
    }

    fn written(&mut self) -> Option<HeaderValue> {
        HeaderValue::from_maybe_shared(self.0.split().freeze()).ok()
    }
}
