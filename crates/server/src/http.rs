//! All doors behind one listener: routes, limits, measurements, and a shutdown that finishes what it began.

use std::time::Instant as Stopwatch;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::body::Body as _;
use opentelemetry::trace::FutureExt;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::decompression::{DecompressionBody, RequestDecompressionLayer};

use crate::app::App;
use crate::headers::Called;
use crate::request_id::RequestId;
use crate::turns::Busy;
use crate::{api, arriving, cors, encoding, fhir, health, held, threshold};

/// Every route of the server; scripts of these origins may use it too.
pub(crate) fn router(app: App, origins: &[HeaderValue]) -> Router {
    // As one layer: each of its own would be put into a box that every request copies.
    let around = ServiceBuilder::new()
        .layer(from_fn_with_state(app.clone(), measure))
        .option_layer(cors::layer(origins))
        .layer(encoding::compressed())
        .layer(RequestDecompressionLayer::new())
        .map_request(|request: http::Request<DecompressionBody<Body>>| request.map(Body::new))
        .layer(CatchPanicLayer::custom(broken))
        .layer(from_fn_with_state(app.clone(), within));
    Router::new()
        .merge(fhir::router())
        .nest("/api", api::router(&app.limits))
        .merge(health::router())
        .route("/", get(welcome))
        .fallback(nowhere)
        .layer(around)
        .with_state(app)
}

async fn measure(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Stopwatch::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let called = Called::of(&method, request.headers_mut());
    let id = RequestId::of(request.headers());
    let refused = threshold::broken_path(request.uri().path()).or_else(|| encoding::refused(&mut request));
    let (method, route) = (known(&method), route.as_ref().map_or("none", MatchedPath::as_str));
    let traces = app.metrics.traces().filter(|_| !health::is_at(route));
    let asked = traces.map(|traces| traces.request(method, route, request.headers(), id));
    let work = id.during(in_turn(&app, request, next, refused));
    let mut response = match asked {
        None => work.await,
        Some(asked) => {
            let response = work.with_context(asked.context()).await;
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

/// Lets a request be worked on when its turn has come: with a body, once that is whole; unless it was refused already.
async fn in_turn(app: &App, request: Request, next: Next, refused: Option<Response>) -> Response {
    if !request.body().is_end_stream() {
        let (head, body) = request.into_parts();
        let (body, kept) = arriving::watch(app, body);
        let mut response = match refused {
            Some(refused) => {
                drop(body);
                refused
            }
            None => next.run(Request::from_parts(head, body)).await,
        };
        if kept.is_abandoned() {
            // The connection cannot go on, which a client must not find out by its next request.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        drop(kept);
        return response;
    }
    if let Some(refused) = refused {
        return refused;
    }
    // Whoever looks after the server is answered however much there is to do.
    if health::is_at(request.uri().path()) {
        return next.run(request).await;
    }
    match app.turns().take().await {
        Ok(turn) => {
            let response = next.run(request).await;
            drop(turn);
            response
        }
        Err(Busy) if fhir::is_at(request.uri().path()) => fhir::busy(app),
        Err(Busy) => api::busy(app),
    }
}

/// What is done with a request that may be worked on, before its answer is packed.
async fn within(State(app): State<App>, request: Request, next: Next) -> Response {
    // What is written is checked against the profiles and search parameters that were written before.
    if checks(request.method(), request.uri().path())
        && let Err(error) = app.learn().await
    {
        tracing::warn!(%error, "profiles and search parameters could not be read anew; those read before hold");
    }
    let uri = request.uri().clone();
    let mut response = match fhir::is_at(uri.path()) {
        true => fhir::around(request, next).await,
        false => next.run(request).await,
    };
    held::say(&app, &uri, &mut response).await;
    response
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

/// Where to look, for someone who opened the address in a browser.
async fn welcome() -> Response {
    let text = "Anamnesis: a health record kept as the facts that made it.\n\n\
        /fhir/metadata       what the FHIR R4 door can do\n\
        /fhir/Patient        patients\n\
        /api                 the event API and the read models\n\
        /api/openapi.json    their description\n\
        /readyz, /metrics    how the server fares\n";
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

async fn nowhere(State(app): State<App>, uri: Uri) -> Response {
    if fhir::is_at(uri.path()) {
        return fhir::nothing(&app);
    }
    let text =
        "{\"type\":\"/problems/not-found\",\"title\":\"there is nothing at this address\",\"status\":404}";
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "application/problem+json")], text).into_response()
}

/// A bug, answered without its details; its place went to the log of the process.
fn broken(_: Box<dyn std::any::Any + Send>) -> Response {
    let text = "{\"type\":\"/problems/internal\",\"title\":\"the server met a bug\",\"status\":500}";
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "application/problem+json")], text)
        .into_response()
}
