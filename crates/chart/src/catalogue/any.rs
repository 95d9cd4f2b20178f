//! Events that any record can have.

use super::{Family, Of, Reach, Role, Row};
use crate::change::patient_of;

const RECORD: Of = Of { family: Family::Any, types: &[] };
const RESULT: Of =
    Of { family: Family::Lab, types: &["Observation", "DiagnosticReport", "ServiceRequest", "Specimen"] };

pub(crate) static ENTERED_IN_ERROR: Row = RECORD
    .opens(
        "RecordEnteredInError",
        |c| c.entered_in_error(),
        "the status, or the verification status, says entered-in-error",
    )
    .significant();

pub(crate) static MOVED: Row = RECORD
    .row(
        "RecordMovedToRightPatient",
        Role::Rewrites,
        // Asked for by naming, which has the patients at hand; appended ones are checked the same way.
        |c| patient_of(c.after).is_some() && c.before.and_then(patient_of) != patient_of(c.after),
        "the record is of another patient than before",
    )
    .significant();

pub(crate) static DETACHED: Row = RECORD
    .row(
        "RecordDetachedFromPatient",
        Role::Rewrites,
        |c| patient_of(c.after).is_none() && c.before.and_then(patient_of).is_some(),
        "the record is of no patient any more",
    )
    .significant();

pub(crate) static STALE: Row = RESULT
    .row(
        "StaleResultIgnored",
        Role::Noted,
        |_| true,
        "a feed sent a status the result has passed; what it would have changed stands under `ignored`",
    )
    .reached_by(Reach::Feed)
    .beside(&["ignored"]);

/// Whether it is the row that says a record was never true.
pub(crate) fn is_error(row: &Row) -> bool {
    row.kind == ENTERED_IN_ERROR.kind
}
