//! Binaries as the bytes they are: <https://hl7.org/fhir/R4/binary.html#rest>.
//!
//! Invariant: bytes go out as the type they came in as, and in a way that lets no browser run them here.

mod content;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceId;
use axum::body::{Body, Bytes};
use axum::response::Response;
use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::{
    ACCEPT, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::negotiate::sends_json;
use super::outcome::Outcome;
use super::{query, request};
use crate::app::App;
use content::{Wanted, is_shown};

/// Who may see the bytes, as a reference.
const SECURITY_CONTEXT: HeaderName = HeaderName::from_static("x-security-context");
/// Of what nobody said what it is.
const UNKNOWN: &str = "application/octet-stream";

/// Whether a path reads one Binary, or one version of it, below the base.
pub(super) fn is_read(path: &str) -> bool {
    let mut parts = path.trim_matches('/').split('/');
    let mut next = || parts.next();
    next() == Some("Binary")
        && matches!(
            (next(), next(), next(), next()),
            (Some(_), None, ..) | (Some(_), Some("_history"), Some(_), None)
        )
}

/// What a client sends to be kept as a Binary: a Binary, or anything else, which is kept as it came.
///
/// `id` is that of the URL. The text is what an idempotency key is bound to.
///
/// # Errors
///
/// When it is longer than is kept, or does not say what it is.
pub(super) async fn received(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    id: Option<&ResourceId>,
) -> Result<(Bytes, Value), Outcome> {
    let kind = request::header(headers, &CONTENT_TYPE)?.filter(|kind| !kind.is_empty());
    let kind = kind.ok_or(Outcome::MediaType("the media type of the bytes"))?.to_owned();
    let bytes = request::bytes(app, headers, body).await?;
    if sends_json(headers)
        && let Ok(value) = anamnesis_json::parse_with_depth(&bytes, app.limits.nesting_max)
        && value.get("resourceType").and_then(Value::as_str) == Some("Binary")
    {
        return Ok((bytes, value));
    }
    let bytes_max = app.limits.event_bytes_max / 4 * 3;
    if bytes.len() > bytes_max {
        return Err(Outcome::TooLong { bytes_max });
    }
    let mut binary = Object::new().with("resourceType", "Binary");
    if let Some(id) = id {
        binary.push("id", id.as_str());
    }
    binary.push("contentType", kind);
    if let Some(context) = request::header(headers, &SECURITY_CONTEXT)? {
        binary.push("securityContext", Object::new().with("reference", context));
    }
    if !bytes.is_empty() {
        binary.push("data", BASE64_STANDARD.encode(&bytes));
    }
    let binary = Value::from(binary);
    Ok((binary.to_text().into(), binary))
}

/// The answer to a read of a Binary as it is wanted: its bytes, unless the resource is asked for.
///
/// # Errors
///
/// When neither is acceptable.
pub(super) async fn answered(
    headers: &HeaderMap,
    path: &str,
    query: Option<&str>,
    response: Response,
) -> Result<Response, Outcome> {
    let pairs = query::pairs(query.unwrap_or_default()).unwrap_or_default();
    let format = pairs.iter().find(|(key, _)| key == "_format").map(|(_, value)| value.as_str());
    let wanted = Wanted::read(headers.get_all(ACCEPT), format);
    if !response.status().is_success() || wanted == Wanted::Resource {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let text = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let binary = anamnesis_json::parse_with_depth(&text, usize::MAX).unwrap_or_default();
    let kind = binary.get("contentType").and_then(Value::as_str).unwrap_or(UNKNOWN);
    if !wanted.takes(kind) {
        if wanted.takes_json() {
            return Ok(Response::from_parts(parts, Body::from(text)));
        }
        return Err(Outcome::NotAcceptable);
    }
    let data = binary.get("data").and_then(Value::as_str).unwrap_or_default();
    let plain: Vec<u8> = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let Ok(bytes) = BASE64_STANDARD.decode(&plain) else {
        // What is no base64 was kept as it came, so it is shown as it is kept.
        return Ok(Response::from_parts(parts, Body::from(text)));
    };
    let id = path.trim_matches('/').split('/').nth(1).unwrap_or_default();
    let shown = if is_shown(kind) { "inline" } else { "attachment" };
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            parts.headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, UNKNOWN);
    set(CONTENT_TYPE, kind);
    set(CONTENT_DISPOSITION, &format!("{shown}; filename=\"Binary-{id}\""));
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    let context = binary.get("securityContext").and_then(|context| context.get("reference"));
    if let Some(context) = context.and_then(Value::as_str) {
        set(SECURITY_CONTEXT, context);
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}
