//! What type an item has.
//!
//! <https://hl7.org/fhirpath/N1/#types>

use anamnesis_json::Value;

use super::{Eval, Result, Scope};
use crate::expr::{Call, Namespace, TypeSpecifier};
use crate::item::Atom;
use crate::{Collection, EvalError, Item, Kind, Node, TemporalKind, TypeName};

const SYSTEM_TYPES: &[&str] =
    &["Any", "Boolean", "Date", "DateTime", "Decimal", "Integer", "Quantity", "String", "Time"];

impl<'a> Eval<'_, 'a> {
    /// `is`: nothing of nothing, and an error of several.
    pub(super) fn is(&self, items: &Collection<'a>, of: &TypeSpecifier) -> Result<Option<bool>> {
        let Some(item) = items.single()? else { return Ok(None) };
        let is = self.is_of(item, of);
        if !is {
            self.expect_type(of)?;
        }
        Ok(Some(is))
    }

    /// `as` and `ofType`: those of the type. R4's own invariants use `as` on many.
    pub(super) fn as_type(&self, items: Collection<'a>, of: &TypeSpecifier) -> Result<Collection<'a>> {
        if items.is_empty() {
            return Ok(items);
        }
        self.charge(items.len())?;
        let kept: Collection<'a> = items.into_iter().filter(|item| self.is_of(item, of)).collect();
        if kept.is_empty() {
            self.expect_type(of)?;
        }
        Ok(kept)
    }

    /// What is not of a type may be so because nothing is: a misspelt one is an error, where a model can tell.
    fn expect_type(&self, of: &TypeSpecifier) -> Result<()> {
        let system = matches!(of.namespace, Namespace::Either | Namespace::System);
        let known = match of.namespace {
            _ if system && SYSTEM_TYPES.contains(&&*of.name) => true,
            Namespace::Unknown | Namespace::System => false,
            Namespace::Either | Namespace::Fhir => {
                self.context.model.is_none_or(|model| model.type_named(&of.name).is_some())
            }
        };
        if known { Ok(()) } else { Err(EvalError::Wrong("no such type")) }
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

    /// Strictly, what was cast to a type is asked for elements of that type alone, even where there is nothing.
    pub(super) fn expect_element(&self, of: &TypeSpecifier, name: &str) -> Result<()> {
        let Some(model) = self.context.model else { return Ok(()) };
        let Some(of) = model.type_named(&of.name) else { return Ok(()) };
        match model.element(of, name).is_some_and(|element| !element.choice) || model.has_choice(of, name) {
            true => Ok(()),
            false => Err(EvalError::Wrong("no such element")),
        }
    }

    /// Whether an item conforms to one of FHIR's own types; profiles are not known here.
    pub(super) fn conforms_to(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        const UNSUPPORTED: EvalError = EvalError::Unsupported("conformsTo() with a profile");
        let base = self.eval(&call.base, scope)?;
        let argument = self.argument(call, 0, scope)?;
        let Some((item, url)) = base.single()?.zip(self.string(&argument)?) else {
            return Ok(Collection::EMPTY);
        };
        let name = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/").ok_or(UNSUPPORTED)?;
        self.context.model.and_then(|model| model.type_named(name)).ok_or(UNSUPPORTED)?;
        Ok(Collection::one(self.is_of_type_named(item, name)))
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
                    Kind::Quantity => matches!(self.atom(), Atom::Quantity(_)),
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
