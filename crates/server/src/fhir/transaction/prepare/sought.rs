//! What the criteria of a transaction's entries mean, in the order in which a transaction is carried out: deletions,
//! then creates, then updates: <https://hl7.org/fhir/R4/http.html#trules>.
//!
//! Invariant: what an entry means does not depend on where it stands among the entries.

use std::collections::{HashMap, HashSet};

use anamnesis_engine::Item;
use anamnesis_fhir::bundle::{EntryIn, Method, Target, same_record};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};
use anamnesis_store::{Body, Claim, RecordVersion};

use super::own::Own;
use super::{Asked, Problems, if_match, request_at};
use crate::app::{App, WriteContext};
use crate::fhir::conditional::{Criteria, Match, catch_up, resolve, settle};
use crate::fhir::delete_conditional;
use crate::fhir::outcome::Outcome;

/// What one entry comes to.
pub(super) enum Meant {
    /// What its request says.
    Itself,
    /// Nothing is to be written for it.
    Answered(Asked),
    /// This record, at this version, is updated.
    Update(RecordVersion),
    /// These records are deleted.
    Delete(Vec<Item>),
}

/// What the entries come to.
pub(super) struct Sought {
    /// By entry.
    pub(super) meant: Vec<Meant>,
    /// That criteria found none.
    pub(super) claims: Vec<Claim>,
    /// What the transaction deletes.
    pub(super) gone: HashSet<StreamName>,
}

impl Sought {
    /// Settles the criteria of deletions and creates.
    ///
    /// # Errors
    ///
    /// When the log or the views cannot be read, or the views do not reach the end of the log in time.
    pub(super) async fn before_updates(
        app: &App,
        entries: &[EntryIn],
        context: &WriteContext,
        problems: &mut Problems,
    ) -> Result<Self, Outcome> {
        let meant = entries.iter().map(|_| Meant::Itself).collect();
        let mut sought = Self { meant, claims: Vec::new(), gone: HashSet::new() };
        sought.deletions(app, entries, context, problems).await?;
        sought.creates(app, entries, problems).await?;
        Ok(sought)
    }

    /// Whether the entry makes what its request says, as far as is known.
    pub(super) fn is_itself(&self, at: usize) -> bool {
        matches!(self.meant.get(at), Some(Meant::Itself))
    }

    /// Whether the entry changes a record, if it writes at all.
    pub(super) fn changes(&self, at: usize) -> bool {
        !matches!(self.meant.get(at), Some(Meant::Answered(_)))
    }

