//! The conditional update: <https://hl7.org/fhir/R4/http.html#cond-update>.
//!
//! Where nothing is found and the resource brings the id of a live record, R4 is silent; here, as later in R5, it is a
//! conflict: the client takes that record for one that meets its criteria, and it does not.

use anamnesis_chart::Command;
use anamnesis_engine::{CommitError, Expect};
use anamnesis_fhir::outcome::IssueCode;
use anamnesis_json::Value;
use anamnesis_kernel::{ResourceType, StreamName};
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::arrived::Arrived;
use super::conditional::{ATTEMPTS_MAX, CRITERIA, Criteria, settle};
use super::create::mint;
use super::negotiate::Return;
use super::outcome::Outcome;
use super::provenance::commit;
use super::reply::{self, Reply};
use super::request;
use super::write::{
    Key, Write, checked, condition, expect, is_whole, item, known, request as commit_request, written,
};
use crate::app::App;

/// `PUT /{kind}?criteria`
pub(super) async fn handle(State(app): State<App>, Path(kind): Path<String>, request: Request) -> Response {
    let answer = async {
        let mut arrived = Arrived::read(request)?;
        let kind = request::kind(&kind)?;
        let expected = arrived.expected()?;
        let (text, resource) = arrived.resource(&app, kind, None).await?;
        update(&app, kind, resource, arrived.criteria(), expected, &arrived.write(&text)).await
    };
    reply::finish(&app, answer.await)
}

/// Makes the one record that meets the criteria what the resource says, or a new one where none does.
///
/// # Errors
///
/// When the resource is refused, the criteria find several or another than the resource's id, or the record is not at
/// the version that was expected.
pub(super) async fn update(
    app: &App,
    kind: ResourceType,
    resource: Value,
    criteria: &str,
    expected: Expect,
    write: &Write<'_>,
) -> Result<Reply, Outcome> {
    let if_match = match expected {
        Expect::Version(version) => Some(version),
        _ => None,
    };
    let may_be_long = write.text.len() > app.limits.event_bytes_max;
    let (id, elements) = checked(app, kind, resource, None, may_be_long).map_err(Outcome::Invalid)?;
    is_whole(kind, &elements, None).map_err(Outcome::Refused)?;
    let criteria = Criteria::parse(app, kind, criteria).map_err(Outcome::unread)?;
    let what = format!("PUT {kind}?{}#{}", criteria.normal, condition(expected));
    let key = Key::of(app, write.context, &what, write.text);
    let kept = (write.returned == Return::Representation).then(|| elements.clone());
    if let Some(answer) = known(app, write.context, key).await? {
        return written(app, write, answer, kept.as_ref()).await;
    }
    let new = StreamName::new(kind, id.clone().unwrap_or_else(|| mint(app, kind, &elements, key)));
    let mut turn = None;
    for _ in 0..ATTEMPTS_MAX {
        let Some(settled) = settle(app, std::slice::from_ref(&criteria)).await?.pop() else { break };
        let claim = settled.claim.claim;
        let (stream, stands, claims) = match settled.found.as_slice() {
            [] if if_match.is_some() => {
                return Err(Outcome::unmet(
                    "If-Match: no record meets the criteria, so none has that version",
                ));
            }
            [] => (&new, Expect::None, vec![settled.claim]),
            [_] if expected == Expect::None => {
                return Err(Outcome::unmet("If-None-Match: a record meets the criteria"));
            }
            [one] if id.as_ref().is_some_and(|id| *id != one.name.id) => {
                let what = "must be the id of the record that meets the criteria, or not be there";
                return Err(Outcome::invalid(IssueCode::Value, what, format!("{kind}.id")));
            }
            [one] => (&one.name, expect(if_match.or(Some(one.version))), Vec::new()),
            _ => return Err(Outcome::Precondition(vec![criteria.several(CRITERIA)])),
        };
        let item = item(write.context, stream.clone(), stands, Command::Put(elements.clone()));
        match commit(app, write.context, key, commit_request(write.context, vec![item], claims, key)).await {
            Ok(answer) => return written(app, write, answer, kept.as_ref()).await,
            Err(CommitError::Claimed) => {}
            // It moved on since it was found, so perhaps it no longer meets the criteria.
            Err(CommitError::Conflict { expected: Expect::Version(_), .. }) if if_match.is_none() => {}
            Err(error) => return Err(error.into()),
        }
        if turn.is_none() {
            turn = Some(app.races().turn_to_search(&claim).await);
        }
    }
    Err(CommitError::Busy.into())
}
