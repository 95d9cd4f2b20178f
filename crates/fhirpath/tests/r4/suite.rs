//! The official FHIRPath tests of R4, case by case.

use std::collections::BTreeMap;
use std::path::Path;

use anamnesis_fhirpath::{Context, Expression, Item, Model, Node, Temporal};
use anamnesis_json::{Object, Value};
use roxmltree::{Document, Node as Xml};

use crate::definitions::{Definitions, R4, data};
use crate::xml;

/// Cases that do not pass, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("LowBoundaryDecimal15", "the least that -0.0034 may mean is -0.00345: to one place -0.1, not -0.0"),
    ("HighBoundaryDecimal15", "the most that 0.0034 may mean is 0.00345: to one place 0.1, not 0.0"),
    ("HighBoundaryDecimal16", "the same, with a minus before it"),
];

#[test]
fn the_official_cases_pass() {
    let (Some(data), Some(r4)) = (data(), R4.as_ref()) else { return };
    let folder = data.join("suites/fhirpath");
    let text = std::fs::read_to_string(folder.join("tests-fhir-r4.subset.xml")).expect("the suite is there");
    let suite = Document::parse(&text).expect("the suite is XML");
    let cases: Vec<_> = suite.descendants().filter(|node| node.has_tag_name("test")).collect();
    assert_eq!(cases.len(), 434);
    let mut inputs = BTreeMap::new();
    let mut failed = Vec::new();
    for case in cases {
        let file = case.attribute("inputfile").unwrap_or("patient-example.xml");
        let input = inputs.entry(file).or_insert_with(|| input(&folder.join("inputs").join(file), r4));
        if let Err(why) = run(case, input, r4) {
            failed.push((case.attribute("name").expect("a case has a name"), why));
        }
    }
    let known = |name: &str| EXCEPTIONS.iter().any(|(known, _)| *known == name);
    let surprises: Vec<_> = failed.iter().filter(|(name, _)| !known(name)).collect();
    assert!(surprises.is_empty(), "{} cases: {surprises:#?}", surprises.len());
    let healed: Vec<_> =
        EXCEPTIONS.iter().filter(|(name, _)| !failed.iter().any(|(n, _)| n == name)).collect();
    assert!(healed.is_empty(), "these pass by now: {healed:?}");
}

/// The resource of a case; JSON forms of the XML inputs exist, but say other things.
fn input(file: &Path, r4: &Definitions) -> Object {
    let text = std::fs::read_to_string(file).expect("an input is there");
    if file.extension().is_some_and(|kind| kind == "json") {
        let value = anamnesis_json::parse(text.as_bytes()).expect("an input is JSON");
        return value.as_object().expect("an input is a resource").clone();
    }
    let document = Document::parse(&text).expect("an input is XML");
    xml::resource(document.root_element(), r4)
}

/// What a case asks for is there, or why not.
fn run(case: Xml<'_, '_>, input: &Object, r4: &Definitions) -> Result<(), String> {
    let node =
        case.children().find(|node| node.has_tag_name("expression")).expect("a case has an expression");
    let invalid = node.attribute("invalid");
    let now = Temporal::date_time("2026-03-04T05:06:07.089+01:00").expect("a moment");
    let mut context = Context::typed(r4).now(now);
    if invalid == Some("semantic") || case.attribute("mode") == Some("strict") {
        context = context.strict();
    }
    let expression = Expression::parse(node.text().unwrap_or_default());
    let found = match &expression {
        Err(error) => Err(error.to_string()),
        Ok(expression) => expression
            .evaluate(&context, Node::resource(input, Some(r4)))
            .map_err(|error| error.to_string())
            .map(|found| found.iter().map(|item| shown(item, r4)).collect::<Vec<_>>()),
    };
    let found = match (found, invalid) {
        (Err(_), Some(_)) => return Ok(()),
        (Ok(found), Some(kind)) => return Err(format!("should fail ({kind}), gave {found:?}")),
        (Err(error), None) => return Err(error),
        (Ok(found), None) => found,
    };
    let wanted: Vec<_> = case
        .children()
        .filter(|node| node.has_tag_name("output"))
        .map(|node| {
            (node.attribute("type"), node.text().unwrap_or_default().trim_start_matches('@').to_owned())
        })
        .collect();
    let good = found.len() == wanted.len()
        && found.iter().zip(&wanted).all(|((found_type, found), (wanted_type, wanted))| {
            found == wanted && wanted_type.is_none_or(|wanted| wanted.eq_ignore_ascii_case(found_type))
        });
    if good { Ok(()) } else { Err(format!("gave {found:?} for {wanted:?}")) }
}

/// The type and text of an item.
fn shown(item: &Item<'_>, r4: &Definitions) -> (String, String) {
    let (name, text) = match item {
        Item::Node(node) => {
            let name = node.type_ref().map_or("unknown", |of| r4.name(of));
            let text = match node.as_leaf() {
                Some(Value::String(text) | Value::Number(text)) => text.to_string(),
                Some(Value::Bool(flag)) => flag.to_string(),
                _ => "an object".to_owned(),
            };
            return (name.to_owned(), text);
        }
        Item::Boolean(flag) => ("boolean", flag.to_string()),
        Item::Integer(number) => ("integer", number.to_string()),
        Item::Decimal(number) => ("decimal", number.to_string()),
        Item::String(text) => ("string", text.to_string()),
        Item::Temporal(temporal) => (
            match temporal.kind() {
                anamnesis_fhirpath::TemporalKind::Date => "date",
                anamnesis_fhirpath::TemporalKind::DateTime => "dateTime",
                anamnesis_fhirpath::TemporalKind::Time => "time",
            },
            match temporal.kind() {
                anamnesis_fhirpath::TemporalKind::Time => format!("T{temporal}"),
                _ => temporal.to_string(),
            },
        ),
        Item::Quantity(quantity) => ("Quantity", quantity.to_string()),
        Item::Type(name) => ("type", name.name.to_owned()),
    };
    (name.to_owned(), text)
}
