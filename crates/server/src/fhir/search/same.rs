//! Searches for a patient find what is said of all records that are the same person.
//!
//! Invariant: who is the same as whom is looked up as of the moment of the page.

use std::collections::BTreeMap;

use anamnesis_fhir::merged;
use anamnesis_fhir::search::{as_one, patients};
use anamnesis_kernel::search::{Kept, Query, Test};
use anamnesis_kernel::{Instant, ResourceId, ResourceType, StreamName};
use anamnesis_store::{ReadError, Views};

use crate::app::App;
use crate::same::same_patients;

/// Widens what asks for a patient to all who are the same.
///
/// # Errors
///
/// When the views or the log cannot be read.
pub(super) async fn widen(
    app: &App,
    views: &dyn Views,
    query: &mut Query,
    at: Option<Instant>,
) -> Result<(), ReadError> {
    let asked = patients(query);
    if asked.is_empty() || !anyone_merged(views, at).await? {
        return Ok(());
    }
    let mut same = BTreeMap::new();
    for id in asked {
        // What is no id is the text of another reference.
        let Ok(patient) = ResourceId::new(&id) else { continue };
        let patient = StreamName::new(ResourceType::PATIENT, patient);
        let names = same_patients(&app.engine, &patient, at).await?;
        same.insert(id, names.iter().map(|name| name.id.as_str().into()).collect::<Vec<_>>());
    }
    as_one(query, &|id| same.get(id).cloned().unwrap_or_default());
    Ok(())
}

/// Whether any patient yielded to another: in most stores nobody ever did, and nothing else need be looked up.
async fn anyone_merged(views: &dyn Views, at: Option<Instant>) -> Result<bool, ReadError> {
    let merged = Test::Present { param: merged::PARAM, kept: Kept::Reference };
    let query = Query { at, ..Query::new(None, vec![merged.into()], 1) };
    Ok(!views.search(&query).await?.is_empty())
}
