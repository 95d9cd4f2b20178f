//! The published schema of the events, made part of the document: each event a component of its own name.
//!
//! Invariant: a `$ref` leads to a component, so that readers that know no `$id` find it too.

use anamnesis_chart::publish;
use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

const DEFS: &str = "#/$defs/";
const COMPONENTS: &str = "#/components/schemas/";

/// The event as it is read, each of its kinds, and the words they are made of: types, kinds, streams.
pub(super) fn schemas() -> Object {
    let mut schemas = Object::new();
    for (_, mut published) in publish::schemas() {
        let Some(Value::Object(kinds)) = published.remove("$defs") else { continue };
        schemas.set("EventType", event_type(&kinds));
        if let Some(stream) = kinds.get("envelope").and_then(|envelope| property(envelope, "stream")) {
            schemas.set("Stream", stream.clone());
        }
        for (name, schema) in kinds.iter() {
            schemas.set(name, at_home(schema));
        }
        for name in ["$schema", "$id", "$comment"] {
            published.remove(name);
        }
        schemas.set("Event", at_home(&published.into()));
    }
    let types: Vec<Value> = ResourceType::all().map(|kind| kind.name().into()).collect();
    schemas.with("ResourceType", Object::new().with("enum", types))
}

/// The names that events have: those of the catalogue, and by their pattern those of any record.
fn event_type(kinds: &Object) -> Object {
    let told = || kinds.iter().filter_map(|(_, kind)| property(kind, "type"));
    let mut names: Vec<Value> = told().filter_map(|kind| kind.get("const").cloned()).collect();
    // The versions of an event stand one after another.
    names.dedup();
    let patterns = told().filter(|kind| kind.get("pattern").is_some()).cloned();
    let named = Value::from(Object::new().with("enum", names));
    Object::new().with("anyOf", std::iter::once(named).chain(patterns).collect::<Vec<Value>>())
}

fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get("properties").and_then(|properties| properties.get(name))
}

/// The same with its references led to the document's components.
fn at_home(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(at_home).collect::<Vec<_>>().into(),
        Value::Object(object) => {
            let led =
                |(name, value): (&str, &Value)| match value.as_str().and_then(|to| to.strip_prefix(DEFS)) {
                    Some(kind) if name == "$ref" => (name.to_owned(), format!("{COMPONENTS}{kind}").into()),
                    _ => (name.to_owned(), at_home(value)),
                };
            object.iter().map(led).collect::<Object>().into()
        }
        other => other.clone(),
    }
}
