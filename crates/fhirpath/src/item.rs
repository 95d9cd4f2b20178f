//! One item of a collection: a place in a resource, or a computed value.

use std::borrow::Cow;

use anamnesis_json::Value;
use rust_decimal::Decimal;

use crate::node::Content;
use crate::{Kind, Node, Quantity, Temporal};

/// One item of a collection.
#[derive(Clone)]
pub enum Item<'a> {
    /// A place in a resource.
    Node(Node<'a>),
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A decimal, with its places: `1.50` is not written `1.5`.
    Decimal(Decimal),
    /// A string.
    String(Cow<'a, str>),
    /// A date, dateTime or time.
    Temporal(Temporal),
    /// A quantity.
    Quantity(Box<Quantity<'a>>),
    /// What `type()` answers.
    Type(TypeName<'a>),
}

/// What `type()` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeName<'a> {
    /// `FHIR` or `System`.
    pub namespace: &'static str,
    /// The name: `Patient`, `code`, `Integer`.
    pub name: &'a str,
}

/// An item read as a value; what is no value is an object.
#[derive(Clone)]
pub(crate) enum Atom<'b> {
    /// A primitive that has only an id or extensions.
    Absent,
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    Text(&'b str),
    Temporal(Temporal),
    Quantity(Quantity<'b>),
    Type(TypeName<'b>),
    Object(Node<'b>),
    /// A number too large or too small to compute with, or a quantity of one.
    Beyond(Node<'b>),
}

impl<'a> Item<'a> {
    /// The item as a value.
    pub(crate) fn atom(&self) -> Atom<'_> {
        match self {
            Self::Node(node) => node.atom(),
            Self::Boolean(flag) => Atom::Boolean(*flag),
            Self::Integer(number) => Atom::Integer(*number),
            Self::Decimal(number) => Atom::Decimal(*number),
            Self::String(text) => Atom::Text(text),
            Self::Temporal(temporal) => Atom::Temporal(*temporal),
            Self::Quantity(quantity) => Atom::Quantity(quantity.borrowed()),
            Self::Type(name) => Atom::Type(*name),
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(flag) => Some(*flag),
            Self::Node(node) => node.as_leaf().and_then(Value::as_bool),
            _ => None,
        }
    }

    /// The text of a string or of anything written as a JSON string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Node(node) => node.as_leaf().and_then(Value::as_str),
            _ => None,
        }
    }

    /// The place in the resource, if it is one.
    pub fn as_node(&self) -> Option<&Node<'a>> {
        match self {
            Self::Node(node) => Some(node),
            _ => None,
        }
    }
}

impl<'a> Node<'a> {
    /// The value read by its kind; what the kind cannot read is text.
    pub(crate) fn atom(&self) -> Atom<'a> {
        let leaf = match self.content {
            Content::Absent => return Atom::Absent,
            Content::Leaf(leaf) => leaf,
            Content::Object(object) => {
                return match self.kind {
                    Kind::Quantity | Kind::Unknown => Quantity::of_object(object, self.kind)
                        .map_or(Atom::Object(*self), |known| {
                            known.map_or(Atom::Beyond(*self), Atom::Quantity)
                        }),
                    _ => Atom::Object(*self),
                };
            }
        };
        match leaf {
            Value::Bool(flag) => Atom::Boolean(*flag),
            Value::Number(text) => number(text, self.kind).unwrap_or(Atom::Beyond(*self)),
            Value::String(text) => {
                let temporal = match self.kind {
                    Kind::Date => Temporal::date(text),
                    Kind::DateTime => Temporal::date_time(text),
                    Kind::Time => Temporal::time(text),
                    _ => None,
                };
                temporal.map_or(Atom::Text(text), Atom::Temporal)
            }
            Value::Null | Value::Array(_) | Value::Object(_) => Atom::Absent,
        }
    }
}

/// A JSON number as an integer where it is one, else as a decimal.
fn number<'b>(text: &str, kind: Kind) -> Option<Atom<'b>> {
    if kind != Kind::Decimal
        && let Ok(whole) = text.parse()
    {
        return Some(Atom::Integer(whole));
    }
    decimal(text).map(Atom::Decimal)
}

/// A decimal as JSON writes it; digits beyond the 28th are rounded.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { text.parse().ok() }
}

/// Shows the kind and never the content: a value may be a patient's.
impl std::fmt::Debug for Item<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Node(node) => node.fmt(f),
            Self::Boolean(_) => f.write_str("a boolean"),
            Self::Integer(_) => f.write_str("an integer"),
            Self::Decimal(_) => f.write_str("a decimal"),
            Self::String(_) => f.write_str("a string"),
            Self::Temporal(temporal) => temporal.fmt(f),
            Self::Quantity(_) => f.write_str("a quantity"),
            Self::Type(name) => name.fmt(f),
        }
    }
}

impl<'a> From<Node<'a>> for Item<'a> {
    fn from(node: Node<'a>) -> Self {
        Self::Node(node)
    }
}

impl From<bool> for Item<'_> {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

impl From<i64> for Item<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<usize> for Item<'_> {
    fn from(count: usize) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<Decimal> for Item<'_> {
    fn from(number: Decimal) -> Self {
        Self::Decimal(number)
    }
}

impl From<String> for Item<'_> {
    fn from(text: String) -> Self {
        Self::String(Cow::Owned(text))
    }
}

impl<'a> From<&'a str> for Item<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}

impl From<Temporal> for Item<'_> {
    fn from(temporal: Temporal) -> Self {
        Self::Temporal(temporal)
    }
}

impl<'a> From<Quantity<'a>> for Item<'a> {
    fn from(quantity: Quantity<'a>) -> Self {
        Self::Quantity(Box::new(quantity))
    }
}
