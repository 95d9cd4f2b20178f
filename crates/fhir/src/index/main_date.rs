//! The main clinical date of a record, by which every search is ordered: when it happened, else when it was written.

use anamnesis_json::Object;
use anamnesis_kernel::ResourceType;

use super::extract;
use crate::param::Extract::{Date, Period, Timing};
use crate::param::Way;

/// By type, in the order of their names: the first way that leads to a date gives it.
#[rustfmt::skip] // A table reads by column.
const MAIN_DATES: &[(&str, &[Way])] = &[
    ("AdverseEvent",               &[(&["date"], Date), (&["detected"], Date), (&["recordedDate"], Date)]),
    ("AllergyIntolerance",         &[(&["recordedDate"], Date), (&["onsetDateTime"], Date), (&["onsetPeriod"], Period)]),
    ("Appointment",                &[(&["start"], Date), (&["created"], Date)]),
    ("AppointmentResponse",        &[(&["start"], Date)]),
    ("AuditEvent",                 &[(&["recorded"], Date)]),
    ("CarePlan",                   &[(&["period"], Period), (&["created"], Date)]),
    ("CareTeam",                   &[(&["period"], Period)]),
    ("ChargeItem",                 &[(&["occurrenceDateTime"], Date), (&["occurrencePeriod"], Period), (&["occurrenceTiming"], Timing), (&["enteredDate"], Date)]),
    ("Claim",                      &[(&["created"], Date), (&["billablePeriod"], Period)]),
    ("ClaimResponse",              &[(&["created"], Date)]),
    ("ClinicalImpression",         &[(&["effectiveDateTime"], Date), (&["effectivePeriod"], Period), (&["date"], Date)]),
    ("Communication",              &[(&["sent"], Date), (&["received"], Date)]),
    ("CommunicationRequest",       &[(&["authoredOn"], Date), (&["occurrenceDateTime"], Date), (&["occurrencePeriod"], Period)]),
    ("Composition",                &[(&["date"], Date)]),
    ("Condition",                  &[(&["onsetDateTime"], Date), (&["onsetPeriod"], Period), (&["recordedDate"], Date)]),
    ("Consent",                    &[(&["dateTime"], Date)]),
    ("Coverage",                   &[(&["period"], Period)]),
    ("CoverageEligibilityRequest", &[(&["created"], Date)]),
    ("CoverageEligibilityResponse",&[(&["created"], Date)]),
    ("DetectedIssue",              &[(&["identifiedDateTime"], Date), (&["identifiedPeriod"], Period)]),
    ("DeviceRequest",              &[(&["authoredOn"], Date), (&["occurrenceDateTime"], Date), (&["occurrencePeriod"], Period), (&["occurrenceTiming"], Timing)]),
    ("DeviceUseStatement",         &[(&["timingDateTime"], Date), (&["timingPeriod"], Period), (&["timingTiming"], Timing), (&["recordedOn"], Date)]),
    ("DiagnosticReport",           &[(&["effectiveDateTime"], Date), (&["effectivePeriod"], Period), (&["issued"], Date)]),
    ("DocumentManifest",           &[(&["created"], Date)]),
    ("DocumentReference",          &[(&["date"], Date)]),
    ("Encounter",                  &[(&["period"], Period)]),
    ("EnrollmentRequest",          &[(&["created"], Date)]),
    ("EnrollmentResponse",         &[(&["created"], Date)]),
    ("EpisodeOfCare",              &[(&["period"], Period)]),
    ("ExplanationOfBenefit",       &[(&["created"], Date), (&["billablePeriod"], Period)]),
    ("FamilyMemberHistory",        &[(&["date"], Date)]),
    ("Flag",                       &[(&["period"], Period)]),
    ("Goal",                       &[(&["startDate"], Date), (&["statusDate"], Date)]),
    ("GuidanceResponse",           &[(&["occurrenceDateTime"], Date)]),
    ("ImagingStudy",               &[(&["started"], Date)]),
    ("Immunization",               &[(&["occurrenceDateTime"], Date), (&["recorded"], Date)]),
    ("ImmunizationEvaluation",     &[(&["date"], Date)]),
    ("ImmunizationRecommendation", &[(&["date"], Date)]),
    ("Invoice",                    &[(&["date"], Date)]),
    ("List",                       &[(&["date"], Date)]),
    ("MeasureReport",              &[(&["date"], Date), (&["period"], Period)]),
    ("Media",                      &[(&["createdDateTime"], Date), (&["createdPeriod"], Period), (&["issued"], Date)]),
    ("MedicationAdministration",   &[(&["effectiveDateTime"], Date), (&["effectivePeriod"], Period)]),
    ("MedicationDispense",         &[(&["whenHandedOver"], Date), (&["whenPrepared"], Date)]),
    ("MedicationRequest",          &[(&["authoredOn"], Date)]),
    ("MedicationStatement",        &[(&["effectiveDateTime"], Date), (&["effectivePeriod"], Period), (&["dateAsserted"], Date)]),
    ("NutritionOrder",             &[(&["dateTime"], Date)]),
    ("Observation",                &[(&["effectiveDateTime"], Date), (&["effectivePeriod"], Period), (&["effectiveInstant"], Date), (&["effectiveTiming"], Timing), (&["issued"], Date)]),
    ("PaymentNotice",              &[(&["created"], Date)]),
    ("PaymentReconciliation",      &[(&["created"], Date)]),
    ("Procedure",                  &[(&["performedDateTime"], Date), (&["performedPeriod"], Period)]),
    ("Provenance",                 &[(&["occurredDateTime"], Date), (&["occurredPeriod"], Period), (&["recorded"], Date)]),
    ("QuestionnaireResponse",      &[(&["authored"], Date)]),
    ("RequestGroup",               &[(&["authoredOn"], Date)]),
    ("ResearchSubject",            &[(&["period"], Period)]),
    ("RiskAssessment",             &[(&["occurrenceDateTime"], Date), (&["occurrencePeriod"], Period)]),
    ("ServiceRequest",             &[(&["authoredOn"], Date), (&["occurrenceDateTime"], Date), (&["occurrencePeriod"], Period), (&["occurrenceTiming"], Timing)]),
    ("Slot",                       &[(&["start"], Date)]),
    ("Specimen",                   &[(&["collection", "collectedDateTime"], Date), (&["collection", "collectedPeriod"], Period), (&["receivedTime"], Date)]),
    ("SupplyDelivery",             &[(&["occurrenceDateTime"], Date), (&["occurrencePeriod"], Period), (&["occurrenceTiming"], Timing)]),
    ("SupplyRequest",              &[(&["authoredOn"], Date)]),
    ("Task",                       &[(&["authoredOn"], Date), (&["lastModified"], Date)]),
    ("VisionPrescription",         &[(&["dateWritten"], Date), (&["created"], Date)]),
];

