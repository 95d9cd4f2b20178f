//! What one generation of the views is searched by: the official parameters, those that clients wrote, and words.
//!
//! Invariant: the same definitions make the same set, in the same shape, from the views and from the log alike; who
//! came later takes nothing from who was there.

use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_fhir::{Catalogue, Registered};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{ResourceId, ResourceType, StreamName};

/// What of a definition makes its entries, and whose it is; the rest is for people, and may change without a new
/// generation.
const ELEMENTS: [&str; 9] =
    ["id", "url", "code", "base", "type", "expression", "target", "component", "derivedFrom"];

/// What a plan has that is not only definitions.
const FULL_TEXT: &str = "fullText";
const DEFINITIONS: &str = "definitions";

/// The search parameters that one generation is indexed by.
pub(crate) struct ParameterSet {
    catalogue: Catalogue,
    /// What each registered one was made of, in the order their records began.
    definitions: Vec<Object>,
    shape: String,
}

impl ParameterSet {
    /// The official ones alone, and the words of records or not.
    pub(crate) fn official(full_text: bool) -> Self {
        Self::compiled(std::iter::empty(), full_text)
    }

    /// Those that are active and can be used, of records in the order they began; of two that would be one, the first.
    pub(crate) fn of(records: Vec<(StreamName, Object)>, full_text: bool) -> Self {
        let active = records.into_iter().filter(|(_, elements)| is_active(elements));
        let definitions = active.map(|(name, mut elements)| {
            elements.set("id", name.id.as_str());
            cut(&elements)
        });
        Self::compiled(definitions, full_text)
    }

    /// The set whose [plan](Self::plan) this is; none when it is no plan.
    pub(crate) fn planned(plan: &[u8]) -> Option<Self> {
        let plan = anamnesis_json::parse(plan).ok()?;
        let full_text = plan.get(FULL_TEXT).and_then(Value::as_bool) == Some(true);
        let definitions = plan.get(DEFINITIONS).unwrap_or(&plan).as_array()?;
        let objects: Option<Vec<Object>> = definitions.iter().map(|one| one.as_object().cloned()).collect();
        Some(Self::compiled(objects?.into_iter(), full_text))
    }

    fn compiled(definitions: impl Iterator<Item = Object>, full_text: bool) -> Self {
        let (mut kept, mut compiled) = (Vec::new(), Vec::<Registered>::new());
        for definition in definitions {
            match Registered::read(&definition) {
                // What is official is there already.
                Ok(one) if one.base().is_empty() => {}
                Ok(one) if !compiled.iter().any(|other| one.clashes(other)) => {
                    compiled.push(one);
                    kept.push(definition);
                }
                // It was refused where it came in; it can stand here when it was written before today's rules.
                _ => tracing::warn!("a search parameter that was written cannot be used and is left out"),
            }
        }
        let catalogue = Catalogue::new(compiled).with_full_text(full_text);
        Self { shape: catalogue.shape(), catalogue, definitions: kept }
    }

    /// The definitions it is made of, as [`planned`](Self::planned) takes them.
    pub(crate) fn plan(&self) -> Vec<u8> {
        let definitions = Value::from(self.definitions.iter().cloned().map(Value::from).collect::<Vec<_>>());
        if self.has_full_text() {
            return Object::new().with(FULL_TEXT, true).with(DEFINITIONS, definitions).to_text();
        }
        definitions.to_text()
    }

    /// Whether records are found by their words.
    pub(crate) const fn has_full_text(&self) -> bool {
        self.catalogue.has_full_text()
    }

    /// The shape of an index that is made by it.
    pub(crate) fn shape(&self) -> &str {
        &self.shape
    }

    /// The parameters as searches and the index see them.
    pub(crate) const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// How many were registered.
    pub(crate) const fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Whether a search of this type by this code is not answered by `other` as it is by these.
    pub(crate) fn differs(&self, other: &Self, kind: ResourceType, code: &str) -> bool {
        self.shape != other.shape
            && self.definition(kind, code).is_some_and(|mine| other.definition(kind, code) != Some(mine))
    }

    /// Whether a parameter of this code was registered for this type.
    pub(crate) fn has(&self, kind: ResourceType, code: &str) -> bool {
        !self.definitions.is_empty() && self.definition(kind, code).is_some()
    }

    fn definition(&self, kind: ResourceType, code: &str) -> Option<&Object> {
        let mut both = self.definitions.iter().zip(self.catalogue.registered());
        let found = both.find(|(_, one)| one.code() == code && one.base().contains(&kind));
        found.map(|(definition, _)| definition)
    }

