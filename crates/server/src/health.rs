//! Whether the process lives, is ready, and how it fares.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anamnesis_json::Object;
use anamnesis_store::{CacheHealth, Circuit};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::App;
use crate::metrics::Readings;
use crate::pace::{Pace, percent};

/// How long a look at the log and the views may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// `/livez`, `/readyz`, `/metrics`.
pub(crate) fn router() -> Router<App> {
    let pace = Arc::new(OnceLock::new());
    let ready = move |State(app): State<App>| {
        let pace = Arc::clone(&pace);
        async move { readyz(&app, pace.get_or_init(|| Pace::from(app.engine.reached().offset(0)))) }
    };
    Router::new().route("/livez", get(livez)).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

/// Whether a path or a route is asked by whoever looks after the server: no user's business is done there.
pub(crate) fn is_at(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz" | "/metrics")
}

/// The process answers.
async fn livez() -> &'static str {
    "alive\n"
}

/// 200 when the views have all of the log as it stood at the start; until then 503 with the reason, the lag, and how long it
/// will take.
fn readyz(app: &App, pace: &Pace) -> Response {
    let start = app.engine.start();
    let seen = app.engine.reached().offset(0);
    let behind = start.offset(0).saturating_sub(seen);
    let reason = match app.engine.stuck() {
        _ if behind == 0 => None,
        Some(stuck) => Some(stuck),
        None => Some(format!("the views are catching up: {} %", percent(seen, start.offset(0)))),
    };
    let (status, mut body) = match reason {
        None => (StatusCode::OK, Object::new().with("ready", true)),
        Some(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, Object::new().with("ready", false).with("reason", reason))
        }
    };
    body.push("view_lag_events", behind);
    if let Some(health) = app.engine.cache_health() {
        body.push("redis", redis(&health));
    }
    if let Some(seconds) = pace.seconds_left(seen, start.offset(0)).filter(|_| behind > 0) {
        body.push("seconds_left", seconds);
    }
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_text()).into_response()
}

/// How Redis fares, which nobody has to wait for.
fn redis(health: &CacheHealth) -> Object {
    let circuit = match health.circuit {
        Circuit::Closed => "closed",
        Circuit::HalfOpen => "half open",
        Circuit::Open => "open",
    };
    let told = Object::new().with("circuit", circuit).with("dropped", health.dropped);
    match health.trouble {
        Some(trouble) => told.with("trouble", trouble),
        None => told,
    }
}

async fn metrics(State(app): State<App>) -> Response {
    let reading = Readings::of(&app.engine, &app.generations, &app.data);
    let text = match tokio::time::timeout(PATIENCE, reading).await {
        Ok(Ok(readings)) => app.metrics.text(&readings).ok(),
        _ => None,
    };
    match text {
        Some(text) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
