//! What is written in sentences: notes of visits, and the plan of care.

use anamnesis_json::Value;

use super::elements::{Code, DAY_US, MINUTE_US, YEAR_DAYS, hl7, list, loinc, object, sct};
use super::life::{Life, Visit};
use super::person::HORIZON;

const CLINICAL_NOTE: Code = hl7(
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
    "clinical-note",
    "Clinical Note",
);
const FORMAT: Code = hl7(
    "http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem",
    "urn:ihe:iti:xds:2017:mimeTypeSufficient",
    "mimeType Sufficient",
);
const NOTES: [Code; 2] = [loinc("34117-2", "History and physical note"), loinc("11506-3", "Progress note")];
const SENTENCES: [&str; 8] = [
    "Feels well, sleeps well, eats with appetite.",
    "Cough for three days, no fever at home.",
    "Lungs clear, heart sounds regular, abdomen soft.",
    "Walks to the shops and back without a rest.",
    "Asked about the tablets: takes them, most days.",
    "Will come back if it is no better in a week.",
    "Blood drawn; results by telephone.",
    "Lives with a cat (§ allergy) – nothing new “as such”.",
];

const ACTIVITIES: [Code; 5] = [
    sct("229065009", "Exercise therapy"),
    sct("160670007", "Diabetic diet"),
    sct("226234005", "Healthy diet"),
    sct("225323000", "Smoking cessation education"),
    sct("386463000", "Prescribed activity/exercise education"),
];

/// Writes the note of a visit, its text inside as the standard wants it: in base 64.
pub(super) fn note(life: &mut Life<'_>, visit: &Visit) {
    let mut text = String::new();
    for _ in 0..life.rng.between(2, 5) {
        text.push_str(life.rng.word(&SENTENCES));
        text.push('\n');
    }
    let attachment = object! {
        "contentType": "text/plain; charset=utf-8",
        "language": "en",
        "data": base64(text.as_bytes()),
        "title": "Note",
        "creation": life.time(visit.at.plus_micros(20 * MINUTE_US)),
    };
    let document = object! {
        "status": "current",
        "docStatus": "final",
        "type": life.rng.one_of(&NOTES).concept(),
        "category": list![CLINICAL_NOTE.concept()],
        "subject": life.me(),
        "date": life.time(visit.at.plus_micros(21 * MINUTE_US)),
        "author": list![life.doctor()],
        "custodian": life.draft.refer(&life.organization),
        "content": list![object! { "attachment": attachment, "format": FORMAT.coding() }],
        "context": object! {
            "encounter": list![life.draft.refer(&visit.encounter)],
            "period": object! { "start": life.time(visit.at) },
        },
    };
    let link = life.draft.link("DocumentReference");
    life.draft.write(&link, document);
}

/// Writes a plan for one person in three, under way or finished.
pub(super) fn care_plan(life: &mut Life<'_>) {
    if !life.rng.chance(33) {
        return;
    }
    let active = life.rng.chance(70);
    let years = life.person.age_years().clamp(0, 6);
    let since = HORIZON.plus_micros(-life.rng.between(10, 10 + years * YEAR_DAYS) * DAY_US);
    let mut period = object! { "start": life.time(since) };
    if !active {
        period.push("end", life.time(HORIZON.plus_micros(-DAY_US)));
    }
    let status = if active { "in-progress" } else { "completed" };
    let activities: Vec<Value> = (0..life.rng.between(1, 3))
        .map(|_| {
            let code = life.rng.one_of(&ACTIVITIES).concept();
            object! { "detail": object! { "code": code, "status": status } }.into()
        })
        .collect();
    let plan = object! {
        "status": if active { "active" } else { "completed" },
        "intent": "plan",
        "category": list![sct("734163000", "Care plan").concept()],
        "title": "Plan of care",
        "subject": life.me(),
        "period": period,
        "author": life.doctor(),
        "activity": activities,
    };
    let link = life.draft.link("CarePlan");
    life.draft.write(&link, plan);
}

/// Base 64 of RFC 4648, padded.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |n: usize| u32::from(three.get(n).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4_usize {
            let six = usize::try_from(bits >> (18 - 6 * n) & 63).unwrap_or_default();
            let letter = ALPHABET.get(six).copied().unwrap_or(b'=');
            text.push(if n <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_rfc() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (text, encoded) in cases {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }
}
