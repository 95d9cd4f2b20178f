//! References by search, settled last, so that they mean what is there once the transaction has been carried out.

use std::collections::HashSet;

use anamnesis_fhir::bundle::{ConditionalReference, EntryIn, Method, Plan};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_kernel::{ResourceType, StreamName};

use super::Problems;
use super::own::Own;
use super::sought::Sought;
use crate::app::App;
use crate::fhir::conditional::{Criteria, look_up, settle};
use crate::fhir::outcome::Outcome;

/// Finds what references by search mean, and says so to the plan.
///
/// # Errors
///
/// When the views cannot be read, or do not reach the end of the log in time.
pub(super) async fn settle_references(
    app: &App,
    entries: &[EntryIn],
    references: &[ConditionalReference],
    own: &Own,
    sought: &Sought,
    plan: &mut Plan,
    problems: &mut Problems,
) -> Result<(), Outcome> {
    if references.is_empty() {
        return Ok(());
    }
    let (mut apart, mut touched) = (Asked::default(), Asked::default());
    // What the transaction writes or removes no longer answers as the views have it, but as it will be.
    let written: HashSet<StreamName> = entries
        .iter()
        .zip(&plan.streams)
        .enumerate()
        // What a patch makes of a record is not known yet, so such a record answers as it is.
        .filter(|(at, (entry, _))| entry.writes() && entry.method != Method::Patch && sought.changes(*at))
        .filter_map(|(_, (_, stream))| stream.clone())
        .collect();
    let kinds: HashSet<ResourceType> = written.iter().chain(&sought.gone).map(|stream| stream.kind).collect();
    for reference in references {
        match Criteria::parse(app, reference.kind, &reference.query) {
            Ok(criteria) => {
                let asked = if kinds.contains(&reference.kind) { &mut touched } else { &mut apart };
                asked.criteria.push(criteria);
                asked.references.push(reference);
            }
            Err(wrong) => {
                problems.wrong(wrong.into_iter().map(|issue| issue.at(reference.expression.as_str())));
                // It was told what is wrong with it, so it is not told again that nothing answers to it.
                plan.references.insert(reference.reference.clone(), reference.reference.clone());
            }
        }
    }
    for (found, reference) in look_up(app, &apart.criteria).await?.into_iter().zip(apart.references) {
        let found = found.map(|version| version.name);
        answer(reference, found, plan, problems);
    }
    if touched.criteria.is_empty() {
        return Ok(());
    }
    let most = u32::try_from(written.len() + sought.gone.len()).unwrap_or(u32::MAX).saturating_add(2);
    let criteria: Vec<Criteria> = touched.criteria.into_iter().map(|criteria| criteria.up_to(most)).collect();
    let settled = settle(app, &criteria).await?;
    for ((settled, criteria), reference) in settled.into_iter().zip(&criteria).zip(touched.references) {
        let there = settled.found.into_iter().map(|version| version.name);
        let there = there.filter(|name| !written.contains(name) && !sought.gone.contains(name));
        let meeting = match own.meeting(criteria) {
            Ok(meeting) => meeting,
            Err(issue) => {
                problems.wrong([issue.at(reference.expression.as_str())]);
                plan.references.insert(reference.reference.clone(), reference.reference.clone());
                continue;
            }
        };
        let mine = meeting.into_iter().filter_map(|at| plan.streams.get(at).cloned().flatten());
        let mut found = there.chain(mine);
        let found = match (found.next(), found.next()) {
            (Some(name), None) => Ok(name),
            (first, _) => Err(first.is_some()),
        };
        answer(reference, found, plan, problems);
    }
    Ok(())
}

#[derive(Default)]
struct Asked<'a> {
    criteria: Vec<Criteria>,
    references: Vec<&'a ConditionalReference>,
}

/// The error says whether several were found.
fn answer(
    reference: &ConditionalReference,
    found: Result<StreamName, bool>,
    plan: &mut Plan,
    problems: &mut Problems,
) {
    let name = match found {
        Ok(name) => name.to_string(),
        Err(several) => {
            let issue = unmatched(reference.kind, &reference.query, several);
            problems.unmet(issue.at(reference.expression.as_str()));
            reference.reference.clone()
        }
    };
    plan.references.insert(reference.reference.clone(), name);
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