/// The first microsecond of the main date; of a span without a beginning, the last.
pub(super) fn main_date(kind: ResourceType, elements: &Object) -> Option<i64> {
    let at = MAIN_DATES.binary_search_by(|(name, _)| (*name).cmp(kind.name())).ok()?;
    let (_, ways) = MAIN_DATES.get(at)?;
    ways.iter().find_map(|(steps, extract)| {
        let mut found = None;
        extract::visit(elements, steps, &mut |value| {
            if found.is_none() {
                found = extract::span(*extract, value);
            }
        });
        found.map(|(low, high)| if low == i64::MIN { high } else { low })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Holds, Shape};

    #[test]
    fn the_table_names_what_r4_has() {
        assert!(MAIN_DATES.is_sorted_by(|(a, _), (b, _)| a < b));
        for (kind, ways) in MAIN_DATES {
            for (steps, _) in *ways {
                let mut holds = Holds::Object(Shape::of(ResourceType::parse(kind).unwrap()));
                for step in *steps {
                    let Holds::Object(shape) = holds else { panic!("{kind} {steps:?}") };
                    holds = shape.element(step).unwrap_or_else(|| panic!("{kind} {steps:?}")).holds;
                }
            }
        }
    }

    #[test]
    fn main_dates() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Observation", r#"{"effectiveDateTime":"1970-01-02","issued":"1970-01-01T00:00:00Z"}"#, Some(86_400_000_000)),
            ("Observation", r#"{"issued":"1970-01-01T00:00:00Z"}"#,                                 Some(0)),
            ("Encounter",   r#"{"period":{"start":"1970-01-02","end":"1970-01-03"}}"#,              Some(86_400_000_000)),
            ("Encounter",   r#"{"period":{"end":"1970-01-01"}}"#,                                   Some(86_399_999_999)),
            ("Condition",   r#"{"onsetString":"in May","recordedDate":"1970-01-01"}"#,              Some(0)),
            ("Specimen",    r#"{"collection":{"collectedDateTime":"1970-01-01"}}"#,                 Some(0)),
            ("Patient",     r#"{"birthDate":"1970-01-01"}"#,                                        None),
            ("Observation", r#"{"effectiveDateTime":"soon"}"#,                                      None),
        ];
        for (kind, json, expected) in cases {
            let record = anamnesis_json::parse(json.as_bytes()).unwrap();
            let kind = ResourceType::parse(kind).unwrap();
            assert_eq!(main_date(kind, record.as_object().unwrap()), expected, "{kind} {json}");
        }
    }
}
