//! Visits: to the practice, in an emergency, in a bed, or still to come (<https://hl7.org/fhir/R4/encounter.html>).

use anamnesis_json::Object;
use anamnesis_kernel::Instant;

use super::elements::{Code, DAY_US, MINUTE_US, hl7, list, object, sct};
use super::life::{Life, Visit};
use super::person::HORIZON;

const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const AMBULATORY: Code = hl7(ACT_CODE, "AMB", "ambulatory");
const EMERGENCY: Code = hl7(ACT_CODE, "EMER", "emergency");
const INPATIENT: Code = hl7(ACT_CODE, "IMP", "inpatient encounter");
const PERFORMER: Code =
    hl7("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "PPRF", "primary performer");
const HOME: Code = hl7("http://terminology.hl7.org/CodeSystem/discharge-disposition", "home", "Home");
const FROM_EMERGENCY: Code =
    hl7("http://terminology.hl7.org/CodeSystem/admit-source", "emd", "From accident/emergency department");

const CHECK_UP: Code = sct("185349003", "Encounter for check up (procedure)");
const CHILD_CHECK_UP: Code = sct("410620009", "Well child visit (procedure)");
const FOLLOW_UP: Code = sct("390906007", "Follow-up encounter (procedure)");
const FOR_SYMPTOM: Code = sct("185345009", "Encounter for symptom (procedure)");
const EMERGENCY_VISIT: Code = sct("50849002", "Emergency room admission (procedure)");
const STAY: Code = sct("183452005", "Emergency hospital admission (procedure)");

/// Writes a visit that is over.
pub(super) fn finished(life: &mut Life<'_>, at: Instant, unwell: bool) -> Visit {
    let (class, kind, minutes) = match life.rng.below(100) {
        0..9 if unwell => (INPATIENT, STAY, life.rng.between(1, 12) * 1_440 + 187),
        9..30 if unwell => (EMERGENCY, EMERGENCY_VISIT, life.rng.between(45, 600)),
        _ if unwell => (AMBULATORY, FOR_SYMPTOM, life.rng.between(10, 30)),
        _ if life.person.age_years() < 18 => (AMBULATORY, CHILD_CHECK_UP, life.rng.between(15, 40)),
        _ => (AMBULATORY, CHECK_UP, life.rng.between(10, 45)),
    };
    let end = at.plus_micros(minutes * MINUTE_US).min(HORIZON);
    let mut encounter = basis(life, "finished", class, kind);
    encounter.push("period", object! { "start": life.time(at), "end": life.time(end) });
    if class.code == INPATIENT.code {
        encounter.push(
            "hospitalization",
            object! { "admitSource": FROM_EMERGENCY.concept(), "dischargeDisposition": HOME.concept() },
        );
        let ward = life.draft.refer(&life.ward);
        encounter.push("location", list![object! { "location": ward, "status": "completed" }]);
    }
    encounter.push("serviceProvider", life.draft.refer(&life.organization));
    let link = life.draft.link("Encounter");
    life.draft.write(&link, encounter);
    Visit { at, encounter: link, unwell }
}

/// Writes the next visit, which has an appointment and nothing else.
pub(super) fn planned(life: &mut Life<'_>) {
    let at = HORIZON.plus_micros(life.rng.between(20, 60) * DAY_US);
    let mut encounter = basis(life, "planned", AMBULATORY, FOLLOW_UP);
    encounter.push("period", object! { "start": life.time(at) });
    encounter.push("serviceProvider", life.draft.refer(&life.organization));
    let link = life.draft.link("Encounter");
    life.draft.write(&link, encounter);
}

fn basis(life: &Life<'_>, status: &'static str, class: Code, kind: Code) -> Object {
    object! {
        "status": status,
        "class": class.coding(),
        "type": list![kind.concept()],
        "subject": life.me(),
        "participant": list![object! { "type": list![PERFORMER.concept()], "individual": life.doctor() }],
    }
}
