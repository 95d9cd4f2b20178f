//! From the entries of a transaction to the items of one commit: what exists is found, ids are given, references
//! put right, resources checked.

use std::collections::HashMap;

use anamnesis_chart::Command;
use anamnesis_engine::{Expect, Item};
use anamnesis_fhir::bundle::{EntryIn, Method, Plan, Target, conditional_references, plan, rewrite};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_json::Value;
use anamnesis_kernel::{ResourceType, StreamName, Version, slot_of};
use anamnesis_store::{Claim, RecordVersion};

use crate::app::{App, WriteContext};
use crate::fhir::conditional::{Criteria, Match, look_up, resolve};
use crate::fhir::create::Mint;
use crate::fhir::outcome::Outcome;
use crate::fhir::request::version_of_tag;
use crate::fhir::write::{Key, checked, expect, is_whole, item};

const ISSUES_MAX: usize = 100;

/// A transaction ready to be committed.
pub(super) struct Prepared {
    /// What is written, in the order of the bundle.
    pub(super) items: Vec<Item>,
    /// By item: the entry and its record.
    pub(super) written: Vec<(usize, StreamName)>,
    /// That criteria found none.
    pub(super) claims: Vec<Claim>,
    /// By entry: what is to be answered.
    pub(super) entries: Vec<Asked>,
}

/// What an entry asks to be answered.
pub(super) enum Asked {
    /// What became of the next item.
    Written,
    /// The record its criteria found.
    Found(RecordVersion),
    /// What an entry before it, with the same criteria, writes: the number of that entry.
    SameAs(usize),
    /// What its URL reads, afterwards.
    Read(Method, Target),
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
    let mut issues = Vec::new();
    let Existing { mut asked, claims } = existing(app, &entries, &mut issues).await?;
    let mut missing = !issues.is_empty();
    let mint = Mint::new(app, key, patient_slot(&entries, &asked));
    let mut mint = |index: usize, _: ResourceType| mint.id(app, u32::try_from(index).unwrap_or(u32::MAX));
    let mut plan = plan(&entries, &mut mint).map_err(Outcome::Invalid)?;
    for (at, entry) in entries.iter().enumerate() {
        match asked.get(at) {
            Some(Some(Asked::Found(found))) => plan.settle(at, entry, found.name.clone()),
            Some(Some(Asked::SameAs(first))) => {
                if let Some(Some(stream)) = plan.streams.get(*first).cloned() {
                    plan.settle(at, entry, stream);
                }
            }
            _ => {}
        }
    }
    missing |= settle_references(app, &entries, &mut plan, &mut issues).await?;

    let mut prepared = Prepared {
        items: Vec::with_capacity(entries.len()),
        written: Vec::with_capacity(entries.len()),
        claims,
        entries: Vec::with_capacity(entries.len()),
    };
    for (at, entry) in entries.iter_mut().enumerate() {
        if issues.len() > ISSUES_MAX {
            break;
        }
        let answered = asked.get_mut(at).and_then(Option::take);
        let found = answered.is_some();
        prepared.entries.push(match answered {
            Some(answered) => answered,
            None if entry.method.writes() => Asked::Written,
            None => {
                Asked::Read(entry.method, std::mem::replace(&mut entry.target, Target::Other(String::new())))
            }
        });
        if found || !entry.method.writes() {
            continue;
        }
        let Some(Some(stream)) = plan.streams.get(at) else { continue };
        match command(app, entry, stream, &plan, may_be_long) {
            Ok((expected, command)) => {
                prepared.items.push(item(context, stream.clone(), expected, command));
                prepared.written.push((entry.index, stream.clone()));
            }
            Err(wrong) => issues.extend(wrong),
        }
    }
    if issues.is_empty() {
        return Ok(prepared);
    }
    issues.truncate(ISSUES_MAX);
    Err(if missing { Outcome::Precondition(issues) } else { Outcome::Invalid(issues) })
}

/// The command of an entry that writes, with its references put right.
fn command(
    app: &App,
    entry: &mut EntryIn,
    stream: &StreamName,
    plan: &Plan,
    may_be_long: bool,
) -> Result<(Expect, Command), Vec<Issue>> {
    let if_match = if_match(entry)?;
    if entry.method == Method::Delete {
        return Ok((expect(if_match), Command::Delete));
    }
    let place = format!("Bundle.entry[{}].resource", entry.index);
    let mut resource = entry.resource.take().unwrap_or(Value::Null);
    rewrite(&mut resource, &place, &|text| plan.resolve(text))?;
    let (_, elements) = checked(app, stream.kind, resource, Some(&place), may_be_long)?;
    if entry.method != Method::Post {
        is_whole(stream.kind, &elements, Some(&place))?;
    }
    let expected = if entry.method == Method::Post { Expect::None } else { expect(if_match) };
    Ok((expected, Command::Put(elements)))
}

