//! The patch interaction: <https://hl7.org/fhir/R4/http.html#patch>.

use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_fhir::patch::{Bounds, Failure, JsonPatch, Patch, PathPatch};
use anamnesis_json::Value;
use anamnesis_kernel::{StreamName, Version};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};

use super::negotiate::{JSON_PATCH, Return, sends_json, sends_json_patch};
use super::outcome::Outcome;
use super::reply::{self, Reply};
use super::request;
use super::revise::revise;
use super::write::Write;
use crate::app::App;

/// Which patches are taken: <https://www.rfc-editor.org/rfc/rfc5789#section-3.1>.
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// The media types of patches that are taken.
pub(super) const FORMATS: [&str; 2] = [JSON_PATCH, "application/fhir+json"];

/// `PATCH /{kind}/{id}`
pub(super) async fn handle(
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let answer = async {
        let (parts, body) = request.into_parts();
        let (context, prefer) = request::writing(&parts.headers, parts.uri.query())?;
        let stream = request::stream(&kind, &id)?;
        let if_match = request::if_match(&parts.headers)?;
        let by_places = sends_json_patch(&parts.headers);
        if !by_places && !sends_json(&parts.headers) {
            let what = format!("PATCH takes {} in UTF-8", FORMATS.join(" and "));
            let issue = Issue::error(IssueCode::NotSupported, what);
            return Err(Outcome::Machine(StatusCode::UNSUPPORTED_MEDIA_TYPE, issue));
        }
        let (text, document) = request::parsed(&app, &parts.headers, body).await?;
        let asked = match by_places {
            true => JsonPatch::read(document).map(Patch::Json),
            false => PathPatch::read(document).map(Patch::Path),
        };
        let asked = asked.map_err(refused)?;
        let returned = prefer.returned.unwrap_or(Return::Representation);
        patch(&app, &stream, &asked, if_match, &Write { context: &context, text: &text, returned }).await
    };
    let mut response = reply::finish(&app, answer.await);
    if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        advertise(&mut response);
    }
    response
}

/// Says which patches are taken.
pub(super) fn advertise(response: &mut Response) {
    if let Ok(formats) = HeaderValue::from_str(&FORMATS.join(", ")) {
        response.headers_mut().insert(ACCEPT_PATCH, formats);
    }
}

/// Makes a record what the patch makes of it.
///
/// # Errors
///
/// 404 or 410 when there is none, 412 when it is not at the version that was expected, 422 when the patch does not fit.
pub(super) async fn patch(
    app: &App,
    stream: &StreamName,
    patch: &Patch,
    if_match: Option<Version>,
    write: &Write<'_>,
) -> Result<Reply, Outcome> {
    let bounds = Bounds { copied_bytes_max: app.limits.event_bytes_max, nesting_max: app.limits.nesting_max };
    let change = |resource: Value| patch.apply(resource, &bounds).map_err(refused);
    revise(app, stream, "PATCH", if_match, write, &change).await
}

/// What to answer when a patch was not carried out.
pub(super) fn refused(failure: Failure) -> Outcome {
    match failure {
        Failure::Malformed(issues) => Outcome::Invalid(issues),
        Failure::Inapplicable(issue) => Outcome::Refused(vec![issue]),
    }
}
