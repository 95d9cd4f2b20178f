//! A visit that takes place, a problem that goes, a medicine that is stopped, a record that should not be.

use anamnesis_json::{Object, Value};

use super::{StepKind, Story};
use crate::people::elements::{MINUTE_US, bare, date_time, hl7, list, object};

const STOP_REASON: &str = "http://terminology.hl7.org/CodeSystem/medicationrequest-status-reason";

/// The planned visit begins, told by an event, and ends, told by a FHIR update.
pub(super) fn follow_up(story: &mut Story<'_>) {
    let Some(visit) = story.last("Encounter", |it| it.str("status") == Some("planned")) else { return };
    story.pass();
    let start = story.now();
    let begun = object! { "status": "in-progress", "period": object! { "start": start.clone() } };
    story.event(&visit, "EncounterStarted", begun, None);
    story.at = story.at.plus_micros(story.rng.between(15, 70) * MINUTE_US);
    let over = object! { "status": "finished", "period": object! { "start": start, "end": story.now() } };
    story.put(&visit, over);
}

/// A problem goes away.
pub(super) fn resolved(story: &mut Story<'_>) {
    let Some(problem) = story.last("Condition", |it| status_code(it) == Some("active")) else { return };
    story.pass();
    let status = bare("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved");
    let data = object! { "clinicalStatus": status, "abatementDateTime": story.now() };
    story.event(&problem, "ConditionResolved", data, None);
}

/// A medicine is stopped.
pub(super) fn stopped(story: &mut Story<'_>) {
    let Some(drug) = story.last("MedicationRequest", |it| it.str("status") == Some("active")) else { return };
    story.pass();
    let reason = hl7(STOP_REASON, "altchoice", "Try another treatment first");
    let data = object! { "status": "stopped", "statusReason": reason.concept() };
    story.event(&drug, "MedicationStopped", data, None);
}

/// A vital sign was somebody else's.
pub(super) fn mistaken(story: &mut Story<'_>) {
    let Some(sign) = story.last("Observation", |it| category(it) == Some("vital-signs")) else { return };
    story.pass();
    let data = object! { "status": "entered-in-error" };
    story.event(&sign, "RecordEnteredInError", data, Some("measured on the person in the next bed"));
}

/// A vaccination is deleted, and put back as it was.
pub(super) fn deleted_and_back(story: &mut Story<'_>) {
    let Some(dose) = story.last("Immunization", |_| true) else { return };
    story.pass();
    story.step(&dose, StepKind::Delete);
    story.pass();
    story.put(&dose, object! { "note": list![object! { "text": "Deleted by mistake and put back." }] });
}

/// A few of the oldest die.
pub(super) fn death(story: &mut Story<'_>) {
    if story.person.age_years() < 80 || !story.rng.chance(30) {
        return;
    }
    story.pass();
    let Some(patient) = story.patient() else { return };
    let when = date_time(story.at.plus_micros(-90 * MINUTE_US), story.east_hours);
    story.put(&patient, object! { "deceasedDateTime": when });
}

fn status_code(condition: &Object) -> Option<&str> {
    let coding = condition.get("clinicalStatus")?.get("coding")?.as_array()?.first()?;
    coding.get("code")?.as_str()
}

/// The first category of an Observation.
pub(super) fn category(observation: &Object) -> Option<&str> {
    let concept = observation.get("category").and_then(Value::as_array)?.first()?;
    concept.get("coding")?.as_array()?.first()?.get("code")?.as_str()
}
