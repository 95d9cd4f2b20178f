//! The operation `$validate`: <https://hl7.org/fhir/R4/resource-operation-validate.html>.
//!
//! It is answered 200 with an OperationOutcome whatever that says; only a question that cannot be put is refused.
//! R4 has it for a type and for a record; the base takes it too, of a resource of any type.

use anamnesis_chart::{Elements, take_apart};
use anamnesis_fhir::check::Extent;
use anamnesis_fhir::outcome::{Issue, IssueCode, Severity, operation_outcome};
use anamnesis_fhir::profile::Wanted;
use anamnesis_json::Value;
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::outcome::Outcome;
use super::reply::{self, Reply};
use super::{query, request};
use crate::app::App;
use crate::as_of::refused;
use crate::validation::findings;

/// What is asked about.
enum Of {
    System,
    Type(ResourceType),
    Record(StreamName),
}

/// What is meant to be done with the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Only to be looked at.
    None,
    Create,
    Update,
    Delete,
    Profile,
}

/// A question, as it came in the URL and in the body.
struct Asked {
    resource: Option<Value>,
    mode: Mode,
    profiles: Vec<String>,
}

/// `POST /$validate`
pub(super) async fn system(State(app): State<App>, request: Request) -> Response {
    let answer = answer(&app, Of::System, request).await;
    reply::finish(&app, answer)
}

/// `POST /{kind}/$validate`
pub(super) async fn of_type(State(app): State<App>, Path(kind): Path<String>, request: Request) -> Response {
    let answer = async { answer(&app, Of::Type(request::kind(&kind)?), request).await };
    reply::finish(&app, answer.await)
}

