//! The catalogue as JSON Schema, draft 2020-12: the envelope, and for each event what its data may hold.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::markdown::chosen;
use crate::catalogue::{Role, Row, catalogue};

/// The files of `crates/chart/schemas`, by name: every event as it is written today, and as it once was.
pub fn schemas() -> Vec<(String, Object)> {
    let mut defs = Object::new().with("envelope", envelope());
    let mut choices = Vec::new();
    for row in catalogue() {
        defs.push(row.kind, event(row));
        choices.push(reference(row.kind));
        for version in 1..row.schema_version {
            let name = format!("{}.v{version}", row.kind);
            choices.push(reference(&name));
            defs.push(name, old(row, version));
        }
    }
    for (name, schema) in fallbacks() {
        defs.push(name, schema);
        choices.push(reference(name));
    }
    defs.push("Unlifted", unlifted());
    choices.push(reference("Unlifted"));
    let schema = Object::new()
        .with("$schema", "https://json-schema.org/draft/2020-12/schema")
        .with("$id", "urn:anamnesis:events")
        .with("$comment", "@generated from the catalogue in crates/chart")
        .with("title", "The events of Anamnesis")
        .with("allOf", vec![reference("envelope")])
        .with("oneOf", choices)
        .with("$defs", defs);
    vec![("events.schema.json".to_owned(), schema)]
}

fn reference(name: &str) -> Value {
    Object::new().with("$ref", format!("#/$defs/{name}")).into()
}

fn typed(name: &str) -> Object {
    Object::new().with("type", name)
}

fn pattern(text: impl Into<String>) -> Object {
    typed("string").with("pattern", text.into())
}

fn envelope() -> Object {
    let whole = |minimum: u64| typed("integer").with("minimum", minimum);
    let position = typed("object")
        .with("properties", Object::new().with("partition", whole(0)).with("offset", whole(0)))
        .with("required", texts(["partition", "offset"]));
    let properties = Object::new()
        .with("event_id", typed("string").with("format", "uuid"))
        .with("stream", pattern(format!("^({})/[A-Za-z0-9.-]{{1,64}}$", types(&[]))))
        .with("version", whole(1))
        .with("position", position)
        .with("commit_id", typed("string").with("format", "uuid"))
        .with("type", typed("string"))
        .with("schema_version", whole(1))
        .with("recorded_at", typed("string").with("format", "date-time"))
        .with("occurred_at", typed("string").with("format", "date-time"))
        .with("subject", typed("string"))
        .with("actor", typed("object"))
        .with("source", typed("object"))
        .with("correlation_id", typed("string"))
        .with("causation_id", typed("string").with("format", "uuid"))
        .with("reason", typed("string"))
        .with("metadata", typed("object"))
        .with("lifted", Object::new().with("const", false))
        .with("data", typed("object"));
    typed("object").with("properties", properties).with("required", texts(["stream", "type", "data"]))
}

fn event(row: &Row) -> Object {
    let kind = Object::new().with("const", row.kind);
    let version = Object::new().with("const", u64::from(row.schema_version));
    let mut schema = shape(row.resource_types, kind, version, data(row));
    schema.set_first("description", format!("Chosen when {}.", chosen(row)));
    schema
}

/// An event of an older schema: it stays as it was written, and may still be sent if it says which it is.
fn old(row: &Row, version: u16) -> Object {
    let kind = Object::new().with("const", row.kind);
    let data = typed("object").with("minProperties", 1_u64);
    let mut schema = shape(row.resource_types, kind, Object::new().with("const", u64::from(version)), data);
    schema
        .set_first("description", format!("Version {version}, lifted to today's shape where it is folded."));
    schema.set("required", texts(["stream", "type", "schema_version", "data"]));
    schema
}

/// An event that a newer program wrote: it is shown as it was written, and nothing is known of its data.
fn unlifted() -> Object {
    let properties =
        Object::new().with("lifted", Object::new().with("const", false)).with("data", typed("object"));
    let described = "Written by a newer program: its type or its schema version is not known to this one.";
    Object::new()
        .with("description", described)
        .with("properties", properties)
        .with("required", texts(["stream", "type", "schema_version", "lifted"]))
}

