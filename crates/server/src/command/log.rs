//! `anamnesis log`: the log as lines, from a data directory or a running server.

use std::sync::Arc;
use std::time::Duration;

use anamnesis_engine::{Filter, Silent};
use anamnesis_json::Value;
use anamnesis_kernel::{Cursor, ResourceId, ResourceType, StreamName};
use anyhow::Context;

use super::web::{Web, escaped, refusal};
use super::{Outcome, print_bytes};
use crate::api::envelope;
use crate::args::Log;
use crate::settings::Settings;
use crate::wiring;

/// How many events are asked for at a time.
const PAGE: u32 = 500;
/// How long a follower waits before it asks again.
const POLL: Duration = Duration::from_millis(500);

pub(super) async fn run(arguments: Log, settings: &Settings) -> anyhow::Result<Outcome> {
    anyhow::ensure!(
        settings.url.is_some() || !arguments.follow,
        "--follow needs a running server: give its --url"
    );
    let ended = match &settings.url {
        Some(url) => from_server(&arguments, &Web::new(&url.0)?),
        None => from_store(&arguments, settings).await,
    };
    match ended {
        // A reader such as `head` had enough.
        Err(error) if is_broken_pipe(&error) => Ok(Outcome::Good),
        other => other.map(|()| Outcome::Good),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

async fn from_store(arguments: &Log, settings: &Settings) -> anyhow::Result<()> {
    let opened = wiring::open_as_is(settings, Arc::new(Silent))
        .await
        .context("to print the log of a running server, use --url")?;
    let patient = arguments.patient.as_deref().map(|id| id.strip_prefix("Patient/").unwrap_or(id));
    let patient = patient.map(ResourceId::new).transpose().context("--patient")?;
    let filter = Filter {
        kinds: arguments.kinds.clone(),
        records: arguments.record.clone(),
        patient: patient.map(|id| StreamName::new(ResourceType::PATIENT, id)),
    };
    let mut from: Cursor = match &arguments.from {
        Some(text) => text.parse().context("--from")?,
        None => Cursor::beginning(1),
    };
    let end = opened.engine.head();
    while from.offset(0) < end.offset(0) {
        let page = opened.engine.events(&from, &end, &filter, PAGE).await?;
        for event in &page.events {
            let mut text = Vec::new();
            envelope::write(event, &mut text);
            line(arguments.json, &text)?;
        }
        from = page.next;
    }
    Ok(())
}

fn from_server(arguments: &Log, web: &Web) -> anyhow::Result<()> {
    let mut query = format!("/api/events?_count={PAGE}");
    let named = |name: &str, values: &[String]| {
        values.iter().map(|value| format!("&{name}={}", escaped(value))).collect::<String>()
    };
    query.push_str(&named("type", &arguments.kinds));
    query.push_str(&named("record", &arguments.record));
    query.push_str(&named("patient", arguments.patient.as_slice()));
    let mut from = arguments.from.clone();
    loop {
        let at = from.as_deref().map(|cursor| format!("&from={}", escaped(cursor))).unwrap_or_default();
        let reply = web.get(&format!("{query}{at}"))?;
        anyhow::ensure!(reply.status == 200, "{}", refusal(&reply));
        let page = anamnesis_json::parse(&reply.body).context("the answer is not JSON")?;
        for event in page.get("events").map(Value::each).into_iter().flatten() {
            line(arguments.json, &event.to_text())?;
        }
        let next = page.get("next").and_then(Value::as_str).context("the answer has no `next`")?.to_owned();
        if from.as_deref() == Some(&next) {
            if !arguments.follow {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        from = Some(next);
    }
}

/// An event whole, or the few words that place it.
fn line(json: bool, event: &[u8]) -> anyhow::Result<()> {
    if json {
        return Ok(print_bytes(event)?);
    }
    let event = anamnesis_json::parse(event).context("an event is not JSON")?;
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or_default();
    let offset = number(event.get("position").and_then(|p| p.get("offset")));
    let version = number(event.get("version"));
    let (at, stream, kind) = (text("recorded_at"), text("stream"), text("type"));
    let mut line = format!("{offset:>8}  {at}  {stream} v{version}  {kind}");
    if let Some(why) = event.get("unreadable").and_then(Value::as_str) {
        line = format!("{line}  unreadable: {why}");
    }
    Ok(print_bytes(line.as_bytes())?)
}