/// `GET` or `POST /{kind}/{id}/$validate`
pub(super) async fn of_record(
    State(app): State<App>,
    Path((kind, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let answer = async { answer(&app, Of::Record(request::stream(&kind, &id)?), request).await };
    reply::finish(&app, answer.await)
}

async fn answer(app: &App, of: Of, request: Request) -> Result<Reply, Outcome> {
    let (parts, body) = request.into_parts();
    request::accepted(app, &parts.headers, parts.uri.query()).await?;
    let pairs = query::pairs(parts.uri.query().unwrap_or_default());
    let pairs = pairs.ok_or_else(|| Outcome::bad("the query holds a broken escape, or is no UTF-8"))?;
    refused(&pairs)?;
    let text = request::bytes(app, &parts.headers, body).await?;
    let body = match text.is_empty() {
        true => None,
        false => Some(request::json(app, &parts.headers, Body::from(text)).await?.1),
    };
    let asked = Asked::read(&of, &pairs, body)?;
    let cursor = app.engine.reached();
    let issues = issues(app, &of, asked).await?;
    Ok(Reply::bundle(operation_outcome(&issues).to_text(), cursor))
}

impl Asked {
    /// The question of the query and of the body: Parameters, or the resource itself.
    fn read(of: &Of, pairs: &[(String, String)], body: Option<Value>) -> Result<Self, Outcome> {
        let mut asked = Self { resource: None, mode: Mode::None, profiles: Vec::new() };
        for (key, value) in pairs {
            match key.as_str() {
                "mode" => asked.mode = Mode::parse(value)?,
                "profile" => asked.profiles.push(value.clone()),
                _ => {}
            }
        }
        let Some(body) = body else { return Ok(asked) };
        if !is_question(of, &body) {
            asked.resource = Some(body);
            return Ok(asked);
        }
        for parameter in body.get("parameter").into_iter().flat_map(Value::each) {
            let text = || {
                let kinds = ["valueCode", "valueUri", "valueCanonical", "valueUrl", "valueString"];
                kinds.into_iter().find_map(|kind| parameter.get(kind)?.as_str())
            };
            match (parameter.get("name").and_then(Value::as_str), text()) {
                (Some("resource"), _) => asked.resource = parameter.get("resource").cloned(),
                (Some("mode"), Some(mode)) => asked.mode = Mode::parse(mode)?,
                (Some("profile"), Some(url)) => asked.profiles.push(url.to_owned()),
                (Some("mode" | "profile"), None) => {
                    return Err(Outcome::bad("mode is a code, and profile an address"));
                }
                _ => {}
            }
        }
        Ok(asked)
    }
}

/// Whether Parameters are those of the operation, and not what is to be looked at.
fn is_question(of: &Of, body: &Value) -> bool {
    let names = ["resource", "mode", "profile"];
    let asks = |parameter: &Value| {
        parameter.get("name").and_then(Value::as_str).is_some_and(|name| names.contains(&name))
    };
    let parameters = body.get("resourceType").and_then(Value::as_str) == Some("Parameters");
    let other = !matches!(of, Of::Type(kind) if kind.name() == "Parameters");
    parameters && (other || body.get("parameter").is_some_and(|all| all.each().any(asks)))
}

impl Mode {
    fn parse(code: &str) -> Result<Self, Outcome> {
        Ok(match code {
            "create" => Self::Create,
            "update" => Self::Update,
            "delete" => Self::Delete,
            "profile" => Self::Profile,
            _ => return Err(Outcome::bad("mode: must be create, update, delete or profile")),
        })
    }
}

/// Everything there is to say.
async fn issues(app: &App, of: &Of, asked: Asked) -> Result<Vec<Issue>, Outcome> {
    let Asked { resource, mode, profiles } = asked;
    for url in &profiles {
        if !app.profiles.knows(url) {
            let what = "the profile is not known here: send its StructureDefinition first";
            return Err(Outcome::Invalid(vec![Issue::error(IssueCode::NotSupported, what)]));
        }
    }
    if mode == Mode::Profile && (profiles.is_empty() || !matches!(of, Of::Record(_))) {
        return Err(Outcome::bad("mode: profile is asked of a record, and names the profile"));
    }
    if let Of::Record(stream) = of
        && (resource.is_none() || mode == Mode::Delete)
    {
        let elements = stored(app, stream).await?;
        if mode == Mode::Delete {
            return Ok(vec![told("the record may be deleted")]);
        }
        return Ok(said(app, stream.kind, &elements, &profiles));
    }
    if mode == Mode::Delete {
        return Err(Outcome::bad("mode: delete is asked of a record"));
    }
    let Some(resource) = resource else {
        return Err(Outcome::bad("resource: must be there"));
    };
    let (kind, id, elements) = match take_apart(resource) {
        Ok(parts) => parts,
        Err(refusal) => return Ok(vec![Outcome::issue_of(refusal, None)]),
    };
    let mut issues = said(app, kind, &elements, &profiles);
    issues.extend(misplaced(of, mode, kind, id.as_ref()));
    Ok(issues)
}

/// What is wrong with where the resource was sent.
fn misplaced(of: &Of, mode: Mode, kind: ResourceType, id: Option<&ResourceId>) -> Option<Issue> {
    let wanted = match of {
        Of::System => return None,
        Of::Type(wanted) => *wanted,
        Of::Record(stream) => stream.kind,
    };
    if kind != wanted {
        let what = format!("must be {wanted}, the type in the URL");
        return Some(Issue::error(IssueCode::Invalid, what).at("resourceType"));
    }
    match of {
        Of::Record(stream) if mode == Mode::Update && id != Some(&stream.id) => {
            let what = "must be there, and be the id in the URL";
            Some(Issue::error(IssueCode::Value, what).at(format!("{kind}.id")))
        }
        Of::Type(_) if mode == Mode::Update && id.is_none() => {
            Some(Issue::error(IssueCode::Required, "must be there for an update").at(format!("{kind}.id")))
        }
        _ => None,
    }
}

fn said(app: &App, kind: ResourceType, elements: &Elements, profiles: &[String]) -> Vec<Issue> {
    findings(kind, elements, app.rules(None), profiles, Extent::Whole, Wanted::All)
        .into_iter()
        .map(|finding| finding.issue)
        .collect()
}

async fn stored(app: &App, stream: &StreamName) -> Result<Elements, Outcome> {
    let found = app.engine.views().find_one(stream, None).await?;
    app.engine.elements(&found.ok_or(Outcome::NotFound)?).await?.ok_or(Outcome::Gone(None))
}

fn told(what: &str) -> Issue {
    Issue { severity: Severity::Information, ..Issue::error(IssueCode::Informational, what) }
}
