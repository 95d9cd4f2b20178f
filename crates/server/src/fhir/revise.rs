//! Changing a record by what it holds now: what patches and the operations on `meta` share.
//!
//! Invariant: a change is made to one version and the commit expects that very version; a no is confirmed by the log
//! in the same way, so that neither rests on what the views had not seen yet.

use std::time::Duration;

use anamnesis_chart::{Command, Elements};
use anamnesis_engine::{CommitError, Expect, Item, Step};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_json::Value;
use anamnesis_kernel::{StreamName, Version};
use anamnesis_store::RecordVersion;

use super::negotiate::Return;
use super::outcome::Outcome;
use super::provenance::{commit, commit_now};
use super::read;
use super::reply::Reply;
use super::write::{Key, Write, checked, known, request as commit_request, written};
use crate::app::App;

/// How often a change is made anew because someone else wrote first.
const ATTEMPTS_MAX: u32 = 20;
/// How often that may happen before the others are kept waiting: they need not read before they write, so a few of
/// them would starve it.
const OVERTAKEN_MAX: u32 = 3;
/// How long it waits for the views to show what was written in between.
const VIEWS_PATIENCE: Duration = Duration::from_secs(30);

/// Makes of a resource, as it is served, what it shall be.
pub(super) type Change<'a> = &'a (dyn Fn(Value) -> Result<Value, Outcome> + Sync);

/// Changes a live record; `what` names the interaction for the idempotency key.
///
/// # Errors
///
/// 404 when it was never here, 410 when it was deleted, 412 when it is not at the version that `if_match` names,
/// 422 when what would come of it is refused, and whatever `change` says.
pub(super) async fn revise(
    app: &App,
    stream: &StreamName,
    what: &str,
    if_match: Option<Version>,
    write: &Write<'_>,
    change: Change<'_>,
) -> Result<Reply, Outcome> {
    let what = format!("{what} {stream}?{}", if_match.unwrap_or_default());
    let key = Key::of(app, write.context, &what, write.text);
    if let Some(reply) = again(app, key, write).await? {
        return Ok(reply);
    }
    attempt(app, stream, key, if_match, write, change).await
}

/// The first answer again, if the key was used.
///
/// # Errors
///
/// When it was used with other content, or what is to be shown cannot be read.
pub(super) async fn again(app: &App, key: Option<Key>, write: &Write<'_>) -> Result<Option<Reply>, Outcome> {
    match known(app, write.context, key).await? {
        Some(answer) => Ok(Some(shown(app, write, written(app, write, answer, None).await?).await?)),
        None => Ok(None),
    }
}

/// Changes a live record under a key that was not used yet.
///
/// # Errors
///
/// As [`revise`].
pub(super) async fn attempt(
    app: &App,
    stream: &StreamName,
    key: Option<Key>,
    if_match: Option<Version>,
    write: &Write<'_>,
    change: Change<'_>,
) -> Result<Reply, Outcome> {
    let _turn = app.races().turn_at(stream).await;
    let mut alone = None;
    for overtaken in 0..ATTEMPTS_MAX {
        if overtaken == OVERTAKEN_MAX {
            alone = app.races().alone_at(stream).await;
            app.engine.wait_for_views(&app.engine.head(), VIEWS_PATIENCE).await;
        }
        let found = app.engine.views().find_one(stream, None).await?;
        let version = found.as_ref().map_or(0, |found| found.version);
        let (steps, elements) = match changed(app, stream, found, if_match, change).await {
            Ok(elements) => {
                let put = Step::of(Command::Put(elements.clone()));
                (vec![Step { reason: write.context.reason.clone(), ..put }], Ok(elements))
            }
            Err(no) => (Vec::new(), Err(no)),
        };
        let item = Item { stream: stream.clone(), expected: Expect::Version(version), steps };
        let asked = commit_request(write.context, vec![item], Vec::new(), key);
        let answer = match alone {
            Some(_) => commit_now(app, write.context, key, asked).await,
            None => commit(app, write.context, key, asked).await,
        };
        match answer {
            Ok(answer) => {
                let elements = elements?;
                let kept = (write.returned == Return::Representation).then_some(&elements);
                return written(app, write, answer, kept).await;
            }
            Err(CommitError::Conflict { .. }) => {
                app.engine.wait_for_views(&app.engine.head(), VIEWS_PATIENCE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommitError::Busy.into())
}

/// What the record shall hold, by this version of it.
async fn changed(
    app: &App,
    stream: &StreamName,
    found: Option<RecordVersion>,
    if_match: Option<Version>,
    change: Change<'_>,
) -> Result<Elements, Outcome> {
    let found = found.ok_or(Outcome::NotFound)?;
    let text = app.engine.text(&found).await?.ok_or(Outcome::Gone(Some(found.version)))?;
    if let Some(expected) = if_match.filter(|expected| *expected != found.version) {
        let (expected, actual) = (Expect::Version(expected), found.version);
        return Err(CommitError::Conflict { stream: stream.clone(), expected, actual }.into());
    }
    let resource = change(read_back(&text)?)?;
    let may_be_long = text.len() > app.limits.event_bytes_max / 2;
    let (_, elements) = checked(app, stream.kind, resource, None, may_be_long).map_err(Outcome::Refused)?;
    Ok(elements)
}

/// A resource as it is served, read back.
///
/// # Errors
///
/// When it cannot be, which is the machine's fault.
pub(super) fn read_back(text: &[u8]) -> Result<Value, Outcome> {
    anamnesis_json::parse_with_depth(text, usize::MAX).map_err(|_| {
        let what = "what is stored cannot be read back";
        Outcome::Machine(http::StatusCode::INTERNAL_SERVER_ERROR, Issue::error(IssueCode::Exception, what))
    })
}

/// The reply with the resource as it is now, where it is to be shown and is not there yet.
async fn shown(app: &App, write: &Write<'_>, mut reply: Reply) -> Result<Reply, Outcome> {
    if write.returned == Return::Representation
        && reply.body.is_empty()
        && let (Some(stream), Some(version)) = (&reply.stream, reply.version)
    {
        let found = app.engine.views().find_version(stream, version).await?;
        // A view that does not show it yet leaves the answer without a body: what was asked for is done all the same.
        if let Ok(read) = read::version(app, found, reply.cursor.clone()).await {
            reply.body = read.body;
        }
    }
    Ok(reply)
}
