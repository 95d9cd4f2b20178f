//! The create interaction, conditional too: <https://hl7.org/fhir/R4/http.html#create>.

use anamnesis_chart::{Command, Elements};
use anamnesis_engine::{CommitError, Expect};
use anamnesis_fhir::compartment;
use anamnesis_json::Value;
use anamnesis_kernel::{ResourceId, ResourceType, StreamName, slot_of};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use uuid::Uuid;

use super::arrived::Arrived;
use super::conditional::{ATTEMPTS_MAX, Criteria, Match, resolve};
use super::negotiate::Return;
use super::outcome::Outcome;
use super::provenance::commit;
use super::reply::{self, Reply};
use super::write::{Key, Write, checked, item, known, request as commit_request, written};
use super::{read, request};
use crate::app::App;

/// `POST /{kind}`
pub(super) async fn handle(State(app): State<App>, Path(kind): Path<String>, request: Request) -> Response {
    let answer = async {
        let mut arrived = Arrived::read(request)?;
        let kind = request::kind(&kind)?;
        let criteria = request::header(&arrived.headers, &request::IF_NONE_EXIST)?.map(str::to_owned);
        let (text, resource) = arrived.resource(&app, kind, None).await?;
        create(&app, kind, resource, criteria.as_deref(), &arrived.write(&text)).await
    };
    reply::finish(&app, answer.await)
}

/// Makes a new record, unless `criteria` find one that is there.
///
/// # Errors
///
/// When the resource is refused, or the criteria find several.
pub(super) async fn create(
    app: &App,
    kind: ResourceType,
    resource: Value,
    criteria: Option<&str>,
    write: &Write<'_>,
) -> Result<Reply, Outcome> {
    let may_be_long = write.text.len() > app.limits.event_bytes_max;
    let (_, elements) = checked(app, kind, resource, None, may_be_long).map_err(Outcome::Invalid)?;
    let criteria =
        criteria.map(|query| Criteria::parse(app, kind, query)).transpose().map_err(Outcome::unread)?;
    let what = format!("POST {kind}?{}", criteria.as_ref().map_or("", |criteria| &criteria.normal));
    let key = Key::of(app, write.context, &what, write.text);
    let stream = StreamName::new(kind, mint(app, kind, &elements, key));
    let kept = (write.returned == Return::Representation).then(|| elements.clone());
    let Some(criteria) = criteria else {
        let item = item(write.context, stream, Expect::None, Command::Put(elements));
        let answer =
            commit(app, write.context, key, commit_request(write.context, vec![item], Vec::new(), key))
                .await?;
        return written(app, write, answer, kept.as_ref()).await;
    };
    if let Some(answer) = known(app, write.context, key).await? {
        return written(app, write, answer, kept.as_ref()).await;
    }
    for _ in 0..ATTEMPTS_MAX {
        let claims = match resolve(app, std::slice::from_ref(&criteria)).await?.pop() {
            Some(Match::One(found)) => return existing(app, found, write).await,
            Some(Match::Several) => {
                return Err(Outcome::Precondition(vec![criteria.several("If-None-Exist")]));
            }
            Some(Match::None(claim)) => vec![claim],
            None => Vec::new(),
        };
        let item = item(write.context, stream.clone(), Expect::None, Command::Put(elements.clone()));
        match commit(app, write.context, key, commit_request(write.context, vec![item], claims, key)).await {
            Ok(answer) => return written(app, write, answer, kept.as_ref()).await,
            Err(CommitError::Claimed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(CommitError::Busy.into())
}

/// What is there already, answered 200.
async fn existing(
    app: &App,
    found: anamnesis_store::RecordVersion,
    write: &Write<'_>,
) -> Result<Reply, Outcome> {
    let mut reply = read::version(app, Some(found), app.engine.reached()).await?;
    reply.located = true;
    if write.returned != Return::Representation {
        reply.body = axum::body::Bytes::new();
    }
    if write.returned == Return::Outcome {
        reply.body = anamnesis_fhir::outcome::operation_outcome(&[]).to_text().into();
    }
    Ok(reply)
}

/// An id near the patient the record is about; under a key, the same whenever it is asked.
pub(super) fn mint(app: &App, kind: ResourceType, elements: &Elements, key: Option<Key>) -> ResourceId {
    let unnamed = StreamName::new(kind, ResourceId::from_uuid(Uuid::nil()));
    let patients = if unnamed.is_patient() { Vec::new() } else { compartment::patients(&unnamed, elements) };
    Mint::new(app, key, patients.first().map(slot_of)).id(app, 0)
}

/// Gives ids in one slot.
pub(super) struct Mint {
    key: Option<Key>,
    slot: u16,
}

impl Mint {
    /// In this slot, or in one that the key or chance gives.
    pub(super) fn new(app: &App, key: Option<Key>, slot: Option<u16>) -> Self {
        let any = || match key {
            Some(Key { tag, .. }) => {
                let [first, second, ..] = tag.0;
                u16::from_be_bytes([first, second])
            }
            None => slot_of(&ResourceId::from_uuid(app.engine.minter().event_id(app.engine.now()))),
        };
        Self { key, slot: slot.unwrap_or_else(any) }
    }

    /// The id of the `n`th record.
    pub(super) fn id(&self, app: &App, n: u32) -> ResourceId {
        match self.key {
            Some(key) => ResourceId::from_uuid(app.engine.keyring().store.minted(&key.tag, n, self.slot)),
            None => app.engine.minter().record_id(app.engine.now(), self.slot),
        }
    }
}
