//! Answers that people read: `_pretty`, <https://hl7.org/fhir/R4/http.html#pretty>.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use super::negotiate::FHIR_JSON;
use super::query;

/// Whether the query asks for it.
pub(super) fn asked(query: Option<&str>) -> bool {
    let Some(query) = query.filter(|query| query.contains("_pretty")) else { return false };
    query::pairs(query)
        .is_some_and(|pairs| pairs.iter().any(|(key, value)| key == "_pretty" && value == "true"))
}

/// The same answer with a line for each member, where it is a resource in JSON.
pub(super) async fn pretty(response: Response) -> Response {
    if response.headers().get(CONTENT_TYPE) != Some(&HeaderValue::from_static(FHIR_JSON)) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // What is answered was made in memory, so there is a body, and it has an end.
    let Ok(text) = to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    // The length of what a HEAD would be answered with is not known.
    parts.headers.remove(CONTENT_LENGTH);
    let text = if text.is_empty() { text } else { anamnesis_json::pretty(&text).into() };
    Response::from_parts(parts, Body::from(text))
}
