//! Answers: JSON with the cursor it is complete up to.

use anamnesis_kernel::Cursor;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::app::App;
use crate::headers::CURSOR;

/// A good answer.
pub(super) fn json(cursor: &Cursor, body: Vec<u8>) -> Response {
    json_as(StatusCode::OK, cursor, body)
}

/// An answer of this status.
pub(super) fn json_as(status: StatusCode, cursor: &Cursor, body: Vec<u8>) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    set_cursor(&mut response, cursor);
    response
}

/// The answer, or the problem as one; it says up to where the views are if nothing better was said.
pub(super) fn stamp(app: &App, result: Result<Response, Problem>) -> Response {
    let mut response = result.unwrap_or_else(IntoResponse::into_response);
    if !response.headers().contains_key(CURSOR) {
        set_cursor(&mut response, &app.engine.reached());
    }
    response
}

/// Says up to where an answer is complete.
pub(super) fn set_cursor(response: &mut Response, cursor: &Cursor) {
    if let Ok(text) = HeaderValue::try_from(cursor.to_string()) {
        response.headers_mut().insert(CURSOR, text);
    }
}
