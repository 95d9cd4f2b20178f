//! What the server says of itself: <https://hl7.org/fhir/R4/capabilitystatement.html>.

mod searching;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use crate::Params;
use searching::Searching;

/// What the statement is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The version of the software.
    pub version: &'a str,
    /// The base, `http://127.0.0.1:8080/fhir`.
    pub base: &'a str,
    /// When the statement last changed, a FHIR dateTime.
    pub date: &'a str,
    /// What is to be known of the REST door, in Markdown.
    pub documentation: &'a str,
    /// The formats that are read and written, `application/fhir+json`.
    pub formats: &'a [&'a str],
    /// The formats of patches that are taken; empty when none.
    pub patch_formats: &'a [&'a str],
    /// What each type can do, in the order they are listed.
    pub types: &'a [TypeFacts<'a>],
    /// What the whole system can do: `transaction`, `batch`, `history-system`, `search-system`.
    pub interactions: &'a [&'a str],
    /// The operations of the whole system: name and canonical URL of the definition.
    pub operations: &'a [(&'a str, &'a str)],
    /// The types whose records have a compartment that can be searched.
    pub compartments: &'a [ResourceType],
}

/// What one type can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFacts<'a> {
    /// The type.
    pub kind: ResourceType,
    /// `read`, `vread`, `create`, `update`, `patch`, `delete`, `history-instance`, `history-type`, `search-type`.
    pub interactions: &'a [&'a str],
    /// Whether an update may create a record under a chosen id.
    pub update_create: bool,
    /// Whether a create may depend on a search.
    pub conditional_create: bool,
    /// What a read may be spared: `not-supported`, `modified-since`, `not-match` or `full-support`.
    pub conditional_read: &'a str,
    /// Whether an update may be addressed by a search.
    pub conditional_update: bool,
    /// Whether a deletion may be addressed by a search: `not-supported`, `single` or `multiple`.
    pub conditional_delete: &'a str,
    /// Its operations: name and canonical URL of the definition.
    pub operations: &'a [(&'a str, &'a str)],
}

/// The CapabilityStatement of these facts, and of the search parameters there are.
pub fn statement(facts: &Facts<'_>, params: &dyn Params) -> Object {
    let searching = Searching::new(params);
    let mut rest = Object::new().with("mode", "server").with("documentation", facts.documentation);
    rest.push(
        "resource",
        facts.types.iter().map(|of| Value::from(resource(of, &searching))).collect::<Vec<_>>(),
    );
    push_some(&mut rest, "interaction", interactions(facts.interactions));
    if facts.interactions.contains(&"search-system") {
        rest.push("searchParam", searching.common());
    }
    push_some(&mut rest, "operation", operations(facts.operations));
    let defined = |kind: &ResourceType| {
        format!("http://hl7.org/fhir/CompartmentDefinition/{}", lower_first(kind.name())).into()
    };
    push_some(&mut rest, "compartment", facts.compartments.iter().map(defined).collect());
    let mut said = Object::new()
        .with("resourceType", "CapabilityStatement")
        .with("status", "active")
        .with("date", facts.date)
        .with("kind", "instance")
        .with("software", Object::new().with("name", "Anamnesis").with("version", facts.version))
        .with("implementation", Object::new().with("description", "Anamnesis").with("url", facts.base))
        .with("fhirVersion", "4.0.1")
        .with("format", codes(facts.formats));
    push_some(&mut said, "patchFormat", codes(facts.patch_formats));
    said.with("rest", vec![Value::from(rest)])
}

fn resource(of: &TypeFacts<'_>, searching: &Searching) -> Object {
    let mut said = Object::new().with("type", of.kind.name());
    said.push("profile", format!("http://hl7.org/fhir/StructureDefinition/{}", of.kind));
    push_some(&mut said, "interaction", interactions(of.interactions));
    let can = |what: &str| of.interactions.contains(&what);
    said.push("versioning", if can("update") { "versioned-update" } else { "versioned" });
    said.push("readHistory", can("vread"));
    said.push("updateCreate", of.update_create);
    said.push("conditionalCreate", of.conditional_create);
    said.push("conditionalRead", of.conditional_read);
    said.push("conditionalUpdate", of.conditional_update);
    said.push("conditionalDelete", of.conditional_delete);
    said.push("referencePolicy", codes(&["literal", "local"]));
    if can("search-type") {
        searching.describe(of.kind, &mut said);
    }
    push_some(&mut said, "operation", operations(of.operations));
    said
}

fn codes(codes: &[&str]) -> Vec<Value> {
    codes.iter().map(|code| Value::from(*code)).collect()
}

fn interactions(codes: &[&str]) -> Vec<Value> {
    codes.iter().map(|code| Object::new().with("code", *code).into()).collect()
}

fn operations(named: &[(&str, &str)]) -> Vec<Value> {
    named
        .iter()
        .map(|(name, url)| Object::new().with("name", *name).with("definition", *url).into())
        .collect()
}

fn lower_first(name: &str) -> String {
    name.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_lowercase() } else { c }).collect()
}

/// FHIR has no empty arrays.
fn push_some(object: &mut Object, key: &str, items: Vec<Value>) {
    if !items.is_empty() {
        object.push(key, items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Official;
    use crate::check::issues;

    #[test]
    fn a_statement_has_the_shape_it_describes() {
        let types: Vec<TypeFacts<'_>> = ResourceType::all()
            .map(|kind| TypeFacts {
                kind,
                interactions: &["read", "vread", "create", "update", "search-type"],
                update_create: true,
                conditional_create: true,
                conditional_read: "full-support",
                conditional_update: false,
                conditional_delete: "not-supported",
                operations: &[("merge", "http://example.org/OperationDefinition/merge")],
            })
            .collect();
        let facts = Facts {
            version: "0.1.0",
            base: "http://127.0.0.1:8080/fhir",
            date: "2026-03-01",
            documentation: "All or nothing.",
            formats: &["application/fhir+json"],
            patch_formats: &[],
            types: &types,
            interactions: &["transaction", "batch", "search-system"],
            operations: &[],
            compartments: &[ResourceType::PATIENT],
        };
        let said = statement(&facts, &Official);
        let kind = ResourceType::parse("CapabilityStatement").unwrap();
        assert_eq!(issues(kind, &said), []);
        let resources =
            said.get("rest").unwrap().each().next().unwrap().get("resource").unwrap().as_array().unwrap();
        assert_eq!(resources.len(), 146);
        let patient =
            resources.iter().find(|r| r.get("type").and_then(Value::as_str) == Some("Patient")).unwrap();
        let names = |list: &str, key: Option<&str>| -> Vec<&str> {
            let listed = patient.get(list).into_iter().flat_map(Value::each);
            listed.filter_map(|one| key.map_or(Some(one), |key| one.get(key))?.as_str()).collect()
        };
        for code in ["_id", "_lastUpdated", "_tag", "birthdate", "identifier", "name"] {
            assert_eq!(
                names("searchParam", Some("name")).iter().filter(|name| **name == code).count(),
                1,
                "{code}"
            );
        }
        assert!(names("searchRevInclude", None).contains(&"Observation:patient"));
        assert!(!names("searchRevInclude", None).contains(&"Observation:encounter"));
        assert!(said.get("patchFormat").is_none());
    }
}
