//! The update interaction: <https://hl7.org/fhir/R4/http.html#update>.

use anamnesis_chart::Command;
use anamnesis_engine::{CommitError, Expect};
use anamnesis_fhir::outcome::IssueCode;
use anamnesis_json::Value;
use anamnesis_kernel::StreamName;
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::arrived::Arrived;
use super::negotiate::Return;
use super::outcome::Outcome;
use super::provenance::commit;
use super::reply::{self, Reply};
use super::request;
use super::write::{
    Key, Write, checked, condition, is_whole, item, request as commit_request, unless_demanded, written,
};
use crate::app::App;

/// `PUT /{kind}/{id}`
pub(super) async fn handle(
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let answer = async {
        let mut arrived = Arrived::read(request)?;
        let stream = request::stream(&kind, &id)?;
        let expected = arrived.expected()?;
        let (text, resource) = arrived.resource(&app, stream.kind, Some(&stream.id)).await?;
        update(&app, stream, resource, expected, &arrived.write(&text)).await
    };
    reply::finish(&app, answer.await)
}

/// Makes a record what the resource says, whether or not it was there.
///
/// # Errors
///
/// When the resource is refused, or the record does not stand where it was expected, or where it stands had to be said.
pub(super) async fn update(
    app: &App,
    stream: StreamName,
    resource: Value,
    expected: Expect,
    write: &Write<'_>,
) -> Result<Reply, Outcome> {
    let may_be_long = write.text.len() > app.limits.event_bytes_max;
    let (id, elements) = checked(app, stream.kind, resource, None, may_be_long).map_err(Outcome::Invalid)?;
    if id.as_ref() != Some(&stream.id) {
        let what = if id.is_some() {
            "must be the id in the URL"
        } else {
            "must be there, and be the id in the URL"
        };
        return Err(Outcome::invalid(IssueCode::Value, what, format!("{}.id", stream.kind)));
    }
    is_whole(stream.kind, &elements, None).map_err(Outcome::Refused)?;
    let what = format!("PUT {stream}?{}", condition(expected));
    let key = Key::of(app, write.context, &what, write.text);
    let kept = (write.returned == Return::Representation).then(|| elements.clone());
    let stands = unless_demanded(app, expected);
    let item = item(write.context, stream, stands, Command::Put(elements));
    match commit(app, write.context, key, commit_request(write.context, vec![item], Vec::new(), key)).await {
        Ok(answer) => written(app, write, answer, kept.as_ref()).await,
        Err(CommitError::Conflict { expected: Expect::None, .. }) if expected == Expect::Any => {
            Err(Outcome::unversioned())
        }
        // That it must not be there was the client's condition, as a version is.
        Err(CommitError::Conflict { expected: Expect::None, .. }) => {
            Err(Outcome::unmet("the record is there"))
        }
        Err(error) => Err(error.into()),
    }
}
