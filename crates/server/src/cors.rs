//! Browsers of other origins: <https://fetch.spec.whatwg.org/#http-cors-protocol>.
//!
//! Invariant: nobody is let in who was not named.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::headers::{CORRELATION_ID, CURSOR, REQUEST_ID};
use crate::held::HELD;

/// How long a browser may keep what it was told.
const KEPT: Duration = Duration::from_secs(3_600);

const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// What a script may read beside the body.
const EXPOSED: [HeaderName; 11] = [
    header::ETAG,
    header::LOCATION,
    header::CONTENT_LOCATION,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
    header::CONTENT_DISPOSITION,
    header::ALLOW,
    CURSOR,
    HELD,
    REQUEST_ID,
    CORRELATION_ID,
];

/// The layer for these origins; none when there are none. `*` lets in everyone.
pub(crate) fn layer(origins: &[HeaderValue]) -> Option<CorsLayer> {
    let origin = match origins {
        [] => return None,
        origins if origins.iter().any(|origin| origin == "*") => AllowOrigin::any(),
        origins => AllowOrigin::list(origins.iter().cloned()),
    };
    let layer = CorsLayer::new()
        .allow_origin(origin)
        .allow_methods(METHODS)
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(KEPT);
    Some(layer)
}
