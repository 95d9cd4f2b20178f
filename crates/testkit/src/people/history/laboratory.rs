//! A result that is preliminary, then final, then put right; and an old one put right by a FHIR update.

use anamnesis_json::{Object, Value};

use super::Story;
use super::clinical::category;
use crate::people::Record;
use crate::people::elements::{MINUTE_US, bare, decimal, hl7, list, loinc, object, quantity};

const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const INTERPRETATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
const POTASSIUM: (&str, &str) = ("2823-3", "Potassium [Moles/volume] in Serum or Plasma");
/// The usual range of potassium, in hundredths of mmol/L.
const USUAL: std::ops::RangeInclusive<i64> = 350..=510;

/// A potassium by telephone, confirmed an hour later, and corrected when the tube turns out to have been haemolysed.
pub(super) fn new_result(story: &mut Story<'_>) {
    let Some(patient) = story.patient() else { return };
    story.pass();
    let hundredths = story.rng.between(560, 690);
    let id = story.rng.uuid().into();
    let mut resource = object! {
        "resourceType": "Observation",
        "id": "",
        "status": "preliminary",
        "category": list![hl7(CATEGORY, "laboratory", "Laboratory").concept()],
        "code": loinc(POTASSIUM.0, POTASSIUM.1).concept(),
        "subject": object! { "reference": patient.stream() },
        "effectiveDateTime": story.now(),
        "issued": story.now(),
    };
    let record = Record { kind: "Observation", id, resource: Object::new() };
    resource.set("id", record.id.clone());
    for (key, value) in measured(hundredths) {
        resource.push(key, value);
    }
    story.records.push(Record { resource: resource.clone(), ..record.clone() });
    story.event(&record, "LabResultReported", resource, None);

    story.at = story.at.plus_micros(60 * MINUTE_US);
    let confirmed = object! { "status": "final", "issued": story.now() };
    story.event(&record, "LabResultFinalized", confirmed, None);

    story.at = story.at.plus_micros(story.rng.between(90, 400) * MINUTE_US);
    let mut right = measured(hundredths - story.rng.between(130, 200));
    right.set_first("status", "corrected");
    right.push("issued", story.now());
    story.event(&record, "LabResultCorrected", right, Some("the specimen was haemolysed; measured again"));
}

/// A result of the bundle turns out to be ten times what it said.
pub(super) fn old_result(story: &mut Story<'_>) {
    let known = |it: &Object| {
        category(it) == Some("laboratory")
            && it.str("status") == Some("final")
            && it.contains_key("valueQuantity")
    };
    let Some(record) = story.last("Observation", known) else { return };
    story.pass();
    let mut value =
        record.resource.get("valueQuantity").and_then(Value::as_object).cloned().unwrap_or_default();
    let Some(Value::Number(text)) = value.get("value") else { return };
    let tenfold = format!("{text}e1");
    value.set("value", Value::Number(tenfold.into()));
    value.remove("comparator");
    let right = object! {
        "status": "corrected",
        "issued": story.now(),
        "valueQuantity": value,
        "interpretation": list![bare(INTERPRETATION, "HH")],
    };
    story.put(&record, right);
}

fn measured(hundredths: i64) -> Object {
    let flag = if hundredths > *USUAL.end() {
        "H"
    } else if hundredths < *USUAL.start() {
        "L"
    } else {
        "N"
    };
    let mmol = |digits| quantity(decimal(digits, 2), "mmol/L", "mmol/L");
    object! {
        "valueQuantity": mmol(hundredths),
        "interpretation": list![bare(INTERPRETATION, flag)],
        "referenceRange": list![object! { "low": mmol(*USUAL.start()), "high": mmol(*USUAL.end()) }],
    }
}
