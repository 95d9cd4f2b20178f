//! Bodies that come or go compressed: gzip alone, <https://www.rfc-editor.org/rfc/rfc9110#section-8.4>.
//!
//! Invariant: limits count what a body is once it is unpacked, so a small body never becomes a large one in memory.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use tower::util::ServiceExt;
use tower::{Layer, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::decompression::{DecompressionBody, RequestDecompressionLayer};

use crate::threshold::refused_at;

const TAKEN: &str = "Content-Encoding: gzip alone is taken";
const ACCEPTED: &str = "Accept-Encoding: answers come in gzip or as they are";

/// Below this many bytes nothing is gained.
const COMPRESSED_BYTES_MIN: u64 = 1_024;

/// Lets `route` answer a request, unpacked where it comes packed; the answer is packed where that is accepted.
pub(crate) async fn through<R, F>(request: Request, route: R, answer: fn(R, Request) -> F) -> Response
where
    R: Clone + Send + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let headers = request.headers();
    if headers.contains_key(header::ACCEPT_ENCODING) || headers.contains_key(header::CONTENT_ENCODING) {
        return coded(request, route, answer).await;
    }
    let mut response = answer(route, request).await;
    if worth_it().should_compress(&response) {
        // Another client would have had it otherwise, which is what the layer says, too.
        response.headers_mut().append(header::VARY, header::ACCEPT_ENCODING.into());
    }
    response
}

/// In a box, so that requests which need none of this do not carry it with them.
fn coded<R, F>(request: Request, route: R, answer: fn(R, Request) -> F) -> BoxFuture<'static, Response>
where
    R: Clone + Send + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let answered = service_fn(move |request: http::Request<DecompressionBody<Body>>| {
        answer(route.clone(), request.map(Body::new)).map(Ok::<_, Infallible>)
    });
    let packed = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_it());
    let coded = (packed, RequestDecompressionLayer::new()).layer(answered);
    coded.oneshot(request).map(|Ok(answer)| answer.into_response()).boxed()
}

/// Whether to pack an answer for those who accept it.
fn worth_it() -> impl Predicate {
    SizeAbove::new(COMPRESSED_BYTES_MIN).and(NotForContentType::IMAGES).and(NotForContentType::SSE)
}

/// Writes the codings of the two bodies as they are known here; what is not known is answered with what is.
///
/// Whoever takes neither gzip nor a body as it is must be told before anything is done, not after.
pub(crate) fn refused(request: &mut Request) -> Option<Response> {
    match accepted(request.headers()) {
        Some(true) => request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        Some(false) => request.headers_mut().remove(header::ACCEPT_ENCODING),
        None => {
            return Some(refusal(request, StatusCode::NOT_ACCEPTABLE, "/problems/not-acceptable", ACCEPTED));
        }
    };
    let mut codings = request.headers().get_all(header::CONTENT_ENCODING).iter();
    let coding = match (codings.next(), codings.next()) {
        (None, _) => return None,
        (Some(one), None) => one.as_bytes().trim_ascii().to_ascii_lowercase(),
        _ => Vec::new(),
    };
    let known = match coding.as_slice() {
        b"gzip" | b"x-gzip" => "gzip",
        b"identity" => "identity",
        _ => {
            return Some(refusal(request, StatusCode::UNSUPPORTED_MEDIA_TYPE, "/problems/media-type", TAKEN));
        }
    };
    request.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(known));
    None
}

fn refusal(request: &Request, status: StatusCode, problem: &'static str, text: &'static str) -> Response {
    let mut response = refused_at(request.uri().path(), status, problem, "not-supported", text);
    response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    response
}

/// Whether gzip is wanted rather than the body as it is; none where neither is taken.
fn accepted(headers: &HeaderMap) -> Option<bool> {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let weight = match parts.next().map(str::to_ascii_lowercase).as_deref() {
            Some("gzip" | "x-gzip") => &mut gzip,
            Some("identity") => &mut identity,
            Some("*") => &mut any,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        *weight = Some(quality.and_then(|quality| quality.parse::<f32>().ok()).unwrap_or(1.0));
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    // What is not named is taken, though whatever is named is rather had.
    let unnamed = if any == Some(0.0) { 0.0 } else { f32::MIN_POSITIVE };
    let identity = identity.unwrap_or(unnamed);
    (gzip > 0.0 || identity > 0.0).then_some(gzip > 0.0 && gzip >= identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn codings() {
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&[&str], Option<&str>); 7] = [
            (&[],                 None),
            (&["gzip"],           Some("gzip")),
            (&[" GZip "],         Some("gzip")),
            (&["identity"],       Some("identity")),
            (&["br"],             Some("refused")),
            (&["gzip, gzip"],     Some("refused")),
            (&["gzip", "gzip"],   Some("refused")),
        ];
        for (sent, expected) in cases {
            let mut request = Request::new(Body::empty());
            for value in sent {
                request.headers_mut().append(header::CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            let found = match refused(&mut request) {
                Some(response) => Some(response.status().as_u16().to_string()),
                None => {
                    request.headers().get(header::CONTENT_ENCODING).map(|v| v.to_str().unwrap().to_owned())
                }
            };
            let expected = expected.map(|name| if name == "refused" { "415" } else { name });
            assert_eq!(found.as_deref(), expected, "{sent:?}");
        }
    }

    #[test]
    fn answers_that_are_taken() {
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&[&str], Option<bool>); 15] = [
            (&[],                               Some(false)),
            (&[""],                             Some(false)),
            (&["gzip"],                         Some(true)),
            (&["br, GZip;q=0.2"],               Some(true)),
            (&["br", "x-gzip"],                 Some(true)),
            (&["*"],                            Some(true)),
            (&["br"],                           Some(false)),
            (&["identity, gzip;q=0.5"],         Some(false)),
            (&["gzip;q=0"],                     Some(false)),
            (&["*;q=0, gzip"],                  Some(true)),
            (&["*;q=0, identity"],              Some(false)),
            (&["gzip;q=x"],                     Some(true)),
            (&["identity;q=0, gzip"],           Some(true)),
            (&["identity;q=0"],                 None),
            (&["*;q=0"],                        None),
        ];
        for (sent, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(accepted(&headers), expected, "{sent:?}");
        }
    }
}