    async fn deletions(
        &mut self,
        app: &App,
        entries: &[EntryIn],
        context: &WriteContext,
        problems: &mut Problems,
    ) -> Result<(), Outcome> {
        let wanted = delete_conditional::wanted(&app.limits);
        let (mut all, mut places) = (Vec::new(), Vec::new());
        for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.method == Method::Delete) {
            match &entry.target {
                Target::Query { kind, query } => match Criteria::parse(app, *kind, query) {
                    Ok(criteria) => {
                        all.push(criteria.up_to(wanted));
                        places.push((at, entry));
                    }
                    Err(wrong) => problems.wrong(wrong.into_iter().map(|i| i.at(request_at(entry, "url")))),
                },
                Target::Record(stream) => {
                    self.gone.insert(stream.clone());
                }
                _ => {}
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        for ((settled, criteria), (at, entry)) in settle(app, &all).await?.into_iter().zip(&all).zip(places) {
            let if_match = match if_match(entry) {
                Ok(if_match) => if_match,
                Err(issue) => {
                    problems.wrong([issue]);
                    continue;
                }
            };
            match delete_conditional::items(app, context, criteria, &settled.found, if_match) {
                Ok(items) if items.is_empty() => self.set(at, Meant::Answered(Asked::Nothing)),
                Ok(items) => {
                    self.gone.extend(items.iter().map(|item| item.stream.clone()));
                    self.set(at, Meant::Delete(items));
                }
                Err(issue) => problems.unmet(issue.at(request_at(entry, "url"))),
            }
        }
        Ok(())
    }

    async fn creates(
        &mut self,
        app: &App,
        entries: &[EntryIn],
        problems: &mut Problems,
    ) -> Result<(), Outcome> {
        let (mut all, mut places) = (Vec::new(), Vec::new());
        let mut seen: HashMap<(ResourceType, String), usize> = HashMap::new();
        for (at, entry) in entries.iter().enumerate() {
            let (Method::Post, Target::Type(kind), Some(query)) =
                (entry.method, &entry.target, &entry.if_none_exist)
            else {
                continue;
            };
            match Criteria::parse(app, *kind, query) {
                Ok(criteria) => {
                    // Of two entries with the same criteria the second finds what the first creates.
                    let same = (*kind, criteria.normal.clone());
                    if let Some(first) = seen.get(&same) {
                        self.set(at, Meant::Answered(Asked::SameAs(*first)));
                        continue;
                    }
                    seen.insert(same, at);
                    all.push(criteria);
                    places.push((at, entry));
                }
                Err(wrong) => {
                    problems.wrong(wrong.into_iter().map(|i| i.at(request_at(entry, "ifNoneExist"))));
                }
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        let found = if self.gone.is_empty() {
            resolve(app, &all).await?
        } else {
            all = all.into_iter().map(|criteria| criteria.up_to(self.room())).collect();
            settle(app, &all).await?.into_iter().map(|settled| settled.without(&self.gone)).collect()
        };
        for ((found, criteria), (at, entry)) in found.into_iter().zip(&all).zip(places) {
            match found {
                Match::One(version) => self.set(at, Meant::Answered(Asked::Found(version))),
                Match::None(claim) => self.claims.push(claim),
                Match::Several => problems.unmet(criteria.several(request_at(entry, "ifNoneExist"))),
            }
        }
        Ok(())
    }

    /// Settles the criteria of updates, which see what is deleted and created.
    ///
    /// # Errors
    ///
    /// When the log or the views cannot be read, or the views do not reach the end of the log in time.
    pub(super) async fn updates(
        &mut self,
        app: &App,
        entries: &[EntryIn],
        own: &Own,
        problems: &mut Problems,
    ) -> Result<(), Outcome> {
        let (mut all, mut places) = (Vec::new(), Vec::new());
        for (at, entry) in entries.iter().enumerate() {
            let (Method::Put | Method::Patch, Target::Query { kind, query }) = (entry.method, &entry.target)
            else {
                continue;
            };
            match Criteria::parse(app, *kind, query) {
                Ok(criteria) => {
                    all.push(criteria.up_to(self.room()));
                    places.push((at, entry));
                }
                Err(wrong) => problems.wrong(wrong.into_iter().map(|i| i.at(request_at(entry, "url")))),
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        for ((settled, criteria), (at, entry)) in settle(app, &all).await?.into_iter().zip(&all).zip(places) {
            let meeting = match own.meeting(criteria) {
                Ok(meeting) => meeting,
                Err(issue) => {
                    problems.wrong([issue.at(request_at(entry, "url"))]);
                    continue;
                }
            };
            let posted = meeting
                .into_iter()
                .find_map(|at| entries.get(at).filter(|entry| entry.method == Method::Post));
            match (settled.without(&self.gone), posted) {
                (Match::None(_), Some(posted)) => problems.wrong([same_record(entry.index, posted.index)]),
                (Match::None(_), None) if entry.method == Method::Patch => {
                    let what = "no record meets the criteria, and a patch makes none";
                    problems.unmet(Issue::error(IssueCode::NotFound, what).at(request_at(entry, "url")));
                }
                (Match::None(_), None) if entry.if_match.is_some() => {
                    let what = "no record meets the criteria, so none has that version";
                    let issue = Issue::error(IssueCode::Conflict, what);
                    problems.unmet(issue.at(request_at(entry, "ifMatch")));
                }
                (Match::None(claim), None) => self.claims.push(claim),
                (Match::One(_), None) if must_create(entry) => {
                    let issue = Issue::error(IssueCode::Conflict, "a record meets the criteria");
                    problems.unmet(issue.at(request_at(entry, "ifNoneMatch")));
                }
                (Match::One(version), None) if own_id(entry).is_none_or(|id| id == version.name.id) => {
                    self.set(at, Meant::Update(version));
                }
                (Match::One(_), None) => {
                    let what = "must be the id of the record that meets the criteria, or not be there";
                    let at = format!("Bundle.entry[{}].resource.id", entry.index);
                    problems.wrong([Issue::error(IssueCode::Value, what).at(at)]);
                }
                (Match::One(_), Some(_)) | (Match::Several, _) => {
                    problems.unmet(criteria.several(request_at(entry, "url")));
                }
            }
        }
        Ok(())
    }

    /// Finds the records that are patched by their names.
    ///
    /// # Errors
    ///
    /// When the views cannot be read, or do not reach the end of the log in time.
    pub(super) async fn patches(
        &mut self,
        app: &App,
        entries: &[EntryIn],
        problems: &mut Problems,
    ) -> Result<(), Outcome> {
        let named =
            entries.iter().enumerate().filter_map(|(at, entry)| match (entry.method, &entry.target) {
                (Method::Patch, Target::Record(stream)) => Some((at, entry, stream.clone())),
                _ => None,
            });
        let named: Vec<_> = named.collect();
        if named.is_empty() {
            return Ok(());
        }
        catch_up(app).await?;
        let names: Vec<StreamName> = named.iter().map(|(.., stream)| stream.clone()).collect();
        for ((at, entry, _), found) in named.into_iter().zip(app.engine.views().find(&names, None).await?) {
            let (code, what) = match found {
                Some(found) if !matches!(found.body, Body::Deleted) => {
                    self.set(at, Meant::Update(found));
                    continue;
                }
                Some(_) => (IssueCode::Deleted, "the record was deleted"),
                None => (IssueCode::NotFound, "there is no such record"),
            };
            problems.unmet(Issue::error(code, what).at(request_at(entry, "url")));
        }
        Ok(())
    }

    /// So many that two are left when all are taken out that the transaction deletes.
    fn room(&self) -> u32 {
        u32::try_from(self.gone.len()).unwrap_or(u32::MAX).saturating_add(2)
    }

    fn set(&mut self, at: usize, meant: Meant) {
        if let Some(slot) = self.meant.get_mut(at) {
            *slot = meant;
        }
    }
}

/// Whether an update may only create.
fn must_create(entry: &EntryIn) -> bool {
    entry.method == Method::Put && entry.if_none_match.as_deref() == Some("*")
}

/// The id the resource of an update brings; that it is one was seen when the bundle was read.
fn own_id(entry: &EntryIn) -> Option<ResourceId> {
    if entry.method == Method::Patch {
        return None;
    }
    entry.resource.as_ref().and_then(|resource| ResourceId::new(resource.get("id")?.as_str()?).ok())
}
