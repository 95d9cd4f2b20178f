//! `anamnesis demo`: people who do not exist, into a store or into a folder.

use std::sync::Arc;

use anamnesis_chart::{Command, Door};
use anamnesis_engine::{Expect, Item, Request, Silent, Step, Wait};
use anamnesis_kernel::{Actor, Source, StreamName};
use anamnesis_testkit::people::{People, StepKind};
use anyhow::Context;

use super::{Outcome, print};
use crate::app::{App, Parts, WriteContext};
use crate::args::Demo;
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::{fhir, wiring};

/// How many `serve --demo` loads.
pub(super) const PEOPLE: u64 = 36;

pub(super) async fn run(demo: Demo, settings: &Settings) -> anyhow::Result<Outcome> {
    if let Some(folder) = &demo.out {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let people = People::new(demo.seed);
        for n in 0..demo.people {
            let path = folder.join(format!("person-{n:05}.json"));
            std::fs::write(&path, people.person(n).bundle().to_text())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        print(&format!("wrote {} bundles to {}", demo.people, folder.display()));
        return Ok(Outcome::Good);
    }
    let opened = wiring::open(settings, Arc::new(Silent)).await?;
    let running = wiring::project(&opened.engine).await?;
    let app = App::new(Parts {
        engine: Arc::clone(&opened.engine),
        metrics: Arc::new(Metrics::new()?),
        limits: settings.limits,
        data: settings.data.clone(),
        validation: settings.validation,
        profiles: Arc::clone(&opened.profiles),
        parameters: Arc::clone(&opened.parameters),
        generations: Arc::clone(&opened.generations),
        base_url: String::new(),
    });
    let people = load(&app, demo.people, demo.seed).await?;
    running.stop();
    print(&format!("loaded {people} people into {}", settings.data.display()));
    Ok(Outcome::Good)
}

/// Loads people and what happened to them since.
pub(super) async fn load(app: &App, count: u64, seed: u64) -> anyhow::Result<u64> {
    let people = People::small(seed);
    let context = WriteContext {
        door: Door::Import,
        source: Source { door: "demo".into(), ..Source::default() },
        actor: Actor::default(),
        reason: None,
        idempotency_key: None,
        correlation_id: None,
        wait: Wait::Log,
        provenance: None,
    };
    for n in 0..count {
        let person = people.person(n);
        let bundle = person.bundle_with_ids();
        let text = bundle.to_text();
        let done = fhir::transaction::bundle(app, &text, bundle, &context).await;
        done.map_err(|outcome| anyhow::anyhow!("person {n} was refused: {}", outcome.reason()))?;
        for step in person.history() {
            let stream: StreamName = step.stream.parse().context("a step names no record")?;
            take(app, stream, step.kind)
                .await
                .with_context(|| format!("a step of person {n} was refused"))?;
        }
    }
    app.engine.wait_for_views(&app.engine.head(), std::time::Duration::from_secs(60)).await;
    Ok(count)
}

async fn take(app: &App, stream: StreamName, kind: StepKind) -> anyhow::Result<()> {
    let mut step = match kind {
        StepKind::Put(resource) => {
            let (_, _, elements) =
                anamnesis_chart::take_apart(resource).map_err(|refusal| anyhow::anyhow!(refusal.text))?;
            Step::of(Command::Put(elements))
        }
        StepKind::Delete => Step::of(Command::Delete),
        StepKind::Event { kind, schema_version, data, reason } => {
            let mut step = Step::of(Command::Append { kind: kind.into(), schema_version, data });
            step.reason = reason.map(Into::into);
            step
        }
    };
    step.reason.get_or_insert_with(|| "told by the demo".into());
    let request = Request {
        items: vec![Item { stream, expected: Expect::Any, steps: vec![step] }],
        idempotency: None,
        claims: Vec::new(),
        actor: Actor::default(),
        source: Source { door: "demo".into(), ..Source::default() },
        door: Door::Api,
        correlation_id: None,
        wait: Wait::Log,
    };
    app.engine.commit(request).await?;
    Ok(())
}
