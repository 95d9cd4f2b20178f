//! Patients who are the same: what asks for one of them is made to ask for all.
//!
//! Who is the same as whom is for another to know: [`patients`] says whom a search asks for, [`as_one`] is told.

use std::collections::BTreeSet;

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Filter, Query, Test};
use compact_str::CompactString;

/// The ids of the patients that a search refers to, each once; a reference that names no type may be to one.
pub fn patients(query: &Query) -> BTreeSet<CompactString> {
    let mut found = BTreeSet::new();
    for filter in &query.all {
        visit(filter, &mut |id| {
            found.insert(id.clone());
        });
    }
    found
}

/// Makes each reference to a patient one to any of those who are the same; `same` gives the others.
pub fn as_one(query: &mut Query, same: &dyn Fn(&str) -> Vec<CompactString>) {
    for filter in &mut query.all {
        widen(filter, same);
    }
}

/// The id of the patient that a test refers to, if it can be one.
fn patient(test: &Test) -> Option<&CompactString> {
    match test {
        Test::Reference { kind, id, .. }
            if kind.is_none_or(|kind| kind == ResourceType::PATIENT.number()) =>
        {
            Some(id)
        }
        _ => None,
    }
}

fn visit(filter: &Filter, give: &mut dyn FnMut(&CompactString)) {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => filters.iter().for_each(|filter| visit(filter, give)),
        Filter::Not(filter) => visit(filter, give),
        Filter::Test(Test::Chain { filter, .. } | Test::Has { filter, .. }) => visit(filter, give),
        Filter::Test(Test::Together(parts)) => parts.iter().flatten().filter_map(patient).for_each(give),
        Filter::Test(test) => patient(test).into_iter().for_each(give),
    }
}

fn widen(filter: &mut Filter, same: &dyn Fn(&str) -> Vec<CompactString>) {
    match filter {
        Filter::All(filters) | Filter::Any(filters) => {
            filters.iter_mut().for_each(|filter| widen(filter, same))
        }
        Filter::Not(filter) => widen(filter, same),
        Filter::Test(Test::Chain { filter, .. } | Test::Has { filter, .. }) => widen(filter, same),
        Filter::Test(Test::Together(parts)) => {
            for part in parts {
                let others: Vec<Test> = part.iter().flat_map(|test| others(test, same)).collect();
                part.extend(others);
            }
        }
        Filter::Test(test) => {
            let others = others(test, same);
            if !others.is_empty() {
                *filter = Filter::any_of(std::iter::once(test.clone()).chain(others));
            }
        }
    }
}

/// The same test of the others.
fn others(test: &Test, same: &dyn Fn(&str) -> Vec<CompactString>) -> Vec<Test> {
    let (Some(id), Test::Reference { param, .. }) = (patient(test), test) else { return Vec::new() };
    let to = |id| Test::Reference { param: *param, kind: Some(ResourceType::PATIENT.number()), id };
    same(id).into_iter().filter(|other| other != id).map(to).collect()
}
