//! The labels that are in use, of a type or of all: <https://hl7.org/fhir/R4/resource-operation-meta.html>.
//!
//! Invariant: labels are nowhere counted, so records are read for them, and never more than so many.

use anamnesis_fhir::meta::{add, to_parameters};
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Param, Query, Test};

use crate::app::App;
use crate::as_of::AsOf;
use crate::fhir::outcome::Outcome;
use crate::fhir::reply::Reply;
use crate::fhir::search::{page_of, versions};

/// How many records are read for one answer.
const RECORDS_MAX: usize = 10_000;

/// `GET /$meta` and `GET /{kind}/$meta`: every profile, security label and tag that records of these types have.
///
/// # Errors
///
/// When there are more records than are read, or they cannot be read.
pub(in crate::fhir) async fn in_use(
    app: &App,
    kinds: impl IntoIterator<Item = ResourceType>,
    as_of: AsOf,
) -> Result<Reply, Outcome> {
    let mut all = Object::new();
    let mut left = RECORDS_MAX;
    for kind in kinds {
        let mut after = None;
        loop {
            let every = vec![Test::Kind(Param::of_type(kind.number())).into()];
            let mut query =
                Query { after, at: as_of.at(), ..Query::new(Some(kind), every, app.limits.count_max) };
            let (hits, more) = page_of(app, &mut query).await?;
            left = left.checked_sub(hits.len()).ok_or_else(too_many)?;
            for text in app.engine.texts(&versions(&hits)).await?.into_iter().flatten() {
                let resource = anamnesis_json::parse_with_depth(&text, usize::MAX).unwrap_or_default();
                if let Some(meta) = resource.get("meta").and_then(Value::as_object) {
                    add(&mut all, meta);
                }
            }
            match hits.last() {
                Some(last) if more => after = Some(last.after.clone()),
                _ => break,
            }
        }
    }
    Ok(Reply::bundle(to_parameters(&all).to_text(), as_of.cursor))
}

fn too_many() -> Outcome {
    let what =
        format!("more than {RECORDS_MAX} records would have to be read: ask of a type, or of a record");
    Outcome::Refused(vec![Issue::error(IssueCode::TooCostly, what)])
}
