//! Which way a status may go.
//!
//! Invariant: a result goes registered, partial, preliminary, final, then amended, corrected or appended; a visit that
//! is over stays over; what was entered in error stays so.

use anamnesis_kernel::ResourceType;

use super::Door;
use crate::change::{Change, IN_ERROR};
use crate::refusal::{Cause, Refusal};

/// A step that may not be taken.
pub(super) struct Step {
    from: &'static str,
    to: &'static str,
    /// Whether a feed that takes it is just late.
    pub(super) may_be_late: bool,
}

impl Step {
    pub(super) fn refusal(&self, kind: ResourceType) -> Refusal {
        let text = format!("{} does not go back to {}", self.from, self.to);
        Refusal::at(Cause::BusinessRule, kind, "status", text)
    }
}

/// Types whose `status` has the code entered-in-error.
#[rustfmt::skip]
pub(super) const CAN_BE_IN_ERROR: &[&str] = &[
    "Account", "Appointment", "AppointmentResponse", "CarePlan", "CareTeam", "ChargeItem", "Claim", "ClaimResponse",
    "ClinicalImpression", "Communication", "CommunicationRequest", "Composition", "Consent", "Contract", "Coverage",
    "CoverageEligibilityRequest", "CoverageEligibilityResponse", "DetectedIssue", "Device", "DeviceRequest",
    "DeviceUseStatement", "DiagnosticReport", "DocumentManifest", "DocumentReference", "Encounter", "Endpoint",
    "EpisodeOfCare", "ExplanationOfBenefit", "FamilyMemberHistory", "Flag", "GuidanceResponse", "ImagingStudy",
    "Immunization", "Invoice", "List", "Media", "Medication", "MedicationAdministration", "MedicationDispense",
    "MedicationRequest", "MedicationStatement", "NutritionOrder", "Observation", "PaymentNotice",
    "PaymentReconciliation", "Procedure", "QuestionnaireResponse", "RequestGroup", "RiskAssessment",
    "ServiceRequest", "Slot", "Specimen", "Substance", "Task", "VisionPrescription", "SupplyDelivery",
];

/// The step of this change, if it goes backward.
pub(super) fn backward(change: &Change<'_>, door: Door) -> Option<Step> {
    match change.kind.name() {
        "Observation" if change.lab() => result(change, door),
        "DiagnosticReport" => result(change, door),
        "ServiceRequest" | "Specimen" => {
            let leaves_error = change.was.status == IN_ERROR && change.is.status != IN_ERROR;
            leaves_error.then_some(Step { from: IN_ERROR, to: "another status", may_be_late: true })
        }
        "Encounter" => visit(change),
        _ => None,
    }
}

const RESULT: &[(&str, u8)] = &[
    ("registered", 0),
    ("partial", 1),
    ("preliminary", 2),
    ("final", 3),
    ("amended", 4),
    ("corrected", 4),
    ("appended", 4),
    ("cancelled", 5),
    (IN_ERROR, 6),
];

/// A code that is not in the table is `unknown`, or no code at all, which is the check's to say: always allowed.
fn result(change: &Change<'_>, door: Door) -> Option<Step> {
    const FINAL: u8 = 3;
    const CANCELLED: u8 = 5;
    let place = |status: &str| RESULT.iter().find(|(name, _)| *name == status).copied();
    let ((from, was), (to, is)) = (place(change.was.status)?, place(change.is.status)?);
    let forward = is >= was && !(is == CANCELLED && (FINAL..CANCELLED).contains(&was));
    // Whoever sends a new value with `final` for a result corrected before corrects it again; a feed that does may as
    // well be late with the old value, and putting that back would be worse.
    let corrects = (FINAL..CANCELLED).contains(&was)
        && (FINAL..CANCELLED).contains(&is)
        && door != Door::Feed
        && change.value_changed();
    (!forward && !corrects).then_some(Step { from, to, may_be_late: true })
}

fn visit(change: &Change<'_>) -> Option<Step> {
    let find = |names: &[&'static str], status| names.iter().find(|name| **name == status).copied();
    let from = find(&["finished", "cancelled", IN_ERROR], change.was.status)?;
    let to = find(&["planned", "arrived", "triaged", "in-progress", "onleave"], change.is.status)?;
    Some(Step { from, to, may_be_late: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::{Value, parse};

    #[test]
    fn steps() {
        let lab = r#""category":[{"coding":[{"code":"laboratory"}]}],"#;
        let (api, feed) = (Door::Api, Door::Feed);
        #[rustfmt::skip]
        let cases = [
         // type               before              after              value changed   door   allowed
            ("Observation",      "registered",       "final",            true,           api,   true),
            ("Observation",      "registered",       "corrected",        true,           api,   true),
            ("Observation",      "preliminary",      "registered",       false,          api,   false),
            ("Observation",      "final",            "preliminary",      false,          api,   false),
            ("Observation",      "final",            "preliminary",      true,           api,   false),
            ("Observation",      "final",            "amended",          false,          api,   true),
            ("Observation",      "final",            "appended",         false,          api,   true),
            ("Observation",      "amended",          "corrected",        false,          api,   true),
            ("Observation",      "corrected",        "amended",          false,          api,   true),
            ("Observation",      "amended",          "final",            false,          api,   false),
            ("Observation",      "corrected",        "final",            true,           api,   true),
            ("Observation",      "corrected",        "final",            true,           feed,  false),
            ("Observation",      "final",            "unknown",          false,          api,   true),
            ("Observation",      "unknown",          "registered",       false,          api,   true),
            ("Observation",      "preliminary",      "cancelled",        false,          api,   true),
            ("Observation",      "final",            "cancelled",        false,          api,   false),
            ("Observation",      "cancelled",        "final",            false,          api,   false),
            ("Observation",      "cancelled",        "entered-in-error", false,          api,   true),
            ("Observation",      "entered-in-error", "final",            false,          api,   false),
            ("Observation",      "entered-in-error", "unknown",          false,          api,   true),
            ("DiagnosticReport", "partial",          "preliminary",      false,          api,   true),
            ("DiagnosticReport", "final",            "partial",          false,          api,   false),
            ("ServiceRequest",   "completed",        "draft",            false,          api,   true),
            ("ServiceRequest",   "entered-in-error", "active",           false,          api,   false),
            ("Specimen",         "unsatisfactory",   "available",        false,          api,   true),
            ("Specimen",         "entered-in-error", "available",        false,          api,   false),
            ("Encounter",        "finished",         "in-progress",      false,          api,   false),
            ("Encounter",        "finished",         "cancelled",        false,          api,   true),
            ("Encounter",        "in-progress",      "arrived",          false,          api,   true),
            ("Condition",        "entered-in-error", "active",           false,          api,   true),
        ];
        for (kind, from, to, value, door, allowed) in cases {
            let text = |status: &str, value: &str| {
                let value = format!(r#""valueString":"{value}","conclusion":"{value}""#);
                parse(format!(r#"{{{lab}"status":"{status}",{value}}}"#).as_bytes()).unwrap()
            };
            let (before, after) = (text(from, "a"), text(to, if value { "b" } else { "a" }));
            let object = |value: &Value| value.as_object().unwrap().clone();
            let (before, after) = (object(&before), object(&after));
            let change = Change::new(ResourceType::parse(kind).unwrap(), Some(&before), &after);
            assert_eq!(backward(&change, door).is_none(), allowed, "{kind} {from} {to} {door:?}");
        }
    }
}
