//! Laboratory results, one observation each: reported, final, and put right where they were wrong.
//!
//! Invariant: a changed value of a final result is a correction, whatever status was sent with it.

use super::{Family, Of, Row};
use crate::change::Change;

const RESULT: Of = Of { family: Family::Lab, types: &["Observation"] };
/// The laboratory's reports correct results in the same words.
const RESULT_OR_REPORT: Of = Of { family: Family::Lab, types: &["Observation", "DiagnosticReport"] };

pub(super) const CORRECTED: &str = "LabResultCorrected";

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    RESULT_OR_REPORT.turns(CORRECTED, |c| c.lab() && corrected(c), "laboratory; the value of a final, amended, corrected or appended result changes, or the status becomes corrected").significant().with_reason(),
    RESULT.begins("LabResultRecordedCorrected", |c| c.lab() && c.turned(&["corrected"]), "the first event of a laboratory result already corrected"),
    RESULT.begins("LabResultRecordedAmended", |c| c.lab() && c.turned(&["amended", "appended"]), "the first event of a laboratory result already amended"),
    RESULT.turns("LabResultAmended", |c| c.lab() && c.turned(&["amended", "appended"]) && !corrected(c), "laboratory; the status becomes amended and no final value changes").significant(),
    RESULT.opens("LabResultFinalized", |c| c.lab() && c.turned(&["final"]), "laboratory; the status becomes final").significant(),
    RESULT.opens("LabResultReported", |c| c.lab() && c.turned(&["preliminary", "partial"]), "laboratory; the status becomes preliminary"),
    RESULT.opens("LabResultRegistered", |c| c.lab() && c.turned(&["registered"]), "laboratory; the status becomes registered"),
    RESULT.opens("LabResultCancelled", |c| c.lab() && c.turned(&["cancelled"]), "laboratory; the status becomes cancelled").significant(),

    RESULT.part("LabResultValueUpdated", &["value[x]", "dataAbsentReason", "component"]).of_those(|c| c.lab(), "laboratory; what it owns changed before the result was final"),
    RESULT.part("LabResultInterpretationChanged", &["interpretation", "referenceRange"]).of_those(|c| c.lab(), "laboratory; what it owns changed"),
    RESULT.part("LabResultTimesCorrected", &["effective[x]", "issued"]).of_those(|c| c.lab(), "laboratory; what it owns changed"),
    RESULT.part("LabResultSpecimenLinked", &["specimen"]).of_those(|c| c.lab(), "laboratory; what it owns changed"),
    RESULT.part("LabResultNoted", &["note"]).of_those(|c| c.lab(), "laboratory; what it owns changed"),
];

/// Whether a result that others may have acted on was wrong.
pub(super) fn corrected(change: &Change<'_>) -> bool {
    (change.was_final() && change.value_changed()) || change.turned(&["corrected"])
}
