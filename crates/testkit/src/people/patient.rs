//! The Patient: names, addresses, ways to reach them (<https://hl7.org/fhir/R4/patient.html>).

use anamnesis_json::{Object, Value};
use anamnesis_kernel::Instant;
use compact_str::{CompactString, format_compact};

use super::address::{address, digits};
use super::elements::{Code, DAY_US, bare, date, date_time, hl7, list, object};
use super::life::Life;
use super::person::HORIZON;
use super::rng::Rng;
use super::words::{FAMILIES, MEN, STREETS, TOWNS, WOMEN};

const IDENTIFIER_TYPE: &str = "http://terminology.hl7.org/CodeSystem/v2-0203";
const MARITAL_STATUS: &str = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus";
const CONTACT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/v2-0131";
const BIRTH_TIME: &str = "http://hl7.org/fhir/StructureDefinition/patient-birthTime";
const BIRTH_PLACE: &str = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace";

const MARRIED: Code = hl7(MARITAL_STATUS, "M", "Married");
const GROWN_UP_STATUSES: [Code; 5] = [
    MARRIED,
    MARRIED,
    hl7(MARITAL_STATUS, "S", "Never Married"),
    hl7(MARITAL_STATUS, "D", "Divorced"),
    hl7(MARITAL_STATUS, "W", "Widowed"),
];

/// Writes the Patient.
pub(super) fn tell(life: &mut Life<'_>) {
    let person = life.person;
    let mut rng = person.rng(0x7061_7469);
    let grown_up = person.age_years() >= 18;
    let status =
        if grown_up { *rng.one_of(&GROWN_UP_STATUSES) } else { hl7(MARITAL_STATUS, "S", "Never Married") };
    let given = given_names(&mut rng, person.female);
    let family = *rng.one_of(&FAMILIES);

    let mut patient = object! {
        "identifier": identifiers(&mut rng, person.number, person.seed),
        "active": true,
        "name": names(&mut rng, &given, family, person.female && status.code != "S", person.born),
        "telecom": telecoms(&mut rng, life.town.phone, person.number),
        "gender": if person.female { "female" } else { "male" },
        "birthDate": date(person.born),
    };
    if rng.chance(20) {
        let time =
            object! { "url": BIRTH_TIME, "valueDateTime": date_time(person.born, life.town.east_hours) };
        patient.push("_birthDate", object! { "extension": list![time] });
    }
    patient.push("address", addresses(&mut rng, life));
    patient.push("maritalStatus", status.concept());
    if rng.chance(3) {
        patient.push("multipleBirthInteger", Value::from(1 + rng.below(2)));
    }
    patient.push("contact", list![contact(&mut rng, family, life.town.phone)]);
    patient.push("communication", communication(life));
    patient.push("generalPractitioner", list![life.draft.refer(&life.practitioner)]);
    patient.push("managingOrganization", life.draft.refer(&life.organization));
    if rng.chance(50) {
        let town = rng.one_of(&TOWNS);
        let place = object! { "city": town.city, "country": town.country };
        patient.set_first("extension", list![object! { "url": BIRTH_PLACE, "valueAddress": place }]);
    }
    let link = life.patient.clone();
    life.draft.write(&link, patient);
}

/// One given name, or two.
pub(super) fn given_names(rng: &mut Rng, female: bool) -> Vec<Value> {
    let names = if female { &WOMEN } else { &MEN };
    let mut given = vec![Value::from(rng.word(names))];
    if rng.chance(40) {
        given.push(Value::from(rng.word(names)));
    }
    given
}

fn identifiers(rng: &mut Rng, number: u64, seed: u64) -> Value {
    let kind = |code, text| {
        let mut concept = bare(IDENTIFIER_TYPE, code);
        concept.push("text", text);
        concept
    };
    list![
        object! {
            "use": "usual",
            "type": kind("MR", "Medical record number"),
            "system": "https://hospital.example/identifiers/medical-record",
            "value": format_compact!("MR-{:04x}-{number:07}", seed & 0xffff),
        },
        object! {
            "use": "official",
            "type": kind("NI", "National identifier"),
            "system": "https://registry.example/identifiers/national",
            "value": digits(rng, "##.##.##-###.##"),
        },
    ]
}

fn names(rng: &mut Rng, given: &[Value], family: &'static str, was_single: bool, born: Instant) -> Value {
    let mut official = object! { "use": "official", "family": family, "given": given.to_vec() };
    if rng.chance(15) && born < HORIZON.plus_micros(-28 * 365 * DAY_US) {
        official.push("prefix", list!["Dr."]);
    }
    let mut names = vec![Value::from(official)];
    if was_single {
        let wedding = born.plus_micros(rng.between(20 * 365, 30 * 365) * DAY_US).min(HORIZON);
        let before = object! { "end": date(wedding) };
        let family = rng.word(&FAMILIES);
        names.push(
            object! { "use": "maiden", "family": family, "given": given.to_vec(), "period": before }.into(),
        );
    }
    if rng.chance(25) {
        let short = given
            .iter()
            .take(1)
            .filter_map(Value::as_str)
            .map(|name| name.chars().take(3).collect::<CompactString>());
        names.push(object! { "use": "nickname", "given": short.map(Value::from).collect::<Vec<_>>() }.into());
    }
    Value::from(names)
}

fn telecoms(rng: &mut Rng, phone: &str, number: u64) -> Value {
    let mut telecoms =
        vec![Value::from(object! { "system": "phone", "value": digits(rng, phone), "use": "home" })];
    if rng.chance(70) {
        telecoms.push(object! { "system": "phone", "value": digits(rng, phone), "use": "mobile", "rank": Value::from(1) }.into());
    }
    if rng.chance(60) {
        let mail = format_compact!("person{number}.{}@mail.example", rng.below(1_000));
        telecoms.push(object! { "system": "email", "value": mail }.into());
    }
    Value::from(telecoms)
}

fn addresses(rng: &mut Rng, life: &Life<'_>) -> Value {
    let years = u64::try_from(life.person.age_years()).unwrap_or_default();
    let since =
        HORIZON.plus_micros(-rng.between(0, 365 * i64::try_from(years.min(20)).unwrap_or_default()) * DAY_US);
    let mut addresses = vec![Value::from(address(rng, life.town, since.max(life.person.born)))];
    if years > 20 && rng.chance(30) {
        let mut old = address(rng, life.town, life.person.born);
        old.set("use", "old");
        old.set("period", object! { "end": date(since) });
        addresses.push(old.into());
    }
    Value::from(addresses)
}

fn contact(rng: &mut Rng, family: &'static str, phone: &str) -> Object {
    let female = rng.chance(50);
    let relationship = if rng.chance(70) {
        hl7(CONTACT_ROLE, "N", "Next-of-Kin").concept()
    } else {
        hl7(CONTACT_ROLE, "C", "Emergency Contact").concept()
    };
    object! {
        "relationship": list![relationship],
        "name": object! { "family": family, "given": given_names(rng, female) },
        "telecom": list![object! { "system": "phone", "value": digits(rng, phone) }],
        "address": object! { "line": list![format_compact!("{} {}", rng.one_of(&STREETS), rng.between(1, 99))] },
        "gender": if female { "female" } else { "male" },
    }
}

fn communication(life: &Life<'_>) -> Value {
    let (tag, name) = life.town.language;
    let language = object! { "coding": list![hl7("urn:ietf:bcp:47", tag, name).coding()], "text": name };
    list![object! { "language": language, "preferred": true }]
}
