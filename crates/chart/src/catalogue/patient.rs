//! The person: registration, demographics, life and death, being merged with another record.

use anamnesis_json::Value;

use super::{Family, Of, Reach, Role, Row};
use crate::change::Change;
use crate::elements::Elements;
use crate::upcast;

const PATIENT: Of = Of { family: Family::Patient, types: &["Patient"] };

pub(crate) static MERGED: Row = Row {
    owned: &["active", "link"],
    ..PATIENT
        .row(
            "PatientsMerged",
            Role::Turns,
            |_| true,
            "two records of one person are merged; `merge` names the other (`into` or `from`) and lists what this one held then",
        )
        .reached_by(Reach::Merge)
        .beside(&["merge"])
        .significant()
};

pub(crate) static UNMERGED: Row = Row {
    owned: &["active", "link"],
    ..PATIENT
        .row(
            "PatientsUnmerged",
            Role::Turns,
            |_| true,
            "a merge is undone; `merge` names the other and the event it `undoes`",
        )
        .reached_by(Reach::Merge)
        .beside(&["merge"])
        .significant()
};

#[rustfmt::skip] // A table reads by row.
pub(super) const ROWS: &[Row] = &[
    PATIENT.begins("PatientRegisteredDeceased", |c| is_dead(c.after), "the first event of a person who has died"),
    PATIENT.begins("PatientRegistered", |_| true, "the first event of a person"),

    PATIENT.turns("PatientDied", |c| !was_dead(c) && is_dead(c.after), "deceased becomes true, or has a date for the first time").significant(),
    PATIENT.turns("PatientDeathRetracted", |c| was_dead(c) && !is_dead(c.after), "deceased becomes false, or goes").significant(),
    PATIENT.turns("PatientDeactivated", |c| !was_inactive(c) && is_inactive(c.after), "active becomes false"),
    PATIENT.turns("PatientReactivated", |c| was_inactive(c) && !is_inactive(c.after), "active was false and is so no more"),
    MERGED,
    UNMERGED,

    PATIENT.part("PatientNameChanged", &["name"]),
    PATIENT.part("PatientAddressUpdated", &["address"]).lifted_by(&[upcast::one_address_to_many]),
    PATIENT.part("PatientContactPointsChanged", &["telecom"]),
    PATIENT.part("PatientIdentifiersChanged", &["identifier"]),
    PATIENT.part("PatientGenderChanged", &["gender"]),
    PATIENT.part("PatientBirthDateCorrected", &["birthDate"]),
    PATIENT.part("PatientDeathDetailsRevised", &["deceased[x]"]),
    PATIENT.part("PatientMaritalStatusChanged", &["maritalStatus"]),
    PATIENT.part("PatientMultipleBirthRevised", &["multipleBirth[x]"]),
    PATIENT.part("PatientContactsChanged", &["contact"]),
    PATIENT.part("PatientCommunicationChanged", &["communication"]),
    PATIENT.part("PatientPractitionerChanged", &["generalPractitioner"]),
    PATIENT.part("PatientManagingOrganizationChanged", &["managingOrganization"]),
    PATIENT.part("PatientLinked", &["link"]),
    PATIENT.part("PatientPhotoChanged", &["photo"]),
];

fn is_dead(elements: &Elements) -> bool {
    elements.contains_key("deceasedDateTime")
        || elements.get("deceasedBoolean").and_then(Value::as_bool) == Some(true)
}

fn was_dead(change: &Change<'_>) -> bool {
    change.before.is_some_and(is_dead)
}

fn is_inactive(elements: &Elements) -> bool {
    elements.get("active").and_then(Value::as_bool) == Some(false)
}

fn was_inactive(change: &Change<'_>) -> bool {
    change.before.is_some_and(is_inactive)
}
