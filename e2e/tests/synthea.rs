//! Real bundles that nobody here wrote: taken as they are, and read back as sent.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what it found")]

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use anamnesis_json::{Object, Value};
use anamnesis_testkit::{Options, binary, skipped, unpack_synthea};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out)
        } else if path.extension().is_some_and(|e| e == "json") {
            out.push(path)
        }
    }
}

/// Runs `import` into a data directory; gives its exit code and what it refused.
fn import(data: &Path, what: &Path) -> (Option<i32>, Vec<Value>) {
    let output =
        Command::new(binary()).args(["import", "--json", "--data"]).arg(data).arg(what).output().unwrap();
    let report = anamnesis_json::parse(&output.stdout).unwrap();
    (output.status.code(), report.get("refused").unwrap().each().cloned().collect())
}

#[test]
fn a_folder_imports_whatever_the_order_of_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let Some(synthea) = unpack_synthea(&folder.path().join("synthea")) else { return };
    let data = folder.path().join("data");
    let (_, refused) = import(&data, &synthea);
    for refusal in refused {
        // One of these three finds its targets among the organisations of another archive; the others find none.
        assert!(refusal.get("file").and_then(Value::as_str).unwrap().contains("uscore-spezi"));
    }
    let server = Options::new().data(data).start();
    let count = server.http().get("/fhir/Patient?_summary=count").expect(200).json();
    assert!(count.get("total").and_then(Value::as_u64).unwrap() >= 72);
}

#[test]
fn bundles_whose_targets_are_missing_are_refused_whole_and_taken_once_they_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let Some(synthea) = unpack_synthea(&folder.path().join("synthea")) else { return };
    let (data, spezi) = (folder.path().join("data"), synthea.join("uscore-spezi-no-infrastructure"));
    let (code, refused) = import(&data, &spezi);
    assert_eq!(code, Some(1));
    let files: std::collections::BTreeSet<&str> =
        refused.iter().filter_map(|refusal| refusal.get("file").and_then(Value::as_str)).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    for refusal in &refused {
        assert!(refusal.get("path").and_then(Value::as_str).unwrap().starts_with("Bundle.entry["));
        assert!(!refusal.get("reason").and_then(Value::as_str).unwrap().is_empty());
    }
    let log = Command::new(binary()).args(["log", "--data"]).arg(&data).output().unwrap();
    assert!(log.stdout.is_empty(), "nothing of a refused bundle is kept");
    let targets = folder.path().join("targets.json");
    std::fs::write(&targets, targets_of(&spezi).to_text()).unwrap();
    assert_eq!(import(&data, &targets), (Some(0), vec![]));
    assert_eq!(import(&data, &spezi), (Some(0), vec![]));
}

/// A transaction that creates what the conditional references of the folder's bundles ask for.
fn targets_of(folder: &Path) -> Value {
    let mut found = Vec::new();
    files(folder, &mut found);
    let mut wanted: BTreeMap<String, ()> = BTreeMap::new();
    for path in found {
        let text = String::from_utf8(std::fs::read(path).unwrap()).unwrap();
        for part in text.split('"').filter(|part| part.contains("?identifier=")) {
            wanted.insert(part.to_owned(), ());
        }
    }
    let entry = |reference: &String| {
        let (kind, identifier) = reference.split_once("?identifier=").unwrap();
        let (system, value) = identifier.split_once('|').unwrap();
        let identifier = Object::new().with("system", system).with("value", value);
        let resource =
            Object::new().with("resourceType", kind).with("identifier", vec![Value::from(identifier)]);
        let request = Object::new().with("method", "POST").with("url", kind);
        Value::from(Object::new().with("resource", resource).with("request", request))
    };
    let entries: Vec<Value> = wanted.keys().map(entry).collect();
    Object::new().with("resourceType", "Bundle").with("type", "transaction").with("entry", entries).into()
}

