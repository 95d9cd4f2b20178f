//! Problems, diagnoses and allergies: how sure one is, and how they come and go.

use super::{Family, Of, Row};

const CONDITION: Of = Of { family: Family::Clinical, types: &["Condition"] };
const ALLERGY: Of = Of { family: Family::Clinical, types: &["AllergyIntolerance"] };
const DOUBTFUL: &[&str] = &["unconfirmed", "provisional", "differential", "presumed"];

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    CONDITION.opens("ConditionRefuted", |c| c.became(&["refuted"]), "the verification status becomes refuted").significant(),
    CONDITION.begins("ConditionRecordedResolved", |c| c.turned(&["resolved"]), "the first event of a problem already resolved"),
    CONDITION.begins("ConditionRecordedInactive", |c| c.turned(&["inactive", "remission"]), "the first event of a problem inactive or in remission"),
    CONDITION.begins("ConditionSuspected", |c| c.became(DOUBTFUL), "the first event of a problem that is not confirmed yet"),
    CONDITION.begins("ConditionRecorded", |_| true, "the first event of any other problem"),

    CONDITION.turns("ConditionResolved", |c| c.turned(&["resolved"]), "the clinical status becomes resolved").significant(),
    CONDITION.turns("ConditionWentIntoRemission", |c| c.turned(&["remission"]), "the clinical status becomes remission"),
    CONDITION.turns("ConditionInactivated", |c| c.turned(&["inactive"]), "the clinical status becomes inactive"),
    CONDITION.turns("ConditionRelapsed", |c| c.turned(&["relapse"]), "the clinical status becomes relapse").significant(),
    CONDITION.turns("ConditionRecurred", |c| c.turned(&["recurrence"]), "the clinical status becomes recurrence").significant(),
    CONDITION.turns("ConditionReactivated", |c| c.turned(&["active"]) && !c.from(&[""]), "another clinical status becomes active"),
    CONDITION.turns("ConditionConfirmed", |c| c.became(&["confirmed"]), "the verification status becomes confirmed"),
    CONDITION.turns("ConditionDoubted", |c| c.became(DOUBTFUL), "the verification status becomes unconfirmed, provisional or differential"),

    CONDITION.part("ConditionDiagnosisRevised", &["code"]),
    CONDITION.part("ConditionSeverityChanged", &["severity", "stage"]),
    CONDITION.part("ConditionOnsetRevised", &["onset[x]"]),
    CONDITION.part("ConditionAbatementRevised", &["abatement[x]"]),
    CONDITION.part("ConditionBodySiteChanged", &["bodySite"]),
    CONDITION.part("ConditionCategoryChanged", &["category"]),
    CONDITION.part("ConditionEvidenceChanged", &["evidence"]),
    CONDITION.part("ConditionNoted", &["note"]),

    ALLERGY.opens("AllergyRefuted", |c| c.became(&["refuted"]), "the verification status becomes refuted").significant(),
    ALLERGY.begins("AllergyRecordedResolved", |c| c.turned(&["resolved", "inactive"]), "the first event of an allergy resolved or inactive"),
    ALLERGY.begins("AllergySuspected", |c| c.became(DOUBTFUL), "the first event of an allergy that is not confirmed yet"),
    ALLERGY.begins("AllergyRecorded", |_| true, "the first event of any other allergy"),

    ALLERGY.turns("AllergyResolved", |c| c.turned(&["resolved"]), "the clinical status becomes resolved").significant(),
    ALLERGY.turns("AllergyInactivated", |c| c.turned(&["inactive"]), "the clinical status becomes inactive"),
    ALLERGY.turns("AllergyReactivated", |c| c.turned(&["active"]) && !c.from(&[""]), "another clinical status becomes active").significant(),
    ALLERGY.turns("AllergyConfirmed", |c| c.became(&["confirmed"]), "the verification status becomes confirmed"),
    ALLERGY.turns("AllergyDoubted", |c| c.became(DOUBTFUL), "the verification status becomes unconfirmed or presumed"),

    ALLERGY.part("AllergySubstanceRevised", &["code", "type", "category"]),
    ALLERGY.part("AllergyCriticalityChanged", &["criticality"]),
    ALLERGY.part("AllergyReactionsChanged", &["reaction", "lastOccurrence"]),
    ALLERGY.part("AllergyOnsetRevised", &["onset[x]"]),
    ALLERGY.part("AllergyNoted", &["note"]),
];
