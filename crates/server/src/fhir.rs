//! The FHIR R4 door: <https://hl7.org/fhir/R4/http.html>. One file for each interaction.
//!
//! Invariant: handlers translate; rules are decided behind [`anamnesis_engine::Engine::commit`], and
//! [`outcome::Outcome`] alone knows the status of a no.

mod batch;
mod conditional;
mod conditional_read;
mod create;
mod delete;
mod delete_conditional;
mod everything;
mod get;
mod history;
mod http_date;
mod metadata;
mod negotiate;
pub(crate) mod outcome;
mod page;
mod query;
mod read;
mod reply;
mod request;
mod search;
mod together;
pub(crate) mod transaction;
mod turns;
mod update;
mod update_conditional;
mod validate;
mod vread;
mod write;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};

use crate::app::App;
use conditional_read::Known;
use outcome::Outcome;

pub(crate) use turns::Turns;

/// The routes below the FHIR base.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", system())
        .route("/metadata", get(reads))
        .route(
            "/{kind}",
            get(reads)
                .post(create::handle)
                .put(update_conditional::handle)
                .delete(delete_conditional::handle),
        )
        .route("/$validate", post(validate::system))
        .route("/{kind}/$validate", post(validate::of_type))
        .route("/{kind}/{id}/$validate", get(validate::of_record).post(validate::of_record))
        .route("/{kind}/_search", post(search::handle_post))
        .route("/{kind}/{id}", get(reads).put(update::handle).delete(delete::handle))
        .route("/{kind}/{id}/_history", get(reads))
        .route("/{kind}/{id}/_history/{version}", get(reads))
        .route("/{kind}/{id}/$everything", get(reads))
        .fallback(nothing)
        .method_not_allowed_fallback(not_allowed)
}

/// The base itself: transactions and batches; to be mounted at the base with and without a slash at its end.
pub(crate) fn system() -> MethodRouter<App> {
    post(transaction::handle)
}

/// Every interaction that reads: the same URLs that entries of a bundle may have.
async fn reads(State(app): State<App>, request: Request) -> Response {
    let answer = async {
        let (parts, _) = request.into_parts();
        let strict = request::accepted(&app, &parts.headers, parts.uri.query()).await?;
        let reply = get::get(&app, parts.uri.path(), parts.uri.query(), strict).await?;
        Ok(Known::of_headers(&parts.headers).spared(reply))
    };
    reply::finish(&app, answer.await)
}

/// The answer to a request whose turn did not come.
pub(crate) fn busy(app: &App) -> Response {
    reply::finish(app, Err(Outcome::Busy))
}

async fn nothing(State(app): State<App>) -> Response {
    reply::finish(&app, Err(Outcome::NoInteraction))
}

async fn not_allowed(State(app): State<App>) -> Response {
    reply::finish(&app, Err(Outcome::Method))
}
