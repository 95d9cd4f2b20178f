//! FHIRPath Patch, by tables and by the suite that nobody here wrote.

mod any;

use anamnesis_json::{Value, parse};

use super::*;
use crate::check::tests::xml;

const BOUNDS: Bounds = Bounds { copied_bytes_max: 10_000, nesting_max: 12 };

/// The patch of these operations, each a list of parts written `name=JSON`, where a value names its own type.
fn parameters(operations: &[&str]) -> Value {
    let part = |part: &str| {
        let (name, json) = part.trim().split_once('=').unwrap();
        match json.starts_with('{') {
            true => format!(r#"{{"name":"{name}",{}"#, json.strip_prefix('{').unwrap()),
            false if json.parse::<u32>().is_ok() => format!(r#"{{"name":"{name}","valueInteger":{json}}}"#),
            false => format!(r#"{{"name":"{name}","valueString":"{json}"}}"#),
        }
    };
    let operation = |text: &&str| {
        let parts: Vec<_> = text.split(';').map(part).collect();
        format!(r#"{{"name":"operation","part":[{}]}}"#, parts.join(","))
    };
    let operations: Vec<_> = operations.iter().map(operation).collect();
    let text = format!(r#"{{"resourceType":"Parameters","parameter":[{}]}}"#, operations.join(","));
    parse(text.as_bytes()).unwrap()
}

fn patched(resource: &str, parameters: Value) -> String {
    let resource = parse(resource.as_bytes()).unwrap();
    let patched =
        PathPatch::read(parameters).map(Patch::Path).and_then(|patch| patch.apply(resource, &BOUNDS));
    let one =
        |issue: &Issue| format!("{}: {}", issue.expression.as_deref().unwrap_or_default(), issue.diagnostics);
    match patched {
        Ok(value) => String::from_utf8(value.to_text()).unwrap(),
        Err(Failure::Malformed(issues)) => {
            format!("malformed {}", issues.iter().map(one).collect::<Vec<_>>().join("; "))
        }
        Err(Failure::Inapplicable(issue)) => one(&issue),
    }
}

/// <https://hl7.org/fhir/R4/fhirpatch.html>: what each operation does, and does not.
#[test]
fn operations() {
    let patient = |rest: &str| {
        let comma = if rest.is_empty() { "" } else { "," };
        format!(r#"{{"resourceType":"Patient","id":"p"{comma}{rest}}}"#)
    };
    let p0 = "Parameters.parameter[0]";
    let no = |what: &str| format!("{p0}: {what}");
    let names = r#""name":[{"family":"A"},{"family":"B"}]"#;
    let given = r#""name":[{"given":["A","B","C"],"_given":[null,{"id":"b"},null]}]"#;
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // resource                     operation                                                                     outcome
        ("",                         "type=add;path=Patient;name=gender;value={\"valueCode\":\"male\"}",           patient(r#""gender":"male""#)),
        (r#""gender":"male""#,       "type=add;path=Patient;name=gender;value={\"valueCode\":\"female\"}",         no("name: is there already, and stands once")),
        (r#""deceasedBoolean":true"#, "type=add;path=Patient;name=deceased;value={\"valueDateTime\":\"2026\"}",    no("name: is there already, and stands once")),
        ("",                         "type=add;path=Patient;name=deceased;value={\"valueDateTime\":\"2026\"}",     patient(r#""deceasedDateTime":"2026""#)),
        ("",                         "type=add;path=Patient;name=deceased[x];value={\"valueBoolean\":true}",       patient(r#""deceasedBoolean":true"#)),
        ("",                         "type=add;path=Patient;name=dragon;value={\"valueCode\":\"x\"}",              no("name: there is no such element, or not of this type")),
        ("",                         "type=add;path=Patient.contact;name=gender;value={\"valueCode\":\"x\"}",      no("path: there is nothing")),
        (names,                      "type=add;path=Patient.name;name=text;value={\"valueString\":\"x\"}",         no("path: leads to several elements")),
        (names,                      "type=add;path=Patient.name.where(family='B');name=text;value={\"valueString\":\"x\"}", patient(r#""name":[{"family":"A"},{"family":"B","text":"x"}]"#)),
        (names,                      "type=add;path=Patient;name=name;value={\"valueHumanName\":{\"text\":\"C\"}}", patient(r#""name":[{"family":"A"},{"family":"B"},{"text":"C"}]"#)),
        (given,                      "type=add;path=Patient.name[0];name=given;value={\"valueString\":\"D\"}",     patient(r#""name":[{"given":["A","B","C","D"],"_given":[null,{"id":"b"},null,null]}]"#)),
        ("",                         "type=add;path=Patient;name=birthDate;value={\"valueDate\":\"1970\",\"_valueDate\":{\"id\":\"x\"}}", patient(r#""birthDate":"1970","_birthDate":{"id":"x"}"#)),
        (r#""birthDate":"1970","_birthDate":{"id":"x"}"#, "type=replace;path=Patient.birthDate;value={\"valueDate\":\"1971\"}", patient(r#""birthDate":"1971""#)),
        (r#""_birthDate":{"id":"x"}"#, "type=replace;path=Patient.birthDate;value={\"valueDate\":\"1971\"}",       patient(r#""birthDate":"1971""#)),
        ("",                         "type=replace;path=Patient.birthDate;value={\"valueDate\":\"1971\"}",         no("path: there is nothing")),
        (r#""deceasedBoolean":true"#, "type=replace;path=Patient.deceased;value={\"valueDateTime\":\"2026\"}",     patient(r#""deceasedDateTime":"2026""#)),
        (names,                      "type=replace;path=Patient.name[1];value={\"valueHumanName\":{\"text\":\"C\"}}", patient(r#""name":[{"family":"A"},{"text":"C"}]"#)),
        (given,                      "type=replace;path=Patient.name[0].given[1];value={\"valueString\":\"X\"}",   patient(r#""name":[{"given":["A","X","C"]}]"#)),
        (r#""name":[{"given":["A","B"]}]"#, "type=replace;path=Patient.name[0].given[0];value={\"valueString\":\"X\",\"_valueString\":{\"id\":\"x\"}}", patient(r#""name":[{"given":["X","B"],"_given":[{"id":"x"},null]}]"#)),
        (r#""name":[{"given":["A","B","C"]}]"#, "type=replace;path=Patient.name[0].given[1];value={\"valueString\":\"X\",\"_valueString\":{\"id\":\"x\"}}", patient(r#""name":[{"given":["A","X","C"],"_given":[null,{"id":"x"},null]}]"#)),
        (r#""name":[{"_given":[{"id":"a"},{"id":"b"}]}]"#, "type=replace;path=Patient.name[0].given[0];value={\"valueString\":\"X\"}", patient(r#""name":[{"_given":[null,{"id":"b"}],"given":["X",null]}]"#)),
        ("",                         "type=replace;path=Patient;value={\"valueString\":\"x\"}",                    no("the resource itself is not replaced by a patch")),
        ("",                         "type=delete;path=Patient",                                                   no("the resource itself is not deleted by a patch")),
        ("",                         "type=delete;path=Patient.name",                                              patient("")),
        (names,                      "type=delete;path=Patient.name",                                              no("path: leads to several elements")),
        (names,                      "type=delete;path=Patient.name.where(family='A')",                            patient(r#""name":[{"family":"B"}]"#)),
        (names,                      "type=delete;path=Patient.name.last().family",                                patient(r#""name":[{"family":"A"}]"#)),
        (given,                      "type=delete;path=Patient.name.given[1]",                                     patient(r#""name":[{"given":["A","C"]}]"#)),
        (names,                      "type=delete;path=Patient.name.count()",                                      no("path: leads to a value that is no element")),
        (names,                      "type=delete;path=Patient.name.count().single(1)",                            format!("malformed {p0}.part.where(name='path'): no FHIRPath that is understood here")),
        (names,                      "type=insert;path=Patient.name;index=0;value={\"valueHumanName\":{\"text\":\"C\"}}", patient(r#""name":[{"text":"C"},{"family":"A"},{"family":"B"}]"#)),
        (names,                      "type=insert;path=Patient.name;index=2;value={\"valueHumanName\":{\"text\":\"C\"}}", patient(r#""name":[{"family":"A"},{"family":"B"},{"text":"C"}]"#)),
        (names,                      "type=insert;path=Patient.name;index=3;value={\"valueHumanName\":{\"text\":\"C\"}}", no("index: is beyond the end of the list")),
        ("",                         "type=insert;path=Patient.name;index=0;value={\"valueHumanName\":{\"text\":\"C\"}}", patient(r#""name":[{"text":"C"}]"#)),
        (given,                      "type=insert;path=Patient.name[0].given;index=1;value={\"valueString\":\"X\"}", patient(r#""name":[{"given":["A","X","B","C"],"_given":[null,null,{"id":"b"},null]}]"#)),
        ("",                         "type=insert;path=Patient.gender;index=0;value={\"valueCode\":\"male\"}",     no("path: must end in the name of a list")),
        (names,                      "type=insert;path=Patient.name[0];index=0;value={\"valueCode\":\"x\"}",       format!("malformed {p0}.part.where(name='path'): must end in the name of a list")),
        (given,                      "type=move;path=Patient.name[0].given;source=1;destination=2",                patient(r#""name":[{"given":["A","C","B"],"_given":[null,null,{"id":"b"}]}]"#)),
        (names,                      "type=move;path=Patient.name;source=0;destination=2",                         no("source and destination must be places of the list")),
        (names,                      "type=move;path=Patient.name;source=-1;destination=0",                        format!("malformed {p0}.part.where(name='source'): must be a whole number from 0")),
        ("",                         "type=set;path=Patient",                                                      format!("malformed {p0}.part.where(name='type'): must be add, insert, delete, replace or move")),
        ("",                         "type=add;path=Patient;name=gender",                                          format!("malformed {p0}.part.where(name='value'): must be there")),
        ("",                         "type=add;path=Patient;name=gender;value={\"valueCode\":\"a\",\"valueString\":\"b\"}", format!("malformed {p0}.part.where(name='value'): must have one value, a resource, or parts")),
        ("",                         "path=Patient",                                                               format!("malformed {p0}.part.where(name='type'): must be there")),
        ("",                         "type=add;path=Patient;name=contact;value={\"part\":[{\"name\":\"gender\",\"valueCode\":\"male\"},{\"name\":\"relationship\",\"valueCodeableConcept\":{\"text\":\"r\"}}]}", patient(r#""contact":[{"gender":"male","relationship":[{"text":"r"}]}]"#)),
        ("",                         "type=add;path=Patient;name=contact;value={\"part\":[{\"name\":\"dragon\",\"valueCode\":\"x\"}]}", no("value: is not what the element holds")),
        ("",                         "type=add;path=Patient;name=contained;value={\"resource\":{\"resourceType\":\"Basic\",\"id\":\"b\"}}", patient(r#""contained":[{"resourceType":"Basic","id":"b"}]"#)),
        (r#""contained":[{"resourceType":"Basic","id":"b"}]"#, "type=add;path=Patient.contained[0];name=created;value={\"valueDate\":\"2026\"}", patient(r#""contained":[{"resourceType":"Basic","id":"b","created":"2026"}]"#)),
        (r#""extension":[{"url":"u","valueCode":"a"}]"#, "type=replace;path=Patient.extension('u').value;value={\"valueString\":\"b\"}", patient(r#""extension":[{"url":"u","valueString":"b"}]"#)),
        (r#""extension":[{"url":"u","valueCode":"a"}]"#, "type=replace;path=Patient.extension('u').value;value={\"valueQuantity\":{\"value\":1.50}}", patient(r#""extension":[{"url":"u","valueQuantity":{"value":1.50}}]"#)),
        (names,                      "type=replace;path=Patient.name[0];value={\"valueString\":\"x\"}",            no("value: is not what the element holds")),
        (r#""gender":"male""#,       "type=replace;path=Patient.gender;value={\"valueCoding\":{\"code\":\"x\"}}",  no("value: is not what the element holds")),
        ("",                         "type=replace;path=Patient.id;value={\"valueId\":\"q\"}",                     "patch: a patch changes neither resourceType nor id".into()),
    ];
    for (resource, operation, expected) in cases {
        assert_eq!(patched(&patient(resource), parameters(&[operation])), expected, "{operation}");
    }
}

#[test]
fn parameters_that_are_no_patch() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
        ("7",                                                       "malformed Parameters: must be an object"),
        (r#"{"resourceType":"Patient"}"#,                           "malformed Parameters: must be a Parameters"),
        (r#"{"resourceType":"Parameters","parameter":{}}"#,         "malformed Parameters.parameter: must be an array"),
        (r#"{"resourceType":"Parameters","parameter":[1,{"name":"x"},{"name":"operation"}]}"#, "malformed Parameters.parameter[0]: must be an object; Parameters.parameter[1]: must have the name operation; Parameters.parameter[2]: must have parts"),
        (r#"{"resourceType":"Parameters"}"#,                        r#"{"resourceType":"Patient"}"#),
    ];
    for (given, expected) in cases {
        assert_eq!(patched(r#"{"resourceType":"Patient"}"#, parse(given.as_bytes()).unwrap()), expected);
    }
}

/// The suite's cases forward; some can be read backward as well, which asks for a difference and not for a patch.
#[test]
fn the_suite() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let text = std::fs::read_to_string(shared.join("suites/fhir-patch/fhir-patch-tests.subset.xml")).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("case")).collect();
    assert!(cases.len() >= 17, "the suite has {} cases", cases.len());
    for case in cases {
        let name = case.attribute("name").unwrap_or_default();
        let resource = |part: &str| {
            let holder = case.children().find(|node| node.has_tag_name(part)).unwrap();
            xml::whole(holder.children().find(roxmltree::Node::is_element).unwrap(), &text).unwrap()
        };
        let patch = PathPatch::read(resource("diff")).map(Patch::Path);
        let patched = patch.and_then(|patch| patch.apply(resource("input"), &BOUNDS));
        match patched {
            Ok(patched) => assert!(
                patched.same(&resource("output")),
                "{name}: {}",
                String::from_utf8(patched.to_text()).unwrap()
            ),
            Err(failure) => panic!("{name}: {failure:?}"),
        }
    }
}
