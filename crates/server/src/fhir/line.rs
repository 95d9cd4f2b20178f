//! One entry of the answer to a bundle.

use anamnesis_fhir::bundle::Response;
use anamnesis_fhir::outcome::operation_outcome;
use anamnesis_kernel::Instant;
use axum::body::Bytes;
use http::StatusCode;

use super::get::EntryRead;
use super::negotiate::Return;
use super::outcome::Outcome;
use super::reply::Reply;
use crate::app::App;

/// One entry of the answer, owned.
pub(super) struct Line {
    pub(super) full_url: Option<String>,
    pub(super) status: String,
    pub(super) location: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) outcome: Option<Vec<u8>>,
    pub(super) resource: Option<Bytes>,
}

impl Line {
    /// As the bundle is written.
    pub(super) fn response(&self) -> Response<'_> {
        Response {
            full_url: self.full_url.as_deref(),
            status: &self.status,
            location: self.location.as_deref(),
            etag: self.etag.as_deref(),
            last_modified: self.modified.as_deref(),
            outcome: self.outcome.as_deref(),
            resource: self.resource.as_deref(),
        }
    }
}

/// What an interaction that reads comes to, as an entry.
pub(super) fn line_of_read(app: &App, read: &EntryRead) -> Line {
    let line = line_of(app, &read.answer, None);
    if read.said.is_empty() {
        return line;
    }
    let mut issues = read.answer.as_ref().err().map(Outcome::issues).unwrap_or_default();
    issues.extend(read.said.iter().cloned());
    Line { outcome: Some(operation_outcome(&issues).to_text()), ..line }
}

/// What an interaction on its own comes to, as an entry; `wanted` is what it is to return, if it writes.
pub(super) fn line_of(app: &App, answer: &Result<Reply, Outcome>, wanted: Option<Return>) -> Line {
    match answer {
        Ok(reply) => {
            let resource = Some(reply.body.clone()).filter(|body| !body.is_empty());
            let as_outcome = wanted == Some(Return::Outcome);
            Line {
                full_url: reply.stream.as_ref().map(|stream| format!("{}/{stream}", app.base_url)),
                status: status_text(reply.status),
                location: reply.location(),
                etag: reply.etag(),
                modified: reply.modified.map(Instant::to_millis_text),
                outcome: resource.as_ref().filter(|_| as_outcome).map(|body| body.to_vec()),
                resource: resource.filter(|_| !as_outcome),
            }
        }
        Err(outcome) => Line {
            full_url: None,
            status: status_text(outcome.status()),
            location: None,
            etag: None,
            modified: None,
            outcome: Some(outcome.text()),
            resource: None,
        },
    }
}

/// An entry that says no more than its status.
pub(super) fn bare(status: StatusCode) -> Line {
    Line {
        full_url: None,
        status: status_text(status),
        location: None,
        etag: None,
        modified: None,
        outcome: None,
        resource: None,
    }
}

/// `201 Created`
pub(super) fn status_text(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
