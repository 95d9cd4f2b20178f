//! What all interactions that write share: a resource checked, a key, a commit, and the answer to it.

use anamnesis_chart::{Command, Elements, take_apart, write_resource};
use anamnesis_engine::{Answer, CommitError, Expect, Idempotent, Item, ItemAnswer, Request, Step};
use anamnesis_fhir::outcome::{Issue, IssueCode, operation_outcome};
use anamnesis_fhir::subset::is_part;
use anamnesis_json::Value;
use anamnesis_kernel::{ResourceId, ResourceType, StreamName, Version};
use anamnesis_seal::{Hash, Tag};
use anamnesis_store::Claim;
use axum::body::Bytes;
use compact_str::{CompactString, ToCompactString};
use http::StatusCode;

use super::negotiate::Return;
use super::outcome::{Outcome, within};
use super::reply::Reply;
use crate::app::{App, WriteContext};

/// A write of one record, as it came.
pub(super) struct Write<'a> {
    /// What the door knows beside the content.
    pub(super) context: &'a WriteContext,
    /// What was sent, for the idempotency key.
    pub(super) text: &'a [u8],
    /// What is answered.
    pub(super) returned: Return,
}

/// A key, and the hash of what is asked under it.
#[derive(Clone, Copy)]
pub(super) struct Key {
    /// The keyed hash of the caller's key.
    pub(super) tag: Tag,
    content: Hash,
}

impl Key {
    /// The caller's key, for what is asked: `what` is the interaction, `text` the body.
    pub(super) fn of(app: &App, context: &WriteContext, what: &str, text: &[u8]) -> Option<Self> {
        let store = &app.engine.keyring().store;
        let key = context.idempotency_key.as_ref()?;
        let content = match what {
            "" => store.content(text),
            what => store.content(&[what.as_bytes(), b"\n", text].concat()),
        };
        Some(Self { tag: store.idempotency_key(key), content })
    }

    /// As the engine takes it.
    pub(super) const fn idempotent(self) -> Idempotent {
        Idempotent { key: self.tag, content: self.content }
    }
}

/// The request of these items under this context.
pub(super) fn request(
    context: &WriteContext,
    items: Vec<Item>,
    claims: Vec<Claim>,
    key: Option<Key>,
) -> Request {
    Request {
        items,
        idempotency: key.map(Key::idempotent),
        claims,
        actor: context.actor.clone(),
        source: context.source.clone(),
        door: context.door,
        correlation_id: context.correlation_id.clone(),
        wait: context.wait,
    }
}

/// One command for one record.
pub(super) fn item(context: &WriteContext, stream: StreamName, expected: Expect, command: Command) -> Item {
    let step = Step { reason: context.reason.clone(), ..Step::of(command) };
    Item { stream, expected, steps: vec![step] }
}

/// Where a record must stand when `If-Match` may say so.
pub(super) fn expect(if_match: Option<Version>) -> Expect {
    if_match.map_or(Expect::Any, Expect::Version)
}

/// Where a record must stand when no condition was sent: anywhere, or where `If-Match` is demanded, nowhere yet.
pub(super) fn unless_demanded(app: &App, expected: Expect) -> Expect {
    if expected == Expect::Any && app.limits.require_if_match { Expect::None } else { expected }
}

/// Where a record must stand for an update: `If-Match` names a version, or `If-None-Match` is `*`; none when it is
/// something else, or both stand.
pub(super) fn expected(if_match: Option<Version>, if_none_match: Option<&str>) -> Option<Expect> {
    match (if_match, if_none_match) {
        (if_match, None) => Some(expect(if_match)),
        (None, Some("*")) => Some(Expect::None),
        _ => None,
    }
}

/// The client's condition as an idempotency key is bound to it.
pub(super) fn condition(expected: Expect) -> CompactString {
    match expected {
        Expect::Any | Expect::Live => "0".into(),
        Expect::None => "*".into(),
        Expect::Version(version) => version.to_compact_string(),
    }
}

/// The answer a key was given before, if it was used.
///
/// # Errors
///
/// When it was used with other content, or the log cannot be read.
pub(super) async fn known(
    app: &App,
    context: &WriteContext,
    key: Option<Key>,
) -> Result<Option<Answer>, CommitError> {
    let Some(key) = key else { return Ok(None) };
    if app.engine.log().kept(key.tag).await?.is_none() {
        return Ok(None);
    }
    // A known key is answered before anything is decided, so it needs no items.
    let answer = app.engine.commit(request(context, Vec::new(), Vec::new(), Some(key))).await?;
    Ok(Some(answer).filter(|answer| answer.repeated))
}

