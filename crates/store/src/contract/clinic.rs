//! A clinic of any size, as index rows: what plans are looked at and measured on.
//!
//! Of thirty records one is a patient, three are encounters, the others observations; later half of the observations
//! are amended, so that the middle of the history is after the last record began.

use anamnesis_kernel::search::{
    By, Entry, Filter, Find, Kept, Key, Link, Order, Param, Place, Query, Real, Test, newest_first,
};
use anamnesis_kernel::{Instant, ResourceType, StreamName};
use anamnesis_seal::sha256;
use uuid::Uuid;

use super::random::Random;
use crate::{Body, Change, IndexRow, IndexWrite, Mark, RecordNumber, RecordVersion, RecordWrite, Watermark};

const BATCH: u64 = 5_000;
const DAY: i64 = 86_400_000_000;
const NAMES: [&str; 40] = [
    "smith", "jones", "munoz", "okafor", "garcia", "nguyen", "weber", "rossi", "silva", "kim", "patel",
    "ito", "novak", "dubois", "larsen", "popov", "haddad", "mensah", "costa", "moreau", "keller", "bauer",
    "lopez", "sato", "ali", "khan", "chen", "wang", "singh", "cohen", "levi", "murphy", "walsh", "byrne",
    "evans", "davies", "wood", "hall", "young", "king",
];
const LOINC: &str = "http://loinc.org";

/// A clinic.
pub struct Clinic {
    /// How many records it has.
    pub records: u64,
}

/// The type and the number of its parameter.
fn param(kind: ResourceType, number: u32) -> Param {
    Param(u32::from(kind.number()) * 256 + number)
}

fn kind(name: &str) -> ResourceType {
    ResourceType::parse(name).expect("a type")
}

const CODE: u32 = 1;
const STATUS: u32 = 2;
const SUBJECT: u32 = 3;
const DATE: u32 = 4;
const VALUE: u32 = 5;
const ENCOUNTER: u32 = 6;
const NAME: u32 = 7;
const IDENTIFIER: u32 = 8;
const GENDER: u32 = 9;
const BIRTH: u32 = 10;
const PROFILE: u32 = 11;
const CATEGORY: u32 = 12;
const COMPARTMENT: Param = Param(1);

fn token(param: Param, code: &str, system: &str) -> Entry {
    Entry { param, key: Key::Token { code: code.into(), system: system.into() }, group: 0 }
}

fn text(param: Param, text: &str) -> Entry {
    Entry { param, key: Key::Text { text: text.into(), exact: "".into() }, group: 0 }
}

fn refers(param: Param, to: &StreamName) -> Entry {
    let key = Key::Reference { kind: to.kind.number(), id: to.id.as_str().into() };
    Entry { param, key, group: 0 }
}

fn day(param: Param, micros: i64) -> Entry {
    Entry { param, key: Key::Date { low: micros, high: micros + DAY - 1 }, group: 0 }
}

impl Clinic {
    /// The record of this number.
    pub fn name(&self, number: u64) -> StreamName {
        let kind = match number % 30 {
            0 => "Patient",
            1..=3 => "Encounter",
            _ => "Observation",
        };
        // Spread as ids that the server makes are not, so that nothing here rests on their order.
        let id = Uuid::from_u128(u128::from(Random(number).below(u64::MAX)) << 64 | u128::from(number));
        format!("{kind}/{id}").parse().expect("a name")
    }

    fn date(number: u64) -> Option<i64> {
        let days = i64::try_from(Random(number).below(3_650)).expect("small");
        (!number.is_multiple_of(30)).then(|| (14_600 + days) * DAY)
    }

