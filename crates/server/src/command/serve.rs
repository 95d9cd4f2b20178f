//! `anamnesis serve`: every door behind one listener.

use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Outcome, demo, print};
use crate::alerts::Alerts;
use crate::app::{App, Parts};
use crate::args::Serve;
use crate::http::Doors;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::{listen, wiring};

/// Serves until it is told to stop.
pub(super) async fn run(serve: Serve, settings: Settings) -> anyhow::Result<Outcome> {
    let mut metrics = Metrics::new().context("the instruments cannot be made")?;
    if let Some(endpoint) = &settings.otlp {
        metrics = metrics.tracing_to(&endpoint.0).context("telemetry.otlp: nothing can be sent there")?;
    }
    let metrics = Arc::new(metrics);
    let opened = wiring::open(&settings, Arc::clone(&metrics) as _).await?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.local_addr().context("the listener has no address")?;
    let engine = Arc::clone(&opened.engine);
    let base_url = settings.base_url.as_ref().map(|url| url.0.clone());
    let base_url = base_url.unwrap_or_else(|| format!("http://{address}/fhir"));
    let instance = base_url.strip_suffix("/fhir").unwrap_or(&base_url).to_owned();
    let alerts = Alerts::new(&settings.alerts, instance, &metrics).context("alerts cannot be told")?;
    let app = App::new(Parts {
        engine,
        metrics,
        limits: settings.limits,
        data: settings.data.clone(),
        validation: settings.validation,
        profiles: Arc::clone(&opened.profiles),
        parameters: Arc::clone(&opened.parameters),
        generations: Arc::clone(&opened.generations),
        base_url,
    });
    let running = wiring::keep(&settings, opened).await?;
    if serve.demo && app.engine.start().offset(0) == 0 {
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
        settings.data.display()
    ));
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
    let looking = tokio::spawn(alerts.watch(app.clone()));
    let doors = Doors::new(app.clone(), &settings.cors_origins.0);
    let left = listen::serve(listener, doors, &app, told_to_stop()).await;
    if left > 0 {
        tracing::warn!(connections = left, "some requests did not end in time");
    }
    // It ends with what would go on for ever; a panic in it was told when it happened.
    let _ = looking.await;
    running.stop();
    if let Some(traces) = app.metrics.traces() {
        traces.stop();
    }
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