/// The elements of a resource of this type, which is as R4 says, or marked for what it is not.
///
/// `place` is where it stands in a bundle. The id it brings is given beside.
///
/// # Errors
///
/// Everything wrong with it.
pub(super) fn checked(
    app: &App,
    kind: ResourceType,
    resource: Value,
    place: Option<&str>,
    may_be_long: bool,
) -> Result<(Option<ResourceId>, Elements), Vec<Issue>> {
    let (named, id, mut elements) =
        take_apart(resource).map_err(|refusal| vec![Outcome::issue_of(refusal, place)])?;
    let at = |path: &str| place.map_or_else(|| path.to_owned(), |place| within(place, path));
    if named != kind {
        let what = format!("must be {kind}, the type in the URL");
        return Err(vec![Issue::error(IssueCode::Invalid, what).at(at("resourceType"))]);
    }
    let mut issues =
        app.validation.admit(kind, &mut elements, app.rules(id.as_ref())).err().unwrap_or_default();
    for issue in &mut issues {
        if let (Some(place), Some(path)) = (place, &issue.expression) {
            issue.expression = Some(within(place, path));
        }
    }
    let bytes_max = app.limits.event_bytes_max;
    if may_be_long && elements.to_text().len() > bytes_max {
        let what = format!("longer than {bytes_max} bytes");
        issues.push(Issue::error(IssueCode::TooLong, what).at(at(kind.name())));
    }
    if issues.is_empty() { Ok((id, elements)) } else { Err(issues) }
}

/// Makes sure that what is to be put is no part of a resource, which would overwrite what it leaves out:
/// <https://hl7.org/fhir/R4/search.html#summary>.
///
/// # Errors
///
/// When it is tagged as one.
pub(super) fn is_whole(
    kind: ResourceType,
    elements: &Elements,
    place: Option<&str>,
) -> Result<(), Vec<Issue>> {
    if !is_part(elements) {
        return Ok(());
    }
    let path = format!("{kind}.meta.tag");
    let what = "SUBSETTED: a part of a resource would overwrite what it leaves out";
    let at = place.map_or_else(|| path.clone(), |place| within(place, &path));
    Err(vec![Issue::error(IssueCode::BusinessRule, what).at(at)])
}

/// What a write of one record is answered with.
///
/// # Errors
///
/// When what was left unchanged cannot be read.
pub(super) async fn written(
    app: &App,
    write: &Write<'_>,
    answer: Answer,
    elements: Option<&Elements>,
) -> Result<Reply, Outcome> {
    let Answer { cursor, moment, items, seen, .. } = answer;
    let Some(ItemAnswer { stream, version, created, live, events, .. }) = items.into_iter().next() else {
        return Ok(Reply { status: StatusCode::NO_CONTENT, ..Reply::bundle(Vec::new(), cursor) });
    };
    let mut reply = Reply {
        status: match created {
            // It is recorded; reads do not show it yet.
            _ if !seen => StatusCode::ACCEPTED,
            true => StatusCode::CREATED,
            false => StatusCode::OK,
        },
        body: Bytes::new(),
        stream: Some(stream.clone()),
        version: Some(version).filter(|version| *version > 0),
        tag: None,
        modified: Some(moment),
        cursor,
        located: created && live,
    };
    if !live {
        reply.status = if seen { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED };
        reply.modified = None;
        return Ok(reply);
    }
    if events.is_empty() {
        // Nothing changed, so the version began earlier, and its text is the one that is served.
        let found = app.engine.views().find_version(&stream, version).await?;
        if let Some(found) = found {
            reply.modified = Some(found.began);
            if write.returned == Return::Representation
                && let Some(text) = app.engine.text(&found).await?
            {
                reply.body = Bytes::from_owner(text);
                return Ok(reply);
            }
        }
    }
    reply.body = match (write.returned, elements) {
        (Return::Minimal, _) | (Return::Representation, None) => Bytes::new(),
        (Return::Outcome, _) => operation_outcome(&[]).to_text().into(),
        (Return::Representation, Some(elements)) => {
            let mut text = Vec::with_capacity(1_024);
            write_resource(&stream, version, reply.modified.unwrap_or(moment), elements, &mut text);
            text.into()
        }
    };
    Ok(reply)
}
