//! Where the path of a discriminator leads, in a resource and in a slice's rules.

use anamnesis_json::{Object, Value};

use super::Walk;
use super::values::{Found, stem, values};
use crate::profile::{Rules, Step};
use crate::shape::Holds;
use crate::subset::CHOICES;

/// What a path leads to.
#[derive(Clone, Copy)]
pub(super) enum Reached<'a> {
    /// A value.
    Here(Found<'a>),
    /// A reference to something that is not at hand.
    Beyond(&'a Value),
}

impl<'a> Walk<'_, 'a> {
    /// Everything that steps lead to from a value.
    pub(super) fn reach(&self, from: Found<'a>, steps: &[Step], reached: &mut Vec<Reached<'a>>) {
        let Some((step, rest)) = steps.split_first() else { return reached.push(Reached::Here(from)) };
        match step {
            Step::Element(name) => {
                let Some((shape, object)) = from.inner() else { return };
                let choice = shape.element(name).is_none().then(|| format!("{name}[x]"));
                for one in values(shape, object, choice.as_deref().unwrap_or(name)) {
                    self.reach(one, rest, reached);
                }
            }
            Step::Extension(url) => {
                let Some((shape, object)) = from.inner() else { return };
                for one in values(shape, object, "extension") {
                    if one.value.get("url").and_then(Value::as_str) == Some(url) {
                        self.reach(one, rest, reached);
                    }
                }
            }
            Step::OfType(kind) if from.kind() == kind => self.reach(from, rest, reached),
            Step::OfType(_) => {}
            Step::Resolve => match self.resolved(from) {
                Some(target) => self.reach(target, rest, reached),
                None => reached.push(Reached::Beyond(from.value)),
            },
        }
    }

    pub(super) fn resolved(&self, from: Found<'a>) -> Option<Found<'a>> {
        let (target, _) = self.target_of(from.value)?;
        Some(Found { name: from.name, at: None, holds: Holds::Resource, value: target, beside: None })
    }

    /// What a reference leads to, where that is contained or in the same Bundle.
    pub(super) fn target(&self, value: &Value) -> Option<&'a Object> {
        self.target_of(value).map(|(_, object)| object)
    }

    fn target_of(&self, value: &Value) -> Option<(&'a Value, &'a Object)> {
        let text = value.get("reference").and_then(Value::as_str)?;
        if let Some(id) = text.strip_prefix('#') {
            let mut contained = self.root.get("contained")?.each();
            let found = contained.find(|one| one.get("id").and_then(Value::as_str) == Some(id))?;
            return found.as_object().map(|object| (found, object));
        }
        let found = self.bundle?.find(text)?;
        found.as_object().map(|object| (found, object))
    }
}

/// Everything that is said where steps lead: there, and in the slices of what is passed.
pub(super) fn rules_at<'r>(rules: &'r Rules, steps: &[Step], found: &mut Vec<&'r Rules>) {
    let Some((step, rest)) = steps.split_first() else { return found.push(rules) };
    match step {
        Step::Element(name) => {
            for child in children(rules, name) {
                rules_at(child, rest, found);
                for slice in &child.slices {
                    rules_at(&slice.rules, rest, found);
                }
            }
        }
        Step::Extension(url) => {
            let slices = rules.child("extension").into_iter().flat_map(|child| &child.slices);
            for slice in slices.filter(|slice| is_extension(&slice.rules, url)) {
                rules_at(&slice.rules, rest, found);
            }
        }
        Step::OfType(kind) => {
            rules_at(rules, rest, found);
            for slice in
                rules.slices.iter().filter(|slice| slice.rules.types.iter().any(|of| of.code == *kind))
            {
                rules_at(&slice.rules, rest, found);
            }
        }
        // What lies behind a reference is said by the profile of its target, if anywhere.
        Step::Resolve if rest.is_empty() => found.push(rules),
        Step::Resolve => {}
    }
}

/// The rules of an element; of a choice, of each of its types.
pub(super) fn children<'r>(rules: &'r Rules, name: &str) -> impl Iterator<Item = &'r Rules> {
    rules.children.iter().filter(move |child| {
        let typed = || child.name.strip_prefix(name).is_some_and(|kind| CHOICES.contains(&kind));
        stem(&child.name) == name || typed()
    })
}

/// Whether these are the rules of the extension of this address.
fn is_extension(rules: &Rules, url: &str) -> bool {
    let by_profile = rules.types.iter().flat_map(|of| &of.profiles);
    let fixed = rules.child("url").and_then(|child| child.fixed.as_ref()).and_then(Value::as_str);
    fixed == Some(url) || by_profile.into_iter().any(|profile| profile.split('|').next() == Some(url))
}
