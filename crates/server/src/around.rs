//! What is done around every request, whichever door it is for: it has its turn, is unpacked, answered and measured.
//!
//! Invariant: every answer is measured, a no too; a handler that panics ends its own request alone.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant as Stopwatch;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::body::Body as _;
use opentelemetry::trace::FutureExt as _;
use tower::util::ServiceExt;
use tower::{Layer, Service, service_fn};
use tower_http::cors::CorsLayer;

use crate::app::App;
use crate::headers::Called;
use crate::request_id::RequestId;
use crate::turns::Busy;
use crate::{api, arriving, cors, encoding, fhir, health, held, threshold};

/// What answers requests, and never fails to.
pub(crate) trait Answers:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Answers for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Stands around every route.
///
/// It is one service that calls what layers would wrap: of those each puts all that is inside of it into a box, which
/// every request copies. What a request may need, but not each does, is in a box of its own here, so that the others do
/// not carry room for it.
#[derive(Clone)]
pub(crate) struct Around {
    app: App,
    cors: Option<Arc<CorsLayer>>,
}

impl Around {
    /// Scripts of these origins may use the routes, too.
    pub(crate) fn new(app: App, origins: &[HeaderValue]) -> Self {
        Self { app, cors: cors::layer(origins).map(Arc::new) }
    }
}

impl<S> Layer<S> for Around {
    type Service = Surrounded<S>;

    fn layer(&self, route: S) -> Surrounded<S> {
        Surrounded { around: self.clone(), route, pattern: None }
    }
}

/// A route with all that is around it.
#[derive(Clone)]
pub(crate) struct Surrounded<S> {
    around: Around,
    route: S,
    /// The pattern of its addresses, where a router does not say it.
    pattern: Option<&'static str>,
}

impl<S: Answers> Service<Request> for Surrounded<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Each call asks a copy of the route whether it is ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.clone().answer(request).map(Ok))
    }
}

impl<S: Answers> Surrounded<S> {
    /// A route that stands beside the router, for addresses of this pattern.
    pub(crate) fn beside(around: Around, pattern: &'static str, route: S) -> Self {
        Self { around, route, pattern: Some(pattern) }
    }

    /// The answer to a request.
    pub(crate) async fn answer(self, mut request: Request) -> Response {
        let started = Stopwatch::now();
        let app = self.around.app.clone();
        let method = request.method().clone();
        let matched = request.extensions().get::<MatchedPath>().cloned();
        let route = self.pattern.or(matched.as_ref().map(MatchedPath::as_str)).unwrap_or("none");
        let called = Called::of(&method, request.headers_mut());
        let id = RequestId::of(request.headers());
        let refused =
            threshold::broken_path(request.uri().path()).or_else(|| encoding::refused(&mut request));
        let method = known(&method);
        let traces = app.metrics.traces().filter(|_| !health::is_at(route));
        let asked = traces.map(|traces| traces.request(method, route, request.headers(), id));
        // Pinned where it is: a future of this size is not to be moved from one place in this one to another.
        let mut work = pin!(id.during(self.in_turn(request, refused)));
        let mut response = match asked {
            None => work.as_mut().await,
            Some(asked) => {
                let response = work.as_mut().with_context(asked.context()).await;
                asked.answered(response.status().as_u16());
                response
            }
        };
        called.say(response.headers_mut());
        let (status, time) = (response.status().as_u16(), started.elapsed());
        app.metrics.answered(method, route, status, time);
        // The pattern of the address, never the address.
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(request_id = %id, method, route, status, us, "answered");
        response
    }

    /// Lets a request be worked on when its turn has come, unless it was refused already; one with a body takes its turn
    /// when that is whole.
    async fn in_turn(self, request: Request, mut refused: Option<Response>) -> Response {
        let app = self.around.app.clone();
        let (request, kept) = arriving::watched(&app, request);
        // Whoever looks after the server is answered however much there is to do.
        let goes_first = health::is_at(request.uri().path());
        let mut turn = None;
        if refused.is_none() && !goes_first && request.body().is_end_stream() {
            match app.turns().take().await {
                Ok(taken) => turn = Some(taken),
                Err(Busy) if fhir::is_at(request.uri().path()) => refused = Some(fhir::busy(&app)),
                Err(Busy) => refused = Some(api::busy(&app)),
            }
        }
        let mut response = match refused {
            Some(refused) => {
                drop(request);
                refused
            }
            None => self.packed(request).await,
        };
        if kept.is_some_and(|kept| kept.is_abandoned()) {
            // The connection cannot go on, which a client must not find out by its next request.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        drop(turn);
        response
    }

    /// Answers a request that may be packed, and come from a script of another origin.
    async fn packed(self, request: Request) -> Response {
        let Some(cors) = self.around.cors.clone() else {
            return encoding::through(request, self, Self::caught).await;
        };
        let packed =
            move |request| encoding::through(request, self.clone(), Self::caught).map(Ok::<_, Infallible>);
        cors.layer(service_fn(packed)).oneshot(request).map(|Ok(answer)| answer.into_response()).boxed().await
    }

    /// What comes of a request, or that it met a bug.
    fn caught(self, request: Request) -> impl Future<Output = Response> + Send {
        AssertUnwindSafe(self.within(request))
            .catch_unwind()
            .map(|answer| answer.unwrap_or_else(|_| broken()))
    }

    /// What is done with a request that may be worked on, before its answer is packed.
    async fn within(self, request: Request) -> Response {
        let Self { around: Around { app, .. }, route, .. } = self;
        // What is written is checked against the profiles and search parameters that were written before.
        if checks(request.method(), request.uri().path())
            && let Err(error) = app.learn().boxed().await
        {
            tracing::warn!(%error, "profiles and search parameters could not be read anew; those read before hold");
        }
        let uri = request.uri().clone();
        let manners = fhir::is_at(uri.path()).then(|| fhir::Manners::of(&request));
        let Ok(mut response) = route.oneshot(request).await;
        if let Some(manners) = manners {
            response = manners.put_on(response).await;
        }
        held::say(&app, &uri, &mut response).await;
        response
    }
}

/// Whether a request may bring a resource that is to be checked, or asks for one to be.
fn checks(method: &Method, path: &str) -> bool {
    match *method {
        Method::HEAD | Method::OPTIONS | Method::DELETE => false,
        Method::GET => path.trim_end_matches('/').ends_with("$validate"),
        _ => true,
    }
}

/// A method as a label: a closed set, whatever clients send.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// A bug, answered without its details; its place went to the log of the process.
fn broken() -> Response {
    let text = "{\"type\":\"/problems/internal\",\"title\":\"the server met a bug\",\"status\":500}";
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "application/problem+json")], text)
        .into_response()
}

#[cfg(test)]
mod tests;
