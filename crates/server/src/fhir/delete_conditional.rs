//! The conditional deletion: <https://hl7.org/fhir/R4/http.html#3.1.0.7.1>.
//!
//! Of none the standard asks what it asks of one, "an ordinary delete", and an ordinary delete of what is not there is
//! answered 204 here. Several are refused, or deleted in one commit, as the server was told.

use anamnesis_chart::Command;
use anamnesis_engine::{CommitError, Expect, Item};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_kernel::{ResourceType, Version};
use anamnesis_store::RecordVersion;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::StatusCode;

use super::arrived::Arrived;
use super::conditional::{ATTEMPTS_MAX, CRITERIA, Criteria, Settled, settle};
use super::outcome::Outcome;
use super::provenance::commit;
use super::reply::{self, Reply};
use super::request;
use super::write::{Key, Write, expect, item, known, request as commit_request, written};
use crate::app::{App, ConditionalDelete, Limits, WriteContext};

/// `DELETE /{kind}?criteria`
pub(super) async fn handle(State(app): State<App>, Path(kind): Path<String>, request: Request) -> Response {
    let answer = async {
        let arrived = Arrived::read(request)?;
        let kind = request::kind(&kind)?;
        delete(&app, kind, arrived.criteria(), arrived.if_match()?, &arrived.deletion()).await
    };
    reply::finish(&app, answer.await)
}

/// Sees to it that no record meets the criteria.
///
/// # Errors
///
/// When they find more records than may be deleted at once, or the record is not at the version that was expected.
pub(super) async fn delete(
    app: &App,
    kind: ResourceType,
    criteria: &str,
    if_match: Option<Version>,
    write: &Write<'_>,
) -> Result<Reply, Outcome> {
    let criteria = Criteria::parse(app, kind, criteria).map_err(Outcome::unread)?.up_to(wanted(&app.limits));
    let what = format!("DELETE {kind}?{}#{}", criteria.normal, if_match.unwrap_or_default());
    let key = Key::of(app, write.context, &what, write.text);
    if let Some(answer) = known(app, write.context, key).await? {
        return gone(app, write, answer).await;
    }
    let mut turn = None;
    for _ in 0..ATTEMPTS_MAX {
        let Some(Settled { claim, found }) = settle(app, std::slice::from_ref(&criteria)).await?.pop() else {
            break;
        };
        if found.is_empty() {
            return Ok(Reply {
                status: StatusCode::NO_CONTENT,
                ..Reply::bundle(Vec::new(), app.engine.reached())
            });
        }
        let items = items(app, write.context, &criteria, &found, if_match)
            .map_err(|issue| Outcome::Precondition(vec![issue.at(CRITERIA)]))?;
        match commit(app, write.context, key, commit_request(write.context, items, Vec::new(), key)).await {
            Ok(answer) => return gone(app, write, answer).await,
            // One of them moved on since it was found, so perhaps it no longer meets the criteria.
            Err(CommitError::Conflict { expected: Expect::Version(_), .. }) if if_match.is_none() => {}
            Err(error) => return Err(error.into()),
        }
        if turn.is_none() {
            turn = Some(app.races().turn_to_search(&claim.claim).await);
        }
    }
    Err(CommitError::Busy.into())
}

/// How many records are looked for: one more than may be deleted.
pub(super) fn wanted(limits: &Limits) -> u32 {
    at_once(limits).saturating_add(1)
}

fn at_once(limits: &Limits) -> u32 {
    match limits.conditional_delete {
        ConditionalDelete::Single => 1,
        ConditionalDelete::Multiple => limits.conditional_delete_max,
    }
}

/// The deletions of what was found, each at the version that was found.
///
/// # Errors
///
/// When there are more than may be deleted at once.
pub(super) fn items(
    app: &App,
    context: &WriteContext,
    criteria: &Criteria,
    found: &[RecordVersion],
    if_match: Option<Version>,
) -> Result<Vec<Item>, Issue> {
    let most = at_once(&app.limits);
    if found.len() > 1 && (most == 1 || if_match.is_some()) {
        return Err(criteria.several(""));
    }
    if found.len() > most as usize {
        let what = format!("more than {most} records of type {} meet the criteria", criteria.kind);
        return Err(Issue::error(IssueCode::TooCostly, what));
    }
    let delete = |one: &RecordVersion| {
        item(context, one.name.clone(), expect(if_match.or(Some(one.version))), Command::Delete)
    };
    Ok(found.iter().map(delete).collect())
}

/// Of one, its version is told; of several there is none to tell.
async fn gone(app: &App, write: &Write<'_>, answer: anamnesis_engine::Answer) -> Result<Reply, Outcome> {
    // Beside what was deleted stands the Provenance that came with the request.
    let beside = usize::from(write.context.provenance.is_some());
    if answer.items.len() == 1 + beside {
        return written(app, write, answer, None).await;
    }
    Ok(Reply { status: StatusCode::NO_CONTENT, ..Reply::bundle(Vec::new(), answer.cursor) })
}
