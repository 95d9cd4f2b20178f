//! FHIR's XML as JSON, as far as the suite's inputs need it.

use anamnesis_fhirpath::{Kind, Model, TypeRef};
use anamnesis_json::{Object, Value};
use roxmltree::Node;

use crate::definitions::Definitions;

/// A resource in XML as the JSON it would be.
pub(crate) fn resource(xml: Node<'_, '_>, model: &Definitions) -> Object {
    let name = xml.tag_name().name();
    let of = model.type_named(name).unwrap_or_else(|| panic!("{name} is a type"));
    let mut object = Object::new();
    object.push("resourceType", name);
    elements(xml, of, model, &mut object);
    object
}

fn elements(xml: Node<'_, '_>, of: TypeRef, model: &Definitions, object: &mut Object) {
    for attribute in xml.attributes().filter(|a| matches!(a.name(), "id" | "url")) {
        object.push(attribute.name(), attribute.value());
    }
    for child in xml.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        if name == "div" {
            object.push(name, &child.document().input_text()[child.range()]);
            continue;
        }
        let element = model.element(of, name).unwrap_or_else(|| panic!("{name} is an element"));
        let (value, beside) = value(child, element.of, element.kind, model);
        let list = model.is_list(of, name);
        put(object, name, value, list);
        if let Some(beside) = beside {
            assert!(!list, "{name} is no list of primitives with extensions");
            object.push(format!("_{name}"), beside);
        }
    }
}

fn put(object: &mut Object, name: &str, value: Option<Value>, list: bool) {
    let Some(value) = value else { return };
    match object.get_mut(name) {
        Some(Value::Array(items)) => items.push(value),
        Some(_) => panic!("{name} stands twice"),
        None if list => object.push(name, vec![value]),
        None => object.push(name, value),
    }
}

fn value(xml: Node<'_, '_>, of: TypeRef, kind: Kind, model: &Definitions) -> (Option<Value>, Option<Value>) {
    let mut inner = Object::new();
    if kind == Kind::Resource {
        let inside = xml.children().find(Node::is_element).expect("a resource inside");
        return (Some(resource(inside, model).into()), None);
    }
    elements(xml, of, model, &mut inner);
    if !kind.is_primitive() {
        return (Some(inner.into()), None);
    }
    let value = xml.attribute("value").map(|text| match kind {
        Kind::Boolean => Value::Bool(text == "true"),
        Kind::Integer | Kind::Decimal => Value::Number(text.into()),
        _ => Value::from(text),
    });
    (value, (!inner.is_empty()).then(|| inner.into()))
}
