//! Examples, each spoilt in a way that R4 has nothing against and one profile has.

use std::collections::BTreeSet;
use std::fs;

use anamnesis_fhir::check;
use anamnesis_fhir::profile::{Claim, Definitions};
use anamnesis_json::Value;

use super::registered::Registered;
use super::{PROFILES, US_CORE, json, kind_of};

/// Profiles that ask no more than R4 of what can be computed, so that nothing breaks them alone.
const NO_MORE_THAN_R4: &[&str] = &["us-core-familymemberhistory", "us-core-goal"];

/// A profile, an example that names it, what is done to the example, and what is found then.
type Spoilt = (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str);

#[rustfmt::skip] // A table reads by column.
const SPOILT: &[Spoilt] = &[
 // profile                            example                                          what is done to it                                        what is found
    ("adi-documentreference",          "DocumentReference/DocumentReference-living-will", &[("content[0].attachment.data", "")],                  "DocumentReference.content[0].attachment: us-core-6: DocumentReference.content.attachment.url or DocumentReference.content.attachment.data or both SHALL be present."),
    ("adi-documentreference",          "DocumentReference/DocumentReference-living-will", &[("type", "")],                                        "DocumentReference.type: must be there"),
    ("allergyintolerance",             "AllergyIntolerance/allergyintolerance-non-pharmacologic-agent-example", &[("code", "")],                  "AllergyIntolerance.code: must be there"),
    ("average-blood-pressure",         "Observation/Observation-average-blood-pressure", &[("component[1]", "")],                                 "Observation.component: must be there of the slice diastolic"),
    ("average-blood-pressure",         "Observation/Observation-average-blood-pressure", &[("effectivePeriod", "")],                              "Observation.effective: must be there"),
    ("blood-pressure",                 "Observation/blood-pressure",                    &[("component[1]", "")],                                  "Observation.component: must be there of the slice diastolic"),
    ("blood-pressure",                 "Observation/blood-pressure",                    &[("component[0].valueQuantity.code", r#""mmHg""#)],      "Observation.component[0].valueQuantity.code: must have the value that the profile fixes"),
    ("blood-pressure",                 "Observation/blood-pressure",                    &[("category[0].coding[0].code", r#""exam""#)],           "Observation.category: must be there of the slice VSCat"),
    ("body-height",                    "Observation/height",                            &[("valueQuantity.code", r#""kg""#)],                     "Observation.valueQuantity.code: must be a code of http://hl7.org/fhir/ValueSet/ucum-bodylength|4.0.1"),
    ("body-weight",                    "Observation/weight",                            &[("code.coding[0].code", r#""3141-9""#)],                "Observation.code: must have what the profile's pattern has"),
    ("care-experience-preference",     "Observation/Observation-care-experience-preference", &[("code.coding[0].code", r#""95541-8""#)],      "Observation.code: must have what the profile's pattern has"),
    ("careplan",                       "CarePlan/colonoscopy",                          &[("category", ASSESS_PLAN_TWICE)],                       "CarePlan.category: must be there at most 1 times of the slice AssessPlan"),
    ("careteam",                       "CareTeam/careteam-example",                     &[("participant[1].member", "")],                         "CareTeam.participant[1].member: must be there"),
    ("condition-encounter-diagnosis",  "Condition/condition-encounter-diagnosis-example2", &[("category[0].coding[0].code", r#""problem-list-item""#)], "Condition.category: must be there of the slice us-core"),
    ("condition-problems-health-concerns", "Condition/condition-duodenal-ulcer-resolved", &[("category", "")],                                    "Condition.category: must be there"),
    ("device",                         "Device/Device-knee",                            &[("udiCarrier[0].deviceIdentifier", "")],                "Device.udiCarrier[0].deviceIdentifier: must be there"),
    ("device",                         "Device/Device-infusion-pump",                   &[("type", "")],                                          "Device.type: must be there"),
    ("diagnosticreport-lab",           "DiagnosticReport/diagnosticreport-cbc",         &[("issued", "")],                                        "DiagnosticReport: us-core-9: issued SHALL be present if the status is 'partial', 'preliminary', 'final', 'amended', 'corrected' or 'appended'"),
    ("diagnosticreport-note",          "DiagnosticReport/DiagnosticReport-cardiology-report", &[("effectiveDateTime", "")],                       "DiagnosticReport: us-core-10: effective[x] SHALL be present if the status is 'partial', 'preliminary', 'final', 'amended', 'corrected' or 'appended'"),
    ("documentreference",              "DocumentReference/documentreference-discharge-summary", &[("content[0].attachment.data", "")],            "DocumentReference.content[0].attachment: us-core-6: DocumentReference.content.attachment.url or DocumentReference.content.attachment.data or both SHALL be present."),
    ("encounter",                      "Encounter/encounter-example-1",                 &[("type", "")],                                          "Encounter.type: must be there"),
    ("ethnicity",                      "Patient/patient-infant-example",                &[("extension[1].extension[1]", "")],                     "Patient.extension[1].extension: must be there of the slice text"),
    ("head-circumference",             "Observation/head-circumference",                &[("valueQuantity.code", r#""kg""#)],                     "Observation.valueQuantity.code: must be a code of http://hl7.org/fhir/ValueSet/ucum-bodylength|4.0.1"),
    ("individual-sex",                 "Patient/patient-infant-example",                &[("extension[2].valueCoding", ""), ("extension[2].valueString", r#""m""#)], "Patient.extension[2].valueString: must be of type Coding"),
    ("location",                       "Location/hl7east",                              &[("type[0].coding[0].code", "")],                        "Location.type[0].coding[0].code: must be there"),
    ("medication",                     "Medication/uscore-med2",                        &[("code", "")],                                          "Medication.code: must be there"),
    ("medicationrequest",              "MedicationRequest/medicationrequest-contained-oral-axid", &[("requester", "")],                           r#"MedicationRequest: us-core-21: requester SHALL be present if intent is "order""#),
    ("observation-adi-documentation",  "Observation/observation-no-ADI-example",        &[("valueCodeableConcept", ""), ("valueBoolean", "false")], "Observation.valueBoolean: must be of type CodeableConcept"),
    ("observation-clinical-result",    "Observation/capillary-refill-time-nail-bed",    &[("effectiveDateTime", r#""2021""#)],                    "Observation.effectiveDateTime: us-core-1: Datetime must be at least to day."),
    ("observation-lab",                "Observation/observation-cbc-hemoglobin",        &[("category[0].coding[0].code", r#""exam""#)],           "Observation.category: must be there of the slice us-core"),
    ("observation-lab",                "Observation/observation-cbc-hemoglobin",        &[("valueQuantity", "")],                                 "Observation: us-core-2: If there is no component or hasMember element then either a value[x] or a data absent reason must be present"),
    ("observation-occupation",         "Observation/observation-occupation",            &[("component[0].valueCodeableConcept", "")],             "Observation.component[0].valueCodeableConcept: must be there"),
    ("observation-pregnancyintent",    "Observation/observation-pregnancy-intent",      &[("effectiveDateTime", "")],                             "Observation.effectiveDateTime: must be there"),
    ("observation-screening-assessment", "Observation/Observation-10-minute-apgar-color", &[("category[0].coding[0].code", r#""exam""#)],         "Observation.category: must be there of the slice survey"),
    ("organization",                   "Organization/organization-acme-lab",            &[("identifier[0].value", r#""1144221848""#)],            "Organization.identifier[0]: us-core-17: NPI check digit must be valid (Luhn algorithm check)"),
    ("organization",                   "Organization/organization-acme-lab",            &[("identifier[1].value", r#""1234567890""#)],            r#"Organization.identifier[1]: us-core-18: CLIA number must be 10 digits with a letter "D" in third position"#),
    ("patient",                        "Patient/patient-infant-example",                &[("name[0]", r#"{"text":"x"}"#)],                        "Patient.name[0]: us-core-6: At least name.given and/or name.family are present or, if neither is available, the Data Absent Reason Extension is present."),
    ("patient",                        "Patient/patient-infant-example",                &[("extension[1].url", r#""http://hl7.org/fhir/us/core/StructureDefinition/us-core-race""#)], "Patient.extension: must be there at most 1 times of the slice race"),
    ("practitioner",                   "Practitioner/practitioner-1",                   &[("name[0].family", "")],                                "Practitioner.name[0].family: must be there"),
    ("procedure",                      "Procedure/procedure-rehab",                     &[("performedDateTime", "")],                             "Procedure: us-core-7: Performed SHALL be present if the status is 'completed' or 'in-progress'"),
    ("procedure",                      "Procedure/procedure-rehab",                     &[("code", "")],                                          "Procedure.code: must be there"),
    ("pediatric-weight-for-height",    "Observation/pediatric-wt-example",              &[("valueQuantity.code", r#""kg""#)],                     "Observation.valueQuantity.code: must have the value that the profile fixes"),
    ("provenance",                     "Bundle/allergyintolerance-provenance-example2", &[("entry[1].resource.agent[0].onBehalfOf.reference", r#""Patient/1""#)], "Bundle.entry[1].resource.agent[0].onBehalfOf: must lead to Organization"),
    ("pulse-oximetry",                 "Observation/oxygen-saturation",                 &[("code.coding[0].code", r#""x""#)],                     "Observation.code.coding: must be there of the slice O2Sat"),
    ("questionnaireresponse",          "QuestionnaireResponse/QuestionnaireResponse-AUDIT-C", &[("subject", "")],                                 "QuestionnaireResponse.subject: must be there"),
    ("race",                           "Patient/patient-infant-example",                &[("extension[0].extension[0].url", r#""else""#), ("extension[0].extension[1]", "")], "Patient.extension[0].extension: must be there of the slice text"),
    ("relatedperson",                  "RelatedPerson/relatedperson-shaw-niece",        &[("active", "")],                                        "RelatedPerson.active: must be there"),
    ("servicerequest",                 "ServiceRequest/servicerequest-cbc",             &[("code", "")],                                          "ServiceRequest.code: must be there"),
    ("simple-observation",             "Observation/Observation-exercise-per-week",     &[("subject.reference", r#""Group/1""#)],                 "Observation.subject: must lead to Patient"),
    ("smokingstatus",                  "Observation/some-day-smoker",                   &[("valueCodeableConcept", ""), ("valueString", r#""x""#)], "Observation: us-core-24: Observation.code 72166-2|Tobacco smoking status or 11367-0|History of Tobacco use SHALL use valueCodeableConcept"),
    ("specimen",                       "Specimen/specimen-example-serum",               &[("type", "")],                                          "Specimen.type: must be there"),
    ("vital-signs",                    "Observation/height",                            &[("effectiveDateTime", ""), ("effectiveInstant", r#""1999-07-02T10:00:00Z""#)], "Observation.effectiveInstant: must be of type dateTime, Period"),
];

const ASSESS_PLAN_TWICE: &str = r#"[
    {"coding":[{"system":"http://hl7.org/fhir/us/core/CodeSystem/careplan-category","code":"assess-plan"}]},
    {"coding":[{"system":"http://hl7.org/fhir/us/core/CodeSystem/careplan-category","code":"assess-plan"}]}]"#;

#[test]
fn spoilt_examples_are_refused() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let registered = Registered::read(&shared);
    let mut tried: BTreeSet<String> = NO_MORE_THAN_R4.iter().map(|name| format!("{US_CORE}{name}")).collect();
    for (profile, example, edits, expected) in SPOILT {
        let file = shared.join("us-core/examples").join(format!("{example}.json"));
        let mut resource = json(&fs::read_to_string(file).unwrap());
        let kind = kind_of(&resource);
        let by_r4 = check::issues(kind, resource.as_object().unwrap());
        for (place, value) in *edits {
            edit(&mut resource, place, value);
        }
        let elements = resource.as_object().unwrap();
        assert_eq!(check::issues(kind, elements), by_r4, "{example} {edits:?}: R4 has nothing against it");
        let claim = Claim::of(kind, elements);
        let claims: Vec<Claim<'_>> = std::iter::once(claim.clone()).chain(claim.inside()).collect();
        let wrong: Vec<String> = claims
            .iter()
            .flat_map(|claim| claim.urls.iter().map(move |url| (claim, url.split('|').next().unwrap())))
            .flat_map(|(claim, url)| registered.said(url, claim).0)
            .collect();
        assert!(wrong.iter().any(|wrong| wrong == expected), "{example} {edits:?}: {wrong:#?}");
        let plain = format!("{US_CORE}{profile}");
        let named = registered.profile(&plain).is_some();
        tried.insert(if named { plain } else { format!("{US_CORE}us-core-{profile}") });
    }
    let all = PROFILES.lines().map(|line| json(line).get("url").unwrap().as_str().unwrap().to_owned());
    assert_eq!(tried, all.collect::<BTreeSet<_>>(), "each profile refuses something");
}

/// Puts a value in a place, `name[0].family`, or takes away what is there.
fn edit(resource: &mut Value, place: &str, value: &str) {
    let (way, last) = place.rsplit_once('.').map_or(("", place), |(way, last)| (way, last));
    let mut at = resource;
    for step in way.split('.').filter(|step| !step.is_empty()) {
        let (key, index) = step_of(step);
        at = at.as_object_mut().unwrap().get_mut(key).unwrap();
        if let Some(index) = index {
            at = at.as_array_mut().unwrap().get_mut(index).unwrap();
        }
    }
    let object = at.as_object_mut().unwrap();
    match (step_of(last), value) {
        ((key, Some(index)), "") => {
            object.get_mut(key).unwrap().as_array_mut().unwrap().remove(index);
        }
        ((key, Some(index)), value) => {
            *object.get_mut(key).unwrap().as_array_mut().unwrap().get_mut(index).unwrap() = json(value);
        }
        ((key, None), "") => assert!(object.remove(key).is_some(), "{place} is not there"),
        ((key, None), value) => object.set(key, json(value)),
    }
}

fn step_of(step: &str) -> (&str, Option<usize>) {
    match step.split_once('[') {
        Some((key, index)) => (key, Some(index.trim_end_matches(']').parse().unwrap())),
        None => (step, None),
    }
}
