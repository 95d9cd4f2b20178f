//! The answer to a bundle: an entry for each entry, in the same order.

use std::collections::{HashMap, HashSet};
use std::iter::Peekable;

use anamnesis_engine::{Answer, ItemAnswer};
use anamnesis_fhir::bundle::{EntryIn, Head, Kind, Method, Response, Target, response};
use anamnesis_fhir::outcome::operation_outcome;
use anamnesis_kernel::{Instant, ResourceId, StreamName, slot_of};
use anamnesis_store::RecordVersion;
use axum::body::Bytes;
use futures::FutureExt;
use http::StatusCode;

use super::Done;
use super::prepare::Asked;
use crate::app::App;
use crate::fhir::conditional::{Criteria, Match, resolve};
use crate::fhir::get::{self, EntryRead};
use crate::fhir::negotiate::Return;
use crate::fhir::outcome::Outcome;
use crate::fhir::reply::{Reply, etag};
use crate::fhir::search::bundle_id;
use crate::fhir::together::in_order;
use crate::fhir::write::Key;

const READS_AT_ONCE: usize = 16;

/// One entry of the answer, owned.
pub(crate) struct Line {
    full_url: Option<String>,
    status: String,
    location: Option<String>,
    etag: Option<String>,
    modified: Option<String>,
    outcome: Option<Vec<u8>>,
    resource: Option<Bytes>,
}

impl Line {
    /// As the bundle is written.
    pub(crate) fn response(&self) -> Response<'_> {
        Response {
            full_url: self.full_url.as_deref(),
            status: &self.status,
            location: self.location.as_deref(),
            etag: self.etag.as_deref(),
            last_modified: self.modified.as_deref(),
            outcome: self.outcome.as_deref(),
            resource: self.resource.as_deref(),
        }
    }
}

/// What an interaction that reads comes to, as an entry.
pub(crate) fn line_of_read(app: &App, read: &EntryRead) -> Line {
    let line = line_of(app, &read.answer, None);
    if read.said.is_empty() {
        return line;
    }
    let mut issues = read.answer.as_ref().err().map(Outcome::issues).unwrap_or_default();
    issues.extend(read.said.iter().cloned());
    Line { outcome: Some(operation_outcome(&issues).to_text()), ..line }
}

/// What an interaction on its own comes to, as an entry; `wanted` is what it is to return, if it writes.
pub(crate) fn line_of(app: &App, answer: &Result<Reply, Outcome>, wanted: Option<Return>) -> Line {
    match answer {
        Ok(reply) => {
            let resource = Some(reply.body.clone()).filter(|body| !body.is_empty());
            let as_outcome = wanted == Some(Return::Outcome);
            Line {
                full_url: reply.stream.as_ref().map(|stream| format!("{}/{stream}", app.base_url)),
                status: status_text(reply.status),
                location: reply.location(),
                etag: reply.etag(),
                modified: reply.modified.map(Instant::to_millis_text),
                outcome: resource.as_ref().filter(|_| as_outcome).map(|body| body.to_vec()),
                resource: resource.filter(|_| !as_outcome),
            }
        }
        Err(outcome) => Line {
            full_url: None,
            status: status_text(outcome.status()),
            location: None,
            etag: None,
            modified: None,
            outcome: Some(outcome.text()),
            resource: None,
        },
    }
}

/// The answer to a transaction that was just taken.
///
/// # Errors
///
/// When what is to be returned cannot be read.
pub(super) async fn first(
    app: &App,
    entries: Vec<Asked>,
    written: &[(usize, StreamName)],
    answer: Answer,
    returned: Option<Return>,
) -> Result<Done, Outcome> {
    let mut after = After::read(app, &answer, returned).await?;
    let places: HashMap<usize, &ItemAnswer> =
        written.iter().zip(&answer.items).map(|((entry, _), item)| (*entry, item)).collect();
    if entries.iter().any(|entry| matches!(entry, Asked::Read(_))) {
        app.engine.wait_for_views(&answer.cursor, app.limits.views).await;
    }
    let reads = read_all(app, &entries).await;
    let mut reads = reads.into_iter();
    let mut lines = Vec::with_capacity(entries.len());
    let mut taken = 0;
    for (at, entry) in entries.iter().enumerate() {
        lines.push(match entry {
            Asked::Written => {
                taken += 1;
                match places.get(&at) {
                    Some(item) => after.line(app, item, answer.moment),
                    None => continue,
                }
            }
            Asked::Found(found) => {
                taken += 1;
                after.found(app, found)
            }
            Asked::SameAs(one) => {
                taken += 1;
                match (places.get(one), entries.get(*one)) {
                    (Some(item), _) => {
                        Line { status: status_text(StatusCode::OK), ..after.line(app, item, answer.moment) }
                    }
                    (None, Some(Asked::Found(found))) => after.found(app, found),
                    _ => continue,
                }
            }
            Asked::Nothing => {
                taken += 1;
                bare(StatusCode::NO_CONTENT)
            }
            Asked::Read(_) => match reads.next() {
                Some(read) => line_of_read(app, &read),
                None => continue,
            },
        });
    }
    Ok(done(lines, answer, taken))
}

