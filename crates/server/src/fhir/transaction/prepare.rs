//! From the entries of a transaction to the items of one commit: what exists is found, ids are given, references
//! put right, resources checked.

mod own;
mod patches;
mod references;
mod sought;

use std::collections::HashSet;

use anamnesis_chart::Command;
use anamnesis_engine::{Expect, Item};
use anamnesis_fhir::bundle::{
    EntryIn, Method, Plan, Resolution, Target, collisions, conditional_references, plan, rewrite,
};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_json::Value;
use anamnesis_kernel::{ResourceType, StreamName, Version, slot_of};
use anamnesis_store::{Body, Claim, ReadError, RecordVersion};

use crate::app::{App, WriteContext};
use crate::fhir::create::Mint;
use crate::fhir::outcome::Outcome;
use crate::fhir::request::version_of_tag;
use crate::fhir::write::{Key, checked, expect, expected, is_whole, item, unless_demanded};
use own::Own;
use patches::apply_patches;
use references::settle_references;
use sought::{Meant, Sought};

const ISSUES_MAX: usize = 100;

/// A transaction ready to be committed.
pub(super) struct Prepared {
    /// What is written, in the order of the bundle.
    pub(super) items: Vec<Item>,
    /// By item: the entry and its record.
    pub(super) written: Vec<(usize, StreamName)>,
    /// That criteria found none.
    pub(super) claims: Vec<Claim>,
    /// What criteria found, which is written at the version that was found.
    pub(super) sought: HashSet<StreamName>,
    /// By entry: what is to be answered.
    pub(super) entries: Vec<Asked>,
}

/// What an entry asks to be answered.
pub(super) enum Asked {
    /// What became of its items.
    Written,
    /// The record its criteria found.
    Found(RecordVersion),
    /// What an entry before it, with the same criteria, writes: the number of that entry.
    SameAs(usize),
    /// That nothing met its criteria, so that nothing had to be deleted.
    Nothing,
    /// What it reads, afterwards.
    Read(Box<EntryIn>),
}

/// What is wrong with the entries.
#[derive(Default)]
pub(super) struct Problems {
    issues: Vec<Issue>,
    worst: Worst,
}

/// What the answer's status is about.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Worst {
    /// What was sent.
    #[default]
    Wrong,
    /// What would come of it.
    Refused,
    /// What was made a condition.
    Unmet,
}

impl Problems {
    /// Notes what is wrong with what was sent.
    fn wrong(&mut self, issues: impl IntoIterator<Item = Issue>) {
        self.issues.extend(issues);
    }

    /// Notes what cannot be done to what is there.
    fn refused(&mut self, issues: impl IntoIterator<Item = Issue>) {
        self.issues.extend(issues);
        self.worst = self.worst.max(Worst::Refused);
    }

    /// Notes what was made a condition and does not hold.
    fn unmet(&mut self, issue: Issue) {
        self.issues.push(issue);
        self.worst = Worst::Unmet;
    }

    fn outcome(mut self) -> Option<Outcome> {
        self.issues.truncate(ISSUES_MAX);
        if self.issues.is_empty() {
            return None;
        }
        Some(match self.worst {
            Worst::Wrong => Outcome::Invalid(self.issues),
            Worst::Refused => Outcome::Refused(self.issues),
            Worst::Unmet => Outcome::Precondition(self.issues),
        })
    }
}

/// Prepares a commit.
///
/// # Errors
///
/// Everything wrong with the entries.
pub(super) async fn prepare(
    app: &App,
    mut entries: Vec<EntryIn>,
    key: Option<Key>,
    context: &WriteContext,
    may_be_long: bool,
) -> Result<Prepared, Outcome> {
    let mut problems = Problems::default();
    let references = conditional_references(&entries);
    let mut sought = Sought::before_updates(app, &entries, context, &mut problems).await?;
    let searched = entries.iter().filter_map(|entry| match (entry.method, &entry.target) {
        (Method::Put | Method::Patch, Target::Query { kind, .. }) => Some(*kind),
        _ => None,
    });
    let searched = searched.chain(references.iter().map(|reference| reference.kind)).collect();
    let own = Own::of(app, &entries, &searched, |at| sought.is_itself(at));
    sought.updates(app, &entries, &own, &mut problems).await?;
    sought.patches(app, &entries, &mut problems).await?;
    apply_patches(app, &mut entries, &sought, &mut problems).await?;

    let mint = Mint::new(app, key, patient_slot(&entries, &sought.meant));
    let mut mint = |index: usize, _: ResourceType| mint.id(app, u32::try_from(index).unwrap_or(u32::MAX));
    let mut plan = plan(&entries, &mut mint).map_err(Outcome::Invalid)?;
    for ((at, entry), meant) in entries.iter().enumerate().zip(&sought.meant) {
        match meant {
            Meant::Answered(Asked::Found(found)) | Meant::Update(found) => {
                plan.settle(at, entry, found.name.clone());
            }
            Meant::Answered(Asked::SameAs(first)) => {
                if let Some(Some(stream)) = plan.streams.get(*first).cloned() {
                    plan.settle(at, entry, stream);
                }
            }
            _ => {}
        }
    }
    settle_references(app, &entries, &references, &own, &sought, &mut plan, &mut problems).await?;

    let mut prepared = Prepared {
        items: Vec::with_capacity(entries.len()),
        written: Vec::with_capacity(entries.len()),
        claims: sought.claims,
        sought: HashSet::new(),
        entries: Vec::with_capacity(entries.len()),
    };
    for ((at, mut entry), meant) in entries.drain(..).enumerate().zip(sought.meant) {
        if problems.issues.len() > ISSUES_MAX {
            break;
        }
        let found = match meant {
            Meant::Answered(asked) => {
                prepared.entries.push(asked);
                continue;
            }
            Meant::Itself if !entry.writes() => {
                prepared.entries.push(Asked::Read(Box::new(entry)));
                continue;
            }
            Meant::Delete(items) => {
                for item in items {
                    prepared.add(entry.index, item, entry.if_match.is_none());
                }
                prepared.entries.push(Asked::Written);
                continue;
            }
            Meant::Update(found) => Some(found),
            Meant::Itself => None,
        };
        prepared.entries.push(Asked::Written);
        let patched = entry.method != Method::Patch || entry.resource.is_some();
        let Some(stream) = plan.streams.get(at).and_then(Option::as_ref).filter(|_| patched) else {
            // Why there is nothing to write has been told, else the entry would be lost in silence.
            if problems.issues.is_empty() {
                return Err(Outcome::NoInteraction);
            }
            continue;
        };
        problems.wrong(unversioned(app, &entry).await?);
        match command(app, &mut entry, stream, found.as_ref(), &plan, may_be_long) {
            Ok((expected, command)) => {
                let item = item(context, stream.clone(), expected, command);
                prepared.add(entry.index, item, found.is_some() && entry.if_match.is_none());
            }
            Err(wrong) => problems.wrong(wrong),
        }
    }
    problems.wrong(collisions(&prepared.written));
    problems.outcome().map_or(Ok(prepared), Err)
}

