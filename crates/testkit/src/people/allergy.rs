//! What is not borne (<https://hl7.org/fhir/R4/allergyintolerance.html>).

use super::elements::{Code, DAY_US, bare, date, list, object, sct};
use super::life::Life;
use super::person::HORIZON;

const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";

/// What it is, its category, and how grave it may get.
#[rustfmt::skip] // A table reads by column.
const ALLERGIES: [(Code, &str, &str); 8] = [
    (sct("91935009",  "Allergy to peanuts"),        "food",        "high"),
    (sct("300913006", "Shellfish allergy"),         "food",        "high"),
    (sct("91930004",  "Allergy to eggs"),           "food",        "low"),
    (sct("418689008", "Allergy to grass pollen"),   "environment", "low"),
    (sct("232350006", "House dust mite allergy"),   "environment", "low"),
    (sct("424213003", "Allergy to bee venom"),      "environment", "high"),
    (sct("300916003", "Latex allergy"),             "environment", "low"),
    (sct("91936005",  "Allergy to penicillin"),     "medication",  "high"),
];

const MANIFESTATIONS: [Code; 4] = [
    sct("271807003", "Eruption of skin (disorder)"),
    sct("247472004", "Wheal (finding)"),
    sct("56018004", "Wheezing (finding)"),
    sct("39579001", "Anaphylaxis (disorder)"),
];

/// Writes one allergy of every second person or so, and two of some.
pub(super) fn tell(life: &mut Life<'_>) {
    let first = life.rng.below(u64::try_from(ALLERGIES.len()).unwrap_or_default());
    let count = if life.rng.chance(45) { 1 + u64::from(life.rng.chance(30)) } else { 0 };
    // Neighbours in the table, so that nobody has the same one twice.
    for n in first..first + count {
        let at = usize::try_from(n).unwrap_or_default() % ALLERGIES.len();
        if let Some(allergy) = ALLERGIES.get(at) {
            write(life, allergy);
        }
    }
}

fn write(life: &mut Life<'_>, (code, category, criticality): &(Code, &'static str, &'static str)) {
    let age_days = (HORIZON.micros() - life.person.born.micros()) / DAY_US;
    let onset = life.person.born.plus_micros(life.rng.between(age_days / 8, age_days / 2) * DAY_US);
    let outgrown = *criticality == "low" && life.rng.chance(20);
    let manifestation = life.rng.one_of(&MANIFESTATIONS);
    let severity = life.rng.word(&["mild", "moderate", "severe"]);
    let allergy = object! {
        "clinicalStatus": bare(CLINICAL, if outgrown { "resolved" } else { "active" }),
        "verificationStatus": bare(VERIFICATION, "confirmed"),
        "type": "allergy",
        "category": list![*category],
        "criticality": *criticality,
        "code": code.concept(),
        "patient": life.me(),
        "onsetDateTime": date(onset),
        "recordedDate": date(onset),
        "recorder": life.doctor(),
        "reaction": list![object! { "manifestation": list![manifestation.concept()], "severity": severity }],
    };
    let link = life.draft.link("AllergyIntolerance");
    life.draft.write(&link, allergy);
}