    fn entries(&self, number: u64, status: &str) -> Vec<Entry> {
        let mut random = Random(number);
        let name = self.name(number);
        let of = |number| param(name.kind, number);
        let patient = self.name(number - number % 30);
        let mut entries = vec![
            token(Param::of_type(name.kind.number()), "", ""),
            refers(COMPARTMENT, &patient),
            text(
                of(PROFILE),
                &format!("http://hl7.org/fhir/us/core/StructureDefinition/{}", name.kind.name()),
            ),
        ];
        let days = Self::date(number);
        match name.kind.name() {
            "Patient" => {
                let born = i64::try_from(random.below(30_000)).expect("small") * DAY;
                let names = [random.pick(&NAMES), random.pick(&NAMES)];
                entries.extend([
                    text(of(NAME), &format!("{}{}", names.concat(), number % 97)),
                    text(of(NAME), names.concat().as_str()),
                    token(of(IDENTIFIER), &format!("mrn-{number}"), "http://clinic.example/mrn"),
                    token(of(GENDER), random.pick(&["female", "male"]), ""),
                    day(of(BIRTH), born),
                ]);
            }
            other => {
                entries.extend([
                    token(of(STATUS), status, ""),
                    token(
                        of(CATEGORY),
                        random.pick(&["laboratory", "vital-signs"]),
                        "http://category.example",
                    ),
                    refers(of(SUBJECT), &patient),
                    day(of(DATE), days.unwrap_or_default()),
                ]);
                if other == "Observation" {
                    let value = Real::new(random.below(2_000) as f64 / 10.0).expect("a number");
                    let (unit, system) = ("mg/dL".into(), "http://unitsofmeasure.org".into());
                    let value = Key::Quantity { low: value, high: value, unit, system };
                    entries.push(token(of(CODE), &format!("{}-{}", 1_000 + number % 61, number % 7), LOINC));
                    entries.push(Entry { param: of(VALUE), key: value, group: 0 });
                    if !number.is_multiple_of(5) {
                        entries.push(refers(of(ENCOUNTER), &self.name(number - number % 30 + 1)));
                    }
                }
            }
        }
        entries
    }

