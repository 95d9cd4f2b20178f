//! Every expression of R4's definitions parses, and search parameters find what they should.

use std::collections::BTreeMap;

use anamnesis_fhirpath::{Context, Expression, Node, Resolver};
use anamnesis_json::{Object, Value};

use crate::definitions::{R4, data, examples};

#[test]
fn every_invariant_parses() {
    let Some(r4) = R4.as_ref() else { return };
    let mut broken = Vec::new();
    for (key, path, text) in &r4.invariants {
        if let Err(error) = Expression::parse(text) {
            broken.push(format!("{key} at {path}: {error}: {text}"));
        }
    }
    assert!(r4.invariants.len() > 5_000, "only {} invariants were found", r4.invariants.len());
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Knows of what is referred to no more than its type, which is all that search parameters ask.
struct TypesAlone {
    stubs: BTreeMap<String, Object>,
}

impl Resolver for TypesAlone {
    fn resolve<'a>(&'a self, reference: &str) -> Option<Node<'a>> {
        let kind = reference.rsplit('/').nth(1)?;
        self.stubs.get(kind).map(|stub| Node::resource(stub, R4.as_ref().map(|r4| r4 as _)))
    }
}

#[test]
fn every_search_parameter_is_evaluated() {
    let (Some(data), Some(r4)) = (data(), R4.as_ref()) else { return };
    let text = std::fs::read(data.join("definitions/search-parameters.json")).expect("they are there");
    let bundle = anamnesis_json::parse(&text).expect("they are JSON");
    let mut parameters = Vec::new();
    for entry in bundle.get("entry").map(Value::each).unwrap_or_default() {
        let parameter = entry.get("resource").expect("an entry holds one");
        let Some(text) = parameter.get("expression").and_then(Value::as_str) else { continue };
        let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let bases = parameter.get("base").map(Value::each).unwrap_or_default().filter_map(Value::as_str);
        parameters.push((text, bases.collect::<Vec<_>>(), expression));
    }
    assert!(parameters.len() > 1_300, "only {} expressions were found", parameters.len());

    let stub = |name: &str| (name.to_owned(), Object::new().with("resourceType", name));
    let resolver = TypesAlone { stubs: ["Patient", "Group", "Device", "Practitioner"].map(stub).into() };
    let (mut asked, mut found, mut patients) = (0, 0, 0);
    for (file, resource) in examples(&data) {
        let node = Node::resource(&resource, Some(r4));
        let context = Context::typed(r4).resource(node).resolver(&resolver);
        let kind = resource.str("resourceType").expect("a resource has a type");
        for (text, _, expression) in parameters.iter().filter(|(_, bases, _)| bases.contains(&kind)) {
            let items = expression.evaluate(&context, node).unwrap_or_else(|e| panic!("{file}: {e}: {text}"));
            asked += 1;
            found += usize::from(!items.is_empty());
            patients += if text.contains("resolve() is Patient") { items.len() } else { 0 };
        }
    }
    assert!(asked > 5_000, "only {asked} questions were asked");
    assert!(found > asked / 4, "only {found} of {asked} found something");
    assert!(patients > 100, "only {patients} references to patients were found");
}
