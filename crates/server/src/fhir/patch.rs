//! The patch interaction: <https://hl7.org/fhir/R4/http.html#patch>.

use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_fhir::patch::{Bounds, Failure, JsonPatch, Patch, PathPatch, settle_narrative};
use anamnesis_json::Value;
use anamnesis_kernel::{StreamName, Version};
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use base64::prelude::{BASE64_STANDARD, Engine};
use http::{HeaderName, HeaderValue, StatusCode};

use super::arrived::Arrived;
use super::negotiate::{JSON_PATCH, sends_json, sends_json_patch};
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
        let mut arrived = Arrived::read(request)?;
        let stream = request::stream(&kind, &id)?;
        let if_match = arrived.if_match()?;
        let (text, asked) = received(&app, &mut arrived).await?;
        patch(&app, &stream, &asked, if_match, &arrived.write(&text)).await
    };
    finished(&app, answer.await)
}

/// The patch a client sends, as text and as it was understood.
///
/// # Errors
///
/// When it is of another media type, or no patch.
pub(super) async fn received(app: &App, arrived: &mut Arrived) -> Result<(Bytes, Patch), Outcome> {
    let by_places = sends_json_patch(&arrived.headers);
    if !by_places && !sends_json(&arrived.headers) {
        let what = format!("PATCH takes {} in UTF-8", FORMATS.join(" and "));
        let issue = Issue::error(IssueCode::NotSupported, what);
        return Err(Outcome::Machine(StatusCode::UNSUPPORTED_MEDIA_TYPE, issue));
    }
    let body = arrived.body();
    let (text, document) = request::parsed(app, &arrived.headers, body).await?;
    let asked = match by_places {
        true => JsonPatch::read(document).map(Patch::Json),
        false => PathPatch::read(document).map(Patch::Path),
    };
    Ok((text, asked.map_err(refused)?))
}

/// The patch an entry's resource is: a Binary that holds a JSON Patch, or the Parameters of a FHIRPath Patch.
///
/// # Errors
///
/// When it is none.
pub(super) fn of_resource(app: &App, resource: Value) -> Result<Patch, Outcome> {
    let text = |key| resource.get(key).and_then(Value::as_str);
    match text("resourceType") {
        Some("Parameters") => PathPatch::read(resource).map(Patch::Path).map_err(refused),
        Some("Binary") if text("contentType") == Some(JSON_PATCH) => {
            let bytes = text("data").and_then(|data| BASE64_STANDARD.decode(data).ok());
            let wrong = || Outcome::invalid(IssueCode::Structure, "must be JSON in base64", "data");
            let document =
                anamnesis_json::parse_with_depth(&bytes.ok_or_else(wrong)?, app.limits.nesting_max);
            JsonPatch::read(document.map_err(|_| wrong())?).map(Patch::Json).map_err(refused)
        }
        _ => {
            let what = format!("must be Parameters, or a Binary of contentType {JSON_PATCH}");
            Err(Outcome::Invalid(vec![Issue::error(IssueCode::NotSupported, what)]))
        }
    }
}

/// Makes the HTTP answer: one that says that it is no patch says what is.
pub(super) fn finished(app: &App, answer: Result<Reply, Outcome>) -> Response {
    let mut response = reply::finish(app, answer);
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
    if if_match.is_none() && app.limits.require_if_match {
        return Err(Outcome::unversioned());
    }
    revise(app, stream, "PATCH", if_match, write, &change(app, patch)).await
}

/// The change that a patch makes.
pub(super) fn change<'a>(
    app: &App,
    patch: &'a Patch,
) -> impl Fn(Value) -> Result<Value, Outcome> + Sync + use<'a> {
    let bounds = Bounds { copied_bytes_max: app.limits.event_bytes_max, nesting_max: app.limits.nesting_max };
    move |resource: Value| {
        let mut after = patch.apply(resource.clone(), &bounds).map_err(refused)?;
        settle_narrative(&resource, &mut after).map_err(refused)?;
        Ok(after)
    }
}

/// What to answer when a patch was not carried out.
fn refused(failure: Failure) -> Outcome {
    match failure {
        Failure::Malformed(issues) => Outcome::Invalid(issues),
        Failure::Inapplicable(issue) => Outcome::Refused(vec![issue]),
    }
}