    /// Everything wrong with a definition that is to be registered beside these, or instead of the one that `record` is
    /// now; nothing of one that is not active.
    pub(crate) fn faults(
        &self,
        record: Option<&ResourceId>,
        elements: &Object,
        registered_max: usize,
    ) -> Vec<Issue> {
        if !is_active(elements) {
            return Vec::new();
        }
        let one = match Registered::read(elements) {
            Ok(one) => one,
            Err(issues) => return issues,
        };
        if one.base().is_empty() {
            return Vec::new();
        }
        let is_other = |definition: &Object, other: &Registered| match record {
            Some(record) => definition.str("id") != Some(record.as_str()),
            None => other.url() != one.url(),
        };
        let others: Vec<_> = self
            .definitions
            .iter()
            .zip(self.catalogue.registered())
            .filter(|(definition, other)| is_other(definition, other))
            .collect();
        if others.iter().any(|(_, other)| one.clashes(other)) {
            let what = "another registered search parameter has this code for one of these types";
            return vec![Issue::error(IssueCode::Duplicate, what).at("SearchParameter.code")];
        }
        if others.len() >= registered_max {
            let what = format!("more than {registered_max} search parameters would be registered");
            return vec![Issue::error(IssueCode::TooCostly, what).at("SearchParameter.status")];
        }
        Vec::new()
    }
}

/// A draft is kept like any record and does nothing; what is retired no longer does.
fn is_active(elements: &Object) -> bool {
    elements.str("status") == Some("active")
}

fn cut(elements: &Object) -> Object {
    let kept = ELEMENTS.into_iter().filter_map(|key| elements.get(key).map(|value| (key, value.clone())));
    kept.fold(Object::new(), |object, (key, value)| object.with(key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, url: &str, code: &str, status: &str) -> (StreamName, Object) {
        let definition = format!(
            r#"{{"url":"http://e/{url}","code":"{code}","base":["Patient"],"type":"token","expression":"Patient.active","status":"{status}","description":"d"}}"#
        );
        let elements = anamnesis_json::parse(definition.as_bytes()).unwrap();
        (format!("SearchParameter/{id}").parse().unwrap(), elements.as_object().unwrap().clone())
    }

    fn codes(set: &ParameterSet) -> Vec<&str> {
        set.definitions.iter().filter_map(|definition| definition.str("id")).collect()
    }

    #[test]
    fn the_active_ones_are_taken_and_none_takes_from_another() {
        let all = [
            record("z", "one", "eyes", "active"),
            record("y", "two", "hair", "draft"),
            record("a", "three", "eyes", "active"),
            record("b", "four", "birthdate", "active"),
            record("c", "five", "hair", "active"),
        ];
        let set = ParameterSet::of(all.to_vec(), false);
        assert_eq!(codes(&set), ["z", "c"], "the first of a code, and none of R4's");
        let again = ParameterSet::planned(&set.plan()).unwrap();
        assert_eq!((codes(&again), again.shape()), (codes(&set), set.shape()));
        assert_ne!(set.shape(), ParameterSet::official(false).shape());
        let with_words = ParameterSet::of(all.to_vec(), true);
        let again = ParameterSet::planned(&with_words.plan()).unwrap();
        assert!(again.has_full_text() && codes(&again) == codes(&set));
        assert!(again.shape() == with_words.shape() && again.shape() != set.shape());
        assert!(ParameterSet::planned(b"no plan").is_none() && ParameterSet::planned(b"[1]").is_none());
        let kind = ResourceType::PATIENT;
        assert!(set.has(kind, "eyes") && !set.has(kind, "birthdate") && !set.has(kind, "fur"));
        let other = ParameterSet::of(vec![record("z", "one", "eyes", "active")], false);
        assert!(set.differs(&other, kind, "hair") && !set.differs(&other, kind, "eyes"));
        assert!(!other.differs(&set, kind, "hair"), "what goes is answered until it is gone");
    }

    #[test]
    fn a_record_may_change_itself_and_take_no_other_s_code() {
        let set = ParameterSet::of(vec![record("z", "one", "eyes", "active")], false);
        let id = |id: &str| ResourceId::new(id).unwrap();
        let faults = |id: Option<&ResourceId>, (_, elements): (StreamName, Object), most: usize| {
            let codes = set.faults(id, &elements, most).into_iter().map(|issue| issue.code);
            codes.collect::<Vec<_>>()
        };
        assert_eq!(faults(Some(&id("z")), record("z", "new", "eyes", "active"), 1), []);
        assert_eq!(faults(None, record("z", "one", "eyes", "active"), 1), [], "known by its address");
        assert_eq!(faults(None, record("x", "two", "eyes", "active"), 9), [IssueCode::Duplicate]);
        assert_eq!(faults(Some(&id("x")), record("x", "one", "eyes", "active"), 9), [IssueCode::Duplicate]);
        assert_eq!(faults(None, record("x", "two", "hair", "active"), 1), [IssueCode::TooCostly]);
        assert_eq!(faults(None, record("x", "two", "eyes", "retired"), 0), []);
    }
}
