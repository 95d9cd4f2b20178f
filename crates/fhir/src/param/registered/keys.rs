//! From what an expression gives to keys: by the kind of the parameter and the datatype that was found.
//!
//! <https://hl7.org/fhir/R4/search.html#ptypes>

use std::sync::LazyLock;

use anamnesis_fhirpath::{Item, Kind, Model, Node, Resolver};
use anamnesis_json::{Object, Value};
use anamnesis_kernel::search::{Entry, Key, Param};

use crate::index::visit_value_keys;
use crate::model::R4;
use crate::param::{Extract, ParamKind, of_type};
use crate::reference;

/// The parts of a name and of an address that are searched.
const NAME: [&str; 5] = ["family", "given", "prefix", "suffix", "text"];
const ADDRESS: [&str; 7] = ["line", "city", "district", "state", "postalCode", "country", "text"];

/// Says of a reference what type of record it leads to, and nothing of the record: an index rests on one record alone.
pub(super) struct Local;

static NOTHING: LazyLock<Object> = LazyLock::new(Object::new);

impl Resolver for Local {
    fn resolve<'a>(&'a self, reference: &str) -> Option<Node<'a>> {
        let (kind, ..) = reference::local(reference)?;
        Some(Node::object(&NOTHING, R4.type_named(kind.name()), Kind::Resource))
    }
}

/// Calls `give` with the entries that one item has.
pub(super) fn visit(kind: ParamKind, param: Param, item: &Item<'_>, give: &mut dyn FnMut(Entry)) {
    let Some((value, datatype)) = read(item) else { return };
    let mut add = |param, key: Key| give(Entry { param, key, group: 0 });
    let parts: &[&str] = match (kind, datatype) {
        (ParamKind::String, "HumanName") => &NAME,
        (ParamKind::String, "Address") => &ADDRESS,
        _ => {
            let Some(extract) = extract(kind, datatype) else { return };
            visit_value_keys(&value, extract, &mut |key| add(param, key));
            if extract == Extract::Identifier {
                visit_value_keys(&value, Extract::OfType, &mut |key| add(of_type(param), key));
            }
            return;
        }
    };
    for part in parts.iter().filter_map(|part| value.get(part)).flat_map(Value::each) {
        visit_value_keys(part, Extract::Text, &mut |key| add(param, key));
    }
}

/// The item as JSON, and the name of its type.
fn read<'a>(item: &Item<'a>) -> Option<(Value, &'a str)> {
    Some(match item {
        Item::Node(node) => {
            let datatype = node.type_ref().map_or("", |of| R4.name(of));
            let value = match (node.as_leaf(), node.as_object()) {
                (Some(leaf), _) => leaf.clone(),
                (None, Some(object)) => Value::from(object.clone()),
                (None, None) => return None,
            };
            (value, datatype)
        }
        Item::Boolean(flag) => (Value::Bool(*flag), "boolean"),
        Item::Integer(number) => (Value::Number(number.to_string().into()), "integer"),
        Item::Decimal(number) => (Value::Number(number.to_string().into()), "decimal"),
        Item::String(text) => (Value::from(text.as_ref()), "string"),
        Item::Temporal(_) | Item::Quantity(_) | Item::Type(_) => return None,
    })
}

/// What is taken from a value of this type, if a parameter of this kind takes any.
fn extract(kind: ParamKind, datatype: &str) -> Option<Extract> {
    Some(match (kind, datatype) {
        (ParamKind::Token, "Coding") => Extract::Coding,
        (ParamKind::Token, "CodeableConcept") => Extract::Concept,
        (ParamKind::Token, "Identifier") => Extract::Identifier,
        (ParamKind::Token, "ContactPoint") => Extract::Contact,
        (
            ParamKind::Token,
            "code" | "boolean" | "string" | "uri" | "url" | "canonical" | "id" | "oid" | "uuid",
        ) => Extract::Code,
        (ParamKind::String, "string" | "markdown" | "code" | "id" | "uri" | "url") => Extract::Text,
        (ParamKind::Uri, "uri" | "url" | "canonical" | "oid" | "uuid" | "string") => Extract::Uri,
        (ParamKind::Number, "integer" | "decimal" | "unsignedInt" | "positiveInt") => Extract::Number,
        (ParamKind::Number | ParamKind::Quantity, "Range") => Extract::Range,
        (ParamKind::Quantity, "Money") => Extract::Money,
        (ParamKind::Quantity, "Quantity" | "SimpleQuantity" | "Age" | "Duration" | "Count" | "Distance") => {
            Extract::Quantity
        }
        (ParamKind::Date, "date" | "dateTime" | "instant") => Extract::Date,
        (ParamKind::Date, "Period") => Extract::Period,
        (ParamKind::Date, "Timing") => Extract::Timing,
        (ParamKind::Reference, "Reference") => Extract::Reference,
        (ParamKind::Reference, "canonical" | "uri" | "url" | "string") => Extract::Canonical,
        _ => return None,
    })
}
