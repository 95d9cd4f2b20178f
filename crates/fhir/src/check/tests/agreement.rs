//! What the walk checks itself is what FHIRPath says: the same resources break the same invariants either way.

use std::collections::BTreeSet;
use std::fs;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::samples::json_files;
use crate::check::invariants::NATIVE;
use crate::check::{Check, Extent};
use crate::path::Path;

/// The invariants that are broken, as the walk says and as FHIRPath says.
fn both(kind: ResourceType, object: &Object) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut check = Check { twice: true, ..Check::new(Extent::Whole) };
    check.resource(kind, object, &Path::Root(kind.name()), None);
    let said = |prefix: &str| {
        let broken = check.findings.iter().filter_map(|finding| {
            let rest = finding.issue.diagnostics.strip_prefix(prefix)?;
            NATIVE.iter().find(|key| rest.split(':').next() == Some(**key)).map(|key| (*key).to_owned())
        });
        broken.collect::<BTreeSet<_>>()
    };
    (said(""), said("asked "))
}

#[test]
fn on_samples() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let (mut seen, mut broken) = (0, BTreeSet::new());
    for folder in ["fhir-examples", "us-core/examples", "synthea/loose"] {
        for file in json_files(&shared.join(folder)) {
            let Ok(value) = anamnesis_json::parse(&fs::read(&file).unwrap()) else { continue };
            let kind = value.get("resourceType").and_then(Value::as_str).and_then(ResourceType::parse);
            let (Some(kind), Some(object)) = (kind, value.as_object()) else { continue };
            let (walk, asked) = both(kind, object);
            assert_eq!(walk, asked, "{}", file.display());
            broken.extend(walk);
            seen += 1;
        }
    }
    println!("{seen} resources, which break {broken:?}");
    assert!(seen > 600, "the samples were not all seen");
}

#[test]
fn on_what_breaks_them() {
    #[rustfmt::skip] // A table reads by column.
    let cases = [
     // breaks            resource
        ("",              r##"{"contained":[{"resourceType":"Organization","id":"o","name":"x"}],"managingOrganization":{"reference":"#o"}}"##),
        ("",              r##"{"contained":[{"resourceType":"Provenance","id":"o","target":[{"reference":"#"}]}]}"##),
        ("",              r##"{"contained":[{"resourceType":"Library","id":"o"}],"extension":[{"url":"u","valueCanonical":"#o"}]}"##),
        ("dom-2",         r##"{"contained":[{"resourceType":"Device","id":"a","parent":{"reference":"#a"},"url":"#b","contained":[{"resourceType":"Device","id":"b","parent":{"reference":"#a"}}]}],"managingOrganization":{"reference":"#a"},"link":[{"other":{"reference":"#a"}}],"_active":{"extension":[{"url":"u","valueUri":"#b"}]}}"##),
        ("dom-3",         r##"{"contained":[{"resourceType":"Organization","id":"o","name":"x"}]}"##),
        ("dom-3",         r##"{"contained":[{"resourceType":"Organization","id":"o","name":"#"}],"managingOrganization":{"reference":"Organization/o"}}"##),
        ("dom-4",         r##"{"contained":[{"resourceType":"Organization","id":"o","meta":{"versionId":"1"}}],"managingOrganization":{"reference":"#o"}}"##),
        ("dom-4",         r##"{"contained":[{"resourceType":"Organization","id":"o","meta":{"lastUpdated":"2020-01-01T00:00:00Z"}}],"managingOrganization":{"reference":"#o"}}"##),
        ("dom-5",         r##"{"contained":[{"resourceType":"Organization","id":"o","meta":{"security":[{"code":"R"}]}}],"managingOrganization":{"reference":"#o"}}"##),
        ("ext-1",         r#"{"extension":[{"url":"u"}]}"#),
        ("ext-1",         r#"{"extension":[{"url":"u","valueCode":"a","extension":[{"url":"u","valueCode":"a"}]}]}"#),
        ("ext-1",         r#"{"_birthDate":{"extension":[{"url":"u"}]}}"#),
        ("",              r#"{"extension":[{"url":"u","_valueCode":{"extension":[{"url":"u","valueCode":"a"}]}}]}"#),
        ("ref-1",         r##"{"managingOrganization":{"reference":"#o"}}"##),
        ("",              r##"{"managingOrganization":{"reference":"#"}}"##),
    ];
    for (expected, json) in cases {
        let value = anamnesis_json::parse(json.as_bytes()).unwrap();
        let (walk, asked) = both(ResourceType::PATIENT, value.as_object().unwrap());
        assert_eq!(walk, asked, "{json}");
        assert_eq!(walk.into_iter().collect::<Vec<_>>().join(" "), expected, "{json}");
    }
}