    /// The changes that make it, in batches.
    pub fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        let batches = self.records.div_ceil(BATCH);
        let begin = (0..batches).map(move |batch| self.beginning(batch * BATCH));
        begin.chain((0..batches).map(move |batch| self.amending(batch * BATCH)))
    }

    fn row(number: u64, entry: Entry) -> IndexRow {
        IndexRow {
            entry,
            place: Place { date: newest_first(Self::date(number)), record: number, partition: 0 },
        }
    }

    fn version(&self, number: u64, version: u64, began: Instant) -> RecordVersion {
        RecordVersion {
            number: RecordNumber { partition: 0, record: number },
            name: self.name(number),
            version,
            began,
            ended: None,
            offset: number,
            body: Body::InLog,
            corrects: None,
        }
    }

    fn change(moment: Instant, records: Vec<RecordWrite>, index: Vec<IndexWrite>) -> Change {
        let mark = Mark { offset: 0, leaf: sha256(b"clinic") };
        let watermark =
            Watermark { log: Uuid::from_u128(1), shape: "clinic".into(), marks: vec![mark], moment };
        Change { watermark, records, index, parked: Vec::new() }
    }

    /// When a record begins; ten begin together.
    fn began(number: u64) -> Instant {
        Instant::from_micros(i64::try_from(number / 10 + 1).expect("small"))
    }

    fn beginning(&self, from: u64) -> Change {
        let numbers = from..(from + BATCH).min(self.records);
        let records = numbers.clone().map(|number| RecordWrite {
            version: self.version(number, 1, Self::began(number)),
            replaces: false,
        });
        let index = numbers.flat_map(|number| {
            let entries = self.entries(number, "final").into_iter();
            entries.map(move |entry| IndexWrite::Open(Self::row(number, entry), Self::began(number)))
        });
        Self::change(Self::began(from), records.collect(), index.collect())
    }

    fn amending(&self, from: u64) -> Change {
        let numbers =
            (from..(from + BATCH).min(self.records)).filter(|number| number % 30 > 3 && number % 2 == 0);
        let moment = self.middle().plus_micros(i64::try_from(from).expect("small") + 1);
        let records = numbers
            .clone()
            .map(|number| RecordWrite { version: self.version(number, 2, moment), replaces: true });
        let index = numbers.flat_map(|number| {
            let status = |status| token(param(kind("Observation"), STATUS), status, "");
            [
                IndexWrite::Close(Self::row(number, status("final")), moment),
                IndexWrite::Open(Self::row(number, status("amended")), moment),
            ]
        });
        Self::change(moment, records.collect(), index.collect())
    }

    /// When all records have begun and none is amended.
    pub fn middle(&self) -> Instant {
        Self::began(self.records).plus_micros(1)
    }

    /// Searches that are asked of a clinic, each with a number of its kind so that each asks for other records.
    pub fn queries(&self, number: u64) -> Vec<(&'static str, Query)> {
        let mut random = Random(number);
        let (observation, patient) = (kind("Observation"), kind("Patient"));
        let someone = self.name(random.below(self.records / 30) * 30);
        let code = || {
            let any = 4 + number % 61;
            Test::Token {
                param: param(observation, CODE),
                system: Some(LOINC.into()),
                code: Some(format!("{}-{}", 1_000 + any % 61, any % 7).into()),
            }
        };
        let year = |of| Test::Date {
            param: param(of, DATE),
            low: (14_600 * DAY, i64::MAX),
            high: (i64::MIN, (14_600 + 365) * DAY),
        };
        let named = |find| Test::Text { param: param(patient, NAME), text: random_name(number).into(), find };
        let about = |name: &StreamName| Test::Reference {
            param: param(observation, SUBJECT),
            kind: Some(name.kind.number()),
            id: name.id.as_str().into(),
        };
        let status = |code: &str| Test::Token {
            param: param(observation, STATUS),
            system: None,
            code: Some(code.into()),
        };
        let high = Test::Quantity {
            param: param(observation, VALUE),
            low: (Real::LEAST, Real::GREATEST),
            high: (Real::new(190.0).expect("a number"), Real::GREATEST),
            unit: Some("mg/dL".into()),
            system: None,
        };
        let gender = Test::Token { param: param(patient, GENDER), system: None, code: Some("female".into()) };
        let chained = |filter: Test| Test::Chain {
            param: param(observation, SUBJECT),
            by: Link::Name,
            kind: patient,
            filter: Box::new(filter.into()),
        };
        let has = |filter: Test| Test::Has {
            kind: observation,
            param: param(observation, SUBJECT),
            by: Link::Name,
            filter: Box::new(filter.into()),
        };
        let without_encounter = Filter::Not(Box::new(
            Test::Present { param: param(observation, ENCOUNTER), kept: Kept::Reference }.into(),
        ));
        let of = |kind, all: Vec<Filter>| Query::new(Some(kind), all, 20);
        let by = |by, descending, query| Query { order: vec![Order { by, descending }], ..query };
        let value = By::Param { param: param(observation, VALUE), kept: Kept::Quantity };
        let name = By::Param { param: param(patient, NAME), kept: Kept::Text };
        let several = Filter::any_of((0..20).map(|n| about(&self.name((n * 37 % (self.records / 30)) * 30))));
        vec![
            ("by patient", of(observation, vec![about(&someone).into()])),
            (
                "by identifier",
                of(
                    patient,
                    vec![
                        Test::Token {
                            param: param(patient, IDENTIFIER),
                            system: None,
                            code: Some(format!("mrn-{}", random.below(self.records / 30) * 30).into()),
                        }
                        .into(),
                    ],
                ),
            ),
            ("by id", of(patient, vec![Test::Id(someone.id.clone()).into()])),
            ("code", of(observation, vec![code().into()])),
            ("code and date", of(observation, vec![code().into(), year(observation).into()])),
            (
                "patient, code and date",
                of(observation, vec![about(&someone).into(), code().into(), year(observation).into()]),
            ),
            ("status and value", of(observation, vec![status("final").into(), high.clone().into()])),
            ("date", of(observation, vec![year(observation).into()])),
            ("name", of(patient, vec![named(Find::Begins).into()])),
            ("name, within", of(patient, vec![named(Find::Contains).into()])),
            ("name, exact", of(patient, vec![named(Find::Exact).into()])),
            ("revinclude", Query { limit: 1_000, ..of(observation, vec![several]) }),
            ("chain, few", of(observation, vec![chained(named(Find::Begins)).into(), code().into()])),
            ("chain, many", of(observation, vec![chained(gender.clone()).into()])),
            ("_has", of(patient, vec![has(code()).into()])),
            ("_has and name", of(patient, vec![has(high.clone()).into(), named(Find::Begins).into()])),
            ("not", of(observation, vec![code().into(), Filter::Not(Box::new(status("final").into()))])),
            ("missing", of(observation, vec![without_encounter])),
            (
                "updated",
                of(
                    observation,
                    vec![
                        Test::Updated(Self::began(self.records / 2), Self::began(self.records / 2 + 500))
                            .into(),
                    ],
                ),
            ),
            ("all, newest first", by(By::MainDate, true, of(observation, vec![]))),
            ("all, oldest first", by(By::MainDate, false, of(observation, vec![]))),
            ("all, last updated first", by(By::Updated, true, of(observation, vec![]))),
            ("code, by value", by(value, false, of(observation, vec![code().into()]))),
            ("all, by value", by(value, true, of(observation, vec![]))),
            ("all, by name", by(name, false, of(patient, vec![]))),
            (
                "all of a compartment",
                Query::new(
                    None,
                    vec![
                        Test::Reference {
                            param: COMPARTMENT,
                            kind: Some(patient.number()),
                            id: someone.id.as_str().into(),
                        }
                        .into(),
                    ],
                    20,
                ),
            ),
        ]
    }
}

fn random_name(number: u64) -> &'static str {
    Random(number).pick(&NAMES)
}
