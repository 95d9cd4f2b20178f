//! Changing one element of a resource: a value and what stands beside it, `_birthDate`, change together.

use anamnesis_json::{Object, Value};
use compact_str::CompactString;

use super::given::Given;
use super::locate::Step;
use crate::shape::Shape;
use crate::subset::CHOICES;

/// A place that holds one element: in which object, under which name, and at which place if it is one of a list.
pub(super) struct Slot<'a> {
    above: &'a [Step],
    key: &'a str,
    at: Option<usize>,
}

impl<'a> Slot<'a> {
    /// The slot at the end of these steps; none for the resource itself.
    pub(super) fn split(steps: &'a [Step]) -> Option<Self> {
        match steps {
            [above @ .., Step::Key(key), Step::Item(at)] => Some(Self { above, key, at: Some(*at) }),
            [above @ .., Step::Key(key)] => Some(Self { above, key, at: None }),
            _ => None,
        }
    }

    /// The way to the object that holds it.
    pub(super) fn above(&self) -> &'a [Step] {
        self.above
    }
}

type Done = Result<(), &'static str>;

const GONE: &str = "path: there is nothing";
const NO_VALUE: &str = "value: is not what the element holds";

/// Takes an element away.
pub(super) fn delete(resource: &mut Object, slot: &Slot<'_>) -> Done {
    let holder = follow(resource, slot.above).ok_or(GONE)?;
    match slot.at {
        None => {
            holder.remove(slot.key);
            holder.remove(&beside(slot.key));
        }
        Some(at) => {
            for key in [slot.key.to_owned(), beside(slot.key)] {
                let Some(items) = holder.get_mut(&key).and_then(Value::as_array_mut) else { continue };
                if at < items.len() {
                    items.remove(at);
                }
                drop_hollow(holder, &key);
            }
        }
    }
    Ok(())
}

/// Puts another value in the place of an element; a choice may take another type with it.
pub(super) fn replace(resource: &mut Object, slot: &Slot<'_>, shape: Option<Shape>, value: &Given) -> Done {
    let key = renamed(shape, slot.key, value).filter(|_| slot.at.is_none());
    let key = key.unwrap_or_else(|| slot.key.to_owned());
    let (one, other) = value.made(shape, &key).ok_or(NO_VALUE)?;
    let holder = follow(resource, slot.above).ok_or(GONE)?;
    match slot.at {
        None => {
            if key != slot.key {
                holder.remove(slot.key);
                holder.remove(&beside(slot.key));
            }
            set(holder, key.clone(), one);
            set(holder, beside(&key), other);
        }
        Some(at) => {
            // What is made beside a list is as long as that, wherever in it the element stands.
            let length = length(holder, slot.key).max(at + 1);
            for (key, value) in [(slot.key.to_owned(), one), (beside(slot.key), other)] {
                if let Some(items) = list(holder, &key, length, value != Value::Null)
                    && let Some(place) = items.get_mut(at)
                {
                    *place = value;
                }
                drop_hollow(holder, &key);
            }
        }
    }
    Ok(())
}

/// Adds an element to the object at the end of the steps: the last of its list, or one that is not there yet.
pub(super) fn add(resource: &mut Object, steps: &[Step], shape: Shape, name: &str, value: &Given) -> Done {
    let (key, many) = value.key(shape, name).ok_or("name: there is no such element, or not of this type")?;
    let (one, other) = value.made(Some(shape), &key).ok_or(NO_VALUE)?;
    let holder = follow(resource, steps).ok_or(GONE)?;
    if many {
        let length = length(holder, &key);
        return insert_at(holder, &key, length, one, other);
    }
    let stem = name.strip_suffix("[x]").unwrap_or(name);
    let is_there = |known: &str| {
        let known = known.strip_prefix('_').unwrap_or(known);
        known == key || (key != stem && known.strip_prefix(stem).is_some_and(|rest| CHOICES.contains(&rest)))
    };
    if holder.keys().any(is_there) {
        return Err("name: is there already, and stands once");
    }
    set(holder, key.clone(), one);
    set(holder, beside(&key), other);
    Ok(())
}

