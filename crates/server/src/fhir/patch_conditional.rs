//! The conditional patch: <https://hl7.org/fhir/R4/http.html#3.1.0.6.1>.

use anamnesis_fhir::patch::Patch;
use anamnesis_kernel::{ResourceType, Version};
use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::arrived::Arrived;
use super::conditional::{ATTEMPTS_MAX, CRITERIA, Criteria, Settled, settle};
use super::outcome::Outcome;
use super::patch::{change, finished, received};
use super::reply::Reply;
use super::request;
use super::revise::{again, attempt};
use super::write::{Key, Write};
use crate::app::App;

/// `PATCH /{kind}?criteria`
pub(super) async fn handle(State(app): State<App>, Path(kind): Path<String>, request: Request) -> Response {
    let answer = async {
        let mut arrived = Arrived::read(request)?;
        let kind = request::kind(&kind)?;
        let if_match = arrived.if_match()?;
        let (text, asked) = received(&app, &mut arrived).await?;
        patched(&app, kind, &asked, arrived.criteria(), if_match, &arrived.write(&text)).await
    };
    finished(&app, answer.await)
}

/// Makes the one record that meets the criteria what the patch makes of it, at the version that met them.
///
/// # Errors
///
/// 404 when none meets them, 412 when several do, and whatever the patch comes to.
pub(super) async fn patched(
    app: &App,
    kind: ResourceType,
    asked: &Patch,
    criteria: &str,
    if_match: Option<Version>,
    write: &Write<'_>,
) -> Result<Reply, Outcome> {
    let criteria = Criteria::parse(app, kind, criteria).map_err(Outcome::unread)?;
    let what = format!("PATCH {kind}?{}#{}", criteria.normal, if_match.unwrap_or_default());
    let key = Key::of(app, write.context, &what, write.text);
    if let Some(reply) = again(app, key, write).await? {
        return Ok(reply);
    }
    let mut answer = Err(Outcome::NotFound);
    let mut turn = None;
    for _ in 0..ATTEMPTS_MAX {
        let Some(Settled { claim, found }) = settle(app, std::slice::from_ref(&criteria)).await?.pop() else {
            break;
        };
        let one = match found.as_slice() {
            [] => return Err(Outcome::NotFound),
            [one] => one,
            _ => return Err(Outcome::Precondition(vec![criteria.several(CRITERIA)])),
        };
        let expected = if_match.or(Some(one.version));
        answer = attempt(app, &one.name, key, expected, write, &change(app, asked)).await;
        match &answer {
            // It moved on since it was found, so perhaps it no longer meets the criteria.
            Err(Outcome::Precondition(_)) if if_match.is_none() => {}
            _ => return answer,
        }
        if turn.is_none() {
            turn = Some(app.races().turn_to_search(&claim.claim).await);
        }
    }
    answer
}
