//! From a StructureDefinition's list of elements to a tree of what they say beyond the base.

use anamnesis_fhirpath::Expression;
use anamnesis_json::{Object, Value};

use super::{Binding, By, Discriminator, Invariant, Profile, Rules, Slice, Slicing, TypeRule};
use crate::codes::ValueSet;
use crate::generated::rules::RULES;
use crate::shape::{Holds, Shape, targets};

/// Why a StructureDefinition is no profile to check against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uncompiled {
    /// It names no address.
    #[error("a profile needs a url")]
    Url,
    /// It is of a type that R4 does not have.
    #[error("a profile is of a type of FHIR R4")]
    Type,
    /// It has neither a snapshot nor a differential.
    #[error("a profile has a snapshot or a differential")]
    Elements,
}

/// How deep the elements of a profile may nest.
const DEPTH_MAX: usize = 32;

pub(super) fn compile(definition: &Value) -> Result<Profile, Uncompiled> {
    let text = |key: &str| definition.get(key).and_then(Value::as_str);
    let url = text("url").filter(|url| !url.is_empty()).ok_or(Uncompiled::Url)?.to_owned();
    let shape = text("type").and_then(Shape::named).ok_or(Uncompiled::Type)?;
    let elements = |key: &str| definition.get(key)?.get("element")?.as_array().filter(|e| !e.is_empty());
    let (elements, whole) = match (elements("snapshot"), elements("differential")) {
        (Some(snapshot), _) => (snapshot, true),
        (None, Some(differential)) => (differential, false),
        (None, None) => return Err(Uncompiled::Elements),
    };
    // A snapshot holds what its base says already.
    let base = text("baseDefinition").filter(|base| !whole && own_type(base).is_none()).map(str::to_owned);
    let mut compiling = Compiling { root: Rules::default(), notes: Vec::new() };
    for element in elements.iter().filter_map(Value::as_object) {
        compiling.element(shape, element);
    }
    let Compiling { mut root, mut notes } = compiling;
    prune(&mut root);
    notes.sort();
    notes.dedup();
    Ok(Profile { url, base, shape, root, notes })
}

/// The type whose own definition an address is.
fn own_type(url: &str) -> Option<Shape> {
    Shape::named(url.strip_prefix("http://hl7.org/fhir/StructureDefinition/")?)
}

struct Compiling {
    root: Rules,
    notes: Vec<String>,
}

impl Compiling {
    fn element(&mut self, shape: Shape, element: &Object) {
        // The id says which slice each step is in; the path alone does not.
        let Some(id) = element.str("id").or(element.str("path")) else { return };
        let steps = || id.split('.').skip(1);
        if steps().count() > DEPTH_MAX {
            return;
        }
        let mut at = &mut self.root;
        let mut holds = Holds::Object(shape);
        let (mut known, mut sliced) = (None, false);
        for step in steps() {
            let (name, slice) =
                step.split_once(':').map_or((step, None), |(name, slice)| (name, Some(slice)));
            known = match holds {
                Holds::Object(shape) => named(shape, name, slice),
                Holds::Primitive(_) => named(Shape::BESIDE_PRIMITIVE, name, slice),
                Holds::Resource => None,
            };
            holds = known.map_or(Holds::Resource, |element| element.holds);
            at = child(at, name);
            sliced = slice.is_some();
            if let Some(slice) = slice {
                at = sliced_as(at, slice);
            }
        }
        let is_root = !id.contains('.');
        self.notes.extend(say(at, element, known, sliced, is_root));
    }
}

/// The element of this name; of a choice, the type its slice names, or any.
fn named(shape: Shape, name: &str, slice: Option<&str>) -> Option<crate::shape::Element> {
    if let Some(found) = slice.and_then(|slice| shape.element(slice)).or_else(|| shape.element(name)) {
        return Some(found);
    }
    let stem = name.strip_suffix("[x]")?;
    let of_stem =
        |known: &str| known.strip_prefix(stem).is_some_and(|kind| kind.starts_with(char::is_uppercase));
    shape.elements().find(|(known, element)| element.choice && of_stem(known)).map(|(_, element)| element)
}

fn child<'r>(rules: &'r mut Rules, name: &str) -> &'r mut Rules {
    let at = rules.children.iter().position(|child| child.name == name).unwrap_or_else(|| {
        rules.children.push(Rules { name: name.to_owned(), ..Rules::default() });
        rules.children.len() - 1
    });
    rules.children.get_mut(at).expect("it was found or added above")
}

