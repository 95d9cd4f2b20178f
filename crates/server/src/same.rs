//! Which patients are one person: whom a record yielded to, and all that yielded to any of these.
//!
//! Invariant: each of them gives the same answer, whichever is asked; a ring that someone wrote ends it no later.

use std::collections::BTreeSet;

use anamnesis_engine::Engine;
use anamnesis_fhir::{compartment, merged};
use anamnesis_kernel::search::{Filter, Param, Place, Query, Test};
use anamnesis_kernel::{Instant, ResourceType, StreamName};
use anamnesis_store::ReadError;

/// How many records one person may have.
const RECORDS_MAX: usize = 1_000;
/// How many records that yielded are found at a time.
const FOUND_AT_ONCE: u32 = 200;

/// The records of one person.
pub(crate) struct Same {
    /// Those that are known, in the order of names.
    pub(crate) names: Vec<StreamName>,
    /// Why one of them does not say whom it yielded to, where it cannot be read: then others may be missing.
    pub(crate) unread: Option<ReadError>,
}

/// The records of the person whom `patient` is, as of `at` or now, in the order of names.
///
/// # Errors
///
/// When the views or the log cannot be read, one of these records neither; [`ReadError::TooLong`] where there are too many.
pub(crate) async fn same_patients(
    engine: &Engine,
    patient: &StreamName,
    at: Option<Instant>,
) -> Result<Vec<StreamName>, ReadError> {
    let Same { names, unread } = known_same_patients(engine, patient, at).await?;
    unread.map_or(Ok(names), Err)
}

/// As [`same_patients`], as far as the records can be read.
///
/// # Errors
///
/// The same, but for a record of them that is damaged.
pub(crate) async fn known_same_patients(
    engine: &Engine,
    patient: &StreamName,
    at: Option<Instant>,
) -> Result<Same, ReadError> {
    let mut same = BTreeSet::from([patient.clone()]);
    let (mut news, mut unread) = (vec![patient.clone()], None);
    while !news.is_empty() {
        if same.len() > RECORDS_MAX {
            return Err(ReadError::TooLong);
        }
        let mut found = yielded_to(engine, &news, at, &mut unread).await?;
        found.extend(that_yielded(engine, &news, at).await?);
        news = found.into_iter().filter(|name| same.insert(name.clone())).collect();
    }
    Ok(Same { names: same.into_iter().collect(), unread })
}

/// A page of what has a row under `param` for one of these patients, as of `at` or now.
pub(crate) fn about(
    param: Param,
    patients: &[StreamName],
    at: Option<Instant>,
    after: Option<Place>,
    limit: u32,
) -> Query {
    let kind = Some(ResourceType::PATIENT.number());
    let test = |patient: &StreamName| Test::Reference { param, kind, id: patient.id.as_str().into() };
    let any = Filter::any_of(patients.iter().map(test));
    Query { at, after: after.map(Into::into), ..Query::new(None, vec![any], limit) }
}

async fn yielded_to(
    engine: &Engine,
    patients: &[StreamName],
    at: Option<Instant>,
    unread: &mut Option<ReadError>,
) -> Result<Vec<StreamName>, ReadError> {
    let mut found = Vec::new();
    for record in engine.views().find(patients, at).await?.into_iter().flatten() {
        match engine.elements(&record).await {
            Ok(elements) => {
                let named = elements.iter().flat_map(merged::replaced_by);
                found.extend(named.map(|id| StreamName::new(ResourceType::PATIENT, id)));
            }
            Err(damaged @ ReadError::Damaged { .. }) => *unread = Some(damaged),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn that_yielded(
    engine: &Engine,
    patients: &[StreamName],
    at: Option<Instant>,
) -> Result<Vec<StreamName>, ReadError> {
    names(engine, about(merged::PARAM, patients, at, None, FOUND_AT_ONCE), RECORDS_MAX).await
}

/// The records of the patients' compartments other than the patients' own, up to what the views have.
///
/// # Errors
///
/// When the views cannot be read.
pub(crate) async fn compartment(
    engine: &Engine,
    patients: &[StreamName],
) -> Result<Vec<StreamName>, ReadError> {
    let query = about(compartment::PARAM, patients, None, None, FOUND_AT_ONCE);
    let mut found = names(engine, query, usize::MAX).await?;
    found.retain(|name| !patients.contains(name));
    Ok(found)
}

/// The names of all that a query finds, page by page, until there are more than `most`.
async fn names(engine: &Engine, mut query: Query, most: usize) -> Result<Vec<StreamName>, ReadError> {
    let mut found = Vec::new();
    loop {
        let hits = engine.views().search(&query).await?;
        query.after = hits.last().map(|hit| hit.after.clone());
        let more = hits.len() >= query.limit as usize;
        found.extend(hits.into_iter().map(|hit| hit.version.name));
        if !more || found.len() > most {
            return Ok(found);
        }
    }
}
