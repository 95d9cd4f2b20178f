//! A place in a resource: its value, what stands beside it, and its type where a model knows it.
//!
//! Invariant: a node borrows and copies; walking a resource allocates nothing.

use anamnesis_json::{Object, Value};

use crate::{Kind, Model, TypeRef};

mod below;
mod choice;

/// A place in a resource.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub(crate) content: Content<'a>,
    /// The object beside a primitive, `_birthDate`.
    pub(crate) beside: Option<&'a Object>,
    pub(crate) of: Option<TypeRef>,
    pub(crate) kind: Kind,
}

/// What stands at a place.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    /// Only an object beside it.
    Absent,
    Object(&'a Object),
    /// Anything but an object or `null`.
    Leaf(&'a Value),
}

impl<'a> Node<'a> {
    /// A whole resource, whose `resourceType` says what it is.
    pub fn resource(object: &'a Object, model: Option<&dyn Model>) -> Self {
        let of = model.and_then(|m| m.type_named(object.str("resourceType")?));
        Self { content: Content::Object(object), beside: None, of, kind: Kind::Object }
    }

    /// One value of an element: an element of its array, with what stands beside it, `_birthDate`.
    pub fn element(value: &'a Value, beside: Option<&'a Object>, of: Option<TypeRef>, kind: Kind) -> Self {
        let content = match value {
            // A list in a list is no FHIR; whoever checks structure says so.
            Value::Null | Value::Array(_) => Content::Absent,
            Value::Object(object) => Content::Object(object),
            leaf => Content::Leaf(leaf),
        };
        Self { content, beside, of, kind }
    }

    /// An object of a known type.
    pub fn object(object: &'a Object, of: Option<TypeRef>, kind: Kind) -> Self {
        Self { content: Content::Object(object), beside: None, of, kind }
    }

    /// Its type, where a model knew it.
    pub fn type_ref(&self) -> Option<TypeRef> {
        self.of
    }

    /// How it is read.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its object, if it is one.
    pub fn as_object(&self) -> Option<&'a Object> {
        match self.content {
            Content::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Its value if it is a primitive that has one.
    pub fn as_leaf(&self) -> Option<&'a Value> {
        match self.content {
            Content::Leaf(value) => Some(value),
            _ => None,
        }
    }

    /// The object beside a primitive, `_birthDate`.
    pub fn beside(&self) -> Option<&'a Object> {
        self.beside
    }

    /// Whether both are the very same place.
    pub(crate) fn is_same_place(&self, other: &Node<'_>) -> bool {
        match (self.content, other.content) {
            (Content::Object(a), Content::Object(b)) => std::ptr::eq(a, b),
            (Content::Leaf(a), Content::Leaf(b)) => std::ptr::eq(a, b),
            _ => false,
        }
    }
}

/// Shows the kind and never the content: a value may be a patient's.
impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "node of kind {:?}", self.kind)
    }
}
