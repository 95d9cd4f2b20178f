//! FHIR's XML as FHIR's JSON, as far as the suite of patches needs it: <https://hl7.org/fhir/R4/xml.html>.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;
use roxmltree::Node;

use crate::shape::{Holds, Shape};

/// The resource an element is.
pub(super) fn resource(node: Node<'_, '_>) -> Value {
    let name = node.tag_name().name();
    let mut object = Object::new().with("resourceType", name);
    members(node, ResourceType::parse(name).map(Shape::of).unwrap(), &mut object);
    object.into()
}

fn members(node: Node<'_, '_>, shape: Shape, object: &mut Object) {
    for attribute in node.attributes().filter(|attribute| attribute.name() != "value") {
        object.push(attribute.name(), attribute.value());
    }
    for child in node.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        let element = shape.element(name).unwrap();
        let (value, beside) = match element.holds {
            Holds::Object(inner) => {
                let mut member = Object::new();
                members(child, inner, &mut member);
                (member.into(), Value::Null)
            }
            Holds::Resource => (resource(child.first_element_child().unwrap()), Value::Null),
            holds => {
                let text = child.attribute("value").unwrap();
                let value = match holds.name() {
                    "a string" => text.into(),
                    _ => anamnesis_json::parse(text.as_bytes()).unwrap(),
                };
                let mut beside = Object::new();
                members(child, Shape::BESIDE_PRIMITIVE, &mut beside);
                (value, if beside.is_empty() { Value::Null } else { beside.into() })
            }
        };
        put(object, name.to_owned(), value, element.list);
        if beside != Value::Null {
            put(object, format!("_{name}"), beside, element.list);
        }
    }
}

fn put(object: &mut Object, key: String, value: Value, list: bool) {
    match object.get_mut(&key).and_then(Value::as_array_mut) {
        Some(items) => items.push(value),
        None if list => object.push(key, vec![value]),
        None => object.push(key, value),
    }
}
