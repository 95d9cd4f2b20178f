//! `anamnesis import`: takes what it can, and says of the rest where and why it was refused.

mod report;
mod requests;
mod sink;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use anamnesis_engine::Silent;
use anyhow::Context;
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::feed::{self, Feed};
use super::web::Web;
use super::{Outcome, print, progress};
use crate::app::{App, Limits, Parts};
use crate::args::Import;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::wiring;
use report::Report;
use sink::{Sink, Taken};

/// How many documents are worked on at once.
const AT_ONCE: usize = 6;

/// How long it waits for the views to have everything: at its end, and before criteria are searched. Nobody waits for an
/// answer, as they do of a server.
const VIEWS_PATIENCE: Duration = Duration::from_secs(600);

/// Takes in everything the paths name.
pub(super) async fn run(import: Import, settings: Settings) -> anyhow::Result<Outcome> {
    let groups = feed::files(&import.paths).context("a path cannot be read")?;
    let bar = progress::bytes(groups.iter().flatten().map(|file| feed::bytes(file)).sum());
    let report = match &settings.url {
        Some(url) => take_all(&import, groups, Sink::Server(Web::new(&url.0)?), &bar).await?,
        None => {
            let opened = wiring::open(&settings, Arc::new(Silent)).await?;
            let running = wiring::project(&opened.engine).await?;
            let app = App::new(Parts {
                engine: Arc::clone(&opened.engine),
                metrics: Arc::new(Metrics::new()?),
                limits: Limits { views: settings.limits.views.max(VIEWS_PATIENCE), ..settings.limits },
                data: settings.data.clone(),
                validation: settings.validation,
                profiles: Arc::clone(&opened.profiles),
                parameters: Arc::clone(&opened.parameters),
                generations: Arc::clone(&opened.generations),
                base_url: String::new(),
            });
            let report = take_all(&import, groups, Sink::Store(app), &bar).await;
            // What stopped it, such as a full disk, may have stopped the views too.
            let patience = if report.is_ok() { VIEWS_PATIENCE } else { Duration::ZERO };
            let seen = opened.engine.wait_for_views(&opened.engine.head(), patience).await;
            running.stop();
            if !seen {
                tracing::warn!("the views are behind; the next start goes on with them");
            }
            report?
        }
    };
    bar.finish_and_clear();
    if import.json {
        print(&String::from_utf8_lossy(&report.to_json()));
    } else {
        report.lines().for_each(|line| print(&line));
    }
    Ok(if report.refused.is_empty() { Outcome::Good } else { Outcome::Bad })
}

/// A first pass over everything, then again over what was refused for as long as that helps: a bundle's conditional
/// references may match what came after it.
async fn take_all(
    import: &Import,
    groups: [Vec<PathBuf>; 3],
    sink: Sink,
    bar: &ProgressBar,
) -> anyhow::Result<Report> {
    let started = Stopwatch::now();
    let mut report = Report::default();
    let mut again = Vec::new();
    for files in groups {
        again.extend(group(import, files, &sink, bar, started, &mut report).await?);
    }
    while !again.is_empty() && !import.stop {
        let before = report.refused.len();
        let mut waiting = std::mem::take(&mut again).into_iter();
        report.refused.retain(|refused| !refused.again);
        again = pass(import, &sink, bar, started, &mut report, async || waiting.next()).await?;
        if report.refused.len() >= before {
            break;
        }
    }
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Takes one group of files, read on a thread of their own.
async fn group(
    import: &Import,
    files: Vec<PathBuf>,
    sink: &Sink,
    bar: &ProgressBar,
    started: Stopwatch,
    report: &mut Report,
) -> anyhow::Result<Vec<Feed>> {
    let (feeds, mut queue) = mpsc::channel(AT_ONCE);
    let reader = std::thread::spawn(move || -> std::io::Result<()> {
        for file in files {
            feed::each(&file, |feed| feeds.blocking_send(feed).is_ok())?;
        }
        Ok(())
    });
    let again = pass(import, sink, bar, started, report, async || queue.recv().await).await?;
    drop(queue);
    reader.join().map_err(|_| anyhow::anyhow!("the reader broke"))?.context("a file cannot be read")?;
    Ok(again)
}

/// Takes feeds several at a time; gives those whose refusal may pass once the rest is in.
async fn pass(
    import: &Import,
    sink: &Sink,
    bar: &ProgressBar,
    started: Stopwatch,
    report: &mut Report,
    mut next: impl AsyncFnMut() -> Option<Feed>,
) -> anyhow::Result<Vec<Feed>> {
    let mut tasks: JoinSet<anyhow::Result<Taken>> = JoinSet::new();
    let mut again = Vec::new();
    let mut more = true;
    loop {
        while more && tasks.len() < AT_ONCE {
            match next().await {
                Some(feed) => {
                    let sink = sink.clone();
                    tasks.spawn(async move { sink.take(feed).await });
                }
                None => more = false,
            }
        }
        let Some(done) = tasks.join_next().await else { return Ok(again) };
        let mut taken = done.context("a task broke")??;
        again.extend(taken.again.take());
        report.add(taken, bar, started);
        if import.stop && !report.refused.is_empty() {
            more = false;
        }
    }
}