fn if_match(entry: &EntryIn) -> Result<Option<Version>, Vec<Issue>> {
    let Some(tag) = &entry.if_match else { return Ok(None) };
    let wrong = || {
        let at = format!("Bundle.entry[{}].request.ifMatch", entry.index);
        vec![Issue::error(IssueCode::Value, "must be a version such as W/\"3\"").at(at)]
    };
    version_of_tag(tag).map(Some).ok_or_else(wrong)
}

/// What criteria of `ifNoneExist` come to.
struct Existing {
    /// By entry, where nothing is to be written for it.
    asked: Vec<Option<Asked>>,
    claims: Vec<Claim>,
}

async fn existing(app: &App, entries: &[EntryIn], issues: &mut Vec<Issue>) -> Result<Existing, Outcome> {
    let mut asked: Vec<Option<Asked>> = entries.iter().map(|_| None).collect();
    let mut all = Vec::new();
    let mut places = Vec::new();
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
                    if let Some(slot) = asked.get_mut(at) {
                        *slot = Some(Asked::SameAs(*first));
                    }
                    continue;
                }
                seen.insert(same, at);
                all.push(criteria);
                places.push(at);
            }
            Err(wrong) => {
                issues.extend(wrong.into_iter().map(|issue| issue.at(if_none_exist_at(entry))));
            }
        }
    }
    if all.is_empty() {
        return Ok(Existing { asked, claims: Vec::new() });
    }
    let mut claims = Vec::new();
    let found = resolve(app, &all).await?;
    for ((found, at), criteria) in found.into_iter().zip(places).zip(&all) {
        match (found, asked.get_mut(at), entries.get(at)) {
            (Match::One(version), Some(slot), _) => *slot = Some(Asked::Found(version)),
            (Match::None(claim), ..) => claims.push(claim),
            (Match::Several, _, Some(entry)) => issues.push(criteria.several(if_none_exist_at(entry))),
            _ => {}
        }
    }
    Ok(Existing { asked, claims })
}

fn if_none_exist_at(entry: &EntryIn) -> String {
    format!("Bundle.entry[{}].request.ifNoneExist", entry.index)
}

/// Finds what references by search mean; says whether one could not be found, or is several.
async fn settle_references(
    app: &App,
    entries: &[EntryIn],
    plan: &mut Plan,
    issues: &mut Vec<Issue>,
) -> Result<bool, Outcome> {
    let references = conditional_references(entries);
    if references.is_empty() {
        return Ok(false);
    }
    let mut all = Vec::with_capacity(references.len());
    let mut asked = Vec::with_capacity(references.len());
    for reference in &references {
        match Criteria::parse(app, reference.kind, &reference.query) {
            Ok(criteria) => {
                all.push(criteria);
                asked.push(reference);
            }
            Err(wrong) => {
                issues.extend(wrong.into_iter().map(|issue| issue.at(reference.expression.as_str())));
                // It was told what is wrong with it, so it is not told again that nothing answers to it.
                plan.references.insert(reference.reference.clone(), reference.reference.clone());
            }
        }
    }
    let mut missing = false;
    for (found, reference) in look_up(app, &all).await?.into_iter().zip(asked) {
        let name = match found {
            Ok(version) => version.name.to_string(),
            Err(several) => {
                missing = true;
                issues.push(
                    unmatched(reference.kind, &reference.query, several).at(reference.expression.as_str()),
                );
                reference.reference.clone()
            }
        };
        plan.references.insert(reference.reference.clone(), name);
    }
    Ok(missing)
}

/// What is said of a reference by search that finds none or several; a search for a person is not repeated.
fn unmatched(kind: ResourceType, query: &str, several: bool) -> Issue {
    let personal = matches!(kind.name(), "Patient" | "Person" | "RelatedPerson");
    let (found, answer) = if several { ("several records", "answer") } else { ("no record", "answers") };
    let code = if several { IssueCode::MultipleMatches } else { IssueCode::NotFound };
    let what = match personal {
        true => format!("{found} of type {kind} {answer} to the reference"),
        false => format!("{found} {answer} to the reference {kind}?{query}"),
    };
    Issue::error(code, what)
}

/// The slot of the bundle's patient, where its id is known before ids are given.
fn patient_slot(entries: &[EntryIn], asked: &[Option<Asked>]) -> Option<u16> {
    entries.iter().zip(asked).find_map(|(entry, asked)| match (&entry.target, asked) {
        (_, Some(Asked::Found(found))) if found.name.is_patient() => Some(slot_of(&found.name.id)),
        (Target::Record(stream), _) if entry.method == Method::Put && stream.is_patient() => {
            Some(slot_of(&stream.id))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_for_people_are_not_repeated() {
        let kind = |name: &str| ResourceType::parse(name).unwrap();
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Organization", false, "no record answers to the reference Organization?identifier=7"),
            ("Practitioner", true,  "several records answer to the reference Practitioner?identifier=7"),
            ("Patient",      false, "no record of type Patient answers to the reference"),
        ];
        for (name, several, expected) in cases {
            assert_eq!(unmatched(kind(name), "identifier=7", several).diagnostics, expected);
        }
    }
}
