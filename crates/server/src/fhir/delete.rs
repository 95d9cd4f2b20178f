//! The delete interaction: <https://hl7.org/fhir/R4/http.html#delete>.

use anamnesis_chart::Command;
use anamnesis_engine::{CommitError, Expect};
use anamnesis_kernel::{StreamName, Version};
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::arrived::Arrived;
use super::outcome::Outcome;
use super::provenance::commit;
use super::reply::{self, Reply};
use super::request;
use super::write::{Key, Write, expect, item, request as commit_request, unless_demanded, written};
use crate::app::App;

/// `DELETE /{kind}/{id}`
pub(super) async fn handle(
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let answer = async {
        let arrived = Arrived::read(request)?;
        let stream = request::stream(&kind, &id)?;
        delete(&app, stream, arrived.if_match()?, &arrived.deletion()).await
    };
    reply::finish(&app, answer.await)
}

/// Sees to it that a record is gone: 204 whether or not it was there, since that is what was asked for.
///
/// # Errors
///
/// When the record is not at the version that was expected, or that had to be said.
pub(super) async fn delete(
    app: &App,
    stream: StreamName,
    if_match: Option<Version>,
    write: &Write<'_>,
) -> Result<Reply, Outcome> {
    let what = format!("DELETE {stream}?{}", if_match.unwrap_or_default());
    let key = Key::of(app, write.context, &what, write.text);
    let stands = unless_demanded(app, expect(if_match));
    let item = item(write.context, stream, stands, Command::Delete);
    match commit(app, write.context, key, commit_request(write.context, vec![item], Vec::new(), key)).await {
        Ok(answer) => written(app, write, answer, None).await,
        Err(CommitError::Conflict { expected: Expect::None, .. }) => Err(Outcome::unversioned()),
        Err(error) => Err(error.into()),
    }
}
