//! What this door can do, for programs: OpenAPI 3.1, <https://spec.openapis.org/oas/v3.1.0>.
//!
//! Invariant: every operation is one row of [`table::OPERATIONS`]; a test asks each whether it has a route.

mod events;
#[cfg(test)]
mod reference;
mod schemas;
mod table;

use std::sync::LazyLock;

use anamnesis_json::{Object, Value};

use schemas::SCHEMAS;
use table::{Answer, OPERATIONS, Operation, PARAMETERS, Parameter, REFUSALS};

/// The document.
pub(super) fn document() -> &'static [u8] {
    static DOCUMENT: LazyLock<Vec<u8>> = LazyLock::new(|| build().to_text());
    &DOCUMENT
}

/// A short index: what there is below `/api`, and what it is for.
pub(super) fn links() -> Vec<u8> {
    let link = |operation: &Operation| {
        let link = Object::new().with("method", operation.method.to_ascii_uppercase());
        Value::from(link.with("path", operation.path).with("summary", operation.summary))
    };
    let links: Vec<Value> = OPERATIONS.iter().map(link).collect();
    Object::new().with("description", "/api/openapi.json").with("links", links).to_text()
}

/// Every operation's method, in lower case, and path.
#[cfg(test)]
pub(super) fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS.iter().map(|operation| (operation.method, operation.path))
}

fn build() -> Object {
    let info = Object::new()
        .with("title", "Anamnesis: events and read models")
        .with("version", env!("CARGO_PKG_VERSION"));
    let parameters: Object =
        PARAMETERS.iter().map(|parameter| (parameter.key, describe(parameter).into())).collect();
    let mut schemas = events::schemas();
    for schema in SCHEMAS {
        schemas.set(schema.name, parsed(schema.text));
    }
    Object::new()
        .with("openapi", "3.1.0")
        .with("info", info)
        .with("paths", paths())
        .with("components", Object::new().with("schemas", schemas).with("parameters", parameters))
}

/// The operations by path, and there by method.
fn paths() -> Object {
    let mut paths = Object::new();
    for operation in OPERATIONS {
        let mut methods = match paths.remove(operation.path) {
            Some(Value::Object(methods)) => methods,
            _ => Object::new(),
        };
        methods.push(operation.method, spell_out(operation));
        paths.push(operation.path, methods);
    }
    paths
}

fn spell_out(operation: &Operation) -> Object {
    let parameter = |name: &&str| Value::from(reference("parameters", name));
    let parameters: Vec<Value> = operation.parameters.iter().map(parameter).collect();
    let refusals = REFUSALS.iter().filter(|(status, _)| operation.refusals.contains(status));
    let answers: Object = operation.answers.iter().map(answer).chain(refusals.map(refusal)).collect();
    let mut spelled = Object::new().with("operationId", operation.id).with("summary", operation.summary);
    if !parameters.is_empty() {
        spelled.push("parameters", parameters);
    }
    if let Some(schema) = operation.body {
        let content = Object::new().with("application/json", schema_of(schema));
        spelled.push("requestBody", Object::new().with("required", true).with("content", content));
    }
    spelled.with("responses", answers)
}

fn answer(answer: &Answer) -> (String, Value) {
    let mut content = Object::new();
    for (mime, schema) in answer.content {
        content.push(*mime, if schema.is_empty() { Object::new() } else { schema_of(schema) });
    }
    let told = Object::new().with("description", answer.description);
    let told = if content.is_empty() { told } else { told.with("content", content) };
    (answer.status.to_string(), told.into())
}

/// A no, as RFC 9457 has it.
fn refusal((status, description): &(u16, &str)) -> (String, Value) {
    let content = Object::new().with("application/problem+json", schema_of("Problem"));
    let told = Object::new().with("description", *description).with("content", content);
    (status.to_string(), told.into())
}

fn describe(parameter: &Parameter) -> Object {
    Object::new()
        .with("name", parameter.name)
        .with("in", parameter.place)
        .with("required", parameter.place == "path")
        .with("description", parameter.description)
        .with("schema", parsed(parameter.schema))
}

fn schema_of(name: &str) -> Object {
    Object::new().with("schema", reference("schemas", name))
}

fn reference(part: &str, name: &str) -> Object {
    Object::new().with("$ref", format!("#/components/{part}/{name}"))
}

/// A row's own text; a test parses them all.
fn parsed(text: &str) -> Object {
    match anamnesis_json::parse(text.as_bytes()) {
        Ok(Value::Object(object)) => object,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Every `$ref`, wherever it stands.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Object(object) => {
                found.extend(object.str("$ref").map(str::to_owned));
                object.iter().for_each(|(_, value)| references(value, found));
            }
            _ => {}
        }
    }

    #[test]
    fn the_document_holds_together() {
        for schema in SCHEMAS {
            assert!(!parsed(schema.text).is_empty(), "{} is not JSON", schema.name);
        }
        for parameter in PARAMETERS {
            assert!(!parsed(parameter.schema).is_empty(), "{} is not JSON", parameter.key);
        }
        let document = anamnesis_json::parse(document()).unwrap();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 20);
        for reference in found {
            let mut parts = reference.strip_prefix("#/").unwrap().split('/');
            let target = parts.try_fold(&document, |value, part| value.get(part));
            assert!(target.is_some(), "{reference} leads nowhere");
        }
        let components = document.get("components").and_then(|components| components.get("schemas"));
        let component = |name: &str| components.and_then(|schemas| schemas.get(name));
        assert!(component("PatientRegistered").is_some() && component("Stream").is_some());
        let names = component("EventType").and_then(|of| of.get("anyOf")).and_then(Value::as_array).unwrap();
        assert!(names[0].get("enum").and_then(Value::as_array).unwrap().len() > 100);
    }

    /// The document is one object, so a name that stands twice would hide what it names.
    #[test]
    fn a_component_has_a_name_of_its_own() {
        let events = events::schemas();
        for schema in SCHEMAS {
            assert!(!events.contains_key(schema.name), "{} is an event's", schema.name);
        }
        let keys: HashSet<_> = PARAMETERS.iter().map(|parameter| parameter.key).collect();
        assert_eq!(keys.len(), PARAMETERS.len());
    }

    #[test]
    fn operations_have_one_name_each_and_name_their_path_parameters() {
        let ids: HashSet<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
        assert_eq!(ids.len(), OPERATIONS.len());
        for operation in OPERATIONS {
            let named = |name: &&str| PARAMETERS.iter().any(|p| p.key == *name && p.place == "path");
            let known = |key: &&str| PARAMETERS.iter().any(|p| p.key == *key);
            assert!(operation.parameters.iter().all(known), "{}", operation.path);
            let told = |status: &u16| REFUSALS.iter().any(|(known, _)| known == status);
            assert!(operation.refusals.iter().all(told), "{}", operation.path);
            let in_path = operation.path.matches('{').count();
            assert_eq!(
                operation.parameters.iter().filter(|name| named(name)).count(),
                in_path,
                "{}",
                operation.path
            );
        }
    }
}
