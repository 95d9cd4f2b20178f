//! Every interaction that reads, as it is asked for on the wire: of the router, or of [`Reads`] beside it.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use futures::FutureExt;
use futures::future::BoxFuture;
use tower::Service;

use super::conditional_read::Known;
use super::{BASE, binary, get, reply, request};
use crate::app::App;

/// Every interaction that reads: the same URLs that entries of a bundle may have.
pub(super) async fn reads(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let (path, query) = (parts.uri.path(), parts.uri.query());
    let path = path.strip_prefix(BASE).unwrap_or(path);
    let of_bytes = binary::is_read(path);
    let answer = async {
        if !of_bytes {
            request::acceptable(&parts.headers, query)?;
        }
        let strict = request::seen(&app, &parts.headers).await?;
        let reply = get::get(&app, path, query, strict).await?;
        Ok(Known::of_headers(&parts.headers).spared(reply))
    };
    let response = reply::finish(&app, answer.await);
    if !of_bytes {
        return response;
    }
    match binary::answered(&parts.headers, path, query, response).await {
        Ok(response) => response,
        Err(outcome) => reply::finish(&app, Err(outcome)),
    }
}

/// Reads one record by its id, as the route of its pattern does.
#[derive(Clone)]
pub(crate) struct Reads(App);

impl Reads {
    /// The pattern of what it reads.
    pub(crate) const PATTERN: &str = "/fhir/{kind}/{id}";

    pub(crate) fn new(app: App) -> Self {
        Self(app)
    }

    /// Whether this request asks it: it names no operation, and no interaction but this one.
    pub(crate) fn is_asked_by(request: &Request) -> bool {
        let is_name = |part: &str| part.starts_with(|first: char| first.is_ascii_alphanumeric());
        let below = request.uri().path().strip_prefix(BASE).and_then(|below| below.strip_prefix('/'));
        let record = below.and_then(|below| below.split_once('/'));
        let is_record = |(kind, id): (&str, &str)| is_name(kind) && is_name(id) && !id.contains('/');
        *request.method() == Method::GET && record.is_some_and(is_record)
    }
}

impl Service<Request> for Reads {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        reads(State(self.0.clone()), request).map(Ok).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn no_route_but_this_one_is_passed_by() {
        let beside = super::super::routes().map(|(path, _)| format!("{BASE}{path}"));
        assert!(beside.iter().any(|path| path == Reads::PATTERN));
        for path in beside.iter().filter(|path| *path != Reads::PATTERN) {
            let path = path.replace(['{', '}'], "");
            let request = Request::get(&path).body(Body::empty()).unwrap();
            assert!(!Reads::is_asked_by(&request), "{path}");
        }
    }

    #[test]
    fn what_goes_past_the_router() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("GET",  "/fhir/Patient/p1",               true),
            ("GET",  "/fhir/Patient/a-1.b?_summary=true", true),
            ("GET",  "/fhir/Nothing/p1",               true),
            ("HEAD", "/fhir/Patient/p1",               false),
            ("PUT",  "/fhir/Patient/p1",               false),
            ("GET",  "/fhir/Patient/p1/",              false),
            ("GET",  "/fhir/Patient/p1/_history",      false),
            ("GET",  "/fhir/Patient/_history",         false),
            ("GET",  "/fhir/Patient/_search",          false),
            ("GET",  "/fhir/Patient/$merge",           false),
            ("GET",  "/fhir/Patient/%24merge",         false),
            ("GET",  "/fhir/Patient/p%31",             true),
            ("GET",  "/fhir/metadata/x",               true),
            ("GET",  "http://h/fhir/Patient/p1",       true),
            ("GET",  "/fhir/Patient/-x",               false),
            ("GET",  "/fhir/Patient/",                 false),
            ("GET",  "/fhir//p1",                      false),
            ("GET",  "/fhir/Patient",                  false),
            ("GET",  "/fhirs/Patient/p1",              false),
            ("GET",  "/api/Patient/p1",                false),
        ];
        for (method, uri, then) in cases {
            let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
            assert_eq!(Reads::is_asked_by(&request), then, "{method} {uri}");
        }
    }
}
