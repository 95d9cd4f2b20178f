//! Merging two records of one person, and parting them again: <https://hl7.org/fhir/R5/patient-operation-merge.html>.
//!
//! Invariant: both records change in one commit or neither does; nothing else is written anywhere.

mod answer;
mod asked;
mod undone;

use anamnesis_chart::{Command, Merge, Side};
use anamnesis_engine::{CommitError, Expect, Item, Step};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_store::ReadError;
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::arrived::Arrived;
use super::outcome::Outcome;
use super::provenance::commit;
use super::reply::{self, Reply};
use super::request;
use super::write::{Key, known, request as commit_request};
use crate::app::App;
use crate::same::compartment;
use answer::Answered;
use asked::{Asked, Party};

/// How often a merge is undone anew because someone else wrote first.
const ATTEMPTS_MAX: u32 = 20;

/// What is to be done with two records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Merge,
    Unmerge,
}

impl Operation {
    const fn name(self) -> &'static str {
        match self {
            Self::Merge => "$merge",
            Self::Unmerge => "$unmerge",
        }
    }
}

/// `POST /Patient/$merge`
pub(super) async fn handle(state: State<App>, kind: Path<String>, request: Request) -> Response {
    respond(state, kind, request, Operation::Merge).await
}

/// `POST /Patient/$unmerge`
pub(super) async fn handle_undo(state: State<App>, kind: Path<String>, request: Request) -> Response {
    respond(state, kind, request, Operation::Unmerge).await
}

async fn respond(
    State(app): State<App>,
    Path(kind): Path<String>,
    request: Request,
    operation: Operation,
) -> Response {
    let answer = operate(&app, &kind, request, operation).await;
    reply::finish(&app, answer)
}

async fn operate(app: &App, kind: &str, request: Request, operation: Operation) -> Result<Reply, Outcome> {
    let mut arrived = Arrived::read(request)?;
    if request::kind(kind)? != anamnesis_kernel::ResourceType::PATIENT {
        return Err(Outcome::NoInteraction);
    }
    if arrived.if_match()?.is_some() {
        let what = "If-Match: names one version of two records: write them in the references, as Patient/a/_history/3";
        return Err(Outcome::bad(what));
    }
    let (text, parameters) = arrived.json(app).await?;
    let context = &arrived.context;
    let asked = Asked::read(app, &parameters)?;
    let answered = Answered { app, operation, asked: &asked, parameters };
    let key = Key::of(app, context, operation.name(), &text);
    if let Some(answer) = known(app, context, key).await? {
        return answered.done(answer).await;
    }
    for _ in 0..ATTEMPTS_MAX {
        let commands = match operation {
            Operation::Merge => merging(app, &asked).await?,
            Operation::Unmerge => undone::undoing(app, &asked).await?,
        };
        let items = asked.parties().into_iter().zip(commands).map(|(party, (expected, command))| {
            let step = Step { reason: context.reason.clone(), ..Step::of(command) };
            Item { stream: party.stream.clone(), expected, steps: vec![step] }
        });
        let request = commit_request(context, items.collect(), Vec::new(), key);
        if asked.preview {
            app.engine.preview(&request).await.map_err(|error| refused(error, &asked))?;
            return answered.foreseen(&request).await;
        }
        match commit(app, context, key, request).await {
            Ok(answer) => return answered.done(answer).await,
            Err(CommitError::Conflict { .. }) if operation == Operation::Unmerge => {}
            Err(error) => return Err(refused(error, &asked)),
        }
    }
    Err(CommitError::Busy.into())
}

/// The two commands of a merge: the one that yields, the one that stays.
async fn merging(app: &App, asked: &Asked) -> Result<[(Expect, Command); 2], ReadError> {
    // What was just written is held too; where the views stay behind, `held_at` says how far they had come.
    app.engine.wait_for_views(&app.engine.head(), app.limits.views).await;
    let side = |party: &Party, side, other: &Party| {
        let (own, other) = (party.stream.clone(), other.stream.clone());
        let expected = party.version.map_or(Expect::Any, Expect::Version);
        async move {
            let held_at = app.engine.reached();
            let held = compartment(&app.engine, std::slice::from_ref(&own)).await?;
            Ok::<_, ReadError>((expected, Command::Merge(Merge { side, other, held, held_at })))
        }
    };
    let Asked { source, target, .. } = asked;
    Ok([side(source, Side::Yields, target).await?, side(target, Side::Stays, source).await?])
}

/// A no, at the parameter that names the record it is about.
fn refused(error: CommitError, asked: &Asked) -> Outcome {
    match error {
        CommitError::Refused(mut reasons) => {
            for (item, _, reason) in &mut reasons {
                if let Some(party) = asked.parties().get(*item) {
                    reason.path.clone_from(&party.place);
                }
            }
            CommitError::Refused(reasons).into()
        }
        CommitError::Conflict { stream, actual, .. } => {
            let issue = Issue::error(IssueCode::Conflict, format!("the record is at version {actual}"));
            let party = asked.parties().into_iter().find(|party| party.stream == stream);
            Outcome::Precondition(vec![match party {
                Some(party) => issue.at(party.place.clone()),
                None => issue,
            }])
        }
        other => other.into(),
    }
}
