//! R4's own profiles, which nobody here wrote, on examples and on vital signs of Synthea's patients.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::outcome::Severity;
use crate::profile::extensions;

const OF_R4: &str = "http://hl7.org/fhir/StructureDefinition/";

/// The profile of each LOINC code that R4's vital signs have.
const VITAL_SIGNS: &[(&str, &str)] = &[
    ("29463-7", "bodyweight"),
    ("8302-2", "bodyheight"),
    ("39156-5", "bmi"),
    ("8310-5", "bodytemp"),
    ("8867-4", "heartrate"),
    ("9279-1", "resprate"),
    ("85354-9", "bp"),
];

/// R4's profiles of these names, compiled from the snapshots they are published with.
fn published(shared: &Path, names: &[&str]) -> Known {
    let archive = shared.join("definitions/r4-structuredefinitions.tar.zst");
    let mut known = Known::default();
    for name in names {
        let member = format!("StructureDefinition/StructureDefinition-{name}.json");
        let output =
            Command::new("tar").arg("--zstd").arg("-xOf").arg(&archive).arg(member).output().unwrap();
        assert!(output.status.success(), "{name} is not in the archive");
        let profile = Profile::compile(&anamnesis_json::parse(&output.stdout).unwrap()).unwrap();
        known.profiles.insert(profile.url().to_owned(), Arc::new(profile));
    }
    known
}

/// What is wrong with a resource by the profiles it names, or by those given.
fn wrong(known: &Known, resource: &Value, urls: &[String]) -> Vec<String> {
    let kind = resource.get("resourceType").and_then(Value::as_str).and_then(ResourceType::parse).unwrap();
    let mut all = Vec::new();
    for url in urls {
        let profile = known.profile(url).unwrap();
        let found = profile.check(&Claim::of(kind, resource.as_object().unwrap()), known, Wanted::Faults);
        all.extend(
            found.into_iter().filter(|finding| finding.issue.severity == Severity::Error).map(|finding| {
                format!("{}: {}", finding.issue.expression.unwrap(), finding.issue.diagnostics)
            }),
        );
    }
    all
}

fn claimed(resource: &Value) -> Vec<String> {
    let profiles = resource.get("meta").and_then(|meta| meta.get("profile"));
    profiles.into_iter().flat_map(Value::each).filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn examples_follow_the_profiles_they_name() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let names = [
        "vitalsigns",
        "bodyheight",
        "bodytemp",
        "bp",
        "vitalspanel",
        "headcircum",
        "shareablevalueset",
        "shareablecodesystem",
    ];
    let known = published(&shared, &names);
    let mut seen = BTreeMap::new();
    for file in crate::check::tests::samples::json_files(&shared.join("fhir-examples/valid")) {
        let resource = anamnesis_json::parse(&fs::read(&file).unwrap()).unwrap();
        let urls: Vec<String> =
            claimed(&resource).into_iter().filter(|url| known.profile(url).is_some()).collect();
        if !urls.is_empty() {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            seen.insert(name, wrong(&known, &resource, &urls));
        }
    }
    assert!(seen.len() >= 7, "{seen:?}");
    seen.retain(|_, wrong| !wrong.is_empty());
    assert_eq!(seen, BTreeMap::new());
}

#[test]
fn vital_signs_of_synthea() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let names: Vec<&str> = VITAL_SIGNS.iter().map(|(_, name)| *name).chain(["vitalsigns"]).collect();
    let known = published(&shared, &names);
    let (mut seen, mut refused) = (BTreeMap::<&str, usize>::new(), BTreeMap::<String, usize>::new());
    for file in crate::check::tests::samples::json_files(&shared.join("synthea/loose")) {
        let bundle = anamnesis_json::parse(&fs::read(&file).unwrap()).unwrap();
        for resource in bundle.get("entry").unwrap().each().filter_map(|entry| entry.get("resource")) {
            let coding = resource
                .get("code")
                .and_then(|code| code.get("coding")?.each().next()?.get("code")?.as_str());
            let Some((_, name)) = VITAL_SIGNS.iter().find(|(code, _)| coding == Some(code)) else { continue };
            if resource.get("resourceType").and_then(Value::as_str) != Some("Observation") {
                continue;
            }
            *seen.entry(name).or_default() += 1;
            for wrong in wrong(&known, resource, &[format!("{OF_R4}{name}")]) {
                *refused.entry(format!("{name}: {wrong}")).or_default() += 1;
            }
        }
    }
    println!("{seen:?}");
    assert!(seen.values().sum::<usize>() > 50, "{seen:?}");
    assert_eq!(refused, BTreeMap::new());
}