/// The first answer again, for a transaction that had been taken under its key.
///
/// # Errors
///
/// When what is to be returned cannot be read.
pub(super) async fn again(
    app: &App,
    entries: Vec<EntryIn>,
    key: Option<Key>,
    answer: Answer,
    returned: Option<Return>,
) -> Result<Done, Outcome> {
    let mut after = After::read(app, &answer, returned).await?;
    let mut items = Items::of(app, &answer, &entries, key);
    let mut lines = Vec::with_capacity(entries.len());
    let mut taken = 0;
    for entry in entries {
        taken += u32::from(entry.writes());
        if !entry.writes() {
            // Where the views do not get there in time the read answers for itself.
            app.engine.wait_for_views(&answer.cursor, app.limits.views).await;
            lines.push(line_of_read(app, &get::entry(app, &entry).await));
            continue;
        }
        if let Some(item) = items.of_entry(&entry) {
            lines.push(after.line(app, item, answer.moment));
            continue;
        }
        // Nothing was written for it: its criteria had found what was there, or nothing to delete.
        lines.push(match (&entry.target, &entry.if_none_exist) {
            (Target::Type(kind), Some(query)) if entry.method == Method::Post => {
                let criteria = Criteria::parse(app, *kind, query).map_err(Outcome::unread)?;
                match resolve(app, std::slice::from_ref(&criteria)).await?.pop() {
                    Some(Match::One(found)) => {
                        after.want(app, &found, returned).await?;
                        after.found(app, &found)
                    }
                    _ => bare(StatusCode::OK),
                }
            }
            _ if entry.method == Method::Delete => bare(StatusCode::NO_CONTENT),
            _ => bare(StatusCode::OK),
        });
    }
    Ok(Done { repeated: true, ..done(lines, answer, taken) })
}

fn done(lines: Vec<Line>, answer: Answer, taken: u32) -> Done {
    let id = bundle_id();
    let head = Head { id: Some(&id), ..Head::default() };
    let body = response(Kind::Transaction, &head, lines.iter().map(Line::response));
    let Answer { cursor, seen, .. } = answer;
    Done { body, cursor, taken, repeated: false, seen, refused: Vec::new() }
}

/// The items of the first answer, which stand in the order of the entries that wrote them.
struct Items<'a> {
    app: &'a App,
    key: Option<Key>,
    items: Peekable<std::slice::Iter<'a, ItemAnswer>>,
    /// The records that entries name by their URL.
    named: HashSet<StreamName>,
}

impl<'a> Items<'a> {
    fn of(app: &'a App, answer: &'a Answer, entries: &[EntryIn], key: Option<Key>) -> Self {
        let named = entries.iter().filter(|entry| entry.writes()).filter_map(|entry| match &entry.target {
            Target::Record(stream) => Some(stream.clone()),
            _ => None,
        });
        Self { app, key, items: answer.items.iter().peekable(), named: named.collect() }
    }

    /// What an entry wrote, if it wrote; of several that its criteria had found to be deleted, the last.
    fn of_entry(&mut self, entry: &EntryIn) -> Option<&'a ItemAnswer> {
        match &entry.target {
            Target::Record(stream) => self.items.next_if(|item| item.stream == *stream),
            Target::Type(kind) => {
                let minted =
                    |id: &ResourceId| self.key.is_some_and(|key| is_minted(self.app, key, entry, id));
                self.items.next_if(|item| item.stream.kind == *kind && minted(&item.stream.id))
            }
            Target::Query { kind, .. } if entry.method == Method::Delete => {
                let mut last = None;
                let named = &self.named;
                let deleted = |item: &&ItemAnswer| {
                    item.stream.kind == *kind && !item.live && !named.contains(&item.stream)
                };
                while let Some(item) = self.items.next_if(deleted) {
                    last = Some(item);
                }
                last
            }
            // An update by criteria always wrote, if only that nothing changed.
            Target::Query { kind, .. } => self.items.next_if(|item| item.stream.kind == *kind),
            Target::Other(_) => None,
        }
    }
}

