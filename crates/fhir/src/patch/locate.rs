//! Where a FHIRPath leads in a resource, as steps that can be walked again to change what stands there.

use anamnesis_fhirpath::{Context, Expression, Item, Node};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;
use compact_str::CompactString;

use crate::shape::{Holds, Shape};

/// How many steps a path may take to evaluate: it is looked at once for each operation.
const STEPS_MAX: u32 = 200_000;

/// A step of the way down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The member of this name; without the underscore of what stands beside a primitive.
    Key(CompactString),
    /// This item of the list above.
    Item(usize),
}

/// Where one element stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target(pub(super) Vec<Step>);

/// The one element that a path leads to; none when it leads nowhere.
pub(super) fn target(path: &Expression, resource: &Object) -> Result<Option<Target>, &'static str> {
    let node = Node::resource(resource, None);
    let context = Context::untyped().resource(node).root_resource(node).steps_max(STEPS_MAX);
    let found = path.evaluate(&context, node).map_err(|_| "path: has no result here")?;
    let node = match found.items() {
        [] => return Ok(None),
        [Item::Node(node)] => node,
        [_] => return Err("path: leads to a value that is no element"),
        _ => return Err("path: leads to several elements"),
    };
    let wanted = Wanted { object: node.as_object(), leaf: node.as_leaf(), beside: node.beside() };
    if wanted.object.is_some_and(|object| std::ptr::eq(object, resource)) {
        return Ok(Some(Target(Vec::new())));
    }
    let mut steps = Vec::new();
    match in_object(resource, &wanted, &mut steps) {
        true => Ok(Some(Target(steps))),
        false => Err("path: leads to a value that is no element"),
    }
}

/// `Patient.contact[0].telecom` as the path of what holds the list, and the list's name.
pub(super) fn parent_of(path: &str) -> Option<(&str, &str)> {
    let (parent, name) = path.trim().rsplit_once('.')?;
    let plain =
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then_some((parent, name))
}

/// What R4 says of the object at the end of these steps, which must be there.
pub(super) fn shape_at(resource: &Object, steps: &[Step]) -> Option<Shape> {
    let mut shape = shape_of(resource)?;
    let mut object = Some(resource);
    let mut items: &[Value] = &[];
    let mut holds = Holds::Object(shape);
    for step in steps {
        let value = match step {
            Step::Key(key) => {
                holds = shape.element(key)?.holds;
                object?.get(key)?
            }
            Step::Item(at) => items.get(*at)?,
        };
        (object, items) = (value.as_object(), value.as_array().unwrap_or_default());
        match holds {
            Holds::Object(inner) => shape = inner,
            Holds::Resource => {
                if let Some(inner) = object {
                    shape = shape_of(inner)?;
                }
            }
            _ if matches!(step, Step::Key(_)) && items.is_empty() => return None,
            _ => {}
        }
    }
    object.map(|_| shape)
}

fn shape_of(resource: &Object) -> Option<Shape> {
    resource.str("resourceType").and_then(ResourceType::parse).map(Shape::of)
}

/// What is looked for, by where it is in memory: the evaluator borrows and copies nothing.
struct Wanted<'a> {
    object: Option<&'a Object>,
    leaf: Option<&'a Value>,
    beside: Option<&'a Object>,
}

impl Wanted<'_> {
    fn is(&self, value: &Value) -> bool {
        match value {
            Value::Object(object) => {
                let is = |wanted: Option<&Object>| wanted.is_some_and(|wanted| std::ptr::eq(wanted, object));
                is(self.object) || (self.object.is_none() && self.leaf.is_none() && is(self.beside))
            }
            leaf => self.leaf.is_some_and(|wanted| std::ptr::eq(wanted, leaf)),
        }
    }
}

fn in_object(object: &Object, wanted: &Wanted<'_>, steps: &mut Vec<Step>) -> bool {
    for (key, value) in object.iter() {
        steps.push(Step::Key(key.into()));
        if wanted.is(value) {
            // What stands only beside its value is found beside it.
            if let Some(Step::Key(last)) = steps.last_mut() {
                *last = last.strip_prefix('_').unwrap_or(last).into();
            }
            return true;
        }
        if in_value(value, wanted, steps) {
            return true;
        }
        steps.pop();
    }
    false
}

fn in_value(value: &Value, wanted: &Wanted<'_>, steps: &mut Vec<Step>) -> bool {
    match value {
        Value::Object(object) => in_object(object, wanted, steps),
        Value::Array(items) => items.iter().enumerate().any(|(at, item)| {
            steps.push(Step::Item(at));
            if wanted.is(item) {
                let list = steps.len().checked_sub(2).and_then(|above| steps.get_mut(above));
                if let Some(Step::Key(list)) = list {
                    *list = list.strip_prefix('_').unwrap_or(list).into();
                }
                return true;
            }
            let found = in_value(item, wanted, steps);
            if !found {
                steps.pop();
            }
            found
        }),
        _ => false,
    }
}