#[test]
fn every_resource_reads_back_as_sent() {
    let folder = tempfile::tempdir().unwrap();
    let Some(synthea) = unpack_synthea(&folder.path().join("synthea")) else { return };
    let server = Options::new().data(folder.path().join("data")).start();
    let http = server.http();
    let mut bundles = Vec::new();
    for archive in ["smart-2019-selfcontained", "iris-2020-selfcontained"] {
        files(&synthea.join(archive), &mut bundles);
    }
    bundles.sort();
    let mut patients = 0;
    for path in bundles.iter().step_by(5) {
        let text = std::fs::read(path).unwrap();
        let bundle = anamnesis_json::parse(&text).unwrap();
        let reply =
            http.send("POST", "/fhir", &[("content-type", "application/fhir+json")], Some(text)).expect(200);
        let answer = reply.json();
        let sent: Vec<&Value> = bundle.get("entry").unwrap().each().collect();
        let located: Vec<String> = answer.get("entry").unwrap().each().map(location).collect();
        let assigned: HashMap<&str, &str> = sent
            .iter()
            .zip(&located)
            .filter_map(|(entry, at)| Some((entry.get("fullUrl")?.as_str()?, at.as_str())))
            .collect();
        let mut of_patient = None;
        for (entry, at) in sent.iter().zip(&located) {
            let read = http.get(&format!("/fhir/{at}")).expect(200).json();
            let mut wanted = (*entry.get("resource").unwrap()).clone();
            rewrite(&mut wanted, &assigned);
            assert_eq!(stripped(read), stripped(wanted), "{at} of {}", path.display());
            if at.starts_with("Patient/") {
                of_patient = Some(at.clone());
            }
        }
        if let Some(patient) = of_patient {
            patients += 1;
            everything(&http, &patient, located.len());
        }
    }
    assert!(patients >= 8, "{patients}");
}

/// All of the bundle, once, over pages; such a bundle holds one patient and what its records point to.
fn everything(http: &anamnesis_testkit::Http, patient: &str, entries: usize) {
    let mut path = format!("/fhir/{patient}/$everything?_count=200");
    let mut seen = std::collections::BTreeSet::new();
    loop {
        let page = http.get(&path).expect(200).json();
        for entry in page.get("entry").map(Value::each).into_iter().flatten() {
            let resource = entry.get("resource").unwrap();
            let name = format!(
                "{}/{}",
                resource.get("resourceType").unwrap().as_str().unwrap(),
                resource.get("id").unwrap().as_str().unwrap()
            );
            assert!(!name.starts_with("Patient/") || name == patient);
            assert!(seen.insert(name), "twice over the pages");
        }
        let next = page
            .get("link")
            .unwrap()
            .each()
            .find(|l| l.get("relation").and_then(Value::as_str) == Some("next"));
        let Some(next) = next else { break };
        let url = next.get("url").unwrap().as_str().unwrap();
        path = url.get(url.find("/fhir/").unwrap()..).unwrap().to_owned();
    }
    assert!(seen.len() <= entries && seen.len() * 10 >= entries * 9, "{} of {entries}", seen.len());
}

#[test]
fn six_patients_tell_at_least_fifteen_kinds_of_event() {
    let folder = tempfile::tempdir().unwrap();
    let Some(shared) = anamnesis_testkit::shared_data() else {
        skipped("../shared/data is not here");
        return;
    };
    let data = folder.path().join("data");
    let imported = Command::new(binary())
        .args(["import", "--data"])
        .arg(&data)
        .arg(shared.join("synthea/loose"))
        .output()
        .unwrap();
    let output = Command::new(binary()).args(["log", "--data"]).arg(&data).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let kinds: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().last()).collect();
    let named: std::collections::BTreeSet<&&str> =
        kinds.iter().filter(|kind| !kind.ends_with("Created")).collect();
    assert!(
        named.len() >= 15,
        "{} kinds; import said {}",
        named.len(),
        String::from_utf8_lossy(&imported.stdout)
    );
}

fn location(entry: &Value) -> String {
    let response = entry.get("response").unwrap();
    assert!(response.get("status").unwrap().as_str().unwrap().starts_with("201"));
    let location = response.get("location").unwrap().as_str().unwrap();
    let without = location.split("/_history").next().unwrap();
    let mut parts = without.rsplit('/');
    let (id, kind) = (parts.next().unwrap(), parts.next().unwrap());
    format!("{kind}/{id}")
}

/// Puts assigned references where the bundle had its own.
fn rewrite(value: &mut Value, assigned: &HashMap<&str, &str>) {
    match value {
        Value::String(text) => {
            if let Some(to) = assigned.get(text.as_str()) {
                *text = (*to).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, assigned)),
        Value::Object(object) => object.iter_mut().for_each(|(_, value)| rewrite(value, assigned)),
        _ => {}
    }
}

/// The text without what the server gives: order, numbers' text and all else must be as sent.
fn stripped(mut resource: Value) -> String {
    let object = resource.as_object_mut().unwrap();
    object.remove("id");
    let emptied = object.get_mut("meta").and_then(Value::as_object_mut).is_some_and(|meta| {
        meta.remove("versionId");
        meta.remove("lastUpdated");
        meta.is_empty()
    });
    if emptied {
        object.remove("meta");
    }
    String::from_utf8(resource.to_text()).unwrap()
}
