//! Searches by POST, the parameters in a form, or in the URL, or in both: <https://hl7.org/fhir/R4/http.html#search>.

use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::scope::Scope;
use super::search;
use crate::app::App;
use crate::fhir::outcome::Outcome;
use crate::fhir::reply::{self, Reply};
use crate::fhir::{get, negotiate, query, represent, request};

/// `POST /_search`.
pub(in crate::fhir) async fn system(State(app): State<App>, request: Request) -> Response {
    let answer = posted(&app, Ok(Scope::SYSTEM), request).await;
    reply::finish(&app, answer)
}

/// `POST /{kind}/_search`.
pub(in crate::fhir) async fn of_type(
    State(app): State<App>,
    Path(kind): Path<String>,
    request: Request,
) -> Response {
    let answer = posted(&app, request::kind(&kind).map(Scope::of_type), request).await;
    reply::finish(&app, answer)
}

/// `POST /{kind}/{id}/{other}/_search`.
pub(in crate::fhir) async fn of_compartment(
    State(app): State<App>,
    Path((kind, id, other)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let scope = get::record(&kind, &id).and_then(|owner| Scope::compartment(owner, &other));
    let answer = posted(&app, scope, request).await;
    reply::finish(&app, answer)
}

async fn posted(app: &App, scope: Result<Scope, Outcome>, request: Request) -> Result<Reply, Outcome> {
    let (parts, body) = request.into_parts();
    let strict = request::accepted(app, &parts.headers, parts.uri.query()).await?;
    let scope = scope?;
    let body = request::bytes(app, &parts.headers, body).await?;
    if !negotiate::sends_form(&parts.headers) && !body.is_empty() {
        return Err(Outcome::MediaType("application/x-www-form-urlencoded"));
    }
    let broken = || Outcome::Invalid(vec![get::broken_query()]);
    let mut pairs = query::pairs(parts.uri.query().unwrap_or_default()).ok_or_else(broken)?;
    let form = std::str::from_utf8(&body).ok().and_then(query::pairs).ok_or_else(broken)?;
    pairs.extend(form);
    request::acceptable_pairs(&parts.headers, &pairs)?;
    let subset = represent::asked(&pairs)?;
    represent::cut(search(app, &scope, &pairs, strict).await?, &subset, &pairs)
}
