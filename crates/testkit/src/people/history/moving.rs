//! People move, marry and change their telephone.

use anamnesis_json::{Object, Value};
use compact_str::CompactString;

use super::{StepKind, Story};
use crate::people::address::{address as new_address, digits};
use crate::people::elements::{date, list, object};
use crate::people::words::{FAMILIES, TOWNS};

/// A move, told by an application that still speaks version 1 of the event.
pub(super) fn address_of_old(story: &mut Story<'_>) {
    story.pass();
    let Some(patient) = story.patient() else { return };
    let town = story.rng.one_of(&TOWNS);
    let new = new_address(&mut story.rng, town, story.at);
    story.apply(&patient, &object! { "address": list![new.clone()] });
    let data = object! { "new_address": new };
    story.step(
        &patient,
        StepKind::Event { kind: "PatientAddressUpdated", schema_version: Some(1), data, reason: None },
    );
}

/// A move, told by version 2: all addresses, the one before now old.
pub(super) fn address(story: &mut Story<'_>) {
    story.pass();
    let Some(patient) = story.patient() else { return };
    let town = story.rng.one_of(&TOWNS);
    let new = new_address(&mut story.rng, town, story.at);
    let mut addresses = vec![Value::from(new)];
    let before = patient.resource.get("address").and_then(Value::as_array).unwrap_or_default();
    if let Some(before) = before.first().and_then(Value::as_object) {
        let mut old = before.clone();
        let mut period = old.get("period").and_then(Value::as_object).cloned().unwrap_or_default();
        period.set("end", date(story.at));
        old.set("use", "old");
        old.set("period", period);
        addresses.push(old.into());
    }
    let data = object! { "address": addresses };
    story.apply(&patient, &data);
    story.step(
        &patient,
        StepKind::Event { kind: "PatientAddressUpdated", schema_version: Some(2), data, reason: None },
    );
}

/// A new family name, the old one kept.
pub(super) fn name(story: &mut Story<'_>) {
    story.pass();
    let Some(patient) = story.patient() else { return };
    let before = patient.resource.get("name").and_then(Value::as_array).unwrap_or_default();
    let Some(official) = before.first().and_then(Value::as_object) else { return };
    let had = official.str("family").map(CompactString::from);
    let family = FAMILIES.iter().filter(|name| had.as_deref() != Some(**name)).copied().collect::<Vec<_>>();
    let mut new: Object = official.clone();
    new.set("family", *story.rng.one_of(&family));
    let mut old = official.clone();
    old.set("use", "old");
    old.set("period", object! { "end": date(story.at) });
    let names: Vec<Value> =
        [new.into(), old.into()].into_iter().chain(before.iter().skip(1).cloned()).collect();
    story.event(&patient, "PatientNameChanged", object! { "name": names }, None);
}

/// A new telephone, told by a FHIR update.
pub(super) fn telecom(story: &mut Story<'_>) {
    story.pass();
    let Some(patient) = story.patient() else { return };
    let town = story.rng.one_of(&TOWNS);
    let phone = digits(&mut story.rng, town.phone);
    let telecom = object! { "system": "phone", "value": phone, "use": "mobile", "rank": Value::from(1) };
    story.put(&patient, object! { "telecom": list![telecom] });
}
