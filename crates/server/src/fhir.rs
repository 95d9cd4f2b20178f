//! The FHIR R4 door: <https://hl7.org/fhir/R4/http.html>. One file for each interaction.
//!
//! Invariant: handlers translate; rules are decided behind [`anamnesis_engine::Engine::commit`], and
//! [`outcome::Outcome`] alone knows the status of a no.

mod allowance;
mod arrived;
mod batch;
mod binary;
mod conditional;
mod conditional_read;
mod create;
mod delete;
mod delete_conditional;
mod everything;
mod get;
mod history;
mod http_date;
mod line;
mod merge;
mod meta;
pub(crate) mod metadata;
mod negotiate;
pub(crate) mod outcome;
mod page;
mod parameters;
mod patch;
mod patch_conditional;
mod pretty;
mod provenance;
pub(crate) mod query;
mod read;
mod reads;
#[cfg(test)]
mod reference;
mod reply;
mod represent;
mod request;
mod revise;
mod search;
mod together;
pub(crate) mod transaction;
mod update;
mod update_conditional;
mod validate;
mod vread;
mod write;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use futures::FutureExt;

use crate::app::App;
use outcome::Outcome;
#[cfg(test)]
pub(crate) use provenance::PROVENANCE;
pub(crate) use reads::Reads;
use reads::reads;

/// Where the door stands.
const BASE: &str = "/fhir";
/// The operations there are.
const OPERATIONS: [&str; 7] =
    ["$validate", "$merge", "$unmerge", "$everything", "$meta", "$meta-add", "$meta-delete"];

/// Whether a path is this door's.
pub(crate) fn is_at(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The routes at and below the FHIR base, each with and without a slash at its end.
///
/// They are written out rather than nested: a nested router looks for its own route and makes its own URL once more.
///
/// <https://hl7.org/fhir/R4/http.html#root>
pub(crate) fn router() -> Router<App> {
    let router = routes().into_iter().fold(Router::new(), |router, (path, methods)| {
        router.route(&format!("{BASE}{path}"), methods.clone()).route(&format!("{BASE}{path}/"), methods)
    });
    router.method_not_allowed_fallback(not_allowed)
}

fn routes() -> [(&'static str, MethodRouter<App>); 19] {
    [
        ("", get(reads).post(transaction::handle)),
        ("/metadata", get(reads)),
        (
            "/{kind}",
            get(reads)
                .post(create::handle)
                .put(update_conditional::handle)
                .patch(patch_conditional::handle)
                .delete(delete_conditional::handle),
        ),
        ("/$validate", post(validate::system)),
        ("/{kind}/$validate", post(validate::of_type)),
        ("/{kind}/{id}/$validate", get(validate::of_record).post(validate::of_record)),
        ("/_search", post(search::post::system)),
        ("/{kind}/_search", post(search::post::of_type)),
        ("/{kind}/{id}/{other}", get(reads)),
        ("/{kind}/{id}/{other}/_search", post(search::post::of_compartment)),
        ("/{kind}/$merge", post(merge::handle)),
        ("/{kind}/$unmerge", post(merge::handle_undo)),
        ("/{kind}/{id}", get(reads).put(update::handle).patch(patch::handle).delete(delete::handle)),
        ("/{kind}/{id}/_history", get(reads)),
        ("/{kind}/{id}/_history/{version}", get(reads)),
        ("/{kind}/{id}/$everything", get(reads).post(everything::handle_post)),
        ("/{kind}/{id}/$meta", get(reads)),
        ("/{kind}/{id}/$meta-add", post(meta::handle_add)),
        ("/{kind}/{id}/$meta-delete", post(meta::handle_delete)),
    ]
}

/// How the client of a request wants what it is answered with to look, whichever interaction that is.
pub(crate) struct Manners {
    pretty: bool,
    named: Option<&'static str>,
}

impl Manners {
    pub(crate) fn of(request: &Request) -> Self {
        let query = request.uri().query();
        Self { pretty: pretty::asked(query), named: negotiate::named(request.headers(), query) }
    }

    pub(crate) async fn put_on(self, response: Response) -> Response {
        let response = if self.pretty { pretty::pretty(response).boxed().await } else { response };
        negotiate::under(self.named, response)
    }
}

/// The answer to a request whose turn did not come.
pub(crate) fn busy(app: &App) -> Response {
    reply::finish(app, Err(Outcome::Busy))
}

/// The answer to a path of this door that is no interaction's.
pub(crate) fn nothing(app: &App) -> Response {
    reply::finish(app, Err(Outcome::NoInteraction))
}

/// What a URL takes is asked by `OPTIONS`, and said of every other method it does not take; `Allow` is the router's.
async fn not_allowed(State(app): State<App>, method: Method, uri: Uri) -> Response {
    if method != Method::OPTIONS {
        let operation =
            uri.path().trim_end_matches('/').rsplit('/').next().filter(|name| name.starts_with('$'));
        let unknown = operation.is_some_and(|name| !OPERATIONS.contains(&name));
        return reply::finish(&app, Err(if unknown { Outcome::NoInteraction } else { Outcome::Method }));
    }
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    patch::advertise(&mut response);
    response
}