fn sliced_as<'r>(rules: &'r mut Rules, slice: &str) -> &'r mut Rules {
    let at = rules.slices.iter().position(|known| known.name == slice).unwrap_or_else(|| {
        let of = Rules { name: rules.name.clone(), ..Rules::default() };
        rules.slices.push(Slice { name: slice.to_owned(), rules: of });
        rules.slices.len() - 1
    });
    &mut rules.slices.get_mut(at).expect("it was found or added above").rules
}

/// Takes down what an element says beyond the base; gives back what will not be checked.
fn say(
    rules: &mut Rules,
    said: &Object,
    known: Option<crate::shape::Element>,
    sliced: bool,
    is_root: bool,
) -> Vec<String> {
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
    for (name, value) in said.iter() {
        if name.starts_with("fixed") && name != "fixed" {
            rules.fixed = Some(value.clone());
        } else if name.starts_with("pattern") && name != "pattern" {
            rules.pattern = Some(value.clone());
        } else if ["minValue", "maxValue", "maxLength"].iter().any(|known| name.starts_with(known)) {
            notes.push(format!("{place}: {name} is not checked"));
        }
    }
    if let Some(binding) = said.get("binding")
        && binding.get("strength").and_then(Value::as_str) == Some("required")
        && let Some(url) = binding.get("valueSet").and_then(Value::as_str)
    {
        let own = known.and_then(|element| ValueSet::numbered(element.more));
        match ValueSet::named(url) {
            set if set.is_some() && set == own => {}
            Some(set) => rules.binding = Some(Binding::Known(set)),
            None => rules.binding = Some(Binding::Other(url.to_owned())),
        }
    }
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
    if let Some(slicing) = said.get("slicing") {
        rules.slicing = slicing_of(slicing, place, &mut notes);
    }
    notes
}

/// The types an element may have, where they are fewer than the base's or are profiled.
fn types(said: &Object, known: Option<crate::shape::Element>) -> Vec<TypeRule> {
    let texts = |of: &Value, key: &str| -> Vec<String> {
        let all = of.get(key).into_iter().flat_map(Value::each).filter_map(Value::as_str);
        all.map(str::to_owned).collect()
    };
    let all: Vec<TypeRule> = said
        .get("type")
        .into_iter()
        .flat_map(Value::each)
        .filter_map(|of| {
            let code = of.get("code")?.as_str()?.to_owned();
            Some(TypeRule { profiles: texts(of, "profile"), targets: texts(of, "targetProfile"), code })
        })
        .collect();
    let Some(element) = known else { return all.into_iter().filter(|of| !of.profiles.is_empty()).collect() };
    let anywhere = |of: &TypeRule| of.targets.iter().any(|target| target.ends_with("/Resource"));
    let as_base = all.iter().all(|of| {
        let same_targets =
            of.targets.is_empty() || anywhere(of) || of.targets.len() == targets(element.more).len();
        of.profiles.iter().all(|profile| profile.ends_with("/SimpleQuantity")) && same_targets
    });
    if !element.choice && as_base { Vec::new() } else { all }
}

fn slicing_of(slicing: &Value, place: &str, notes: &mut Vec<String>) -> Option<Slicing> {
    let mut discriminators = Vec::new();
    for one in slicing.get("discriminator").into_iter().flat_map(Value::each) {
        let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
        let by = match text("type") {
            "value" | "pattern" => Some(By::Value),
            "exists" => Some(By::Exists),
            "type" => Some(By::Type),
            _ => None,
        };
        let path = text("path");
        let plain = path.split('.').all(|step| {
            step == "$this" || (!step.is_empty() && step.bytes().all(|b| b.is_ascii_alphanumeric()))
        });
        let (Some(by), true) = (by, plain) else {
            notes.push(format!("{place}: slices by {} of {path} are not told apart", text("type")));
            return None;
        };
        let steps = path.split('.').filter(|step| *step != "$this").map(str::to_owned).collect();
        discriminators.push(Discriminator { by, steps });
    }
    if discriminators.is_empty() {
        notes.push(format!("{place}: slices without a discriminator are not told apart"));
        return None;
    }
    if slicing.get("ordered").and_then(Value::as_bool) == Some(true) {
        notes.push(format!("{place}: the order of slices is not checked"));
    }
    let closed = slicing.get("rules").and_then(Value::as_str) == Some("closed");
    Some(Slicing { discriminators, closed })
}

/// Drops what says nothing.
fn prune(rules: &mut Rules) {
    for slice in &mut rules.slices {
        prune(&mut slice.rules);
    }
    for child in &mut rules.children {
        prune(child);
    }
    rules.children.retain(|child| !child.is_silent());
}
