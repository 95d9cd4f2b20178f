//! What is wrong: for years, or for two weeks (<https://hl7.org/fhir/R4/condition.html>).

use anamnesis_kernel::Instant;

use super::draft::Link;
use super::elements::{Code, DAY_US, YEAR_DAYS, bare, date, list, month, object, sct};
use super::life::{Life, Visit};
use super::medication::{self, Course, Drug};
use super::person::HORIZON;
use super::{Size, procedure};

const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/condition-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/condition-ver-status";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/condition-category";

const SEVERITIES: [Code; 3] =
    [sct("255604002", "Mild"), sct("6736007", "Moderate"), sct("24484000", "Severe")];

/// A problem that stays, from what age on, and what is taken for it.
struct Chronic {
    code: Code,
    from_years: i64,
    drug: Option<&'static Drug>,
}

const fn chronic(code: Code, from_years: i64, drug: Option<&'static Drug>) -> Chronic {
    Chronic { code, from_years, drug }
}

/// The first fits everyone, so that nobody is without a problem.
#[rustfmt::skip] // A table reads by column.
const CHRONIC: [Chronic; 12] = [
    chronic(sct("24079001",  "Atopic dermatitis"),                   0,  Some(&medication::CETIRIZINE)),
    chronic(sct("195967001", "Asthma"),                              2,  Some(&medication::ALBUTEROL)),
    chronic(sct("40055000",  "Chronic sinusitis (disorder)"),        8,  None),
    chronic(sct("37796009",  "Migraine"),                            14, Some(&medication::NAPROXEN)),
    chronic(sct("15777000",  "Prediabetes"),                         30, None),
    chronic(sct("59621000",  "Essential hypertension"),              35, Some(&medication::LISINOPRIL)),
    chronic(sct("55822004",  "Hyperlipidemia"),                      40, Some(&medication::SIMVASTATIN)),
    chronic(sct("44054006",  "Diabetes mellitus type 2 (disorder)"), 45, Some(&medication::METFORMIN)),
    chronic(sct("90560007",  "Gout"),                                45, Some(&medication::ALLOPURINOL)),
    chronic(sct("239873007", "Osteoarthritis of knee"),              55, Some(&medication::IBUPROFEN)),
    chronic(sct("49436004",  "Atrial fibrillation (disorder)"),      65, Some(&medication::WARFARIN)),
    chronic(sct("64859006",  "Osteoporosis (disorder)"),             65, Some(&medication::ALENDRONATE)),
];

/// A problem that passes, what is taken, and what is done.
struct Acute {
    code: Code,
    drug: Option<&'static Drug>,
    procedure: Option<Code>,
}

const fn acute(code: Code, drug: Option<&'static Drug>, procedure: Option<Code>) -> Acute {
    Acute { code, drug, procedure }
}

#[rustfmt::skip] // A table reads by column.
const ACUTE: [Acute; 9] = [
    acute(sct("444814009", "Viral sinusitis (disorder)"),         None,                              None),
    acute(sct("195662009", "Acute viral pharyngitis (disorder)"), Some(&medication::ACETAMINOPHEN),  None),
    acute(sct("10509002",  "Acute bronchitis (disorder)"),        Some(&medication::ACETAMINOPHEN),  Some(sct("399208008", "Plain chest X-ray (procedure)"))),
    acute(sct("43878008",  "Streptococcal sore throat (disorder)"), Some(&medication::PENICILLIN),   Some(sct("117015009", "Throat culture (procedure)"))),
    acute(sct("65363002",  "Otitis media"),                       Some(&medication::AMOXICILLIN),    None),
    acute(sct("44465007",  "Sprain of ankle"),                    Some(&medication::IBUPROFEN),      None),
    acute(sct("283371005", "Laceration of forearm"),              None,                              Some(sct("288086009", "Suture open wound"))),
    acute(sct("65966004",  "Fracture of forearm"),                Some(&medication::ACETAMINOPHEN),  Some(sct("274474001", "Bone immobilization"))),
    acute(sct("74400008",  "Appendicitis"),                       Some(&medication::ACETAMINOPHEN),  Some(sct("80146002",  "Appendectomy"))),
];

/// Writes the problems that go with the person for years, with what is taken for each: always one of both.
pub(super) fn long_standing(life: &mut Life<'_>) {
    let years = life.person.age_years();
    let mut problems: Vec<&Chronic> = CHRONIC.iter().filter(|it| it.from_years <= years).collect();
    if life.person.size == Size::Small {
        problems.truncate(1);
    }
    for (n, problem) in problems.into_iter().enumerate() {
        if n > 0 && !life.rng.chance(40) {
            continue;
        }
        let age_days = (HORIZON.micros() - life.person.born.micros()) / DAY_US;
        let onset_days = life.rng.between((problem.from_years * YEAR_DAYS).min(age_days - 10), age_days - 10);
        let onset = life.person.born.plus_micros(onset_days * DAY_US);
        let over = (n > 0 && life.rng.chance(15)).then(|| between(life, onset, HORIZON));
        let link = write(life, problem.code, onset, over, "problem-list-item", None);
        if let Some(drug) = problem.drug {
            medication::prescribed(
                life,
                drug,
                Course { since: onset, until: over, reason: &link, visit: None },
            );
        }
    }
}

/// Writes what a visit found that passed again, and what came of it.
pub(super) fn passing(life: &mut Life<'_>, visit: &Visit) {
    let found = life.rng.one_of(&ACUTE);
    let over = visit.at.plus_micros(life.rng.between(5, 40) * DAY_US).min(HORIZON);
    let link = write(life, found.code, visit.at, Some(over), "encounter-diagnosis", Some(visit));
    if let Some(drug) = found.drug {
        medication::prescribed(
            life,
            drug,
            Course { since: visit.at, until: Some(over), reason: &link, visit: Some(visit) },
        );
    }
    if let Some(code) = found.procedure {
        procedure::done(life, code, Some(&link), visit);
    }
}

fn write(
    life: &mut Life<'_>,
    code: Code,
    onset: Instant,
    over: Option<Instant>,
    category: &'static str,
    visit: Option<&Visit>,
) -> Link {
    let sure = life.rng.chance(92);
    let mut condition = object! {
        "clinicalStatus": bare(CLINICAL, if over.is_some() { "resolved" } else { "active" }),
        "verificationStatus": bare(VERIFICATION, if sure { "confirmed" } else { "provisional" }),
        "category": list![bare(CATEGORY, category)],
    };
    if life.rng.chance(40) {
        condition.push("severity", life.rng.one_of(&SEVERITIES).concept());
    }
    condition.push("code", code.concept());
    condition.push("subject", life.me());
    if let Some(visit) = visit {
        condition.push("encounter", life.draft.refer(&visit.encounter));
    }
    // People remember the month of an old complaint, and the visit knows the minute.
    let began = if visit.is_some() { life.time(onset) } else { month(onset) };
    condition.push("onsetDateTime", began);
    if let Some(over) = over {
        condition.push("abatementDateTime", life.time(over));
    }
    condition.push("recordedDate", date(onset));
    condition.push("recorder", life.doctor());
    let link = life.draft.link("Condition");
    life.draft.write(&link, condition);
    link
}

fn between(life: &mut Life<'_>, from: Instant, to: Instant) -> Instant {
    from.plus_micros(life.rng.between(1, ((to.micros() - from.micros()) / DAY_US).max(1)) * DAY_US)
}
