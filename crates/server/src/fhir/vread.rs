//! The vread interaction: <https://hl7.org/fhir/R4/http.html#vread>.

use anamnesis_kernel::{StreamName, Version};

use super::outcome::Outcome;
use super::read;
use super::reply::Reply;
use crate::app::App;
use crate::as_of::AsOf;

/// One version of one record.
///
/// # Errors
///
/// 404 when there is no such version, or was not yet, which a number inside a commit is too; 410 when it is a deletion.
pub(super) async fn vread(
    app: &App,
    stream: &StreamName,
    version: Version,
    as_of: AsOf,
) -> Result<Reply, Outcome> {
    let found = app.engine.views().find_version(stream, version).await?;
    read::version(app, found.and_then(|found| found.as_of(as_of.at())), as_of.cursor).await
}
