//! The answer to a bundle: an entry for each entry, in the same order.

use std::collections::{HashMap, HashSet};
use std::iter::Peekable;

use anamnesis_engine::{Answer, ItemAnswer};
use anamnesis_fhir::bundle::{Answered, EntryIn, Head, Kind, Method, Target};
use anamnesis_kernel::{ResourceId, StreamName, slot_of};
use futures::FutureExt;
use futures::stream::{self, BoxStream, StreamExt};
use http::StatusCode;

use super::Done;
use super::after::After;
use super::prepare::Asked;
use crate::app::App;
use crate::fhir::allowance::Allowance;
use crate::fhir::conditional::{Criteria, Match, resolve};
use crate::fhir::get::EntryRead;
use crate::fhir::line::{Line, bare, line_of_read, status_text};
use crate::fhir::negotiate::Return;
use crate::fhir::outcome::Outcome;
use crate::fhir::search::bundle_id;
use crate::fhir::write::Key;

/// How many reads are under way at a time, those included that wait for their turn.
const READS_AT_ONCE: usize = 16;

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
    allowance: &Allowance,
) -> Result<Done, Outcome> {
    let mut after = After::read(app, &answer, returned, allowance).await?;
    let places: HashMap<usize, &ItemAnswer> =
        written.iter().zip(&answer.items).map(|((entry, _), item)| (*entry, item)).collect();
    if entries.iter().any(|entry| matches!(entry, Asked::Read(_))) {
        wait_for_views(app, &answer, allowance).await;
    }
    let mut reads = each_read(app, &entries, allowance);
    let id = bundle_id();
    let mut answered = begin(&id);
    let mut taken = 0;
    for (at, entry) in entries.iter().enumerate() {
        let line = match entry {
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
            Asked::Read(_) => match reads.next().await {
                Some(read) => line_of_read(app, &allowance.admit(read)),
                None => continue,
            },
        };
        answered.entry(&line.response());
    }
    drop(reads);
    Ok(done(answered, answer, taken))
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
    allowance: &Allowance,
) -> Result<Done, Outcome> {
    let mut after = After::read(app, &answer, returned, allowance).await?;
    let mut items = Items::of(app, &answer, &entries, key);
    let id = bundle_id();
    let mut answered = begin(&id);
    let mut taken = 0;
    for entry in entries {
        taken += u32::from(entry.writes());
        if !entry.writes() {
            wait_for_views(app, &answer, allowance).await;
            let read = allowance.admit(allowance.read(app, &entry).await);
            answered.entry(&line_of_read(app, &read).response());
            continue;
        }
        if let Some(item) = items.of_entry(&entry) {
            answered.entry(&after.line(app, item, answer.moment).response());
            continue;
        }
        // Nothing was written for it: its criteria had found what was there, or nothing to delete.
        let line = match (&entry.target, &entry.if_none_exist) {
            (Target::Type(kind), Some(query)) if entry.method == Method::Post => {
                let criteria = Criteria::parse(app, *kind, query).map_err(Outcome::unread)?;
                let found = allowance.in_time(resolve(app, std::slice::from_ref(&criteria))).await;
                match found.ok().transpose()?.and_then(|mut found| found.pop()) {
                    Some(Match::One(found)) => {
                        after.want(app, &found, returned).await?;
                        after.found(app, &found)
                    }
                    _ => bare(StatusCode::OK),
                }
            }
            _ if entry.method == Method::Delete => bare(StatusCode::NO_CONTENT),
            _ => bare(StatusCode::OK),
        };
        answered.entry(&line.response());
    }
    Ok(Done { repeated: true, ..done(answered, answer, taken) })
}

fn begin(id: &str) -> Answered {
    Answered::begin(Kind::Transaction, &Head { id: Some(id), ..Head::default() })
}

fn done(answered: Answered, answer: Answer, taken: u32) -> Done {
    let Answer { cursor, seen, .. } = answer;
    Done { body: answered.end(), cursor, taken, repeated: false, seen, refused: Vec::new() }
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

/// Waits for the views to show what was written, as long as time is left.
async fn wait_for_views(app: &App, answer: &Answer, allowance: &Allowance) {
    // Where they do not get there in time, reads answer for themselves.
    let _ = allowance.in_time(app.engine.wait_for_views(&answer.cursor, app.limits.views)).await;
}

/// What the entries read, in their order.
fn each_read<'a>(app: &'a App, entries: &'a [Asked], allowance: &'a Allowance) -> BoxStream<'a, EntryRead> {
    let reads = entries.iter().filter_map(|entry| match entry {
        Asked::Read(entry) => Some(allowance.read(app, entry).boxed()),
        _ => None,
    });
    stream::iter(reads).buffered(READS_AT_ONCE).boxed()
}
