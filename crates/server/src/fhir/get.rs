//! The URLs that read, whether they come as requests or as entries of a bundle.

use anamnesis_fhir::bundle::{EntryIn, Method};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};

use super::conditional_read::Known;
use super::history::Of;
use super::outcome::Outcome;
use super::reply::Reply;
use super::search::{Scope, search};
use super::{everything, history, meta, metadata, parameters, query, read, represent, request, vread};
use crate::app::App;
use crate::as_of::{as_of, refused};
use crate::held;

/// One more than any path that reads has.
const PARTS_MAX: usize = 5;

/// Carries out the interaction that `path` names; `strict` refuses search parameters that are not understood.
///
/// # Errors
///
/// When there is no such interaction, or whatever the interaction says.
pub(super) async fn get(app: &App, path: &str, query: Option<&str>, strict: bool) -> Result<Reply, Outcome> {
    let pairs =
        query::pairs(query.unwrap_or_default()).ok_or_else(|| Outcome::Invalid(vec![broken_query()]))?;
    let subset = represent::asked(&pairs)?;
    let reply = found(app, path, &pairs, strict).await?;
    represent::cut(reply, &subset, &pairs)
}

async fn found(app: &App, path: &str, pairs: &[(String, String)], strict: bool) -> Result<Reply, Outcome> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut room = [""; PARTS_MAX];
    match *parts(path.strip_suffix('/').unwrap_or(path), &mut room) {
        ["metadata"] => {
            refused(pairs)?;
            Ok(metadata::metadata(app))
        }
        ["$meta"] => meta::in_use(app, ResourceType::all(), as_of(app, pairs).await?).await,
        [kind, "$meta"] => meta::in_use(app, [request::kind(kind)?], as_of(app, pairs).await?).await,
        ["_history"] => history::history(app, &Of::System, pairs, strict).await,
        [""] => search(app, &Scope::SYSTEM, pairs, strict).await,
        [kind] => search(app, &Scope::of_type(request::kind(kind)?), pairs, strict).await,
        [kind, "_history"] => history::history(app, &Of::Type(request::kind(kind)?), pairs, strict).await,
        [kind, id] => read::read(app, record(kind, id)?, as_of(app, pairs).await?).await,
        [kind, id, "_history"] => history::history(app, &Of::Record(record(kind, id)?), pairs, strict).await,
        [kind, id, "_history", version] => {
            let version = request::version(version).ok_or(Outcome::NotFound)?;
            vread::vread(app, &record(kind, id)?, version, as_of(app, pairs).await?).await
        }
        [kind, id, "$meta"] => meta::meta(app, record(kind, id)?, as_of(app, pairs).await?).await,
        ["Patient", id, "$everything"] => everything::everything(app, &record("Patient", id)?, pairs).await,
        [kind, id, other] => search(app, &Scope::compartment(record(kind, id)?, other)?, pairs, strict).await,
        [kind, ..] => Err(request::kind(kind).err().unwrap_or(Outcome::NoInteraction)),
        [] => Err(Outcome::NoInteraction),
    }
}

/// The first parts of a path, laid out in `room`.
fn parts<'a, 'b>(path: &'a str, room: &'b mut [&'a str; PARTS_MAX]) -> &'b [&'a str] {
    let mut count = 0;
    for (place, part) in room.iter_mut().zip(path.split('/')) {
        *place = part;
        count += 1;
    }
    room.get(..count).unwrap_or_default()
}

/// Whether this path is read by POST too: a search, or an operation that only reads.
pub(super) fn is_posted(path: &str) -> bool {
    matches!(
        *path.trim_matches('/').split('/').collect::<Vec<_>>().as_slice(),
        ["_search"] | [_, "_search"] | [_, _, _, "_search"] | ["Patient", _, "$everything"]
    )
}

/// What an entry of a bundle that reads comes to.
pub(super) struct EntryRead {
    /// The interaction's answer.
    pub(super) answer: Result<Reply, Outcome>,
    /// What there is to say beside it.
    pub(super) said: Vec<Issue>,
}

/// Carries out what an entry of a bundle reads, and spares the client what it has.
pub(super) async fn entry(app: &App, entry: &EntryIn) -> EntryRead {
    let said = held::in_entry(app, &entry.target.url()).await;
    EntryRead { answer: answer(app, entry).await, said }
}

async fn answer(app: &App, entry: &EntryIn) -> Result<Reply, Outcome> {
    let url = entry.target.url();
    let (path, query) = url.split_once('?').map_or((&*url, None), |(path, query)| (path, Some(query)));
    let mut query = query.unwrap_or_default().to_owned();
    let mut path = path;
    if entry.method == Method::Post {
        path = path.trim_end_matches('/');
        path = path.strip_suffix("_search").unwrap_or(path).trim_end_matches('/');
        for (name, value) in parameters::pairs(entry.resource.as_ref())? {
            query = format!("{query}&{}", query::text(&[(name, value)]));
        }
    }
    let mut reply = Known::of_entry(entry).spared(get(app, path, Some(&query), false).await?);
    if entry.method == Method::Head {
        reply.body = axum::body::Bytes::new();
    }
    Ok(reply)
}

/// The record a read is about: what has no id was never here.
pub(super) fn record(kind: &str, id: &str) -> Result<StreamName, Outcome> {
    let kind = request::kind(kind)?;
    Ok(StreamName::new(kind, ResourceId::new(id).map_err(|_| Outcome::NotFound)?))
}

pub(super) fn broken_query() -> Issue {
    Issue::error(IssueCode::Value, "the query holds a broken escape, or is no UTF-8")
}
