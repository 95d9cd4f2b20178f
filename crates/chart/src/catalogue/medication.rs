//! Medication: prescribed, dispensed, given, and what the patient says is taken.

use anamnesis_json::Value;

use super::{Family, Of, Row};
use crate::change::Change;

const REQUEST: Of = Of { family: Family::Clinical, types: &["MedicationRequest"] };
const STATEMENT: Of = Of { family: Family::Clinical, types: &["MedicationStatement"] };
const ADMINISTRATION: Of = Of { family: Family::Clinical, types: &["MedicationAdministration"] };
const DISPENSE: Of = Of { family: Family::Clinical, types: &["MedicationDispense"] };

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    REQUEST.begins("MedicationProposed", |c| c.turned(&["active"]) && proposed(c), "the first event of an active request whose intent is proposal or plan"),
    REQUEST.opens("MedicationOrderDrafted", |c| c.turned(&["draft"]), "the status becomes draft"),
    REQUEST.turns("MedicationResumed", |c| c.turned(&["active"]) && c.from(&["on-hold"]), "on-hold becomes active"),
    REQUEST.opens("MedicationPrescribed", |c| c.turned(&["active"]) && !(c.begins() && proposed(c)), "any other request becomes active").significant(),
    REQUEST.opens("MedicationHeld", |c| c.turned(&["on-hold"]), "the status becomes on-hold"),
    REQUEST.opens("MedicationStopped", |c| c.turned(&["stopped"]), "the status becomes stopped").significant(),
    REQUEST.opens("PrescriptionCompleted", |c| c.turned(&["completed"]), "the status becomes completed"),
    REQUEST.opens("PrescriptionCancelled", |c| c.turned(&["cancelled"]), "the status becomes cancelled"),
    REQUEST.part("PrescribedMedicationChanged", &["medication[x]"]),
    REQUEST.part("MedicationDosageChanged", &["dosageInstruction"]),
    REQUEST.part("PrescriptionSupplyChanged", &["dispenseRequest", "substitution"]),
    REQUEST.part("PrescriptionNoted", &["note"]),

    STATEMENT.opens("MedicationUseReported", |c| c.turned(&["active", "intended"]), "the status becomes active or intended"),
    STATEMENT.opens("MedicationUseHeld", |c| c.turned(&["on-hold"]), "the status becomes on-hold"),
    STATEMENT.opens("MedicationUseStopped", |c| c.turned(&["stopped"]), "the status becomes stopped").significant(),
    STATEMENT.opens("MedicationNotTaken", |c| c.turned(&["not-taken"]), "the status becomes not-taken"),
    STATEMENT.opens("MedicationUseCompleted", |c| c.turned(&["completed"]), "the status becomes completed"),
    STATEMENT.part("MedicationUseDosageChanged", &["dosage"]),
    STATEMENT.part("MedicationUsePeriodChanged", &["effective[x]"]),

    ADMINISTRATION.opens("MedicationAdministrationStarted", |c| c.turned(&["in-progress"]), "the status becomes in-progress"),
    ADMINISTRATION.opens("MedicationAdministrationHeld", |c| c.turned(&["on-hold"]), "the status becomes on-hold"),
    ADMINISTRATION.opens("MedicationAdministered", |c| c.turned(&["completed"]), "the status becomes completed"),
    ADMINISTRATION.opens("MedicationAdministrationStopped", |c| c.turned(&["stopped"]), "the status becomes stopped"),
    ADMINISTRATION.opens("MedicationNotGiven", |c| c.turned(&["not-done"]), "the status becomes not-done"),
    ADMINISTRATION.part("AdministeredDoseCorrected", &["dosage"]),

    DISPENSE.opens("MedicationDispensePrepared", |c| c.turned(&["preparation", "in-progress"]), "the status becomes preparation or in-progress"),
    DISPENSE.opens("MedicationDispenseHeld", |c| c.turned(&["on-hold"]), "the status becomes on-hold"),
    DISPENSE.opens("MedicationDispensed", |c| c.turned(&["completed"]), "the status becomes completed"),
    DISPENSE.opens("MedicationDispenseDeclined", |c| c.turned(&["declined"]), "the status becomes declined"),
    DISPENSE.opens("MedicationDispenseCancelled", |c| c.turned(&["cancelled", "stopped"]), "the status becomes cancelled or stopped"),
    DISPENSE.part("DispensedQuantityCorrected", &["quantity", "daysSupply"]),
];

fn proposed(change: &Change<'_>) -> bool {
    matches!(change.after.get("intent").and_then(Value::as_str), Some("proposal" | "plan"))
}
