//! The read interaction: <https://hl7.org/fhir/R4/http.html#read>.

use anamnesis_kernel::StreamName;
use anamnesis_store::RecordVersion;
use axum::body::Bytes;
use http::StatusCode;

use super::outcome::Outcome;
use super::reply::Reply;
use crate::app::App;

/// The current version of one record.
///
/// # Errors
///
/// 404 when it was never here, 410 when it was deleted or erased.
pub(super) async fn read(app: &App, stream: &StreamName) -> Result<Reply, Outcome> {
    let cursor = app.engine.reached();
    let found = app.engine.views().find(std::slice::from_ref(stream)).await?.into_iter().flatten().next();
    version(app, found, cursor).await
}

/// One version as it is answered.
///
/// # Errors
///
/// 404 when there is none, 410 when it is a deletion.
pub(super) async fn version(
    app: &App,
    found: Option<RecordVersion>,
    cursor: anamnesis_kernel::Cursor,
) -> Result<Reply, Outcome> {
    let found = found.ok_or(Outcome::NotFound)?;
    let text = app.engine.text(&found).await?.ok_or(Outcome::Gone)?;
    Ok(Reply {
        status: StatusCode::OK,
        body: Bytes::from_owner(text),
        stream: Some(found.name),
        version: Some(found.version),
        tag: None,
        modified: Some(found.began),
        cursor,
        located: false,
    })
}
