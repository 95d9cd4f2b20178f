//! What is refused before any door is open, in the protocol of the door it was for.
//!
//! Invariant: nothing has been done then, and nothing of what was sent is repeated.

use anamnesis_json::{Object, Value};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::fhir::query;

/// The answer to a path in which escapes are broken, or stand for no text; none where all is well.
pub(crate) fn broken_path(path: &str) -> Option<Response> {
    const WHAT: &str = "the path holds a broken escape, or is no UTF-8";
    query::decode(path)
        .is_none()
        .then(|| refused_at(path, StatusCode::BAD_REQUEST, "/problems/bad-request", "value", WHAT))
}

/// A no to whatever was to be found at `path`: as an OperationOutcome with this code, or as a problem of this type.
pub(crate) fn refused_at(
    path: &str,
    status: StatusCode,
    problem: &'static str,
    code: &'static str,
    text: &'static str,
) -> Response {
    let (kind, body) = if path.starts_with("/fhir") {
        let issue = Object::new().with("severity", "error").with("code", code).with("diagnostics", text);
        let issues = vec![Value::from(issue)];
        let outcome = Object::new().with("resourceType", "OperationOutcome").with("issue", issues);
        ("application/fhir+json; charset=utf-8", outcome)
    } else {
        let status = Value::Number(status.as_str().into());
        (
            "application/problem+json",
            Object::new().with("type", problem).with("title", text).with("status", status),
        )
    };
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
    (status, headers, Value::from(body).to_text()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("/fhir/Patient/a",         true),
            ("/fhir/Patient/%61%C3%A9", true),
            ("/fhir/Patient/%00",       true),
            ("/fhir/Patient/%ff",       false),
            ("/fhir/Patient/%",         false),
            ("/fhir/Patient/%6",        false),
            ("/fhir/Patient/%zz",       false),
            ("/fhir/Patient/%+1",       false),
            ("/api/streams/%C3",        false),
        ];
        for (path, good) in cases {
            assert_eq!(broken_path(path).is_none(), good, "{path}");
        }
        assert_eq!(broken_path("/fhir/%ff").unwrap().status(), StatusCode::BAD_REQUEST);
    }
}
