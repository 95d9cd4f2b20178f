//! What is prescribed: active, stopped or taken to the end (<https://hl7.org/fhir/R4/medicationrequest.html>).

use anamnesis_json::Object;
use anamnesis_kernel::Instant;

use super::draft::Link;
use super::elements::{Code, decimal, hl7, list, object, quantity, rxnorm, whole};
use super::life::{Life, Visit};

/// A medicine and how it is taken.
pub(super) struct Drug {
    code: Code,
    times_a_day: i64,
    /// What one dose is counted in, in UCUM, and how much: digits and decimals.
    unit: (&'static str, &'static str),
    dose: (i64, u32),
    text: &'static str,
}

const ANOTHER_FIRST: Code = hl7(
    "http://terminology.hl7.org/CodeSystem/medicationrequest-status-reason",
    "altchoice",
    "Try another treatment first",
);

const TABLET: (&str, &str) = ("tablet", "{tbl}");
const PUFF: (&str, &str) = ("puff", "{puff}");

const fn drug(
    code: Code,
    times_a_day: i64,
    unit: (&'static str, &'static str),
    dose: (i64, u32),
    text: &'static str,
) -> Drug {
    Drug { code, times_a_day, unit, dose, text }
}

#[rustfmt::skip] // A table reads by column.
mod table {
    use super::*;

    pub(in super::super) const CETIRIZINE: Drug =    drug(rxnorm("1014676", "cetirizine hydrochloride 5 MG Oral Tablet"),                  1, TABLET, (1, 0),   "One tablet a day");
    pub(in super::super) const ALBUTEROL: Drug =     drug(rxnorm("745679",  "200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler"),    4, PUFF,   (20, 1),  "Two puffs when needed, at most four times a day");
    pub(in super::super) const NAPROXEN: Drug =      drug(rxnorm("849574",  "Naproxen sodium 220 MG Oral Tablet"),                          2, TABLET, (1, 0),   "One tablet twice a day with food");
    pub(in super::super) const LISINOPRIL: Drug =    drug(rxnorm("314076",  "lisinopril 10 MG Oral Tablet"),                                1, TABLET, (1, 0),   "One tablet in the morning");
    pub(in super::super) const SIMVASTATIN: Drug =   drug(rxnorm("314231",  "simvastatin 10 MG Oral Tablet"),                               1, TABLET, (1, 0),   "One tablet in the evening");
    pub(in super::super) const METFORMIN: Drug =     drug(rxnorm("860975",  "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"), 1, TABLET, (10, 1), "One tablet with the evening meal");
    pub(in super::super) const ALLOPURINOL: Drug =   drug(rxnorm("197319",  "Allopurinol 100 MG Oral Tablet"),                              1, TABLET, (150, 2), "One and a half tablets a day");
    pub(in super::super) const IBUPROFEN: Drug =     drug(rxnorm("310965",  "Ibuprofen 200 MG Oral Tablet"),                                3, TABLET, (2, 0),   "Two tablets three times a day");
    pub(in super::super) const WARFARIN: Drug =      drug(rxnorm("855332",  "Warfarin Sodium 5 MG Oral Tablet"),                            1, TABLET, (50, 2),  "Half a tablet a day");
    pub(in super::super) const ALENDRONATE: Drug =   drug(rxnorm("904419",  "Alendronic acid 10 MG Oral Tablet"),                           1, TABLET, (1, 0),   "One tablet before breakfast, sitting up");
    pub(in super::super) const ACETAMINOPHEN: Drug = drug(rxnorm("313782",  "Acetaminophen 325 MG Oral Tablet"),                            4, TABLET, (1, 0),   "One tablet when in pain, at most four a day");
    pub(in super::super) const PENICILLIN: Drug =    drug(rxnorm("834102",  "Penicillin V Potassium 500 MG Oral Tablet"),                   2, TABLET, (1, 0),   "One tablet twice a day for ten days");
    pub(in super::super) const AMOXICILLIN: Drug =   drug(rxnorm("308192",  "Amoxicillin 500 MG Oral Tablet"),                              3, TABLET, (1, 0),   "One tablet three times a day for a week");
}
pub(super) use table::*;

/// From when to when, and why.
pub(super) struct Course<'a> {
    pub(super) since: Instant,
    pub(super) until: Option<Instant>,
    pub(super) reason: &'a Link,
    pub(super) visit: Option<&'a Visit>,
}

/// Writes a prescription: active while the course has no end, else taken to the end or stopped.
pub(super) fn prescribed(life: &mut Life<'_>, drug: &Drug, course: Course<'_>) {
    let status = match course.until {
        None => "active",
        Some(_) if life.rng.chance(25) => "stopped",
        Some(_) => "completed",
    };
    let mut request = object! { "status": status };
    if status == "stopped" {
        request.push("statusReason", ANOTHER_FIRST.concept());
    }
    request.push("intent", "order");
    request.push("medicationCodeableConcept", drug.code.concept());
    request.push("subject", life.me());
    if let Some(visit) = course.visit {
        request.push("encounter", life.draft.refer(&visit.encounter));
    }
    request.push("authoredOn", life.time(course.since));
    request.push("requester", life.doctor());
    request.push("reasonReference", list![life.draft.refer(course.reason)]);
    request.push("dosageInstruction", list![dosage(drug)]);
    let mut dispense = object! { "validityPeriod": object! { "start": life.time(course.since) } };
    dispense.push("numberOfRepeatsAllowed", whole(if course.until.is_none() { 3 } else { 0 }));
    request.push("dispenseRequest", dispense);
    let link = life.draft.link("MedicationRequest");
    life.draft.write(&link, request);
}

fn dosage(drug: &Drug) -> Object {
    let (digits, decimals) = drug.dose;
    let (unit, ucum) = drug.unit;
    object! {
        "sequence": whole(1),
        "text": drug.text,
        "timing": object! {
            "repeat": object! { "frequency": whole(drug.times_a_day), "period": whole(1), "periodUnit": "d" },
        },
        "doseAndRate": list![object! { "doseQuantity": quantity(decimal(digits, decimals), unit, ucum) }],
    }
}
