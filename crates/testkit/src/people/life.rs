//! A life in the order it is told: who cares for the person, what goes with them for years, then visit by visit.
//!
//! Invariant: it holds at least one active problem, one active prescription, one finished and one planned visit,
//! one immunization and one vital sign, so that every history has something to go on from.

use anamnesis_json::Object;
use anamnesis_kernel::Instant;
use compact_str::{CompactString, format_compact};

use super::draft::{Draft, Link, Links};
use super::elements::{DAY_US, MINUTE_US, YEAR_DAYS, bare, date_time, list, object};
use super::person::{HORIZON, Person};
use super::rng::Rng;
use super::words::{FAMILIES, HOSPITALS, MEN, Town, WOMEN};
use super::{
    Record, Size, allergy, condition, documents, encounter, immunization, labs, patient, procedure, vitals,
};

/// Records begin at most so long before the horizon: nobody typed in the visits of 1940.
const RECORDED_YEARS_MAX: i64 = 40;

/// A life on its way to paper.
pub(super) struct Life<'p> {
    pub(super) person: &'p Person,
    pub(super) rng: Rng,
    pub(super) draft: Draft,
    pub(super) town: &'static Town,
    pub(super) patient: Link,
    pub(super) organization: Link,
    pub(super) practitioner: Link,
    pub(super) ward: Link,
}

/// One visit: what is written down there refers to it.
pub(super) struct Visit {
    pub(super) at: Instant,
    pub(super) encounter: Link,
    /// Whether the person came because something was wrong.
    pub(super) unwell: bool,
}

impl<'p> Life<'p> {
    /// Every record of the person, each after those it refers to.
    pub(super) fn told(person: &'p Person, links: Links) -> Vec<Record> {
        let mut draft = Draft::new(person.rng(0x6964_7321), links);
        let mut life = Self {
            person,
            town: person.town(),
            patient: Link { kind: "Patient", id: person.id.clone() },
            organization: draft.link("Organization"),
            practitioner: draft.link("Practitioner"),
            ward: draft.link("Location"),
            rng: person.rng(0x6c69_6665),
            draft,
        };
        life.carers();
        patient::tell(&mut life);
        condition::long_standing(&mut life);
        allergy::tell(&mut life);
        match person.size {
            Size::Small => life.visit(HORIZON.plus_micros(-9 * DAY_US), true, true),
            Size::Whole => {
                // The last visit is a check-up, so that nobody goes without a vaccination.
                let visits = life.visits();
                for (n, at) in visits.iter().enumerate() {
                    let unwell = n + 1 < visits.len() && life.rng.chance(40);
                    life.visit(*at, unwell, false);
                }
                documents::care_plan(&mut life);
            }
        }
        encounter::planned(&mut life);
        life.draft.into_records()
    }

    /// When the person came, oldest first: more often the older they are.
    fn visits(&mut self) -> Vec<Instant> {
        let years = self.person.age_years();
        let count = 6 + years * 5 / 28 + self.rng.between(0, 2);
        let begin = self.person.born.max(HORIZON.plus_micros(-RECORDED_YEARS_MAX * YEAR_DAYS * DAY_US));
        let span_minutes = (HORIZON.micros() - begin.micros()) / MINUTE_US;
        let step_minutes = span_minutes / (count + 1);
        (1..=count)
            .map(|n| {
                let early_minutes = self.rng.between(0, step_minutes / 2);
                begin.plus_micros((n * step_minutes - early_minutes) * MINUTE_US)
            })
            .collect()
    }

    /// One visit and what was written down there: whatever comes up, or `all` there can be.
    fn visit(&mut self, at: Instant, unwell: bool, all: bool) {
        let visit = encounter::finished(self, at, unwell);
        vitals::tell(self, &visit);
        if all || self.rng.chance(20) {
            vitals::answers(self, &visit);
        }
        if !visit.unwell || all {
            immunization::tell(self, &visit);
            procedure::reconciliation(self, &visit);
        }
        if all || self.rng.chance(45) {
            labs::tell(self, &visit);
        }
        if visit.unwell {
            condition::passing(self, &visit);
        }
        if all || self.rng.chance(40) {
            documents::note(self, &visit);
        }
    }

    /// Those who look after the person, in the bundle so that it loads alone.
    fn carers(&mut self) {
        let mut rng = self.rng.clone();
        let name = rng.word(&HOSPITALS);
        let phone = super::address::digits(&mut rng, self.town.phone);
        let link = self.organization.clone();
        self.draft.write(
            &link,
            object! {
                "identifier": list![object! {
                    "system": "https://hospital.example/identifiers/organization",
                    "value": format_compact!("ORG-{}", rng.below(10_000)),
                }],
                "active": true,
                "type": list![bare("http://terminology.hl7.org/CodeSystem/organization-type", "prov")],
                "name": name,
                "telecom": list![object! { "system": "phone", "value": phone, "use": "work" }],
                "address": list![object! { "city": self.town.city, "country": self.town.country }],
            },
        );
        let female = rng.chance(50);
        let given = rng.word(if female { &WOMEN } else { &MEN });
        let link = self.practitioner.clone();
        self.draft.write(
            &link,
            object! {
                "identifier": list![object! {
                    "system": "https://hospital.example/identifiers/practitioner",
                    "value": format_compact!("PR-{:05}", rng.below(100_000)),
                }],
                "active": true,
                "name": list![object! { "family": rng.word(&FAMILIES), "given": list![given], "prefix": list!["Dr."] }],
                "gender": if female { "female" } else { "male" },
            },
        );
        let ward = object! {
            "status": "active",
            "name": format_compact!("Ward {}", rng.between(1, 12)),
            "mode": "instance",
            "managingOrganization": self.draft.refer(&self.organization),
        };
        let link = self.ward.clone();
        self.draft.write(&link, ward);
    }

    /// A Reference to the person.
    pub(super) fn me(&self) -> Object {
        self.draft.refer(&self.patient)
    }

    /// A Reference to who looks after them.
    pub(super) fn doctor(&self) -> Object {
        self.draft.refer(&self.practitioner)
    }

    /// A dateTime in the zone the person lives in.
    pub(super) fn time(&self, at: Instant) -> CompactString {
        date_time(at, self.town.east_hours)
    }
}
