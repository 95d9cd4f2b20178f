//! What was done: procedures and immunizations.

use super::{Family, Of, Row};

const PROCEDURE: Of = Of { family: Family::Clinical, types: &["Procedure"] };
const IMMUNIZATION: Of = Of { family: Family::Clinical, types: &["Immunization"] };

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    PROCEDURE.opens("ProcedurePlanned", |c| c.turned(&["preparation"]), "the status becomes preparation"),
    PROCEDURE.opens("ProcedureStarted", |c| c.turned(&["in-progress"]), "the status becomes in-progress"),
    PROCEDURE.opens("ProcedureSuspended", |c| c.turned(&["on-hold"]), "the status becomes on-hold"),
    PROCEDURE.opens("ProcedurePerformed", |c| c.turned(&["completed"]), "the status becomes completed").significant(),
    PROCEDURE.opens("ProcedureStopped", |c| c.turned(&["stopped"]), "the status becomes stopped"),
    PROCEDURE.opens("ProcedureNotDone", |c| c.turned(&["not-done"]), "the status becomes not-done"),
    PROCEDURE.part("ProcedureOutcomeRecorded", &["outcome", "complication", "complicationDetail"]),
    PROCEDURE.part("ProcedureReportsAttached", &["report"]),
    PROCEDURE.part("ProcedurePerformersChanged", &["performer"]),
    PROCEDURE.part("ProcedureTimesCorrected", &["performed[x]"]),
    PROCEDURE.part("ProcedureFollowUpChanged", &["followUp"]),
    PROCEDURE.part("ProcedureNoted", &["note"]),

    IMMUNIZATION.opens("VaccineGiven", |c| c.turned(&["completed"]), "the status becomes completed"),
    IMMUNIZATION.opens("VaccineNotGiven", |c| c.turned(&["not-done"]), "the status becomes not-done"),
    IMMUNIZATION.part("VaccineDetailsCorrected", &["vaccineCode", "manufacturer", "lotNumber", "expirationDate", "doseQuantity", "site", "route", "occurrence[x]"]),
    IMMUNIZATION.part("VaccineReactionRecorded", &["reaction"]),
    IMMUNIZATION.part("VaccineProtocolChanged", &["protocolApplied"]),
];
