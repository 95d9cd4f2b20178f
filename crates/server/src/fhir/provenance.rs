//! Where a write comes from, as its client tells in `X-Provenance`: <https://hl7.org/fhir/R4/provenance.html#header>.
//!
//! Invariant: the Provenance is recorded in the commit it tells of, and names the very versions that commit made.

use anamnesis_chart::{Cause, Command, Refusal};
use anamnesis_engine::{Answer, CommitError, Expect, Item, Request, Step};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{ResourceType, StreamName, Version, slot_of};
use compact_str::CompactString;
use http::{HeaderMap, HeaderName};

use super::create::Mint;
use super::outcome::Outcome;
use super::request;
use super::write::{Key, checked};
use crate::app::{App, WriteContext};

/// The header of the same name.
pub(crate) const PROVENANCE: HeaderName = HeaderName::from_static("x-provenance");
const PURPOSES: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
/// How often it is told anew because someone else wrote first.
const ATTEMPTS_MAX: u32 = 20;
/// The place of its id among those given under one key: beyond that of any entry.
const PLACE: u32 = u32::MAX;

/// Takes what the header tells into the context: the record itself, and what of it belongs to every event.
///
/// # Errors
///
/// When it is no Provenance, or says itself what it is about.
pub(super) fn read(headers: &HeaderMap, context: &mut WriteContext) -> Result<(), Outcome> {
    let Some(text) = request::header(headers, &PROVENANCE)? else { return Ok(()) };
    let wrong = |what: &str| Err(Outcome::bad(format!("X-Provenance: {what}")));
    let Ok(Value::Object(provenance)) = anamnesis_json::parse(text.as_bytes()) else {
        return wrong("must be a Provenance in JSON");
    };
    if provenance.str("resourceType") != Some("Provenance") {
        return wrong("must be a Provenance in JSON");
    }
    if provenance.contains_key("target") {
        return wrong("must have no target, which is what this request writes");
    }
    tell(&provenance, context);
    context.provenance = Some(provenance.into());
    Ok(())
}

/// What every event says of it: who, for whom, what for, and why where nothing else says.
fn tell(provenance: &Object, context: &mut WriteContext) {
    let first = |key: &str| provenance.get(key).and_then(|many| many.each().next());
    let reference = |agent: &Value, key: &str| {
        let reference = agent.get(key).and_then(|one| one.get("reference")).and_then(Value::as_str);
        reference.filter(|text| text.parse::<StreamName>().is_ok()).map(CompactString::new)
    };
    if let Some(agent) = first("agent") {
        match reference(agent, "who") {
            Some(who) if who.starts_with("Device/") => context.actor.client = Some(who),
            who => context.actor.user = who,
        }
        context.actor.on_behalf_of = reference(agent, "onBehalfOf");
    }
    let Some(reason) = first("reason") else { return };
    let coding = reason.get("coding").and_then(|many| many.each().next());
    let of = |key: &str| coding.and_then(|coding| coding.get(key)).and_then(Value::as_str);
    if of("system") == Some(PURPOSES) {
        context.actor.purpose = of("code").map(CompactString::new);
    }
    if context.reason.is_none() {
        let text = reason.get("text").and_then(Value::as_str);
        context.reason = text.or_else(|| of("display")).or_else(|| of("code")).map(CompactString::new);
    }
}

/// Carries out a request, and records what its client told of it.
///
/// # Errors
///
/// As the engine says; a Provenance that is refused is one of the refusals.
pub(super) async fn commit(
    app: &App,
    context: &WriteContext,
    key: Option<Key>,
    request: Request,
) -> Result<Answer, CommitError> {
    let passing = app.races().pass(request.items.iter().map(|item| &item.stream)).await;
    let answer = commit_now(app, context, key, request).await;
    drop(passing);
    answer
}

/// As [`commit`], for whoever is alone at the record.
///
/// # Errors
///
/// The same.
pub(super) async fn commit_now(
    app: &App,
    context: &WriteContext,
    key: Option<Key>,
    request: Request,
) -> Result<Answer, CommitError> {
    let Some(provenance) = &context.provenance else { return app.commit(request).await };
    // A known key is answered before anything is decided.
    if let Some(key) = key
        && app.engine.log().kept(key.tag).await?.is_some()
    {
        return app.commit(request).await;
    }
    for _ in 0..ATTEMPTS_MAX {
        let foreseen = app.engine.preview(&request).await?;
        let written = || foreseen.items.iter().filter(|item| !item.events.is_empty());
        let Some(first) = written().next() else { return app.commit(request).await };
        let mut told = request.clone();
        for (item, foreseen) in told.items.iter_mut().zip(&foreseen.items) {
            // So that what it names is what is written.
            let made = Version::try_from(foreseen.events.len()).unwrap_or_default();
            item.expected = Expect::Version(foreseen.version.saturating_sub(made));
        }
        let id = Mint::new(app, key, Some(slot_of(&first.stream.id))).id(app, PLACE);
        let targets = written().map(|item| format!("{}/_history/{}", item.stream, item.version));
        told.items.push(item(app, context, provenance, id, targets)?);
        match app.commit(told).await {
            Err(CommitError::Conflict { .. }) => {}
            done => return done,
        }
    }
    Err(CommitError::Busy)
}

fn item(
    app: &App,
    context: &WriteContext,
    provenance: &Object,
    id: anamnesis_kernel::ResourceId,
    targets: impl Iterator<Item = String>,
) -> Result<Item, CommitError> {
    let refusal = |path: String, text: String| (usize::MAX, 0, Refusal { cause: Cause::Invalid, path, text });
    let mut resource = provenance.clone();
    let target: Vec<Value> = targets.map(|target| Object::new().with("reference", target).into()).collect();
    resource.set("target", target);
    if !resource.contains_key("recorded") {
        resource.set("recorded", app.engine.now().to_millis_text());
    }
    let kind = ResourceType::parse("Provenance")
        .ok_or_else(|| CommitError::Refused(vec![refusal("X-Provenance".into(), "no type of R4".into())]))?;
    let (_, elements) =
        checked(app, kind, resource.into(), Some("X-Provenance"), false).map_err(|issues| {
            let place = |issue: &anamnesis_fhir::outcome::Issue| issue.expression.clone().unwrap_or_default();
            CommitError::Refused(
                issues.into_iter().map(|issue| refusal(place(&issue), issue.diagnostics)).collect(),
            )
        })?;
    let step = Step { reason: context.reason.clone(), ..Step::of(Command::Put(elements)) };
    Ok(Item { stream: StreamName::new(kind, id), expected: Expect::None, steps: vec![step] })
}
