//! The read interaction: <https://hl7.org/fhir/R4/http.html#read>.

use anamnesis_kernel::{Cursor, StreamName};
use anamnesis_store::RecordVersion;
use axum::body::Bytes;

use super::outcome::Outcome;
use super::reply::Reply;
use crate::app::App;
use crate::as_of::AsOf;

/// The current version of one record, or the one that was current as of a moment.
///
/// # Errors
///
/// 404 when it was not here yet, 410 when it was deleted or erased.
pub(super) async fn read(app: &App, stream: StreamName, as_of: AsOf) -> Result<Reply, Outcome> {
    if let Some(at) = as_of.at() {
        let found = app.engine.views().find_one(&stream, Some(at)).await?;
        return version(app, found, as_of.cursor).await;
    }
    let found = app.engine.current(&stream).await?.ok_or(Outcome::NotFound)?;
    let text = found.text.ok_or(Outcome::Gone(Some(found.version)))?;
    Ok(Reply::version(stream, found.version, found.began, Bytes::from_owner(text), as_of.cursor))
}

/// One version as it is answered.
///
/// # Errors
///
/// 404 when there is none, 410 when it is a deletion.
pub(super) async fn version(
    app: &App,
    found: Option<RecordVersion>,
    cursor: Cursor,
) -> Result<Reply, Outcome> {
    let found = found.ok_or(Outcome::NotFound)?;
    let text = app.engine.text(&found).await?.ok_or(Outcome::Gone(Some(found.version)))?;
    Ok(Reply::version(found.name, found.version, found.began, Bytes::from_owner(text), cursor))
}
