//! The walk through a resource: each element known, of its type, as often as it may be.

use anamnesis_fhirpath::{Context, Kind, Model, Node};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::{Check, Extent, Scope};
use crate::model::{R4, type_of};
use crate::outcome::IssueCode;
use crate::path::Path;
use crate::primitive::{Fault, Primitive, STRING_BYTES_MAX};
use crate::shape::{Element, Holds, Shape};

impl Check {
    /// A whole resource: the one that was sent, one of a bundle's, or one contained in `within`.
    pub(super) fn resource<'a>(
        &mut self,
        kind: ResourceType,
        object: &'a Object,
        path: &Path<'_>,
        within: Option<Scope<'a>>,
    ) {
        let shape = Shape::of(kind);
        let node = Node::object(object, Some(type_of(Holds::Object(shape))), Kind::Object);
        let context = Context::typed(&R4).resource(node);
        match within {
            Some(Scope { root, root_shape, root_node, .. }) => {
                let context = context.root_resource(root_node);
                let scope = Scope { root, root_shape, root_node, context: &context };
                self.object(shape, object, path, scope);
                self.contained(object, path, scope);
            }
            None => {
                let scope = Scope { root: object, root_shape: shape, root_node: node, context: &context };
                self.object(shape, object, path, scope);
            }
        }
    }

    /// Any object of a known shape.
    pub(super) fn object<'a>(&mut self, shape: Shape, object: &'a Object, path: &Path<'_>, scope: Scope<'a>) {
        let mut filled = 0;
        let known = self.extent == Extent::Together && matches!(path, Path::Root(_));
        for (name, value) in object.iter() {
            if let Some(element) = shape.element(name) {
                let path = Path::Element(path, name);
                self.fill(&mut filled, element, &path);
                if known {
                    continue;
                }
                self.element(element, value, beside_of(object, name, value), &path, scope);
            } else if let Some((element, bare)) = primitive_beside(shape, name) {
                let path = Path::Element(path, bare);
                let primitive = object.get(bare);
                if primitive.is_none() {
                    self.fill(&mut filled, element, &path);
                }
                if known {
                    continue;
                }
                self.beside(element, value, primitive, &path, scope);
            } else if !(known || name == "resourceType" && shape.is_resource()) {
                self.unknown(shape, value, &Path::Element(path, name));
            }
        }
        if self.extent != Extent::Part || !matches!(path, Path::Root(_)) {
            self.missing(shape, filled, path);
            let of = Holds::Object(shape);
            self.invariants(shape.rules(), scope, path, || {
                Node::object(object, Some(type_of(of)), R4.kind(type_of(of)))
            });
        }
    }

    /// Counts an element, and refuses a second type of the same choice.
    fn fill(&mut self, filled: &mut u32, element: Element, path: &Path<'_>) {
        if element.choice && *filled & element.slot != 0 {
            self.grave(path, IssueCode::Structure, "is a second type of a choice; only one may be there");
        }
        *filled |= element.slot;
    }

    fn missing(&mut self, shape: Shape, filled: u32, path: &Path<'_>) {
        let missing = shape.required() & !filled;
        if missing == 0 {
            return;
        }
        let mut told = 0;
        for (name, element) in shape.elements().filter(|(_, element)| missing & element.slot != 0) {
            if told & element.slot != 0 {
                continue;
            }
            told |= element.slot;
            let name = if element.choice { stem(name, element.holds) } else { name };
            let what = if element.choice { "must be there, as one of its types" } else { "must be there" };
            self.bearable(&Path::Element(path, name), IssueCode::Required, what);
        }
    }

    fn unknown(&mut self, shape: Shape, value: &Value, path: &Path<'_>) {
        if *value == Value::Null {
            // In a delta a null removes, so a resource that holds one could not be folded again.
            self.grave(path, IssueCode::Structure, "must not be null");
        } else {
            let what = format!("is no element of {} in FHIR R4", shape.path());
            self.bearable(path, IssueCode::Structure, what);
        }
    }

    fn element<'a>(
        &mut self,
        element: Element,
        value: &'a Value,
        beside: Option<&Value>,
        path: &Path<'_>,
        scope: Scope<'a>,
    ) {
        match (element.list, value) {
            (false, value) => self.one(element, value, path, scope),
            (true, Value::Array(items)) if items.is_empty() => {
                self.bearable(path, IssueCode::Structure, "must not be empty");
            }
            (true, Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    let path = Path::Item(path, at);
                    // The null of a primitive stands where its extension does in the array beside it.
                    if element.holds.is_primitive() && *item == Value::Null {
                        let extended = beside.and_then(Value::as_array).and_then(|beside| beside.get(at));
                        if !extended.is_some_and(|extended| *extended != Value::Null) {
                            self.bearable(
                                &path,
                                IssueCode::Structure,
                                "is null, and no extension stands in its place",
                            );
                        }
                    } else {
                        self.one(element, item, &path, scope);
                    }
                }
            }
            (true, other) => self.must_be(path, "an array", other),
        }
    }

    fn one<'a>(&mut self, element: Element, value: &'a Value, path: &Path<'_>, scope: Scope<'a>) {
        let of = element.holds;
        self.invariants(element.rules, scope, path, || {
            Node::element(value, None, Some(type_of(of)), R4.kind(type_of(of)))
        });
        match (element.holds, value) {
            (Holds::Primitive(primitive), value) => self.primitive(primitive, element, value, path),
            (Holds::Object(shape), Value::Object(object)) => {
                if nothing_in(object) {
                    return self.bearable(path, IssueCode::Structure, "must have a value or children");
                }
                self.object(shape, object, path, scope);
                match shape {
                    Shape::REFERENCE => self.reference(element.more, object, path, scope),
                    Shape::CODEABLE_CONCEPT => self.concept(element.more, object, path),
                    Shape::CODING => self.coding(element.more, object, path),
                    Shape::EXTENSION => self.extension(object, path),
                    Shape::BUNDLE_ENTRY => self.entry(object, path),
                    _ => {}
                }
            }
            (Holds::Resource, Value::Object(object)) => {
                let Some(kind) = object.str("resourceType").and_then(ResourceType::parse) else {
                    return self.grave(path, IssueCode::Invalid, "resourceType must be a type of FHIR R4");
                };
                let contained = path.is_item_of("contained");
                self.resource(kind, object, path, contained.then_some(scope));
            }
            (holds, other) => self.must_be(path, holds.name(), other),
        }
    }

    fn primitive(&mut self, primitive: Primitive, element: Element, value: &Value, path: &Path<'_>) {
        match primitive.judge(value) {
            Ok(()) => {
                if let (Primitive::Code, Some(code)) = (primitive, value.as_str()) {
                    self.code(element.more, code, path);
                }
            }
            Err(Fault::Kind) => self.must_be(path, primitive.json_name(), value),
            Err(Fault::Form(form)) => self.bearable(path, IssueCode::Value, form),
            Err(Fault::TooLong) => {
                let what = format!("must be at most {STRING_BYTES_MAX} bytes long");
                self.grave(path, IssueCode::TooLong, what);
            }
        }
    }

    pub(super) fn must_be(&mut self, path: &Path<'_>, expected: &str, found: &Value) {
        self.grave(path, IssueCode::Structure, format!("must be {expected}, is {}", found.kind()));
    }

    /// An extension says one thing: <https://hl7.org/fhir/R4/extensibility.html#Extension>.
    fn extension(&mut self, object: &Object, path: &Path<'_>) {
        let valued = object.keys().any(|name| name.starts_with("value") || name.starts_with("_value"));
        if valued == object.contains_key("extension") {
            let what = "ext-1: must have a value or extensions, and not both";
            self.bearable(path, IssueCode::Invariant, what);
        }
        if object.str("url").is_some_and(|url| url.contains('|')) {
            let path = &Path::Element(path, "url");
            self.bearable(path, IssueCode::Extension, "must not name a version");
        }
    }

    /// What an entry of any bundle must be: <https://hl7.org/fhir/R4/bundle.html#bundle-unique>.
    fn entry(&mut self, object: &Object, path: &Path<'_>) {
        if object.str("fullUrl").is_some_and(|url| !crate::reference::is_absolute(url)) {
            let path = &Path::Element(path, "fullUrl");
            self.bearable(path, IssueCode::Value, "must be an absolute address");
        }
    }
}

/// The array beside an array of primitives that has a null in it; few have.
fn beside_of<'a>(object: &'a Object, name: &str, value: &Value) -> Option<&'a Value> {
    let items = value.as_array()?;
    if items.contains(&Value::Null) { object.get(&format!("_{name}")) } else { None }
}

/// Whether an element says nothing: FHIR's ele-1.
pub(super) fn nothing_in(object: &Object) -> bool {
    object.keys().all(|name| name == "id")
}

/// The name of a choice without its type: `value` of `valueQuantity`.
fn stem(name: &str, holds: Holds) -> &str {
    let kind = match holds {
        Holds::Primitive(primitive) => primitive.name(),
        Holds::Object(shape) => shape.path(),
        Holds::Resource => "",
    };
    name.get(..name.len().saturating_sub(kind.len())).unwrap_or(name)
}

/// The primitive that `_name` stands beside, and its name.
fn primitive_beside(shape: Shape, name: &str) -> Option<(Element, &str)> {
    let bare = name.strip_prefix('_')?;
    let element = shape.element(bare).filter(|element| element.holds.is_primitive())?;
    Some((element, bare))
}
