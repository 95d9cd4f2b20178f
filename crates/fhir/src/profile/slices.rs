//! Which slice a value belongs to: <https://hl7.org/fhir/R4/profiling.html#discriminator>.

use anamnesis_json::Value;

use super::matching::{below, has_pattern};
use super::{Binding, By, Definitions, Discriminator, Rules, Slice};

/// A value of a sliced element, with the type it has.
pub(super) struct Sliced<'a> {
    pub(super) value: &'a Value,
    /// The name of its type, as a StructureDefinition has it.
    pub(super) kind: &'a str,
}

/// Whether a value is one of the slice's, by all discriminators.
pub(super) fn belongs(
    sliced: &Sliced<'_>,
    slice: &Slice,
    by: &[Discriminator],
    definitions: &dyn Definitions,
) -> bool {
    by.iter().all(|discriminator| {
        let Discriminator { by, steps } = discriminator;
        let mut values = Vec::new();
        below(sliced.value, steps, &mut |value| values.push(value));
        match by {
            By::Value => is_wanted(&values, &slice.rules, steps, definitions),
            By::Exists => match at(&slice.rules, steps) {
                Some(rules) if rules.max == Some(0) => values.is_empty(),
                Some(rules) if rules.min > 0 => !values.is_empty(),
                _ => true,
            },
            By::Type => match at(&slice.rules, steps) {
                Some(rules) if !rules.types.is_empty() => {
                    let kind = if steps.is_empty() { Some(sliced.kind) } else { None };
                    let is = |value: &Value, code: &str| match kind {
                        Some(kind) => kind == code,
                        // Behind the first step only a resource says what it is.
                        None => value.get("resourceType").and_then(Value::as_str) == Some(code),
                    };
                    values.iter().any(|value| rules.types.iter().any(|of| is(value, &of.code)))
                }
                _ => true,
            },
        }
    })
}

/// What a slice says of where steps lead from it.
fn at<'r>(rules: &'r Rules, steps: &[String]) -> Option<&'r Rules> {
    let Some((step, rest)) = steps.split_first() else { return Some(rules) };
    let child =
        rules.children.iter().find(|child| child.name.strip_suffix("[x]").unwrap_or(&child.name) == step)?;
    at(child, rest)
}

/// Whether the values are those that the slice fixes where the steps lead.
fn is_wanted(values: &[&Value], rules: &Rules, steps: &[String], definitions: &dyn Definitions) -> bool {
    let mut wanted = Vec::new();
    collect(rules, steps, &mut wanted);
    !wanted.is_empty()
        && wanted.iter().all(|wanted| {
            values.iter().any(|value| match wanted {
                Wanted::Fixed(fixed) => value.same(fixed),
                Wanted::Pattern(pattern) => has_pattern(value, pattern),
                Wanted::Text(text) => value.as_str() == Some(text),
                Wanted::Code(binding) => {
                    super::conform::is_bound(value, binding, definitions).unwrap_or(true)
                }
            })
        })
}

enum Wanted<'r> {
    Fixed(&'r Value),
    Pattern(&'r Value),
    Text(&'r str),
    Code(&'r Binding),
}

/// What is said where steps lead: there, or in a value fixed above; in a slice of what is passed too.
fn collect<'r>(rules: &'r Rules, steps: &[String], wanted: &mut Vec<Wanted<'r>>) {
    if let Some(fixed) = &rules.fixed {
        below(fixed, steps, &mut |value| wanted.push(Wanted::Fixed(value)));
    }
    if let Some(pattern) = &rules.pattern {
        below(pattern, steps, &mut |value| wanted.push(Wanted::Pattern(value)));
    }
    let Some((step, rest)) = steps.split_first() else {
        if let Some(binding) = rules.binding.as_ref().filter(|_| wanted.is_empty()) {
            wanted.push(Wanted::Code(binding));
        }
        return;
    };
    // An extension is known by the profile it has.
    if step == "url" && rest.is_empty() {
        let profiles = rules.types.iter().flat_map(|of| &of.profiles);
        wanted.extend(profiles.map(|profile| Wanted::Text(profile.split('|').next().unwrap_or(profile))));
    }
    for child in &rules.children {
        if child.name.strip_suffix("[x]").unwrap_or(&child.name) == step {
            collect(child, rest, wanted);
            for slice in &child.slices {
                collect(&slice.rules, rest, wanted);
            }
        }
    }
}
