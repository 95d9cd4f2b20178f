//! Whether a record that no store has yet would be found: a query against what the record is found by.
//!
//! Invariant: where there is an answer, it is the one a store gives once it has the record; where other records, words
//! or the moment of writing would have to be known, there is none.

use anamnesis_kernel::StreamName;
use anamnesis_kernel::search::{Entry, Filter, Key, Link, Query, Test};

/// Whether the record of this name, found by these entries, meets all criteria of the query; `None` where that cannot
/// be known from the record alone.
pub fn meets(query: &Query, name: &StreamName, entries: &[Entry]) -> Option<bool> {
    if query.kind.is_some_and(|kind| kind != name.kind) || query.all.is_empty() {
        return Some(false);
    }
    all(&query.all, name, entries)
}

/// What is not known counts only where the others do not decide.
fn all(filters: &[Filter], name: &StreamName, entries: &[Entry]) -> Option<bool> {
    filters
        .iter()
        .map(|filter| met(filter, name, entries))
        .try_fold(Some(true), |so_far, one| match one {
            Some(false) => Err(Some(false)),
            Some(true) => Ok(so_far),
            None => Ok(None),
        })
        .unwrap_or_else(|decided| decided)
}

fn met(filter: &Filter, name: &StreamName, entries: &[Entry]) -> Option<bool> {
    match filter {
        Filter::All(filters) => all(filters, name, entries),
        Filter::Any(filters) => {
            let mut unknown = false;
            for filter in filters {
                match met(filter, name, entries) {
                    Some(true) => return Some(true),
                    Some(false) => {}
                    None => unknown = true,
                }
            }
            if unknown { None } else { Some(false) }
        }
        Filter::Not(not) => met(not, name, entries).map(|met| !met),
        Filter::Test(test) => holds(test, name, entries),
    }
}

fn holds(test: &Test, name: &StreamName, entries: &[Entry]) -> Option<bool> {
    match test {
        Test::Id(id) => Some(name.id == *id),
        Test::Kind(param) => Some(entries.iter().any(|entry| entry.param == *param)),
        Test::Together(parts) => Some(entries.iter().any(|one| {
            parts.iter().all(|any| {
                let same = entries.iter().filter(|entry| entry.group == one.group);
                same.flat_map(|entry| any.iter().map(move |test| (test, entry)))
                    .any(|(test, entry)| test.is_met_by(entry))
            })
        })),
        // Without a reference to such a record there is nothing that others could tell.
        Test::Chain { param, by, kind, .. } => {
            let to = match by {
                Link::Name => kind.number(),
                Link::Url => 0,
            };
            let refers = |entry: &Entry| {
                entry.param == *param && matches!(entry.key, Key::Reference { kind, .. } if kind == to)
            };
            if entries.iter().any(refers) { None } else { Some(false) }
        }
        Test::Has { .. } | Test::Updated(..) | Test::Words { .. } => None,
        _ => Some(entries.iter().any(|entry| test.is_met_by(entry))),
    }
}

#[cfg(test)]
mod tests;
