//! A write as it arrived: what its URL, headers and body say, read alike by every interaction.

use anamnesis_engine::Expect;
use anamnesis_json::Value;
use anamnesis_kernel::{ResourceId, ResourceType, Version};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use http::HeaderMap;

use super::negotiate::{Prefer, Return};
use super::outcome::Outcome;
use super::write::Write;
use super::{binary, request};
use crate::app::{App, WriteContext};

/// A request to write, whose headers can be taken.
pub(super) struct Arrived {
    pub(super) headers: HeaderMap,
    pub(super) context: WriteContext,
    pub(super) prefer: Prefer,
    query: String,
    body: Body,
}

impl Arrived {
    /// Reads what every write says of itself.
    ///
    /// # Errors
    ///
    /// When a header or a parameter cannot be taken.
    pub(super) fn read(request: Request) -> Result<Self, Outcome> {
        let (parts, body) = request.into_parts();
        let (context, prefer) = request::writing(&parts.headers, parts.uri.query())?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { headers: parts.headers, context, prefer, query, body })
    }

    /// The criteria of a conditional interaction.
    pub(super) fn criteria(&self) -> &str {
        &self.query
    }

    /// The version that `If-Match` names.
    ///
    /// # Errors
    ///
    /// When it names none.
    pub(super) fn if_match(&self) -> Result<Option<Version>, Outcome> {
        request::if_match(&self.headers)
    }

    /// Where `If-Match` or `If-None-Match` says that the record must stand.
    ///
    /// # Errors
    ///
    /// When they say something else, or both.
    pub(super) fn expected(&self) -> Result<Expect, Outcome> {
        request::expected(&self.headers)
    }

    /// The body, which is there once.
    pub(super) fn body(&mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    /// The JSON of the body, as text and as a tree.
    ///
    /// # Errors
    ///
    /// When it is said to be something else, is too long, or does not parse.
    pub(super) async fn json(&mut self, app: &App) -> Result<(Bytes, Value), Outcome> {
        let body = self.body();
        request::json(app, &self.headers, body).await
    }

    /// The resource of the body; a Binary may come as its bytes.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json).
    pub(super) async fn resource(
        &mut self,
        app: &App,
        kind: ResourceType,
        id: Option<&ResourceId>,
    ) -> Result<(Bytes, Value), Outcome> {
        match kind.name() {
            "Binary" => {
                let body = self.body();
                binary::received(app, &self.headers, body, id).await
            }
            _ => self.json(app).await,
        }
    }

    /// The write of this text, answered with the resource unless `Prefer` says otherwise.
    pub(super) fn write<'a>(&'a self, text: &'a [u8]) -> Write<'a> {
        let returned = self.prefer.returned.unwrap_or(Return::Representation);
        Write { context: &self.context, text, returned }
    }

    /// The write that leaves nothing to be shown.
    pub(super) fn deletion(&self) -> Write<'_> {
        Write { context: &self.context, text: b"", returned: Return::Minimal }
    }
}
