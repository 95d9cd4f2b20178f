//! Bundles that are carried out: transactions here, batches entry by entry: <https://hl7.org/fhir/R4/http.html#transaction>.
//!
//! Invariant: a transaction is one commit: all of its writes happen, or none, and all that is wrong is told at once.

mod after;
mod prepare;
mod respond;

use anamnesis_engine::CommitError;
use anamnesis_fhir::bundle::{EntryIn, Incoming, Kind, Method, Target, read};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_json::Value;
use anamnesis_kernel::Cursor;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::allowance::Allowance;
use super::arrived::Arrived;
use super::conditional::ATTEMPTS_MAX;
use super::negotiate::Return;
use super::outcome::{Outcome, Sent};
use super::provenance::commit;
use super::reply::{self, Reply};
use super::write::{Key, known, request as commit_request};
use super::{batch, get};
use crate::app::{App, WriteContext};

/// What became of a bundle.
pub(crate) struct Done {
    /// The text of the bundle it is answered with.
    pub(crate) body: Vec<u8>,
    /// The point of the log just after it.
    pub(crate) cursor: Cursor,
    /// How many entries that write were taken.
    pub(crate) taken: u32,
    /// Whether a transaction had been taken before, under the same key.
    pub(crate) repeated: bool,
    /// Whether reads show what a transaction wrote.
    pub(crate) seen: bool,
    /// What was refused, for a batch.
    pub(crate) refused: Vec<Refused>,
}

/// One reason why an entry was refused.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Its place in the bundle, from 0.
    pub(crate) entry: usize,
    /// Where in it.
    pub(crate) path: String,
    /// Why.
    pub(crate) reason: String,
}

impl Refused {
    /// Everything an outcome says of an entry.
    pub(super) fn of(entry: usize, outcome: &Outcome) -> Vec<Self> {
        let one = |issue: Issue| {
            let path = issue.expression.unwrap_or_else(|| format!("Bundle.entry[{entry}]"));
            Self { entry, path, reason: issue.diagnostics }
        };
        outcome.issues().into_iter().map(one).collect()
    }
}

/// `POST /`
pub(super) async fn handle(State(app): State<App>, request: Request) -> Response {
    let answer = async {
        let mut arrived = Arrived::read(request)?;
        let (text, value) = arrived.json(&app).await?;
        let allowance = Allowance::of_request(&app.limits);
        let done =
            carried_out(&app, &text, value, &arrived.context, arrived.prefer.returned, &allowance).await?;
        let status = if done.seen { StatusCode::OK } else { StatusCode::ACCEPTED };
        Ok(Reply { status, ..Reply::bundle(done.body, done.cursor) })
    };
    reply::finish(&app, answer.await)
}

/// Carries out a transaction or batch that is imported; `text` is what `bundle` was parsed from, which an idempotency
/// key is bound to.
///
/// # Errors
///
/// Everything wrong with the bundle, or with any entry of a transaction: then nothing of it was kept.
pub(crate) async fn bundle(
    app: &App,
    text: &[u8],
    bundle: Value,
    context: &WriteContext,
) -> Result<Done, Outcome> {
    carried_out(app, text, bundle, context, None, &Allowance::of_import(&app.limits)).await
}

async fn carried_out(
    app: &App,
    text: &[u8],
    bundle: Value,
    context: &WriteContext,
    returned: Option<Return>,
    allowance: &Allowance,
) -> Result<Done, Outcome> {
    let incoming = read(bundle, app.limits.bundle_entries_max).map_err(Outcome::Invalid)?;
    match incoming.kind {
        Kind::Batch => Ok(batch::batch(app, incoming, context, returned, allowance).await),
        Kind::Transaction => transaction(app, text, incoming, context, returned, allowance).await,
    }
}

async fn transaction(
    app: &App,
    text: &[u8],
    mut incoming: Incoming,
    context: &WriteContext,
    returned: Option<Return>,
    allowance: &Allowance,
) -> Result<Done, Outcome> {
    let wrong: Vec<Issue> = incoming.entries.iter().filter_map(unsupported).collect();
    if !wrong.is_empty() {
        return Err(Outcome::Invalid(wrong));
    }
    let key = Key::of(app, context, "", text);
    // What was found once need not be found again, so a known key is answered before anything is looked up.
    if let Some(answer) = known(app, context, key).await? {
        return respond::again(app, incoming.entries, key, answer, returned, allowance).await;
    }
    let may_be_long = text.len() > app.limits.event_bytes_max;
    let mut turn = None;
    for _ in 0..ATTEMPTS_MAX {
        let preparing = prepare::prepare(app, incoming.entries, key, context, may_be_long);
        let prepared = allowance.in_time(preparing).await??;
        allowance.begin()?;
        let claim = prepared.claims.first().map(|claim| claim.claim);
        let request = commit_request(context, prepared.items, prepared.claims, key);
        match commit(app, context, key, request).await {
            Ok(answer) if answer.repeated => {
                return respond::again(app, reread(app, text)?.entries, key, answer, returned, allowance)
                    .await;
            }
            Ok(answer) => {
                return respond::first(app, prepared.entries, &prepared.written, answer, returned, allowance)
                    .await;
            }
            // The resources went with the request: they are read once more from what was sent.
            Err(CommitError::Claimed) => {
                incoming = reread(app, text)?;
                if turn.is_none() {
                    turn = Some(app.races().turn_to_search(&claim).await);
                }
            }
            // What criteria found moved on, so perhaps it no longer meets them.
            Err(CommitError::Conflict { stream, .. }) if prepared.sought.contains(&stream) => {
                incoming = reread(app, text)?;
                if turn.is_none() {
                    turn = Some(app.races().turn_to_search(&stream).await);
                }
            }
            Err(error) => return Err(Outcome::of_commit(error, &Sent::Entries(&prepared.written))),
        }
    }
    Err(CommitError::Busy.into())
}

/// Reads the bundle again from what was sent, which was read before.
fn reread(app: &App, text: &[u8]) -> Result<Incoming, Outcome> {
    let bundle = anamnesis_json::parse_with_depth(text, app.limits.nesting_max)
        .map_err(|error| Outcome::bad(error.to_string()))?;
    read(bundle, app.limits.bundle_entries_max).map_err(Outcome::Invalid)
}

/// What is asked of an entry and not done here.
pub(super) fn unsupported(entry: &EntryIn) -> Option<Issue> {
    let (Method::Post, Target::Other(url)) = (entry.method, &entry.target) else { return None };
    if get::is_posted(url.split('?').next().unwrap_or_default()) {
        return None;
    }
    let issue = Issue::error(IssueCode::NotSupported, "neither a search nor an operation that is known here");
    Some(issue.at(format!("Bundle.entry[{}].request", entry.index)))
}
