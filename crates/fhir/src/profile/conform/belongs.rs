//! Whether a value belongs to a slice: <https://hl7.org/fhir/R4/profiling.html#discriminator>.
//!
//! `None` is an answer: codes may not be known here, and what is behind a reference may be elsewhere.

use anamnesis_json::Value;

use super::Walk;
use super::bound::is_bound;
use super::reach::{Reached, children, rules_at};
use super::values::Found;
use crate::profile::matching::{below, has_pattern};
use crate::profile::{Binding, By, Discriminator, Rules, Slice, Step};
use crate::shape::Shape;

impl<'a> Walk<'_, 'a> {
    /// Whether a value is one of the slice's, by all discriminators; `None` when it cannot be told.
    pub(super) fn belongs(
        &self,
        one: &Found<'a>,
        slice: &Slice,
        above: &[&Rules],
        discriminators: &[Discriminator],
    ) -> Option<bool> {
        let mut all = vec![&slice.rules];
        all.extend(above.iter().filter_map(|rules| rules.slice(&slice.name)));
        if discriminators.is_empty() {
            let of_type = all.iter().flat_map(|rules| &rules.types).any(|of| of.code == one.kind());
            return Some(slice.name == one.name || of_type);
        }
        let mut certain = true;
        for Discriminator { by, steps } in discriminators {
            let mut reached = Vec::new();
            self.reach(*one, steps, &mut reached);
            let is = match by {
                By::Value => self.has_wanted(&reached, &all, steps),
                By::Exists => exists(&reached, &all, steps),
                By::Type if steps.is_empty() && all.iter().all(|rules| rules.types.is_empty()) => {
                    // The slice of a choice may be named by its type alone.
                    Some(slice.name == one.name)
                }
                By::Type => self.has_type(&reached, &all, steps),
                By::Profile => self.has_profile(&reached, &all, steps),
            };
            match is {
                Some(true) => {}
                Some(false) => return Some(false),
                None => certain = false,
            }
        }
        certain.then_some(true)
    }

    /// Whether the values are those that the slice fixes where the steps lead.
    fn has_wanted(&self, reached: &[Reached<'a>], all: &[&Rules], steps: &[Step]) -> Option<bool> {
        let mut wanted = Vec::new();
        for rules in all {
            collect(rules, steps, &mut wanted);
        }
        let mut certain = !wanted.is_empty();
        for wanted in wanted {
            let mut any = Some(false);
            for one in reached {
                let is = match (one, &wanted) {
                    (Reached::Beyond(_), _) => None,
                    (Reached::Here(one), Wanted::Fixed(fixed)) => Some(one.value.same(fixed)),
                    (Reached::Here(one), Wanted::Pattern(pattern)) => Some(has_pattern(one.value, pattern)),
                    (Reached::Here(one), Wanted::Text(text)) => Some(one.value.as_str() == Some(text)),
                    (Reached::Here(one), Wanted::Code(binding)) => {
                        is_bound(one.value, binding, self.definitions)
                    }
                };
                match is {
                    Some(true) => any = Some(true),
                    Some(false) => {}
                    None => any = any.filter(|is| *is),
                }
            }
            match any {
                Some(true) => {}
                Some(false) => return Some(false),
                None => certain = false,
            }
        }
        certain.then_some(true)
    }

    /// Whether what the steps lead to is of a type that the slice names there.
    fn has_type(&self, reached: &[Reached<'a>], all: &[&Rules], steps: &[Step]) -> Option<bool> {
        let mut there = Vec::new();
        for rules in all {
            rules_at(rules, steps, &mut there);
        }
        let types: Vec<_> = there.iter().flat_map(|rules| &rules.types).collect();
        if types.is_empty() {
            return None;
        }
        let behind = matches!(steps.last(), Some(Step::Resolve));
        let is = |one: &Reached<'a>| match one {
            Reached::Beyond(reference) if behind => {
                let kind = self.leads_to(reference)?;
                any(types.iter().map(|of| self.is_one_of(kind, &of.targets)))
            }
            Reached::Beyond(_) => None,
            Reached::Here(one) if behind => {
                let kind = Shape::named(one.kind())?;
                any(types.iter().map(|of| self.is_one_of(kind, &of.targets)))
            }
            Reached::Here(one) => Some(types.iter().any(|of| of.code == one.kind() || of.code == "Resource")),
        };
        any(reached.iter().map(is))
    }

    /// Whether what the steps lead to follows a profile that the slice names there.
    fn has_profile(&self, reached: &[Reached<'a>], all: &[&Rules], steps: &[Step]) -> Option<bool> {
        let mut there = Vec::new();
        for rules in all {
            rules_at(rules, steps, &mut there);
        }
        let behind = matches!(steps.last(), Some(Step::Resolve));
        let types = there.iter().flat_map(|rules| &rules.types);
        let urls: Vec<&String> =
            types.flat_map(|of| if behind { &of.targets } else { &of.profiles }).collect();
        if urls.is_empty() {
            return None;
        }
        let is = |one: &Reached<'a>| match one {
            Reached::Here(one) => any(urls.iter().map(|url| self.follows(url, one))),
            // Only what it is of can be told of what is not at hand.
            Reached::Beyond(reference) => {
                let kind = self.leads_to(reference)?;
                let of = any(urls.iter().map(|url| self.is_one_of(kind, std::slice::from_ref(url))));
                of.filter(|is| !*is)
            }
        };
        any(reached.iter().map(is))
    }
}

