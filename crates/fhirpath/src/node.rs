//! A place in a resource: its value, what stands beside it, and its type where a model knows it.
//!
//! Invariant: a node borrows and copies; walking a resource allocates nothing.

use anamnesis_json::{Object, Value};

use crate::{Collection, EvalError, Item, Kind, Model, TypeRef};

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
            Value::Null => Content::Absent,
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

    /// The object its elements stand in.
    fn elements(&self) -> Option<&'a Object> {
        match self.content {
            Content::Object(object) => Some(object),
            Content::Absent | Content::Leaf(_) => self.beside,
        }
    }

    /// How many values the element `name` has, without asking what they are; `None` where only a model can say.
    pub(crate) fn count(&self, name: &str) -> Option<usize> {
        let mut count = 0;
        for (key, value) in self.elements()?.iter() {
            let plain = key.strip_prefix('_').unwrap_or(key);
            match plain.strip_prefix(name) {
                None => continue,
                // With values on both sides, only pairing them tells how many there are.
                Some("") if key.len() != plain.len() => return None,
                Some("") => count = occupied(value),
                Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => return None,
                Some(_) => {}
            }
        }
        Some(count)
    }

    /// Adds the values of the element `name`; `value` finds `valueQuantity`.
    ///
    /// # Errors
    ///
    /// [`EvalError::Wrong`] when `strict` and the model knows no such element.
    pub(crate) fn child(
        &self,
        model: Option<&dyn Model>,
        name: &str,
        strict: bool,
        out: &mut Collection<'a>,
    ) -> Result<(), EvalError> {
        let known = model.zip(self.of);
        if strict && let Some((model, of)) = known {
            let plain = model.element(of, name).is_some_and(|element| !element.choice);
            if !plain && !model.has_choice(of, name) {
                return Err(EvalError::Wrong("no such element"));
            }
        }
        let Some(object) = self.elements() else { return Ok(()) };
        let (mut value, mut beside, mut full) = (None, None, name);
        for (key, found) in object.iter() {
            let plain = key.strip_prefix('_').unwrap_or(key);
            let Some(rest) = plain.strip_prefix(name) else { continue };
            if !rest.is_empty() {
                let upper = rest.starts_with(|c: char| c.is_ascii_uppercase());
                if !upper || chosen(known, plain, name).is_none() {
                    continue;
                }
                full = plain;
            }
            match key.len() == plain.len() {
                true => value = Some(found),
                false => beside = Some(found),
            }
        }
        if value.is_none() && beside.is_none() {
            return Ok(());
        }
        let (of, kind) = match (known, full.len() == name.len()) {
            (Some((model, of)), plain) => match model.element(of, full) {
                // FHIRPath knows a choice by its short name alone.
                Some(element) if element.choice && plain => return Ok(()),
                Some(element) => (Some(element.of), element.kind),
                None => (None, Kind::Unknown),
            },
            (None, _) => by_name(model, full.strip_prefix(name).unwrap_or_default()),
        };
        pair(model, value, beside, of, kind, out);
        Ok(())
    }

    /// Adds everything directly below.
    pub(crate) fn children(&self, model: Option<&dyn Model>, out: &mut Collection<'a>) {
        let Some(object) = self.elements() else { return };
        for (key, found) in object.iter() {
            let (name, value, beside) = match key.strip_prefix('_') {
                None if key == "resourceType" => continue,
                None => (key, Some(found), beside_of(object, key)),
                Some(plain) if object.contains_key(plain) => continue,
                Some(plain) => (plain, None, Some(found)),
            };
            let element = model.zip(self.of).and_then(|(m, of)| m.element(of, name));
            let (of, kind) = element.map_or((None, Kind::Unknown), |e| (Some(e.of), e.kind));
            pair(model, value, beside, of, kind, out);
        }
    }

    /// How many nodes stand directly below.
    pub(crate) fn children_count(&self) -> usize {
        let Some(object) = self.elements() else { return 0 };
        if !object.keys().any(|key| key.starts_with('_')) {
            let typed = usize::from(object.contains_key("resourceType"));
            return object.iter().map(|(_, found)| occupied(found)).sum::<usize>() - typed;
        }
        let mut count = 0;
        for (key, found) in object.iter() {
            count += match key.strip_prefix('_') {
                None if key == "resourceType" => 0,
                None => match (found, beside_of(object, key)) {
                    (Value::Array(items), Some(Value::Array(others))) => items.len().max(others.len()),
                    (found, _) => occupied(found),
                },
                Some(plain) if object.contains_key(plain) => 0,
                Some(_) => occupied(found),
            };
        }
        count
    }
}