/// Whether this id was given to this entry's record under the key.
fn is_minted(app: &App, key: Key, entry: &EntryIn, id: &ResourceId) -> bool {
    let n = u32::try_from(entry.index).unwrap_or(u32::MAX);
    *id == ResourceId::from_uuid(app.engine.keyring().store.minted(&key.tag, n, slot_of(id)))
}

async fn read_all(app: &App, entries: &[Asked]) -> Vec<EntryRead> {
    let mut reads = Vec::new();
    for entry in entries {
        if let Asked::Read(entry) = entry {
            reads.push(get::entry(app, entry).boxed());
        }
    }
    in_order(reads, READS_AT_ONCE).await
}

/// What must be read to answer: when unchanged records began, and resources where they are to be returned.
struct After {
    versions: HashMap<StreamName, RecordVersion>,
    texts: HashMap<StreamName, Bytes>,
    as_outcome: bool,
}

impl After {
    async fn read(app: &App, answer: &Answer, returned: Option<Return>) -> Result<Self, Outcome> {
        let whole = returned == Some(Return::Representation);
        let wanted = |item: &&ItemAnswer| item.live && (whole || item.events.is_empty());
        let mut after = Self {
            versions: HashMap::new(),
            texts: HashMap::new(),
            as_outcome: returned == Some(Return::Outcome),
        };
        for item in answer.items.iter().filter(wanted) {
            if let Some(found) = app.engine.views().find_version(&item.stream, item.version).await? {
                after.want(app, &found, returned).await?;
                after.versions.insert(item.stream.clone(), found);
            }
        }
        Ok(after)
    }

    /// Keeps the text of a version, where texts are to be returned.
    async fn want(
        &mut self,
        app: &App,
        found: &RecordVersion,
        returned: Option<Return>,
    ) -> Result<(), Outcome> {
        if returned == Some(Return::Representation)
            && let Some(text) = app.engine.text(found).await?
        {
            self.texts.insert(found.name.clone(), Bytes::from_owner(text));
        }
        Ok(())
    }

    fn line(&mut self, app: &App, item: &ItemAnswer, moment: Instant) -> Line {
        let status = match (item.live, item.created) {
            (false, _) => StatusCode::NO_CONTENT,
            (true, true) => StatusCode::CREATED,
            (true, false) => StatusCode::OK,
        };
        let began =
            self.versions.get(&item.stream).filter(|_| item.events.is_empty()).map_or(moment, |v| v.began);
        let mut line = Line { status: status_text(status), ..self.bare(StatusCode::OK) };
        if item.version > 0 {
            line.etag = Some(etag(item.version));
        }
        if item.live {
            line.full_url = Some(format!("{}/{}", app.base_url, item.stream));
            line.location = Some(format!("{}/_history/{}", item.stream, item.version));
            line.modified = Some(began.to_millis_text());
            line.resource = self.texts.get(&item.stream).cloned();
        }
        line
    }

    fn found(&self, app: &App, found: &RecordVersion) -> Line {
        Line {
            full_url: Some(format!("{}/{}", app.base_url, found.name)),
            location: Some(format!("{}/_history/{}", found.name, found.version)),
            etag: Some(etag(found.version)),
            modified: Some(found.began.to_millis_text()),
            resource: self.texts.get(&found.name).cloned(),
            ..self.bare(StatusCode::OK)
        }
    }

    fn bare(&self, status: StatusCode) -> Line {
        let outcome = || anamnesis_fhir::outcome::operation_outcome(&[]).to_text();
        Line { outcome: self.as_outcome.then(outcome), ..bare(status) }
    }
}

fn bare(status: StatusCode) -> Line {
    Line {
        full_url: None,
        status: status_text(status),
        location: None,
        etag: None,
        modified: None,
        outcome: None,
        resource: None,
    }
}

fn status_text(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