/// Inserts an element into a list, which may be empty.
pub(super) fn insert(resource: &mut Object, steps: &[Step], name: &str, at: usize, value: &Given) -> Done {
    let shape = super::locate::shape_at(resource, steps).ok_or("path: has no elements")?;
    match value.key(shape, name) {
        Some((key, true)) if key == name => {}
        _ => return Err("path: must end in the name of a list"),
    }
    let (one, other) = value.made(Some(shape), name).ok_or(NO_VALUE)?;
    let holder = follow(resource, steps).ok_or(GONE)?;
    if at > length(holder, name) {
        return Err("index: is beyond the end of the list");
    }
    insert_at(holder, name, at, one, other)
}

/// Moves an element within its list.
pub(super) fn shift(resource: &mut Object, steps: &[Step], name: &str, from: usize, to: usize) -> Done {
    let holder = follow(resource, steps).ok_or(GONE)?;
    let length = length(holder, name);
    if from >= length || to >= length {
        return Err("source and destination must be places of the list");
    }
    for key in [name.to_owned(), beside(name)] {
        if let Some(items) = list(holder, &key, length, false) {
            let item = items.remove(from);
            items.insert(to, item);
        }
    }
    Ok(())
}

fn insert_at(holder: &mut Object, key: &str, at: usize, one: Value, other: Value) -> Done {
    let length = length(holder, key);
    for (key, value) in [(key.to_owned(), one), (beside(key), other)] {
        if let Some(items) = list(holder, &key, length, value != Value::Null) {
            items.insert(at, value);
        }
    }
    Ok(())
}

/// The object at the end of the steps.
fn follow<'r>(resource: &'r mut Object, steps: &[Step]) -> Option<&'r mut Object> {
    match steps {
        [] => Some(resource),
        [Step::Key(key), Step::Item(at), rest @ ..] => {
            let items = resource.get_mut(key)?.as_array_mut()?;
            follow(items.get_mut(*at)?.as_object_mut()?, rest)
        }
        [Step::Key(key), rest @ ..] => follow(resource.get_mut(key)?.as_object_mut()?, rest),
        [Step::Item(_), ..] => None,
    }
}

/// How many there are of an element, counting those that have only something beside them.
fn length(holder: &Object, key: &str) -> usize {
    let of = |key: &str| holder.get(key).and_then(Value::as_array).map_or(0, <[Value]>::len);
    of(key).max(of(&beside(key)))
}

/// The list under this key with at least so many items; made where it is not there and is wanted.
fn list<'h>(holder: &'h mut Object, key: &str, length: usize, wanted: bool) -> Option<&'h mut Vec<Value>> {
    if !holder.contains_key(key) && wanted {
        holder.push(key, Vec::new());
    }
    let items = holder.get_mut(key)?.as_array_mut()?;
    while items.len() < length {
        items.push(Value::Null);
    }
    Some(items)
}

/// Takes away a list in which nothing is left.
fn drop_hollow(holder: &mut Object, key: &str) {
    let hollow =
        |value: &Value| value.as_array().is_some_and(|items| items.iter().all(|item| *item == Value::Null));
    if holder.get(key).is_some_and(hollow) {
        holder.remove(key);
    }
}

/// The name of a choice once its value is of another type.
fn renamed(shape: Option<Shape>, key: &str, value: &Given) -> Option<String> {
    let (shape, Given::Typed { suffix, .. }) = (shape?, value) else { return None };
    let stems = CHOICES.iter().filter_map(|known| key.strip_suffix(known));
    stems.map(|stem| format!("{stem}{suffix}")).find(|name| {
        // A name that only looks like a choice has no other of its kind.
        name == key || shape.element(name).is_some()
    })
}

fn set(holder: &mut Object, key: String, value: Value) {
    if value == Value::Null {
        holder.remove(&key);
    } else {
        holder.set(CompactString::from(key), value);
    }
}

fn beside(key: &str) -> String {
    format!("_{key}")
}
