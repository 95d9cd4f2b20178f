//! What one element of a StructureDefinition says beyond the base, and what of it cannot be checked.

use anamnesis_fhirpath::Expression;
use anamnesis_json::{Object, Value};

use super::slicing::slicing;
use crate::codes::ValueSet;
use crate::generated::rules::RULES;
use crate::profile::conform::is_of_r4;
use crate::profile::{Binding, Invariant, Limit, Rules, TypeRule};
use crate::shape::{Element, targets};

/// Where an element stands among the others.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    /// What R4 says of it.
    pub(super) known: Option<Element>,
    /// Whether it is one slice of an element.
    pub(super) sliced: bool,
    /// Whether it is the resource or datatype itself.
    pub(super) is_root: bool,
}

/// Takes down what an element says beyond the base; gives back what will not be checked.
pub(super) fn say(rules: &mut Rules, said: &Object, standing: Standing) -> Vec<String> {
    let Standing { known, sliced, is_root } = standing;
    let mut notes = Vec::new();
    let place = said.str("id").or(said.str("path")).unwrap_or_default();
    let count = |key: &str| said.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let base = said.get("base");
    let base_min = base.and_then(|base| base.get("min")).and_then(Value::as_u64).unwrap_or_default();
    if !is_root {
        let min = count("min").unwrap_or_default();
        rules.min = if sliced || min as u64 > base_min { min } else { 0 };
        let max = said.str("max").and_then(|max| max.parse::<usize>().ok());
        let list = known.is_none_or(|element| element.list);
        rules.max = max.filter(|max| sliced || list || *max == 0);
    }
    rules.types = types(said, known);
    rules.length_max = count("maxLength");
    for (name, value) in said.iter() {
        if name.starts_with("fixed") && name != "fixed" {
            rules.fixed = Some(value.clone());
        } else if name.starts_with("pattern") && name != "pattern" {
            rules.pattern = Some(value.clone());
        } else if let Some((least, kind)) = bound(name) {
            match limit(least, kind, value) {
                Some(limit) => rules.limits.push(limit),
                None => notes.push(format!("{place}: {name} is not checked")),
            }
        }
    }
    rules.binding = binding(said, known, "required");
    rules.advised = binding(said, known, "extensible");
    for constraint in said.get("constraint").into_iter().flat_map(Value::each) {
        let text = |key: &str| constraint.get(key).and_then(Value::as_str).unwrap_or_default();
        let key = text("key");
        let of_base = key == "ele-1" || RULES.iter().any(|(known, ..)| *known == key);
        if text("severity") != "error" || of_base {
            continue;
        }
        match Expression::parse(text("expression")) {
            Ok(expression) => {
                let (key, human) = (key.to_owned(), text("human").to_owned());
                rules.invariants.push(Invariant { key, human, expression });
            }
            Err(_) => {
                notes.push(format!("{place}: invariant {key} is not checked: its expression cannot be read"))
            }
        }
    }
    if let Some(said) = said.get("slicing") {
        rules.slicing = slicing(said, place, &mut notes);
    }
    notes
}

/// Whether this is the name of a least or greatest value, and of which type.
fn bound(name: &str) -> Option<(bool, &str)> {
    let least = name.strip_prefix("minValue").map(|kind| (true, kind));
    least.or_else(|| name.strip_prefix("maxValue").map(|kind| (false, kind)))
}

/// A least or greatest value as what FHIRPath compares with; nothing where it has no such literal.
fn limit(least: bool, kind: &str, value: &Value) -> Option<Limit> {
    let plain = |text: &str| !text.contains(['\'', '\\']);
    let number = |value: &Value| {
        let Value::Number(_) = value else { return None };
        String::from_utf8(value.to_text()).ok().filter(|text| !text.contains(['e', 'E']))
    };
    let literal = match kind {
        "Integer" | "PositiveInt" | "UnsignedInt" | "Decimal" => number(value)?,
        "Date" => format!("@{}", value.as_str()?),
        "DateTime" | "Instant" => {
            let text = value.as_str()?;
            format!("@{text}{}", if text.contains('T') { "" } else { "T" })
        }
        "Time" => format!("@T{}", value.as_str()?),
        "Quantity" => {
            let unit = value.get("code").or_else(|| value.get("unit"))?.as_str()?;
            format!("{} '{unit}'", number(value.get("value")?)?)
        }
        _ => return None,
    };
    // A unit or a date could otherwise end its literal and go on.
    let text = value.as_str().or_else(|| value.get("code")?.as_str()).unwrap_or_default();
    if !plain(text) || text.contains(char::is_whitespace) {
        return None;
    }
    let (sign, word) = if least { (">=", "least") } else { ("<=", "most") };
    let expression = Expression::parse(&format!("$this {sign} {literal}")).ok()?;
    let shown = value.as_str().unwrap_or(&literal).replace('\'', "");
    Some(Limit { what: format!("at {word} {shown}"), expression })
}

/// A binding of this strength that the base does not have.
fn binding(said: &Object, known: Option<Element>, strength: &str) -> Option<Binding> {
    let binding = said.get("binding")?;
    let text = |key: &str| binding.get(key).and_then(Value::as_str);
    let url = text("valueSet").filter(|_| text("strength") == Some(strength))?;
    let own = known.and_then(|element| ValueSet::numbered(element.more));
    match ValueSet::named(url) {
        set if set.is_some() && set == own => None,
        Some(set) => Some(Binding::Known(set)),
        None => Some(Binding::Other(url.to_owned())),
    }
}

/// The types an element may have, where they are fewer than the base's or are profiled.
fn types(said: &Object, known: Option<Element>) -> Vec<TypeRule> {
    let texts = |of: &Value, key: &str| -> Vec<String> {
        let all = of.get(key).into_iter().flat_map(Value::each).filter_map(Value::as_str);
        all.map(str::to_owned).collect()
    };
    let mut all: Vec<TypeRule> = Vec::new();
    for of in said.get("type").into_iter().flat_map(Value::each) {
        let Some(code) = of.get("code").and_then(Value::as_str) else { continue };
        let (profiles, targets) = (texts(of, "profile"), texts(of, "targetProfile"));
        // A type may be named once for each of its profiles.
        match all.iter_mut().find(|rule| rule.code == code) {
            Some(rule) => {
                rule.profiles.extend(profiles);
                rule.targets.extend(targets);
            }
            None => all.push(TypeRule { code: code.to_owned(), profiles, targets }),
        }
    }
    let Some(element) = known else { return all.into_iter().filter(|of| !of.profiles.is_empty()).collect() };
    let anywhere = |of: &TypeRule| of.targets.iter().any(|target| target.ends_with("/Resource"));
    let as_base = all.iter().all(|of| {
        let all =
            of.targets.len() == targets(element.more).len() && of.targets.iter().all(|url| is_of_r4(url));
        let same_targets = of.targets.is_empty() || anywhere(of) || all;
        of.profiles.iter().all(|profile| profile.ends_with("/SimpleQuantity")) && same_targets
    });
    if !element.choice && as_base { Vec::new() } else { all }
}
