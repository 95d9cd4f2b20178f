//! Alerts for those who have no Prometheus: the same conditions looked at in here, told to the log and to a webhook.
//!
//! Invariant: each is told once when it begins and once when it is over, and nothing of any patient is told.

mod condition;
mod message;
mod state;
mod thresholds;
mod webhook;
mod window;

use std::path::PathBuf;
use std::time::Duration;

use anamnesis_kernel::Instant;

use crate::app::App;
use crate::metrics::{Metrics, Readings};
use crate::settings::Url;
use condition::{CONDITIONS, Condition, Severity};
use message::Message;
use state::{Change, State};
pub(crate) use thresholds::Thresholds;
pub(crate) use webhook::HookError;
use webhook::Webhook;
pub(crate) use window::Sample;
use window::Window;

/// Where alerts are told beside the log, and how often they are looked at.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Who is told.
    pub(crate) webhook: Option<Url>,
    /// The file of the secret that messages are signed with.
    pub(crate) secret: Option<PathBuf>,
    /// The time from one look to the next; conditions count in looks.
    pub(crate) every: Duration,
    /// From where on they are found.
    pub(crate) thresholds: Thresholds,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            webhook: None,
            secret: None,
            every: Duration::from_secs(15),
            thresholds: Thresholds::default(),
        }
    }
}

/// One who looks.
pub(crate) struct Alerts {
    every: Duration,
    thresholds: Thresholds,
    hook: Option<Webhook>,
    /// Who tells: the address that clients are told.
    instance: String,
    window: Window,
    states: Vec<State>,
}

impl Alerts {
    /// Begins with everything in order.
    ///
    /// # Errors
    ///
    /// When the secret cannot be read, or no thread be had.
    pub(crate) fn new(asked: &Asked, instance: String, metrics: &Metrics) -> Result<Self, HookError> {
        let hook = asked.webhook.as_ref();
        let hook = hook.map(|url| Webhook::new(&url.0, asked.secret.as_deref(), metrics.alert_messages()));
        let states = CONDITIONS.iter().map(|_| State::default()).collect();
        let (every, thresholds, window) = (asked.every, asked.thresholds, Window::default());
        Ok(Self { every, thresholds, hook: hook.transpose()?, instance, window, states })
    }

    /// Looks again and again until the process is about to end.
    pub(crate) async fn watch(mut self, app: App) {
        let mut stopping = app.stopping();
        let mut looks = tokio::time::interval(self.every);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
            // A log that cannot be read now is looked at again; that appends fail is counted all the same.
            let readings = Readings::of(&app.engine, &app.generations, &app.data).await.ok();
            let sample = app.metrics.sample(readings.as_ref());
            self.look(sample, app.engine.now());
        }
    }

    fn look(&mut self, sample: Sample, now: Instant) {
        self.window.push(sample);
        for (condition, state) in CONDITIONS.iter().zip(&mut self.states) {
            let found = (condition.found)(&self.window, &self.thresholds);
            let Some(change) = state.step(found, condition.looks, now) else { continue };
            let summary = condition.summary(&self.thresholds);
            log(condition, &summary, change);
            if let Some(hook) = &self.hook {
                let instance = &self.instance;
                hook.tell(Message { condition, summary: &summary, change, now, instance }.to_bytes());
            }
        }
    }
}

fn log(condition: &Condition, summary: &str, change: Change) {
    let alert = condition.name;
    match change {
        Change::Fired { value, .. } if condition.severity == Severity::Critical => {
            tracing::error!(alert, value, "alert: {summary}");
        }
        Change::Fired { value, .. } => tracing::warn!(alert, value, "alert: {summary}"),
        Change::Resolved { .. } => tracing::info!(alert, "alert is over: {summary}"),
    }
}
