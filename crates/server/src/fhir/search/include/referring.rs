//! What refers to records, by their search parameters: `_revinclude`.

use anamnesis_fhir::search::Include;
use anamnesis_fhir::{Known, ParamKind, Params, canonical};
use anamnesis_json::Value;
use anamnesis_kernel::search::{Entry, Filter, Key, Param, Query, Test};
use anamnesis_kernel::{Instant, ResourceType, StreamName};
use anamnesis_store::ReadError;
use compact_str::CompactString;

use super::New;
use crate::fhir::search::found::Shown;
use crate::index::Index;

/// How many references are looked for at a time.
const TESTS_AT_ONCE: usize = 200;
/// How many records are taken at a time.
const TAKEN_AT_ONCE: u32 = 500;

/// Takes the records that refer to these, by what the include says, until there is no room.
///
/// # Errors
///
/// When the views cannot be read.
pub(super) async fn referring(
    index: &Index,
    include: &Include,
    to: &[Shown],
    at: Option<Instant>,
    new: &mut New<'_>,
) -> Result<(), ReadError> {
    for tests in tests(index, include, to).chunks(TESTS_AT_ONCE) {
        let filter = Filter::any_of(tests.iter().cloned());
        let mut query = Query { at, ..Query::new(include.from, vec![filter], TAKEN_AT_ONCE) };
        loop {
            let hits = index.views().search(&query).await?;
            query.after = hits.last().map(|hit| hit.after.clone());
            let full = hits.len() == TAKEN_AT_ONCE as usize;
            for hit in hits {
                if !new.take(hit.version) {
                    return Ok(());
                }
            }
            if !full {
                break;
            }
        }
    }
    Ok(())
}

/// A test for each parameter that can refer to one of the records, and each of those.
fn tests(index: &Index, include: &Include, to: &[Shown]) -> Vec<Test> {
    let kinds: Vec<ResourceType> = match include.from {
        Some(kind) => vec![kind],
        None => ResourceType::all().collect(),
    };
    let mut tests = Vec::new();
    for kind in kinds {
        let all = match &include.param {
            Some(known) => vec![known.clone()],
            None => index.codes(kind),
        };
        for known in all.iter().filter(|known| known.kind == ParamKind::Reference) {
            for one in to.iter().filter(|one| leads_to(known, include, &one.name)) {
                let called = if known.canonical { called(one) } else { Vec::new() };
                for param in &known.params {
                    tests.push(refers(*param, &one.name));
                    tests.extend(called.iter().map(|id| Test::Reference {
                        param: *param,
                        kind: Some(0),
                        id: id.clone(),
                    }));
                }
            }
        }
    }
    tests
}

/// What others call a definition, without a version and with its own.
fn called(one: &Shown) -> Vec<CompactString> {
    if !canonical::names(one.name.kind) {
        return Vec::new();
    }
    let Ok(Value::Object(elements)) = anamnesis_json::parse_with_depth(&one.text, usize::MAX) else {
        return Vec::new();
    };
    let entries = canonical::called(one.name.kind, &elements).into_iter();
    let text = |entry: Entry| if let Key::Reference { id, .. } = entry.key { Some(id) } else { None };
    entries.filter_map(text).collect()
}

fn leads_to(known: &Known, include: &Include, name: &StreamName) -> bool {
    let wanted = include.target.is_none_or(|target| target == name.kind);
    wanted && (known.targets.is_empty() || known.targets.contains(&name.kind))
}

fn refers(param: Param, to: &StreamName) -> Test {
    Test::Reference { param, kind: Some(to.kind.number()), id: to.id.as_str().into() }
}
