//! `anamnesis parked`: what could not be applied to the views, and trying that again; in a data directory or on a running
//! server.

use std::sync::Arc;

use anamnesis_engine::projector::Projector;
use anamnesis_engine::{Retried, Silent};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Position, StreamName};
use anamnesis_store::Views as _;
use anyhow::Context;

use super::web::{Web, escaped, refusal};
use super::{Outcome, print};
use crate::api::parked::{came_of, described};
use crate::args::{Parked, ParkedCommand};
use crate::settings::Settings;
use crate::wiring::{self, Opened};

const PAGE: u32 = 500;

pub(super) async fn run(arguments: Parked, settings: &Settings) -> anyhow::Result<Outcome> {
    let web = settings.url.as_ref().map(|url| Web::new(&url.0)).transpose()?;
    match (arguments.command, web) {
        (None, Some(web)) => list_on(&web, arguments.json),
        (None, None) => list(&opened(settings).await?, arguments.json).await,
        (Some(ParkedCommand::Retry { stream }), Some(web)) => {
            retry_on(&web, stream.as_deref(), arguments.json)
        }
        (Some(ParkedCommand::Retry { stream }), None) => {
            let stream = stream.as_deref().map(str::parse::<StreamName>).transpose().context("STREAM")?;
            retry(&opened(settings).await?, stream, arguments.json).await
        }
    }
}

async fn opened(settings: &Settings) -> anyhow::Result<Opened> {
    wiring::open_as_is(settings, Arc::new(Silent)).await.context("to ask a running server, use --url")
}

async fn list(opened: &Opened, as_json: bool) -> anyhow::Result<Outcome> {
    let mut from = Position { partition: 0, offset: 0 };
    let mut any = false;
    loop {
        let page = opened.store.views.parked(from, PAGE).await?;
        let Some(last) = page.last() else { return Ok(ended(any, as_json)) };
        from.offset = last.position.offset + 1;
        any = true;
        page.iter().for_each(|parked| line(&described(parked).into(), as_json));
    }
}

fn list_on(web: &Web, as_json: bool) -> anyhow::Result<Outcome> {
    let mut from = String::new();
    let mut any = false;
    loop {
        let page = answered(web.get(&format!("/api/parked?_count={PAGE}{from}"))?)?;
        let parked = page.get("parked").and_then(Value::as_array).unwrap_or_default();
        if parked.is_empty() {
            return Ok(ended(any, as_json));
        }
        any = true;
        parked.iter().for_each(|parked| line(parked, as_json));
        let next = page.get("next").and_then(Value::as_str).context("the answer has no `next`")?;
        from = format!("&from={}", escaped(next));
    }
}

/// What is parked is to be looked at: a script is told by the exit code.
fn ended(any: bool, as_json: bool) -> Outcome {
    if !any && !as_json {
        print("nothing is parked");
    }
    if any { Outcome::Bad } else { Outcome::Good }
}

async fn retry(opened: &Opened, only: Option<StreamName>, as_json: bool) -> anyhow::Result<Outcome> {
    let serving = opened.engine.serving();
    if let Err(why) = Projector::fits(&opened.engine, &serving).await? {
        anyhow::bail!("{why}: they are made again at the next start, and what is parked with them");
    }
    let mut projector = Projector::new(Arc::clone(&opened.engine), serving).await?;
    let retried = projector.retry(only.as_ref()).await?;
    let (parked, _) = opened.engine.look_at_held(anamnesis_engine::HeldSet::counts);
    Ok(told(&retried, parked, as_json))
}

fn retry_on(web: &Web, only: Option<&str>, as_json: bool) -> anyhow::Result<Outcome> {
    let query = only.map(|stream| format!("?stream={}", escaped(stream))).unwrap_or_default();
    let answer = answered(web.ask(&format!("/api/parked/retry{query}"))?)?;
    let number = |key: &str| answer.get(key).and_then(Value::as_u64).unwrap_or_default();
    let retried =
        Retried { tried: number("tried"), released: number("released"), applied: number("applied") };
    Ok(told(&retried, number("parked"), as_json))
}

/// Good where all that was tried could be applied.
fn told(retried: &Retried, parked: u64, as_json: bool) -> Outcome {
    let Retried { tried, released, applied } = *retried;
    if as_json {
        print(&String::from_utf8_lossy(&came_of(retried, parked).to_text()));
    } else {
        print(&format!(
            "{tried} records were tried: {released} are held no more, {applied} events were applied, {parked} are parked"
        ));
    }
    if released == tried { Outcome::Good } else { Outcome::Bad }
}

fn answered(reply: super::web::Reply) -> anyhow::Result<Object> {
    anyhow::ensure!(reply.status == 200, "{}", refusal(&reply));
    match anamnesis_json::parse(&reply.body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => anyhow::bail!("the answer is not JSON"),
    }
}

/// One event: whole, or the few words that place it.
fn line(parked: &Value, as_json: bool) {
    if as_json {
        return print(&String::from_utf8_lossy(&parked.to_text()));
    }
    let text = |key: &str| parked.get(key).and_then(Value::as_str).unwrap_or("(not known)").to_owned();
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or_default();
    let offset = number(parked.get("position").and_then(|position| position.get("offset")));
    print(&format!(
        "{offset:>8}  {:<13} {} v{}  {} (schema {})  since {}, tried {} times",
        text("reason"),
        text("stream"),
        number(parked.get("version")),
        text("type"),
        number(parked.get("schema_version")),
        text("since"),
        number(parked.get("attempts")),
    ));
}
