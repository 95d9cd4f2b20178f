//! What was done (<https://hl7.org/fhir/R4/procedure.html>).

use super::draft::Link;
use super::elements::{Code, MINUTE_US, list, object, sct};
use super::life::{Life, Visit};

const RECONCILIATION: Code = sct("430193006", "Medication Reconciliation (procedure)");

/// Writes a procedure of a visit, and the problem it was for.
pub(super) fn done(life: &mut Life<'_>, code: Code, reason: Option<&Link>, visit: &Visit) {
    let start = visit.at.plus_micros(life.rng.between(1, 10) * MINUTE_US);
    let end = start.plus_micros(life.rng.between(5, 90) * MINUTE_US);
    let mut procedure = object! {
        "status": "completed",
        "code": code.concept(),
        "subject": life.me(),
        "encounter": life.draft.refer(&visit.encounter),
    };
    if life.rng.chance(50) {
        procedure.push("performedPeriod", object! { "start": life.time(start), "end": life.time(end) });
    } else {
        procedure.push("performedDateTime", life.time(start));
    }
    procedure.push("performer", list![object! { "actor": life.doctor() }]);
    if let Some(reason) = reason {
        procedure.push("reasonReference", list![life.draft.refer(reason)]);
    }
    let link = life.draft.link("Procedure");
    life.draft.write(&link, procedure);
}

/// Writes that the list of medicines was gone through, as check-ups sometimes do.
pub(super) fn reconciliation(life: &mut Life<'_>, visit: &Visit) {
    if life.rng.chance(25) {
        done(life, RECONCILIATION, None, visit);
    }
}
