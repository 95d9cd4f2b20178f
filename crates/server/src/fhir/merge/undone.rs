//! Which merge is to be undone, as the streams of both records tell it.
//!
//! Invariant: the streams are read from the log, so nothing rests on what the views have not seen yet.

use std::ops::ControlFlow;

use anamnesis_chart::{Command, EventRef, Merged, Side, Unmerge, evolve};
use anamnesis_engine::{CommitError, Expect};
use anamnesis_fhir::merged;
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_kernel::{ResourceId, StreamName, Version};
use anamnesis_store::ReadError;

use super::asked::{Asked, Party};
use super::refused;
use crate::app::App;
use crate::fhir::outcome::Outcome;

/// What a stream tells.
struct Told {
    version: Version,
    /// The merge with the other record, where one stands.
    merged: Option<Merged>,
    /// Whom the record says it yielded to.
    yielded_to: Vec<ResourceId>,
}

/// The two commands that undo a merge: for the record that yielded, and for the one that stayed.
///
/// # Errors
///
/// When no such merge stands, or a record is not at the version that was named.
pub(super) async fn undoing(app: &App, asked: &Asked) -> Result<[(Expect, Command); 2], Outcome> {
    let Asked { source, target, .. } = asked;
    let yielded = told(app, source, Side::Yields, target).await?;
    let stayed = told(app, target, Side::Stays, source).await?;
    for (party, told) in [(source, &yielded), (target, &stayed)] {
        if let Some(expected) = party.version.filter(|expected| *expected != told.version) {
            let (stream, expected) = (party.stream.clone(), Expect::Version(expected));
            return Err(refused(CommitError::Conflict { stream, expected, actual: told.version }, asked));
        }
    }
    let (Some(source_merged), Some(target_merged)) = (yielded.merged, stayed.merged) else {
        let what = standing(source, &target.stream, yielded.version, &yielded.yielded_to);
        return Err(Outcome::Refused(vec![what]));
    };
    let command = |side, other: &Party, merged, version| {
        let undo = Unmerge { side, other: other.stream.clone(), merged };
        (Expect::Version(version), Command::Unmerge(undo))
    };
    Ok([
        command(Side::Yields, target, source_merged, yielded.version),
        command(Side::Stays, source, target_merged, stayed.version),
    ])
}

/// What stands instead of the merge that was to be undone.
fn standing(source: &Party, target: &StreamName, version: Version, yielded_to: &[ResourceId]) -> Issue {
    let (code, what) = match yielded_to {
        _ if version == 0 => (IssueCode::NotFound, "the record was never there".to_owned()),
        [] => (IssueCode::BusinessRule, format!("it is not merged into {target}")),
        [id] if *id == target.id => {
            let what = format!("its link to {target} was written, not merged: an update takes it out");
            (IssueCode::BusinessRule, what)
        }
        [id, ..] => {
            (IssueCode::BusinessRule, format!("it is not merged into {target}: it yielded to Patient/{id}"))
        }
    };
    Issue::error(code, what).at(source.place.clone())
}

async fn told(app: &App, party: &Party, side: Side, other: &Party) -> Result<Told, ReadError> {
    let (mut elements, mut merged) = (None, None);
    let version = app
        .engine
        .visit_stream(&party.stream, 1, |event, data| {
            let seen = EventRef { kind: &event.kind, whole: event.whole, data: &data };
            merged = Merged::after(merged.take(), side, &other.stream, &event.event_id.to_string(), &seen);
            elements = evolve(elements.take(), &seen);
            ControlFlow::Continue(())
        })
        .await?;
    let yielded_to = elements.as_ref().map(merged::replaced_by).unwrap_or_default();
    Ok(Told { version, merged, yielded_to })
}
