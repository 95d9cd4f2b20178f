//! Bodies that come or go compressed: gzip alone, <https://www.rfc-editor.org/rfc/rfc9110#section-8.4>.
//!
//! Invariant: limits count what a body is once it is unpacked, so a small body never becomes a large one in memory.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// Below this many bytes nothing is gained.
const COMPRESSED_BYTES_MIN: u64 = 1_024;

/// Compresses answers for those who accept it.
pub(crate) fn compressed() -> CompressionLayer<impl Predicate> {
    let worth_it =
        SizeAbove::new(COMPRESSED_BYTES_MIN).and(NotForContentType::IMAGES).and(NotForContentType::SSE);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_it)
}

/// Writes the coding of a body as it is known here; what is not known is answered with what is.
pub(crate) fn refused(request: &mut Request) -> Option<Response> {
    let mut codings = request.headers().get_all(header::CONTENT_ENCODING).iter();
    let coding = match (codings.next(), codings.next()) {
        (None, _) => return None,
        (Some(one), None) => one.as_bytes().trim_ascii().to_ascii_lowercase(),
        _ => Vec::new(),
    };
    let known = match coding.as_slice() {
        b"gzip" | b"x-gzip" => "gzip",
        b"identity" => "identity",
        _ => return Some(unsupported(request.uri().path())),
    };
    request.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(known));
    None
}

fn unsupported(path: &str) -> Response {
    const FHIR: &str = concat!(
        r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-supported","#,
        r#""diagnostics":"Content-Encoding: gzip alone is taken"}]}"#
    );
    const OTHERS: &str =
        r#"{"type":"/problems/media-type","title":"Content-Encoding: gzip alone is taken","status":415}"#;
    let (kind, text) = match path.starts_with("/fhir") {
        true => ("application/fhir+json; charset=utf-8", FHIR),
        false => ("application/problem+json", OTHERS),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::ACCEPT_ENCODING, "gzip")];
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, headers, text).into_response()
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
}
