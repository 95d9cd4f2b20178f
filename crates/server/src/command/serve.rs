//! `anamnesis serve`: every door behind one listener.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Outcome, demo, print};
use crate::app::{App, Limits, Parts};
use crate::args::Serve;
use crate::metrics::Metrics;
use crate::{http, wiring};

/// How long a shutdown waits for requests under way.
const FINISH_PATIENCE: Duration = Duration::from_secs(20);

/// Serves until it is told to stop.
pub(super) async fn run(serve: Serve) -> anyhow::Result<Outcome> {
    let metrics = Arc::new(Metrics::new().context("the instruments cannot be made")?);
    let opened = wiring::open(&serve.store.data, Arc::clone(&metrics) as _).await?;
    let listener = TcpListener::bind(serve.listen)
        .await
        .with_context(|| format!("cannot listen on {}", serve.listen))?;
    let address = listener.local_addr().context("the listener has no address")?;
    let engine = Arc::clone(&opened.engine);
    let start = engine.head();
    let running = wiring::project(&engine).await?;
    let app = App::new(Parts {
        engine,
        metrics,
        limits: Limits { body_bytes_max: serve.body_bytes_max, ..Limits::default() },
        validation: serve.rules.validation,
        base_url: serve.base_url.unwrap_or_else(|| format!("http://{address}/fhir")),
    });
    if serve.demo && start.offset(0) == 0 {
        print("loading people who do not exist ...");
        let people = demo::load(&app, demo::PEOPLE, 1).await?;
        print(&format!("loaded {people} people"));
    }
    print(&format!(
        "Anamnesis listens on http://{address}\n  \
         data       {}\n  \
         FHIR R4    http://{address}/fhir/Patient?_count=5\n  \
         event API  http://{address}/api/events?_count=5\n  \
         health     http://{address}/readyz   http://{address}/metrics\n\
         Stop with Ctrl-C.",
        opened.store.directory.display()
    ));
    let mut began = app.stopping();
    let server = axum::serve(listener, http::router(app.clone(), start))
        .with_graceful_shutdown(async move {
            told_to_stop().await;
            tracing::info!("finishing what was begun");
            app.stop();
        })
        .into_future();
    tokio::select! {
        served = server => served.context("the listener broke")?,
        () = async {
            let _ = began.wait_for(|stop| *stop).await;
            tokio::time::sleep(FINISH_PATIENCE).await;
        } => tracing::warn!("some requests did not end in time"),
    }
    running.stop();
    tracing::info!("stopped");
    Ok(Outcome::Good)
}

async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}
