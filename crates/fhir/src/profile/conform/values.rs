//! The values of an element, one by one, each with what stands beside it.

use anamnesis_json::{Object, Value};

use crate::shape::{Holds, Shape};

/// One value of an element.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    /// The name it has, of a choice with its type.
    pub(super) name: &'a str,
    /// Its place in a list.
    pub(super) at: Option<usize>,
    pub(super) holds: Holds,
    pub(super) value: &'a Value,
    pub(super) beside: Option<&'a Object>,
}

impl<'a> Found<'a> {
    /// The name of its type.
    pub(super) fn kind(&self) -> &'a str {
        match self.holds {
            Holds::Primitive(primitive) => primitive.name(),
            Holds::Object(shape) => shape.kind().path(),
            Holds::Resource => self.value.get("resourceType").and_then(Value::as_str).unwrap_or("Resource"),
        }
    }

    /// The object whose elements are its own, of a primitive what stands beside it.
    pub(super) fn inner(&self) -> Option<(Shape, &'a Object)> {
        match (self.holds, self.value, self.beside) {
            (Holds::Object(shape), Value::Object(object), _) => Some((shape, object)),
            (Holds::Resource, Value::Object(object), _) => {
                object.str("resourceType").and_then(Shape::named).map(|shape| (shape, object))
            }
            (Holds::Primitive(_), _, Some(beside)) => Some((Shape::BESIDE_PRIMITIVE, beside)),
            _ => None,
        }
    }
}

/// The name of an element, of a choice without the mark of one.
pub(super) fn stem(name: &str) -> &str {
    name.strip_suffix("[x]").unwrap_or(name)
}

/// Every value of an element; of a choice, whatever its type.
pub(super) fn values<'a>(shape: Shape, object: &'a Object, name: &str) -> Vec<Found<'a>> {
    const ABSENT: &Value = &Value::Null;
    let choice = name.strip_suffix("[x]");
    let is = |key: &str| match choice {
        Some(stem) => {
            let kind = key.strip_prefix(stem).is_some_and(|kind| kind.starts_with(char::is_uppercase));
            kind && shape.element(key).is_some_and(|element| element.choice)
        }
        None => key == name,
    };
    let mut all = Vec::new();
    for (key, value) in object.iter() {
        let bare = key.strip_prefix('_').unwrap_or(key);
        let alone = bare.len() != key.len();
        if !is(bare) || (alone && object.contains_key(bare)) {
            continue;
        }
        let Some(element) = shape.element(bare) else { continue };
        let beside = if alone {
            Some(value)
        } else if element.holds.is_primitive() {
            object.get(&format!("_{bare}"))
        } else {
            None
        };
        let value = if alone { ABSENT } else { value };
        let one = |at, value, beside: Option<&'a Value>| Found {
            name: bare,
            at,
            holds: element.holds,
            value,
            beside: beside.and_then(Value::as_object),
        };
        match (value, beside) {
            (Value::Array(items), beside) => {
                let beside = beside.and_then(Value::as_array).unwrap_or_default();
                all.extend(items.iter().enumerate().map(|(at, item)| one(Some(at), item, beside.get(at))));
            }
            (_, Some(Value::Array(besides))) => {
                all.extend(
                    besides.iter().enumerate().map(|(at, beside)| one(Some(at), ABSENT, Some(beside))),
                );
            }
            (value, beside) => all.push(one(None, value, beside)),
        }
    }
    all
}