/// What the data holds: a resource, what changed of it, or what stands beside.
fn data(row: &Row) -> Object {
    let data = typed("object");
    if !row.beside.is_empty() {
        let beside: Object = row.beside.iter().map(|key| (*key, beside(key).into())).collect();
        let names = names(row.owned.iter().chain(row.beside));
        return data
            .with("properties", beside)
            .with("required", texts(row.beside.iter().copied()))
            .with("propertyNames", names);
    }
    match row.role {
        Role::Part => data.with("minProperties", 1_u64).with("propertyNames", names(row.owned)),
        _ => data.with("minProperties", 1_u64),
    }
}

/// What stands beside elements under this key.
fn beside(key: &str) -> Object {
    if key != "merge" {
        return typed("object");
    }
    let patient = || pattern("^Patient/[A-Za-z0-9.-]{1,64}$");
    let properties = Object::new()
        .with("into", patient())
        .with("from", patient())
        .with("active", typed("boolean"))
        .with("held", typed("array").with("items", reference("envelope/properties/stream")))
        .with("held_at", typed("string"))
        .with("undoes", typed("string").with("format", "uuid"));
    typed("object").with("properties", properties)
}

fn names<'a>(keys: impl IntoIterator<Item = &'a &'static str>) -> Object {
    let one = |key: &&str| match key.strip_suffix("[x]") {
        Some(stem) => format!("{stem}[A-Z][A-Za-z0-9]*"),
        None => (*key).to_owned(),
    };
    let keys: Vec<String> = keys.into_iter().map(one).collect();
    Object::new().with("pattern", format!("^_?({})$", keys.join("|")))
}

/// `{Type}Created`, `{Type}Revised`, `{Type}Deleted`, whichever the type.
fn fallbacks() -> [(&'static str, Object); 3] {
    let one = Object::new().with("const", 1_u64);
    let of = |ending: &str, data| {
        let kind = pattern(format!("^({}){ending}$", types(&[])));
        shape(&[], kind, one.clone(), data)
    };
    let some = || typed("object").with("minProperties", 1_u64);
    [
        ("Created", of("Created", some())),
        ("Revised", of("Revised", some())),
        ("Deleted", of("Deleted", typed("object").with("maxProperties", 0_u64))),
    ]
}

fn shape(of: &[&str], kind: Object, version: Object, data: Object) -> Object {
    let properties = Object::new()
        .with("stream", pattern(format!("^({})/", types(of))))
        .with("type", kind)
        .with("schema_version", version)
        .with("data", data);
    Object::new().with("properties", properties).with("required", texts(["stream", "type", "data"]))
}

/// The names of these types, or of all where there are none, for a pattern.
fn types(of: &[&str]) -> String {
    if of.is_empty() {
        return ResourceType::all().map(ResourceType::name).collect::<Vec<_>>().join("|");
    }
    of.join("|")
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    texts.into_iter().map(Value::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events are shown as they were written, so whoever reads them meets every version there ever was.
    #[test]
    fn every_version_is_published() {
        let (_, schema) = schemas().into_iter().next().unwrap();
        let is_one_of = |kind: &str, version: u16| {
            let member = |def: &Value, name: &str| def.get("properties")?.get(name)?.get("const").cloned();
            let defs = schema.get("$defs").and_then(Value::as_object).unwrap();
            defs.iter().any(|(_, def)| {
                member(def, "type") == Some(kind.into())
                    && member(def, "schema_version") == Some(u64::from(version).into())
            })
        };
        for row in catalogue() {
            for version in 1..=row.schema_version {
                assert!(is_one_of(row.kind, version), "{} {version}", row.kind);
            }
        }
        let choices = schema.get("oneOf").and_then(Value::as_array).unwrap();
        assert!(choices.contains(&reference("PatientAddressUpdated.v1")));
    }
}
