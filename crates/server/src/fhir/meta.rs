//! The operations on `meta`: <https://hl7.org/fhir/R4/resource-operation-meta.html>.

mod in_use;

use anamnesis_fhir::meta::{add, of_parameters, remove, to_parameters};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::StreamName;
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::arrived::Arrived;
use super::negotiate::Return;
use super::outcome::Outcome;
use super::reply::{self, Reply};
use super::revise::revise;
use super::write::Write;
use super::{read, request};
use crate::app::App;
use crate::as_of::AsOf;

pub(super) use in_use::in_use;

/// `GET /{kind}/{id}/$meta`
///
/// # Errors
///
/// As for a read.
pub(super) async fn meta(app: &App, stream: StreamName, as_of: AsOf) -> Result<Reply, Outcome> {
    Ok(alone(read::read(app, stream, as_of).await?))
}

/// `POST /{kind}/{id}/$meta-add`
pub(super) async fn handle_add(
    state: State<App>,
    path: Path<(String, String)>,
    request: Request,
) -> Response {
    handle(state, path, request, "$meta-add", add).await
}

/// `POST /{kind}/{id}/$meta-delete`
pub(super) async fn handle_delete(
    state: State<App>,
    path: Path<(String, String)>,
    request: Request,
) -> Response {
    handle(state, path, request, "$meta-delete", remove).await
}

async fn handle(
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
    what: &str,
    change: fn(&mut Object, &Object),
) -> Response {
    let answer = async {
        let mut arrived = Arrived::read(request)?;
        let stream = request::stream(&kind, &id)?;
        let if_match = arrived.if_match()?;
        let (text, parameters) = arrived.json(&app).await?;
        let meta = of_parameters(&parameters).map_err(|issue| Outcome::Invalid(vec![issue]))?;
        let write = Write { returned: Return::Representation, ..arrived.write(&text) };
        let changed = |mut resource: Value| {
            if let Some(resource) = resource.as_object_mut() {
                change(resource, &meta);
            }
            Ok(resource)
        };
        Ok(alone(revise(&app, &stream, what, if_match, &write, &changed).await?))
    };
    reply::finish(&app, answer.await)
}

/// The `meta` of the resource in a reply, in its place.
fn alone(mut reply: Reply) -> Reply {
    if let Ok(Value::Object(resource)) = anamnesis_json::parse_with_depth(&reply.body, usize::MAX) {
        reply.body = to_parameters(&resource).to_text().into();
    }
    reply
}
