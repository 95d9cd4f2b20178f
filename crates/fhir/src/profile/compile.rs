//! From a StructureDefinition's list of elements to a tree of what they say beyond the base.

mod facts;
mod slicing;
mod usage;

use anamnesis_json::{Object, Value};

use super::{Profile, Rules, Slice};
use crate::shape::{Element, Holds, Shape};
use facts::{Standing, say};

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
    let usage = (shape == Shape::EXTENSION).then(|| usage::usage(definition, elements));
    if usage.is_some() && definition.get("contextInvariant").is_some() {
        notes.push("the further conditions on where it may stand are not checked".to_owned());
    }
    Ok(Profile { url, base, shape, root, notes, usage })
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
            // A slice of a slice has the names of both.
            for slice in slice.into_iter().flat_map(|slice| slice.split('/')).take(DEPTH_MAX) {
                at = sliced_as(at, slice);
            }
        }
        let standing = Standing { known, sliced, is_root: !id.contains('.') };
        self.notes.extend(say(at, element, standing));
    }
}

/// The element of this name; of a choice, the type its slice names, or any.
fn named(shape: Shape, name: &str, slice: Option<&str>) -> Option<Element> {
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