/// Shows the kind and never the content: a value may be a patient's.
impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "node of kind {:?}", self.kind)
    }
}

/// What stands beside `key`.
fn beside_of<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    object.iter().find(|(k, _)| k.strip_prefix('_') == Some(key)).map(|(_, value)| value)
}

/// How many values a JSON value holds.
fn occupied(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Array(items) => items.len(),
        _ => 1,
    }
}

/// The type suffix of `key` if it is a choice called `name`.
fn chosen<'k>(known: Option<(&dyn Model, TypeRef)>, key: &'k str, name: &str) -> Option<&'k str> {
    let rest = key.strip_prefix(name).filter(|rest| !rest.is_empty())?;
    let Some((model, of)) = known else {
        return is_type_suffix(rest).then_some(rest);
    };
    let element = model.element(of, key).filter(|element| element.choice)?;
    // `valueSet` is no choice called `value`: what follows the name must be the name of its type.
    let (a, b) = (model.name(element.of).as_bytes(), rest.as_bytes());
    let same = a.len() == b.len()
        && a.split_first()
            .zip(b.split_first())
            .is_some_and(|((a0, a), (b0, b))| a0.to_ascii_uppercase() == *b0 && a == b);
    same.then_some(rest)
}

/// Without a model: whether what follows a name is the name of a datatype a choice may have.
fn is_type_suffix(rest: &str) -> bool {
    SUFFIXES.contains(&rest)
}

/// The datatypes of open choices, <https://hl7.org/fhir/R4/datatypes.html#open>, and the few others choices have.
const SUFFIXES: &[&str] = &[
    "Address",
    "Age",
    "Annotation",
    "Attachment",
    "Base64Binary",
    "Boolean",
    "Canonical",
    "Code",
    "CodeableConcept",
    "Coding",
    "ContactDetail",
    "ContactPoint",
    "Contributor",
    "Count",
    "DataRequirement",
    "Date",
    "DateTime",
    "Decimal",
    "Distance",
    "Dosage",
    "Duration",
    "Expression",
    "HumanName",
    "Id",
    "Identifier",
    "Instant",
    "Integer",
    "Markdown",
    "Meta",
    "Money",
    "Oid",
    "ParameterDefinition",
    "Period",
    "PositiveInt",
    "Quantity",
    "Range",
    "Ratio",
    "Reference",
    "RelatedArtifact",
    "SampledData",
    "Signature",
    "String",
    "Time",
    "Timing",
    "TriggerDefinition",
    "UnsignedInt",
    "Uri",
    "Url",
    "UsageContext",
    "Uuid",
];

/// Without a parent's type: what the suffix of a choice says, `Quantity` of `valueQuantity`.
fn by_name(model: Option<&dyn Model>, suffix: &str) -> (Option<TypeRef>, Kind) {
    let primitive = || {
        let mut name = suffix.to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        name
    };
    match Kind::of(suffix) {
        _ if suffix.is_empty() => (None, Kind::Unknown),
        Kind::Quantity => (model.and_then(|m| m.type_named(suffix)), Kind::Quantity),
        _ => {
            let name = primitive();
            match Kind::of(&name) {
                Kind::Text => (model.and_then(|m| m.type_named(suffix)), Kind::Unknown),
                kind => (model.and_then(|m| m.type_named(&name)), kind),
            }
        }
    }
}

/// Adds values with what stands beside each.
fn pair<'a>(
    model: Option<&dyn Model>,
    value: Option<&'a Value>,
    beside: Option<&'a Value>,
    of: Option<TypeRef>,
    kind: Kind,
    out: &mut Collection<'a>,
) {
    let mut add = |value: &'a Value, beside: Option<&'a Object>| {
        if matches!(value, Value::Null) && beside.is_none() {
            return;
        }
        let mut node = Node::element(value, beside, of, kind);
        if let Content::Object(object) = node.content
            && matches!(kind, Kind::Resource | Kind::Unknown)
            && object.contains_key("resourceType")
        {
            node = Node::resource(object, model);
        }
        out.push(Item::Node(node));
    };
    const ABSENT: &Value = &Value::Null;
    match (value, beside) {
        (Some(Value::Array(items)), None) => items.iter().for_each(|item| add(item, None)),
        (Some(one), None) => add(one, None),
        (value, Some(beside)) => {
            let values = value.map(Value::each).unwrap_or_default();
            let besides = beside.each();
            let count = values.len().max(besides.len());
            let (mut values, mut besides) = (values, besides);
            for _ in 0..count {
                let beside = besides.next().and_then(Value::as_object);
                add(values.next().unwrap_or(ABSENT), beside);
            }
        }
        (None, None) => {}
    }
}
