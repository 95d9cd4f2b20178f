//! What a number of the index stands for, for people who look into it.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Param;

use super::{Catalogue, of_this_type, of_type, params};
use crate::{compartment, merged};

impl Catalogue {
    /// What this number stands for: `Observation.code`, or what it holds where that is no parameter; none where nothing does.
    pub fn named(&self, number: Param) -> Option<String> {
        match number {
            compartment::PARAM => return Some("the patient compartment".to_owned()),
            merged::PARAM => return Some("merged patients".to_owned()),
            Param::HAPPENED => return Some("events by patient".to_owned()),
            _ => {}
        }
        ResourceType::all().find_map(|kind| {
            if number == of_this_type(kind) {
                return Some(format!("{kind}, all of them"));
            }
            let official = params(kind).find_map(|one| match one.number(kind) {
                own if own == number => Some(format!("{kind}.{}", one.code)),
                own if of_type(own) == number => Some(format!("{kind}.{}:of-type", one.code)),
                _ => None,
            });
            official.or_else(|| {
                let mut registered = self.of(kind).filter(|one| one.has_number(kind, number));
                registered.next().map(|one| format!("{kind}.{}", one.code()))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::index;
    use crate::param::Registered;

    #[test]
    fn every_number_of_a_record_has_a_name() {
        let definition = br#"{"url":"http://e/eyes","code":"eyes","base":["Patient"],"type":"token","expression":"Patient.active","status":"active"}"#;
        let definition = anamnesis_json::parse(definition).unwrap().as_object().unwrap().clone();
        let catalogue = Catalogue::new(vec![Registered::read(&definition).unwrap()]);
        let elements = br#"{"active":true,"gender":"female","identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"1"}]}"#;
        let elements = anamnesis_json::parse(elements).unwrap().as_object().unwrap().clone();
        let rows = index(&"Patient/p1".parse().unwrap(), &elements, &catalogue).entries;
        let mut names: Vec<_> = rows.iter().map(|row| catalogue.named(row.param).unwrap()).collect();
        names.sort();
        names.dedup();
        let expected = [
            "Patient, all of them",
            "Patient.active",
            "Patient.deceased",
            "Patient.eyes",
            "Patient.gender",
            "Patient.identifier",
            "Patient.identifier:of-type",
            "the patient compartment",
        ];
        assert_eq!(names, expected);
        assert_eq!(catalogue.named(Param(u32::MAX)), None);
    }
}