#[test]
fn a_blood_pressure_without_its_half_is_none() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let known = published(&shared, &["bp", "vitalsigns"]);
    let file = shared.join("fhir-examples/valid/Observation/Observation-blood-pressure.json");
    let good = anamnesis_json::parse(&fs::read(file).unwrap()).unwrap();
    let urls = [format!("{OF_R4}bp")];
    assert_eq!(wrong(&known, &good, &urls), Vec::<String>::new());
    let without = |key: &str, value: Option<Value>| {
        let mut resource = good.clone();
        let object = resource.as_object_mut().unwrap();
        match value {
            Some(value) => object.set(key, value),
            None => drop(object.remove(key)),
        }
        wrong(&known, &resource, &urls).join("; ")
    };
    let half: Vec<Value> = good.get("component").unwrap().each().take(1).cloned().collect();
    assert_eq!(
        without("component", Some(half.into())),
        "Observation.component: must be there 2 times; Observation.component: must be there of the slice DiastolicBP"
    );
    assert_eq!(without("subject", None), "Observation.subject: must be there");
    assert_eq!(
        without("category", Some(vec![json(r#"{"text":"vital"}"#)].into())),
        "Observation.category: must be there of the slice VSCat"
    );
    assert_eq!(
        without("effectiveDateTime", Some("2012".into())),
        "Observation.effectiveDateTime: vs-1: if Observation.effective[x] is dateTime and has a value then that value shall be precise to the day"
    );
}

/// Where R4's own examples have extensions that R4's own definitions do not allow there.
const AMISS: &[&str] = &[
    // Snapshots were published with it on the type; the context of its definition was one element too deep.
    "StructureDefinition.snapshot.element.type.extension: may stand on ElementDefinition.type.code alone",
    // The maturity of a value set; its definition speaks of structures alone.
    "ValueSet.extension: may stand on StructureDefinition alone",
];

#[test]
fn extensions_of_examples_are_what_r4_says_of_them() {
    let Some(shared) = anamnesis_testkit::shared_data() else {
        anamnesis_testkit::skipped("../shared/data is not here");
        return;
    };
    let known = extensions_of_r4(&shared);
    assert!(known.profiles.len() > 300, "{}", known.profiles.len());
    let (mut amiss, mut held) = (BTreeSet::new(), 0);
    for file in crate::check::tests::samples::json_files(&shared.join("fhir-examples/valid")) {
        let text = fs::read_to_string(&file).unwrap();
        let resource = json(&text);
        let kind =
            resource.get("resourceType").and_then(Value::as_str).and_then(ResourceType::parse).unwrap();
        held += known.profiles.keys().filter(|url| text.contains(&format!("\"{url}\""))).count();
        for finding in extensions(&Claim::of(kind, resource.as_object().unwrap()), &known, Wanted::Faults) {
            if finding.issue.severity == Severity::Error {
                let place = finding.issue.expression.unwrap();
                let place: String = place
                    .split('[')
                    .map(|part| part.split_once(']').map_or(part, |(_, rest)| rest))
                    .collect();
                amiss.insert(format!("{place}: {}", finding.issue.diagnostics));
            }
        }
    }
    println!("{held} extensions held to their definitions");
    assert!(held > 50, "{held}");
    assert_eq!(amiss.iter().map(String::as_str).collect::<Vec<_>>(), AMISS);
}

/// Every extension that R4 publishes.
fn extensions_of_r4(shared: &Path) -> Known {
    let folder = std::env::temp_dir().join(format!("anamnesis-extensions-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let archive = shared.join("definitions/r4-structuredefinitions.tar.zst");
    let status =
        Command::new("tar").arg("--zstd").arg("-xf").arg(&archive).arg("-C").arg(&folder).status().unwrap();
    assert!(status.success(), "the archive opens");
    let mut known = Known::default();
    for file in crate::check::tests::samples::json_files(&folder) {
        let definition = json(&fs::read_to_string(&file).unwrap());
        if definition.get("type").and_then(Value::as_str) == Some("Extension") {
            let profile = Profile::compile(&definition).unwrap();
            known.profiles.insert(profile.url().to_owned(), Arc::new(profile));
        }
    }
    fs::remove_dir_all(&folder).unwrap();
    known
}
