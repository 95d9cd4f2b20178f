//! Vital signs, and what people answer when asked (<https://hl7.org/fhir/R4/observation-vitalsigns.html>).

use anamnesis_json::{Object, Value};

use super::Size;
use super::elements::{Code, bare, decimal, list, loinc, object, quantity, sct};
use super::life::{Life, Visit};

const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";

const BLOOD_PRESSURE: Code = loinc("85354-9", "Blood pressure panel with all children optional");
const SYSTOLIC: Code = loinc("8480-6", "Systolic blood pressure");
const DIASTOLIC: Code = loinc("8462-4", "Diastolic blood pressure");
const HEART_RATE: Code = loinc("8867-4", "Heart rate");
const WEIGHT: Code = loinc("29463-7", "Body weight");
const HEIGHT: Code = loinc("8302-2", "Body height");
const BMI: Code = loinc("39156-5", "Body mass index (BMI) [Ratio]");
const TEMPERATURE: Code = loinc("8310-5", "Body temperature");
const SATURATION: Code = loinc("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry");
const PAIN: Code = loinc("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported");

const SMOKING: Code = loinc("72166-2", "Tobacco smoking status");
const SMOKING_ANSWERS: [Code; 3] = [
    sct("266919005", "Never smoked tobacco"),
    sct("8517006", "Ex-smoker"),
    sct("449868002", "Smokes tobacco daily"),
];
const DEPRESSION: Code =
    loinc("55758-7", "Patient Health Questionnaire 2 item (PHQ-2) total score [Reported]");
const ANXIETY: Code =
    loinc("70274-6", "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]");

/// Writes what is measured at a visit: blood pressure always, the rest as it comes up.
pub(super) fn tell(life: &mut Life<'_>, visit: &Visit) {
    blood_pressure(life, visit);
    let rate = decimal(life.rng.between(52, 104), 0);
    measured(life, visit, HEART_RATE, quantity(rate, "beats/minute", "/min"));
    if life.person.size == Size::Whole {
        body(life, visit);
    }
    if visit.unwell {
        let temperature = decimal(life.rng.between(3_640, 3_990), 2);
        measured(life, visit, TEMPERATURE, quantity(temperature, "degrees C", "Cel"));
        let saturation = decimal(life.rng.between(920, 995), 1);
        measured(life, visit, SATURATION, quantity(saturation, "%", "%"));
    }
}

/// Writes what a person answers at a visit: whether they smoke, how they feel, what hurts.
pub(super) fn answers(life: &mut Life<'_>, visit: &Visit) {
    if life.person.age_years() >= 14 {
        let answer = life.rng.one_of(&SMOKING_ANSWERS).concept();
        write(life, visit, "social-history", SMOKING, ("valueCodeableConcept", answer.into()));
        let (code, most) = if life.rng.chance(50) { (DEPRESSION, 6) } else { (ANXIETY, 21) };
        let score = quantity(decimal(life.rng.between(0, most), 0), "{score}", "{score}");
        write(life, visit, "survey", code, ("valueQuantity", score.into()));
    }
    let pain = quantity(decimal(life.rng.between(0, 10), 0), "{score}", "{score}");
    write(life, visit, "survey", PAIN, ("valueQuantity", pain.into()));
}

fn blood_pressure(life: &mut Life<'_>, visit: &Visit) {
    let systolic = life.rng.between(94, 172);
    let diastolic = systolic * 6 / 10 + life.rng.between(-4, 8);
    let part = |code: Code, value| {
        object! {
            "code": code.concept(),
            "valueQuantity": quantity(decimal(value, 0), "mmHg", "mm[Hg]"),
        }
    };
    let parts = list![part(SYSTOLIC, systolic), part(DIASTOLIC, diastolic)];
    write(life, visit, "vital-signs", BLOOD_PRESSURE, ("component", parts));
}

/// Height, weight and what follows from them, in the proportions of an age.
fn body(life: &mut Life<'_>, visit: &Visit) {
    let age_days = (visit.at.micros() - life.person.born.micros()) / super::elements::DAY_US;
    let grown = (age_days / 365).clamp(0, 18);
    let height_mm = 520 + grown * 65 + life.rng.between(-15, 15);
    // Five points of BMI more at 18 than at birth, and as much again of chance.
    let bmi_tenths = 160 + grown * 3 + life.rng.between(-10, 80);
    let weight_g = bmi_tenths * height_mm / 100 * height_mm / 100;
    measured(life, visit, HEIGHT, quantity(decimal(height_mm, 1), "cm", "cm"));
    measured(life, visit, WEIGHT, quantity(decimal(weight_g / 100, 1), "kg", "kg"));
    if life.rng.chance(60) {
        measured(life, visit, BMI, quantity(decimal(bmi_tenths * 10, 2), "kg/m2", "kg/m2"));
    }
}

fn measured(life: &mut Life<'_>, visit: &Visit, code: Code, value: Object) {
    write(life, visit, "vital-signs", code, ("valueQuantity", value.into()));
}

fn write(
    life: &mut Life<'_>,
    visit: &Visit,
    category: &'static str,
    code: Code,
    (key, value): (&'static str, Value),
) {
    let mut observation = object! {
        "status": "final",
        "category": list![bare(CATEGORY, category)],
        "code": code.concept(),
        "subject": life.me(),
        "encounter": life.draft.refer(&visit.encounter),
        "effectiveDateTime": life.time(visit.at),
        "performer": list![life.doctor()],
    };
    observation.push(key, value);
    let link = life.draft.link("Observation");
    life.draft.write(&link, observation);
}
