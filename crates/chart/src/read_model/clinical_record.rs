//! What the patient has, takes, and went through.

use anamnesis_json::{Object, Value};

use super::Entry;
use super::sorted::newest_first;
use crate::change::Sort;

/// `{problems, allergies, medications, encounters, procedures, immunizations, vital_signs}`, each a list, newest first.
///
/// Every item begins with `record` and `version`; its other values are FHIR's, null where absent.
pub fn clinical_record(entries: &[Entry<'_>]) -> Object {
    let of = |kinds: &'static [&'static str]| {
        entries.iter().filter(move |entry| kinds.iter().any(|kind| entry.is(kind)))
    };
    let vital_signs = of(&["Observation"]).filter(|entry| entry.facts().sort == Sort::VitalSigns);
    Object::new()
        .with("problems", newest_first(of(&["Condition"]), &["onset[x]", "recordedDate"], problem))
        .with("allergies", newest_first(of(&["AllergyIntolerance"]), &["onset[x]", "recordedDate"], allergy))
        .with("medications", medications(of(&["MedicationRequest", "MedicationStatement"])))
        .with("encounters", newest_first(of(&["Encounter"]), &["period"], encounter))
        .with("procedures", newest_first(of(&["Procedure"]), &["performed[x]"], procedure))
        .with(
            "immunizations",
            newest_first(of(&["Immunization"]), &["occurrence[x]", "recorded"], immunization),
        )
        .with("vital_signs", newest_first(vital_signs, &["effective[x]", "issued"], vital_sign))
}

fn medications<'a>(entries: impl Iterator<Item = &'a Entry<'a>>) -> Value {
    newest_first(entries, &["authoredOn", "effective[x]", "dateAsserted"], medication)
}

fn problem(entry: &Entry<'_>) -> Object {
    entry
        .item()
        .with("code", entry.get("code"))
        .with("clinical_status", entry.get("clinicalStatus"))
        .with("verification_status", entry.get("verificationStatus"))
        .with("severity", entry.get("severity"))
        .with("onset", entry.choice("onset"))
        .with("abatement", entry.choice("abatement"))
        .with("recorded", entry.get("recordedDate"))
}

fn allergy(entry: &Entry<'_>) -> Object {
    entry
        .item()
        .with("code", entry.get("code"))
        .with("clinical_status", entry.get("clinicalStatus"))
        .with("verification_status", entry.get("verificationStatus"))
        .with("criticality", entry.get("criticality"))
        .with("reactions", entry.list("reaction"))
        .with("onset", entry.choice("onset"))
        .with("recorded", entry.get("recordedDate"))
}

fn medication(entry: &Entry<'_>) -> Object {
    let statement = entry.stream.kind.name() == "MedicationStatement";
    entry
        .item()
        .with("medication", entry.choice("medication"))
        .with("status", entry.get("status"))
        .with("intent", entry.get("intent"))
        .with("dosage", entry.list(if statement { "dosage" } else { "dosageInstruction" }))
        .with("authored", entry.get(if statement { "dateAsserted" } else { "authoredOn" }))
        .with("effective", entry.choice("effective"))
}

fn encounter(entry: &Entry<'_>) -> Object {
    entry
        .item()
        .with("status", entry.get("status"))
        .with("class", entry.get("class"))
        .with("types", entry.list("type"))
        .with("period", entry.get("period"))
        .with("reasons", entry.list("reasonCode"))
        .with("locations", entry.list("location"))
}

fn procedure(entry: &Entry<'_>) -> Object {
    entry
        .item()
        .with("code", entry.get("code"))
        .with("status", entry.get("status"))
        .with("performed", entry.choice("performed"))
        .with("outcome", entry.get("outcome"))
}

fn immunization(entry: &Entry<'_>) -> Object {
    entry
        .item()
        .with("vaccine", entry.get("vaccineCode"))
        .with("status", entry.get("status"))
        .with("occurrence", entry.choice("occurrence"))
        .with("lot_number", entry.get("lotNumber"))
}

fn vital_sign(entry: &Entry<'_>) -> Object {
    entry
        .item()
        .with("code", entry.get("code"))
        .with("status", entry.get("status"))
        .with("value", entry.choice("value"))
        .with("components", entry.list("component"))
        .with("effective", entry.choice("effective"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_json::parse;

    #[test]
    fn lists() {
        #[rustfmt::skip]
        let given = [
            ("Condition/a",   r#"{"code":{"text":"old"},"onsetDateTime":"2001"}"#),
            ("Condition/b",   r#"{"code":{"text":"new"},"onsetDateTime":"2020-02-01T10:00:00+01:00"}"#),
            ("Condition/c",   r#"{"code":{"text":"never"},"verificationStatus":{"coding":[{"code":"entered-in-error"}]}}"#),
            ("Observation/v", r#"{"category":[{"coding":[{"code":"vital-signs"}]}],"valueQuantity":{"value":36.60}}"#),
            ("Observation/l", r#"{"category":[{"coding":[{"code":"laboratory"}]}]}"#),
            ("Claim/x",       r#"{}"#),
        ];
        let given = given.map(|(name, text)| (name.parse().unwrap(), parse(text.as_bytes()).unwrap()));
        let entries: Vec<Entry> = given
            .iter()
            .map(|(stream, e)| Entry { stream, version: 2, corrects: None, elements: e.as_object().unwrap() })
            .collect();
        let record = clinical_record(&entries);
        let text = |value: &Value| String::from_utf8(value.to_text()).unwrap();
        let records = |key: &str| -> Vec<String> {
            record
                .get(key)
                .unwrap()
                .each()
                .map(|item| item.get("record").unwrap().as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(records("problems"), ["Condition/b", "Condition/a"]);
        assert_eq!(records("vital_signs"), ["Observation/v"]);
        assert!(text(record.get("vital_signs").unwrap()).contains(r#"{"value":36.60}"#));
        assert_eq!(
            record.keys().collect::<Vec<_>>(),
            [
                "problems",
                "allergies",
                "medications",
                "encounters",
                "procedures",
                "immunizations",
                "vital_signs"
            ]
        );
        let mut turned = entries.clone();
        turned.reverse();
        assert!(clinical_record(&turned) == record);
    }
}
