//! FHIR's XML as FHIR's JSON, for published cases and patches that exist in XML alone.
//!
//! <https://hl7.org/fhir/R4/xml.html>. What the tables do not know keeps its name, so that the check can say so.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;
use roxmltree::{Document, Node};

use crate::primitive::Primitive;
use crate::shape::{Element, Holds, Shape};

const FHIR: &str = "http://hl7.org/fhir";

/// The resource that a document is; `None` when it is none, or says something that JSON has no place for.
pub(super) fn resource(text: &str) -> Option<Value> {
    let document = Document::parse(text).ok()?;
    whole(document.root_element(), text)
}

/// The resource that an element is, of the document of this text.
pub(crate) fn whole(node: Node<'_, '_>, text: &str) -> Option<Value> {
    let name = node.tag_name().name();
    let mut object = Object::new().with("resourceType", name);
    children(ResourceType::parse(name).map(Shape::of), node, text, &mut object)?;
    Some(object.into())
}

/// Adds what stands in an element: its attributes, then its children, those of one name together.
fn children(shape: Option<Shape>, node: Node<'_, '_>, text: &str, object: &mut Object) -> Option<()> {
    for attribute in node.attributes().filter(|a| a.name() != "value" && a.namespace().is_none()) {
        object.set(attribute.name(), attribute.value());
    }
    if node
        .children()
        .any(|child| child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty()))
    {
        return None;
    }
    let elements: Vec<_> = node.children().filter(Node::is_element).collect();
    for child in &elements {
        let name = child.tag_name().name();
        if object.contains_key(name) || object.contains_key(&format!("_{name}")) {
            continue;
        }
        let known = shape.and_then(|shape| shape.element(name));
        let all: Vec<_> = elements.iter().filter(|other| other.tag_name().name() == name).copied().collect();
        add(known, name, &all, text, object)?;
    }
    Some(())
}

fn add(
    known: Option<Element>,
    name: &str,
    all: &[Node<'_, '_>],
    text: &str,
    object: &mut Object,
) -> Option<()> {
    let list = known.map_or(all.len() > 1, |element| element.list);
    if !list && all.len() > 1 {
        return None;
    }
    let (mut values, mut besides) = (Vec::new(), Vec::new());
    for node in all {
        let (value, beside) = one(known, *node, text)?;
        values.push(value);
        besides.push(beside);
    }
    for (name, mut told) in [(name.to_owned(), values), (format!("_{name}"), besides)] {
        if told.iter().any(|value| *value != Value::Null) {
            object.push(name, if list { Value::from(told) } else { told.pop()? });
        }
    }
    Some(())
}

/// A value, and what stands beside it if it is a primitive.
fn one(known: Option<Element>, node: Node<'_, '_>, text: &str) -> Option<(Value, Value)> {
    let shape = match known.map(|element| element.holds) {
        Some(Holds::Primitive(Primitive::Xhtml)) => {
            return Some((text.get(node.range())?.into(), Value::Null));
        }
        Some(Holds::Resource) => {
            let inner = node.children().find(Node::is_element)?;
            return Some((whole(inner, text)?, Value::Null));
        }
        Some(Holds::Primitive(primitive)) => {
            let value = node.attribute("value").map(|value| primitive_value(primitive, value));
            let mut beside = Object::new();
            children(Some(Shape::BESIDE_PRIMITIVE), node, text, &mut beside)?;
            let beside = if beside.is_empty() { Value::Null } else { beside.into() };
            return Some((value.unwrap_or_default(), beside));
        }
        Some(Holds::Object(shape)) => Some(shape),
        None => None,
    };
    let mut object = Object::new();
    if shape.is_some() && (node.attribute("value").is_some() || node.tag_name().namespace() != Some(FHIR)) {
        return None;
    }
    children(shape, node, text, &mut object)?;
    Some((object.into(), Value::Null))
}

fn primitive_value(primitive: Primitive, value: &str) -> Value {
    match (primitive.json_name(), value) {
        ("a boolean", "true") => true.into(),
        ("a boolean", "false") => false.into(),
        ("a number", number) => anamnesis_json::parse(number.as_bytes()).unwrap_or_else(|_| number.into()),
        (_, text) => text.into(),
    }
}

#[test]
fn xml_is_json() {
    let text = r#"<Patient xmlns="http://hl7.org/fhir"><id value="p"/><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">a <b>b</b></div></text>
        <extension url="u"><valueInteger value="7"/></extension><active value="true"/>
        <name><given value="A"/><given id="g"><extension url="u"><valueCode value="c"/></extension></given></name></Patient>"#;
    let json = r#"{"resourceType":"Patient","id":"p","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a <b>b</b></div>"},"extension":[{"url":"u","valueInteger":7}],"active":true,"name":[{"given":["A",null],"_given":[null,{"id":"g","extension":[{"url":"u","valueCode":"c"}]}]}]}"#;
    assert_eq!(String::from_utf8(resource(text).unwrap().to_text()).unwrap(), json);
}
