//! A visit: planned, arrived, begun, moved about, finished; a stay in hospital and an emergency have their own words.

use super::{Family, Of, Reach, Row};
use crate::change::{Change, Sort};

const ENCOUNTER: Of = Of { family: Family::Clinical, types: &["Encounter"] };

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    ENCOUNTER.opens("EncounterPlanned", |c| c.turned(&["planned"]), "the status becomes planned"),
    ENCOUNTER.opens("PatientArrived", |c| c.turned(&["arrived"]), "the status becomes arrived"),
    ENCOUNTER.opens("PatientTriaged", |c| c.turned(&["triaged"]), "the status becomes triaged"),
    ENCOUNTER.opens("PatientLeftOnLeave", |c| c.turned(&["onleave"]), "the status becomes onleave"),
    ENCOUNTER.turns("PatientReturnedFromLeave", |c| c.turned(&["in-progress"]) && c.from(&["onleave"]), "onleave becomes in-progress"),
    ENCOUNTER.opens("PatientAdmitted", admitted, "a visit in progress becomes, or begins as, an inpatient one (class IMP, ACUTE or NONAC)").significant(),
    ENCOUNTER.opens("EmergencyCareStarted", |c| c.turned(&["in-progress"]) && c.is(Sort::Emergency), "an emergency visit (class EMER) becomes in-progress"),
    ENCOUNTER.opens("EncounterStarted", |c| c.turned(&["in-progress"]), "any other visit becomes in-progress"),
    ENCOUNTER.opens("PatientDischarged", |c| c.turned(&["finished"]) && c.is(Sort::Inpatient), "an inpatient visit becomes finished").significant(),
    ENCOUNTER.opens("EmergencyCareFinished", |c| c.turned(&["finished"]) && c.is(Sort::Emergency), "an emergency visit becomes finished"),
    ENCOUNTER.opens("EncounterFinished", |c| c.turned(&["finished"]), "any other visit becomes finished"),
    ENCOUNTER.opens("EncounterCancelled", |c| c.turned(&["cancelled"]), "the status becomes cancelled"),
    ENCOUNTER.turns(REOPENED, reopened, "a finished or cancelled visit goes on after all, such as when a discharge is cancelled").with_reason().significant().reached_by(Reach::Api),

    ENCOUNTER.part("PatientTransferred", &["location"]),
    ENCOUNTER.part("EncounterParticipantsChanged", &["participant"]),
    ENCOUNTER.part("EncounterDiagnosesChanged", &["diagnosis"]),
    ENCOUNTER.part("EncounterPeriodCorrected", &["period", "length"]),
    ENCOUNTER.part("EncounterReasonChanged", &["reasonCode", "reasonReference"]),
    ENCOUNTER.part("EncounterClassChanged", &["class", "classHistory"]),
    ENCOUNTER.part("HospitalizationDetailsChanged", &["hospitalization"]),
];

pub(crate) const REOPENED: &str = "EncounterReopened";

fn admitted(change: &Change<'_>) -> bool {
    change.is.status == "in-progress"
        && change.is(Sort::Inpatient)
        && (change.was.status != "in-progress" || change.was.sort != Sort::Inpatient)
}

fn reopened(change: &Change<'_>) -> bool {
    change.from(&["finished", "cancelled"])
        && change.turned(&["planned", "arrived", "triaged", "in-progress", "onleave"])
}