/// Whether one of them is so; `None` when none is and it cannot be told of one.
fn any(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut found = Some(false);
    for one in all {
        match one {
            Some(true) => return one,
            Some(false) => {}
            None => found = None,
        }
    }
    found
}

fn exists(reached: &[Reached<'_>], all: &[&Rules], steps: &[Step]) -> Option<bool> {
    let mut there = Vec::new();
    for rules in all {
        rules_at(rules, steps, &mut there);
    }
    if there.iter().any(|rules| rules.max == Some(0)) {
        return Some(reached.is_empty());
    }
    let wanted = there.iter().any(|rules| rules.min > 0);
    Some(!wanted || !reached.is_empty())
}

enum Wanted<'r> {
    Fixed(&'r Value),
    Pattern(&'r Value),
    Text(&'r str),
    Code(&'r Binding),
}

/// What is said where steps lead: there, or in a value fixed above; in a slice of what is passed too.
fn collect<'r>(rules: &'r Rules, steps: &[Step], wanted: &mut Vec<Wanted<'r>>) {
    let names: Option<Vec<&str>> = steps
        .iter()
        .map(|step| match step {
            Step::Element(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    if let Some(names) = names {
        if let Some(fixed) = &rules.fixed {
            below(fixed, &names, &mut |value| wanted.push(Wanted::Fixed(value)));
        }
        if let Some(pattern) = &rules.pattern {
            below(pattern, &names, &mut |value| wanted.push(Wanted::Pattern(value)));
        }
    }
    let Some((step, rest)) = steps.split_first() else {
        if let Some(binding) = rules.binding.as_ref().filter(|_| wanted.is_empty()) {
            wanted.push(Wanted::Code(binding));
        }
        return;
    };
    match step {
        Step::Element(name) => {
            // An extension is known by the profile it has.
            if name == "url" && rest.is_empty() {
                let profiles = rules.types.iter().flat_map(|of| &of.profiles);
                wanted.extend(
                    profiles.map(|profile| Wanted::Text(profile.split('|').next().unwrap_or(profile))),
                );
            }
            for child in children(rules, name) {
                collect(child, rest, wanted);
                for slice in &child.slices {
                    collect(&slice.rules, rest, wanted);
                }
            }
        }
        Step::Extension(_) | Step::OfType(_) => {
            let mut there = Vec::new();
            rules_at(rules, std::slice::from_ref(step), &mut there);
            for rules in there {
                collect(rules, rest, wanted);
            }
        }
        Step::Resolve => {}
    }
}
