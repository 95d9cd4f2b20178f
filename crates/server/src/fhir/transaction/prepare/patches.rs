//! Patches among the entries of a transaction: each becomes what its record shall hold.

use anamnesis_fhir::bundle::{EntryIn, Method};
use anamnesis_json::Value;
use anamnesis_store::RecordVersion;

use super::Problems;
use super::sought::{Meant, Sought};
use crate::app::App;
use crate::fhir::outcome::{Outcome, within};
use crate::fhir::patch::{change, of_resource};
use crate::fhir::revise::read_back;

/// Puts in the place of each patch what it makes of the version that was found, at which the record is then written.
///
/// # Errors
///
/// When what is stored cannot be read.
pub(super) async fn apply_patches(
    app: &App,
    entries: &mut [EntryIn],
    sought: &Sought,
    problems: &mut Problems,
) -> Result<(), Outcome> {
    for (entry, meant) in entries.iter_mut().zip(&sought.meant) {
        let (Method::Patch, Meant::Update(found)) = (entry.method, meant) else { continue };
        let asked = entry.resource.take().unwrap_or(Value::Null);
        let place = format!("Bundle.entry[{}].resource", entry.index);
        let placed = |mut issue: anamnesis_fhir::outcome::Issue| {
            issue.expression = Some(match &issue.expression {
                Some(path) => within(&place, path),
                None => place.clone(),
            });
            issue
        };
        match patched(app, found, asked).await {
            Ok(resource) => entry.resource = Some(resource),
            Err(Outcome::Invalid(issues)) => problems.wrong(issues.into_iter().map(placed)),
            Err(Outcome::Refused(issues)) => problems.refused(issues.into_iter().map(placed)),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

async fn patched(app: &App, found: &RecordVersion, asked: Value) -> Result<Value, Outcome> {
    let patch = of_resource(app, asked)?;
    let text = app.engine.text(found).await?.ok_or(Outcome::Gone(None))?;
    change(app, &patch)(read_back(&text)?)
}
