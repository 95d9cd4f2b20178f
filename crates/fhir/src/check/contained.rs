//! Contained resources: with an id, referred to, and without a life of their own.
//!
//! <https://hl7.org/fhir/R4/references.html#contained>, R4's dom-2 to dom-5.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::{Check, Scope};
use crate::outcome::IssueCode;
use crate::path::Path;
use crate::primitive::Primitive;
use crate::shape::{Holds, Shape};

impl Check {
    /// A resource that is contained in the root of its scope.
    pub(super) fn contained(&mut self, object: &Object, path: &Path<'_>, scope: Scope<'_>) {
        if object.contains_key("contained") {
            let path = &Path::Element(path, "contained");
            self.bearable(path, IssueCode::Invariant, "dom-2: a contained resource must not contain others");
        }
        if let Some(meta) = object.get("meta") {
            for (name, key) in [("versionId", "dom-4"), ("lastUpdated", "dom-4"), ("security", "dom-5")] {
                if meta.get(name).is_some() {
                    let (above, what) =
                        (Path::Element(path, "meta"), "must not be there: the resource is contained");
                    self.bearable(
                        &Path::Element(&above, name),
                        IssueCode::Invariant,
                        format!("{key}: {what}"),
                    );
                }
            }
        }
        let Some(id) = object.str("id") else {
            let path = &Path::Element(path, "id");
            return self.bearable(path, IssueCode::Required, "must be there, to refer to it");
        };
        let named = |_: Primitive, text: &str| text.strip_prefix('#').is_some_and(|named| named == id);
        let refers =
            |of: Primitive, text: &str| text == "#" && !matches!(of, Primitive::Uri | Primitive::Url);
        let referred = any_link(scope.root_shape, scope.root, &named);
        let refers = shape_of(object).is_some_and(|shape| any_link(shape, object, &refers));
        if !referred && !refers {
            self.bearable(path, IssueCode::Invariant, "dom-3: nothing in the resource refers to it");
        }
    }
}

/// Whether some reference or address below is as asked.
fn any_link(shape: Shape, object: &Object, is: &dyn Fn(Primitive, &str) -> bool) -> bool {
    object.iter().any(|(name, value)| {
        let below = |shape: Shape| {
            value.each().filter_map(Value::as_object).any(|object| any_link(shape, object, is))
        };
        match shape.element(name).map(|element| element.holds) {
            Some(Holds::Primitive(primitive)) => {
                let link = primitive.is_address() || (shape == Shape::REFERENCE && name == "reference");
                link && value.each().filter_map(Value::as_str).any(|text| is(primitive, text))
            }
            Some(Holds::Object(shape)) => below(shape),
            Some(Holds::Resource) => value
                .each()
                .filter_map(Value::as_object)
                .any(|object| shape_of(object).is_some_and(|shape| any_link(shape, object, is))),
            None => name.starts_with('_') && below(Shape::BESIDE_PRIMITIVE),
        }
    })
}

fn shape_of(object: &Object) -> Option<Shape> {
    object.str("resourceType").and_then(ResourceType::parse).map(Shape::of)
}
