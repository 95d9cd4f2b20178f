//! What type an item has.
//!
//! <https://hl7.org/fhirpath/N1/#types>

use anamnesis_json::Value;

use super::{Eval, Result};
use crate::expr::{Namespace, TypeSpecifier};
use crate::item::Atom;
use crate::{Collection, Item, Kind, Node, TemporalKind, TypeName};

impl<'a> Eval<'_, 'a> {
    /// `is`: nothing of nothing, and an error of several.
    pub(super) fn is(&self, items: &Collection<'a>, of: &TypeSpecifier) -> Result<Option<bool>> {
        Ok(items.single()?.map(|item| self.is_of(item, of)))
    }

    /// `as` and `ofType`: those of the type. R4's own invariants use `as` on many.
    pub(super) fn as_type(&self, items: Collection<'a>, of: &TypeSpecifier) -> Collection<'a> {
        items.into_iter().filter(|item| self.is_of(item, of)).collect()
    }

    fn is_of(&self, item: &Item<'a>, of: &TypeSpecifier) -> bool {
        match (item, of.namespace) {
            (_, Namespace::Unknown) => false,
            (Item::Node(_), Namespace::Fhir | Namespace::Either) => self.is_of_type_named(item, &of.name),
            (Item::Node(_), Namespace::System) | (_, Namespace::Fhir) => false,
            (computed, _) => computed.system_type() == Some(&*of.name) || &*of.name == "Any",
        }
    }

    /// Whether an item is a node of a FHIR type or one that specialises it.
    pub(super) fn is_of_type_named(&self, item: &Item<'a>, name: &str) -> bool {
        let Item::Node(node) = item else { return false };
        match self.context.model.zip(node.type_ref()) {
            Some((model, of)) => model.is(of, name),
            None => node.is_maybe(name),
        }
    }

    /// What `type()` says of an item.
    pub(super) fn type_of(&self, item: &Item<'a>) -> TypeName<'a> {
        let Item::Node(node) = item else {
            return TypeName { namespace: "System", name: item.system_type().unwrap_or("Any") };
        };
        let known = self.context.model.zip(node.type_ref()).map(|(model, of)| model.name(of));
        let told = || node.as_object().and_then(|object| object.str("resourceType"));
        TypeName { namespace: "FHIR", name: known.or_else(told).unwrap_or("Element") }
    }
}

impl Item<'_> {
    /// The name of the type of a computed value.
    pub(super) fn system_type(&self) -> Option<&'static str> {
        Some(match self {
            Self::Boolean(_) => "Boolean",
            Self::Integer(_) => "Integer",
            Self::Decimal(_) => "Decimal",
            Self::String(_) => "String",
            Self::Quantity(_) => "Quantity",
            Self::Temporal(temporal) => match temporal.kind() {
                TemporalKind::Date => "Date",
                TemporalKind::DateTime => "DateTime",
                TemporalKind::Time => "Time",
            },
            Self::Node(_) | Self::Type(_) => return None,
        })
    }
}

impl Node<'_> {
    /// Without a model: whether the JSON could be of this type.
    fn is_maybe(&self, name: &str) -> bool {
        if let Some(object) = self.as_object() {
            return match object.str("resourceType") {
                Some(told) => told == name || matches!(name, "Resource" | "DomainResource"),
                None => match Kind::of(name) {
                    Kind::Quantity => matches!(self.atom(), Ok(Atom::Quantity(_))),
                    Kind::Object => object_looks_like(object, name),
                    _ => false,
                },
            };
        }
        let kind = Kind::of(name);
        match self.as_leaf() {
            Some(Value::Bool(_)) => kind == Kind::Boolean,
            Some(Value::Number(text)) => match kind {
                Kind::Integer => text.parse::<i64>().is_ok(),
                Kind::Decimal => true,
                _ => false,
            },
            Some(Value::String(text)) => match kind {
                Kind::Date => crate::Temporal::date(text).is_some(),
                Kind::DateTime => crate::Temporal::date_time(text).is_some(),
                Kind::Time => crate::Temporal::time(text).is_some(),
                kind => kind == Kind::Text,
            },
            _ => false,
        }
    }
}

/// Without a model: the few datatypes that expressions ask for, by an element only they have.
fn object_looks_like(object: &anamnesis_json::Object, name: &str) -> bool {
    let has = |key| object.contains_key(key);
    match name {
        "Reference" => has("reference"),
        "CodeableConcept" => has("coding"),
        "Coding" => has("code") && !has("value"),
        "Period" => has("start") || has("end"),
        "Range" => has("low") || has("high"),
        "Timing" => has("repeat") || has("event"),
        "Identifier" => has("value") && has("system") && !has("code"),
        _ => false,
    }
}
