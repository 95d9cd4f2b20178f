//! The entries of registered parameters: what FHIRPath finds, by its datatype, as the official ones take it.
//!
//! Invariant: an expression that has no result for a record gives it no entry, whatever stopped it.

use std::sync::LazyLock;

use anamnesis_fhirpath::{Context, Expression, Item, Kind, Model, Node, Resolver};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Entry, Key, Param};

use super::extract;
use crate::model::R4;
use crate::param::{Extract, ParamKind, Registered, of_type};
use crate::reference;

/// How many steps one expression may take on one record.
const STEPS_MAX: u32 = 20_000;

/// Adds the entries that a record has under one registered parameter.
pub(super) fn entries(one: &Registered, kind: ResourceType, elements: &Object, add: &mut dyn FnMut(Entry)) {
    let record = Node::object(elements, R4.type_named(kind.name()), Kind::Object);
    let context = Context::typed(&R4).resource(record).resolver(&Types).steps_max(STEPS_MAX);
    let mut each = |expression: &Expression, node, kind, param, group| {
        let Ok(found) = expression.evaluate(&context, node) else { return };
        for item in found.iter() {
            keys(kind, item, param, &mut |param, key| add(Entry { param, key, group }));
        }
    };
    if one.kind() != ParamKind::Composite {
        return each(one.expression(), record, one.kind(), one.number(kind), 0);
    }
    let Ok(together) = one.expression().evaluate(&context, record) else { return };
    for (group, node) in (1..=u16::MAX).zip(together.iter().filter_map(Item::as_node)) {
        for (n, part) in one.components().iter().enumerate() {
            each(&part.expression, *node, part.kind, one.component_number(kind, n), group);
        }
    }
}

/// Calls `give` with each value that a parameter finds in a record, and the name of its type.
pub(super) fn values(
    one: &Registered,
    kind: ResourceType,
    elements: &Object,
    give: &mut dyn FnMut(&Value, &str),
) {
    let record = Node::object(elements, R4.type_named(kind.name()), Kind::Object);
    let context = Context::typed(&R4).resource(record).resolver(&Types).steps_max(STEPS_MAX);
    let Ok(found) = one.expression().evaluate(&context, record) else { return };
    found.iter().filter_map(read).for_each(|(value, datatype)| give(&value, datatype));
}

/// The keys of what an expression found.
fn keys(kind: ParamKind, item: &Item<'_>, param: Param, give: &mut dyn FnMut(Param, Key)) {
    let Some((value, datatype)) = read(item) else { return };
    if let (ParamKind::Reference, Some(of), Some(id)) =
        (kind, ResourceType::parse(datatype), value.get("id").and_then(Value::as_str))
    {
        // A whole resource: what is in a bundle is known by its type and id.
        return give(param, Key::Reference { kind: of.number(), id: crate::key::exact(id) });
    }
    let parts: &[&str] = match (kind, datatype) {
        (ParamKind::String, "HumanName") => &["family", "given", "prefix", "suffix", "text"],
        (ParamKind::String, "Address") => {
            &["city", "country", "district", "line", "postalCode", "state", "text"]
        }
        _ => &[],
    };
    for part in parts {
        extract::visit_value(&value, &[part], &mut |one| {
            extract::keys(Extract::Text, one, &mut |key| give(param, key));
        });
    }
    if let Some(extract) = extract_of(kind, datatype) {
        extract::keys(extract, &value, &mut |key| give(param, key));
        if extract == Extract::Identifier {
            extract::keys(Extract::OfType, &value, &mut |key| give(of_type(param), key));
        }
    }
}

/// An item as JSON, with the name of its type.
fn read<'i>(item: &'i Item<'_>) -> Option<(Value, &'i str)> {
    Some(match item {
        Item::Node(node) => {
            let value = match (node.as_object(), node.as_leaf()) {
                (Some(object), _) => Value::Object(object.clone()),
                (None, leaf) => leaf?.clone(),
            };
            (value, R4.name(node.type_ref()?))
        }
        Item::Boolean(flag) => (Value::Bool(*flag), "boolean"),
        Item::Integer(number) => (Value::Number(compact_str::format_compact!("{number}")), "integer"),
        Item::Decimal(number) => (Value::Number(compact_str::format_compact!("{number}")), "decimal"),
        Item::String(text) => (Value::String(text.as_ref().into()), ""),
        Item::Temporal(_) | Item::Quantity(_) | Item::Type(_) => return None,
    })
}

/// What a parameter of this kind takes of a value of this datatype; a computed text is what the parameter wants.
fn extract_of(kind: ParamKind, datatype: &str) -> Option<Extract> {
    Some(match (kind, datatype) {
        (ParamKind::Token, "code" | "string" | "uri" | "id" | "boolean" | "canonical" | "") => Extract::Code,
        (ParamKind::Token, "Coding") => Extract::Coding,
        (ParamKind::Token, "CodeableConcept") => Extract::Concept,
        (ParamKind::Token, "Identifier") => Extract::Identifier,
        (ParamKind::Token, "ContactPoint") => Extract::Contact,
        (ParamKind::String, "string" | "markdown" | "") => Extract::Text,
        (ParamKind::Uri, "uri" | "url" | "canonical" | "oid" | "") => Extract::Uri,
        (ParamKind::Number, "integer" | "positiveInt" | "unsignedInt" | "decimal") => Extract::Number,
        (ParamKind::Quantity, "Quantity" | "Age" | "Duration" | "Count" | "Distance") => Extract::Quantity,
        (ParamKind::Quantity | ParamKind::Number, "Range") => Extract::Range,
        (ParamKind::Quantity, "Money") => Extract::Money,
        (ParamKind::Date, "date" | "dateTime" | "instant" | "") => Extract::Date,
        (ParamKind::Date, "Period") => Extract::Period,
        (ParamKind::Date, "Timing") => Extract::Timing,
        (ParamKind::Reference, "Reference") => Extract::Reference,
        (ParamKind::Reference, "canonical" | "uri" | "") => Extract::Canonical,
        _ => return None,
    })
}

/// Knows of a reference only what type it leads to, which `resolve() is Patient` asks.
struct Types;

static OF_TYPES: LazyLock<Vec<Object>> = LazyLock::new(|| {
    ResourceType::all().map(|kind| Object::new().with("resourceType", kind.name())).collect()
});

impl Resolver for Types {
    fn resolve<'a>(&'a self, reference: &str) -> Option<Node<'a>> {
        let (kind, ..) = reference::local(reference)?;
        OF_TYPES.get(usize::from(kind.number()) - 1).map(|object| Node::resource(object, Some(&R4)))
    }
}
