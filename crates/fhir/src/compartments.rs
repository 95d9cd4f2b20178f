//! Searches within a compartment: <https://hl7.org/fhir/R4/compartmentdefinition.html>.
//!
//! Invariant: what is in a patient's compartment is an entry of the index, as it is asked for most; the other
//! compartments are what their definitions name, parameters that refer to the record.

use anamnesis_kernel::search::{Filter, Test};
use anamnesis_kernel::{ResourceId, ResourceType};

use crate::generated::compartments::{COMPARTMENTS, Compartment};
use crate::{Params, compartment};

/// Whether records of this type have a compartment.
pub fn has_compartment(kind: ResourceType) -> bool {
    kind == ResourceType::PATIENT || defined(kind).is_some()
}

/// What must hold of a record of `kind`, or of any type, for it to be in the compartment of one of these, all of the
/// type `owner`; nothing is where that type has none.
pub fn in_compartment(
    owner: ResourceType,
    ids: &[ResourceId],
    kind: Option<ResourceType>,
    params: &dyn Params,
) -> Filter {
    let refer = |param| {
        let to = move |id: &ResourceId| Test::Reference {
            param,
            kind: Some(owner.number()),
            id: id.as_str().into(),
        };
        ids.iter().map(to)
    };
    if owner == ResourceType::PATIENT {
        return Filter::any_of(refer(compartment::PARAM));
    }
    let mut any = Vec::new();
    for (name, codes) in defined(owner).into_iter().flat_map(|(_, rows)| *rows) {
        let Some(of) = ResourceType::parse(name).filter(|of| kind.is_none_or(|kind| kind == *of)) else {
            continue;
        };
        let known = codes.iter().filter_map(|code| params.known(of, code));
        any.extend(known.flat_map(|known| known.params).flat_map(refer).map(Filter::Test));
    }
    // The record itself is in its compartment.
    if kind.is_none_or(|kind| kind == owner) {
        let itself = Filter::any_of(ids.iter().cloned().map(Test::Id));
        any.push(Filter::All(vec![Test::Kind(crate::param::of_this_type(owner)).into(), itself]));
    }
    Filter::Any(any)
}

fn defined(owner: ResourceType) -> Option<&'static Compartment> {
    COMPARTMENTS.iter().find(|(name, _)| *name == owner.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Official;

    /// The tests of a filter as a table has them: `Type/id` by the codes that may refer to it.
    fn shown(filter: &Filter) -> Vec<String> {
        match filter {
            Filter::All(all) | Filter::Any(all) => all.iter().flat_map(shown).collect(),
            Filter::Not(not) => shown(not),
            Filter::Test(Test::Reference { param, kind, id }) => {
                let kind = kind.and_then(ResourceType::from_number).map_or("", ResourceType::name);
                vec![format!("{}:{kind}/{id}", param.0)]
            }
            Filter::Test(Test::Id(id)) => vec![format!("itself {id}")],
            Filter::Test(_) => Vec::new(),
        }
    }

    #[test]
    fn what_is_in_a_compartment() {
        let number = |kind: &str, code: &str| {
            let kind = ResourceType::parse(kind).unwrap();
            Official.known(kind, code).unwrap().params[0].0
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // compartment      of              finds
            ("Patient",      "Observation",  vec!["1:Patient/x".to_owned()]),
            ("Patient",      "Patient",      vec!["1:Patient/x".to_owned()]),
            ("Device",       "Observation",  vec![format!("{}:Device/x", number("Observation", "subject"))]),
            ("Encounter",    "Encounter",    vec!["itself x".to_owned()]),
            ("Encounter",    "Patient",      vec![]),
            ("Organization", "Observation",  vec![]),
        ];
        for (owner, kind, finds) in cases {
            let (owner, kind) = (ResourceType::parse(owner).unwrap(), ResourceType::parse(kind).unwrap());
            let found =
                shown(&in_compartment(owner, &[ResourceId::new("x").unwrap()], Some(kind), &Official));
            let found: Vec<_> =
                found.into_iter().filter(|one| finds.is_empty() || finds.contains(one)).collect();
            assert_eq!(found, finds, "{owner} {kind}");
        }
        let all = in_compartment(ResourceType::PATIENT, &[], None, &Official);
        assert_eq!(shown(&all), Vec::<String>::new(), "of nobody");
    }

    #[test]
    fn definitions_name_types_that_there_are() {
        for (owner, rows) in COMPARTMENTS {
            assert!(ResourceType::parse(owner).is_some_and(has_compartment), "{owner}");
            assert!(
                rows.iter().all(|(kind, codes)| ResourceType::parse(kind).is_some() && !codes.is_empty())
            );
        }
        assert!(!has_compartment(ResourceType::parse("Organization").unwrap()));
    }
}