impl Prepared {
    /// Adds an item of an entry; `sought` says that its version is that of a search, and nobody's condition.
    fn add(&mut self, entry: usize, item: Item, sought: bool) {
        if sought {
            self.sought.insert(item.stream.clone());
        }
        self.written.push((entry, item.stream.clone()));
        self.items.push(item);
    }
}

/// The command of an entry that writes, with its references put right; `found` is what its criteria found.
fn command(
    app: &App,
    entry: &mut EntryIn,
    stream: &StreamName,
    found: Option<&RecordVersion>,
    plan: &Plan,
    may_be_long: bool,
) -> Result<(Expect, Command), Vec<Issue>> {
    let if_match = if_match(entry).map_err(|issue| vec![issue])?;
    if entry.method == Method::Delete {
        return Ok((unless_demanded(app, expect(if_match)), Command::Delete));
    }
    let place = format!("Bundle.entry[{}].resource", entry.index);
    let mut resource = entry.resource.take().unwrap_or(Value::Null);
    rewrite(&mut resource, &place, &|text| match plan.resolve(text) {
        // What a patch left alone may say what it says.
        Resolution::Unresolvable if entry.method == Method::Patch => Resolution::Keep,
        resolution => resolution,
    })?;
    let (_, elements) = checked(app, stream.kind, resource, Some(&place), may_be_long)?;
    if entry.method != Method::Post {
        is_whole(stream.kind, &elements, Some(&place))?;
    }
    let asked = match entry.method {
        Method::Put => expected(if_match, entry.if_none_match.as_deref()).ok_or_else(|| {
            let what = "must be *, and stand without ifMatch";
            vec![Issue::error(IssueCode::Value, what).at(request_at(entry, "ifNoneMatch"))]
        })?,
        _ => expect(if_match),
    };
    let expected = match (entry.method, &entry.target, found) {
        (_, _, Some(found)) => expect(if_match.or(Some(found.version))),
        // Nothing met its criteria, so it is as good as a create.
        (Method::Post, ..) | (_, Target::Query { .. }, None) => Expect::None,
        _ => unless_demanded(app, asked),
    };
    Ok((expected, Command::Put(elements)))
}

/// What is wrong with an entry that changes a record and does not name its version, where that is demanded.
async fn unversioned(app: &App, entry: &EntryIn) -> Result<Option<Issue>, ReadError> {
    let Target::Record(stream) = &entry.target else { return Ok(None) };
    let unsaid = entry.if_match.is_none() && entry.if_none_match.is_none();
    if !(app.limits.require_if_match && unsaid && entry.writes()) {
        return Ok(None);
    }
    let found = app.engine.views().find_one(stream, None).await?;
    let is_there = found.is_some_and(|found| found.body != Body::Deleted);
    let what = "must name the version of the record that is to be changed";
    Ok(is_there.then(|| Issue::error(IssueCode::Required, what).at(request_at(entry, "ifMatch"))))
}

/// The version an entry depends on.
fn if_match(entry: &EntryIn) -> Result<Option<Version>, Issue> {
    let Some(tag) = &entry.if_match else { return Ok(None) };
    let wrong = || {
        let what = "must be a version such as W/\"3\"";
        Issue::error(IssueCode::Value, what).at(request_at(entry, "ifMatch"))
    };
    version_of_tag(tag).map(Some).ok_or_else(wrong)
}

/// Where a member of an entry's request stands.
fn request_at(entry: &EntryIn, member: &str) -> String {
    format!("Bundle.entry[{}].request.{member}", entry.index)
}

/// The slot of the bundle's patient, where its id is known before ids are given.
fn patient_slot(entries: &[EntryIn], meant: &[Meant]) -> Option<u16> {
    entries.iter().zip(meant).find_map(|(entry, meant)| match (&entry.target, meant) {
        (_, Meant::Answered(Asked::Found(found)) | Meant::Update(found)) if found.name.is_patient() => {
            Some(slot_of(&found.name.id))
        }
        (Target::Record(stream), _) if entry.method == Method::Put && stream.is_patient() => {
            Some(slot_of(&stream.id))
        }
        _ => None,
    })
}
