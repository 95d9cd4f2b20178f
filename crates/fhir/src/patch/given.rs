//! A value as an operation gives it: of a datatype, a resource, or the parts of an element without a type of its own.

use anamnesis_json::{Object, Value};

use crate::shape::{Holds, Shape};

/// How deep parts may hold parts.
const PARTS_DEPTH_MAX: usize = 32;

/// What an operation gives.
#[derive(Clone)]
pub(super) enum Given {
    /// A value of a datatype, and what stands beside it if it is a primitive.
    Typed {
        /// The end of the name of its choice, `Quantity` of `valueQuantity`.
        suffix: String,
        /// The value; null where only something stands beside it.
        value: Value,
        /// What stands beside it; null where nothing does.
        beside: Value,
    },
    /// A whole resource.
    Resource(Value),
    /// Elements by name.
    Parts(Vec<(String, Given)>),
}

impl Given {
    /// Reads `value[x]`, `resource` or `part` of a part; none when there is none of them, or more than one.
    pub(super) fn read(part: &Object) -> Option<Self> {
        Self::read_within(part, PARTS_DEPTH_MAX)
    }

    fn read_within(part: &Object, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let mut found = None;
        for (key, value) in part.iter() {
            let one = match key {
                "resource" => Self::Resource(value.clone()),
                "part" => {
                    let parts = value.as_array()?.iter().map(|part| {
                        let part = part.as_object()?;
                        Some((part.str("name")?.to_owned(), Self::read_within(part, depth)?))
                    });
                    Self::Parts(parts.collect::<Option<_>>()?)
                }
                key => {
                    let (beside, name) = key.strip_prefix('_').map_or((false, key), |name| (true, name));
                    let Some(suffix) = name.strip_prefix("value").filter(|suffix| !suffix.is_empty()) else {
                        continue;
                    };
                    // Both halves of a primitive are one value.
                    let other = if beside { name.to_owned() } else { format!("_{name}") };
                    let other = part.get(&other).cloned();
                    if beside && other.is_some() {
                        continue;
                    }
                    let (value, other) = (value.clone(), other.unwrap_or_default());
                    let (value, beside) = if beside { (other, value) } else { (value, other) };
                    Self::Typed { suffix: suffix.to_owned(), value, beside }
                }
            };
            if found.replace(one).is_some() {
                return None;
            }
        }
        found
    }

    /// How deep it nests.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Typed { value, beside, .. } => value.depth().max(beside.depth()),
            Self::Resource(value) => value.depth(),
            Self::Parts(parts) => 2 + parts.iter().map(|(_, part)| part.depth()).max().unwrap_or_default(),
        }
    }

    /// The JSON name that an element called `name` has with this value, and whether it is a list; none when the
    /// shape has no such element.
    pub(super) fn key(&self, shape: Shape, name: &str) -> Option<(String, bool)> {
        let name = name.strip_suffix("[x]").unwrap_or(name);
        if let Some(element) = shape.element(name) {
            return Some((name.to_owned(), element.list));
        }
        let Self::Typed { suffix, .. } = self else { return None };
        let name = format!("{name}{suffix}");
        shape.element(&name).map(|element| (name, element.list))
    }

    /// The value, and what stands beside it, for an element of this JSON name.
    ///
    /// None where parts name elements that are not there, and where the element holds something of another kind.
    pub(super) fn made(&self, shape: Option<Shape>, key: &str) -> Option<(Value, Value)> {
        match self {
            Self::Typed { value, beside, .. } => {
                let primitive = shape?.element(key)?.holds.is_primitive();
                let object = value.as_object().is_some();
                let fits = match primitive {
                    true => !object && value.as_array().is_none(),
                    false => object && *beside == Value::Null,
                };
                fits.then(|| (value.clone(), beside.clone()))
            }
            Self::Resource(value) => {
                let fits =
                    matches!(shape?.element(key)?.holds, Holds::Resource) && value.as_object().is_some();
                fits.then(|| (value.clone(), Value::Null))
            }
            Self::Parts(parts) => {
                let inner = match shape?.element(key)?.holds {
                    Holds::Object(inner) => inner,
                    _ => return None,
                };
                let mut object = Object::new();
                for (name, part) in parts {
                    let (key, list) = part.key(inner, name)?;
                    let (value, beside) = part.made(Some(inner), &key)?;
                    for (key, value) in [(key.clone(), value), (format!("_{key}"), beside)] {
                        if value == Value::Null {
                            continue;
                        }
                        match object.get_mut(&key).and_then(Value::as_array_mut) {
                            Some(items) => items.push(value),
                            None if list => object.push(key, vec![value]),
                            None => object.set(key, value),
                        }
                    }
                }
                Some((object.into(), Value::Null))
            }
        }
    }
}
