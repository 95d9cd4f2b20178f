//! The official definitions as the generator reads them: elements by path, search parameters, the patient compartment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::terminology::Terminology;

/// What R4 says, as far as the tables need it.
pub(super) struct Definitions {
    /// The concrete resource types, in order.
    pub(super) types: BTreeSet<String>,
    /// Every element of resources and datatypes by its path, `Patient.contact.name`.
    pub(super) elements: BTreeMap<String, Element>,
    /// The official search parameters.
    pub(super) params: Vec<SearchParameter>,
    /// By type, the codes of the parameters that lead to the patient whose compartment a record is in.
    pub(super) patient_compartment: BTreeMap<String, Vec<String>>,
    /// The type that a resource or datatype specialises.
    pub(super) bases: BTreeMap<String, String>,
    /// The code systems and value sets.
    pub(super) terminology: Terminology,
}

/// One element of a type.
pub(super) struct Element {
    /// Whether JSON has it as an array.
    pub(super) list: bool,
    /// The types it may have; more than one for `value[x]`.
    pub(super) types: Vec<String>,
    /// Whether a summary has it.
    pub(super) summary: bool,
    /// The path of the element whose content it shares.
    pub(super) same_as: Option<String>,
    /// Whether one must be there.
    pub(super) required: bool,
    /// What a Reference may lead to; nothing where it may lead anywhere.
    pub(super) targets: BTreeSet<String>,
    /// The value set that its codes must be of.
    pub(super) binding: Option<String>,
    /// What must hold of it, of severity error: those of its type too.
    pub(super) rules: Vec<Rule>,
    /// Whether it is a Quantity that has no comparator.
    pub(super) simple_quantity: bool,
}

/// An invariant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    pub(super) key: String,
    pub(super) expression: String,
    pub(super) human: String,
}

/// One search parameter.
pub(super) struct SearchParameter {
    pub(super) url: String,
    pub(super) code: String,
    pub(super) kind: String,
    pub(super) base: Vec<String>,
    pub(super) expression: String,
    /// The types it can refer to, as it says itself.
    pub(super) targets: BTreeSet<String>,
    /// Of a composite, the addresses of the parameters it is made of.
    pub(super) components: Vec<String>,
}

impl Definitions {
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut read = Self {
            types: BTreeSet::new(),
            elements: BTreeMap::new(),
            params: Vec::new(),
            patient_compartment: BTreeMap::new(),
            bases: BTreeMap::new(),
            terminology: Terminology::default(),
        };
        let unpacked = tempfile::tempdir()?;
        let structures = structure_folder(folder, unpacked.path())?;
        read.terminology = Terminology::read(folder, unpacked.path())?;
        for entry in
            fs::read_dir(&structures).with_context(|| format!("cannot list {}", structures.display()))?
        {
            read.take_structure(&json(&entry?.path())?);
        }
        let bundle = json(&folder.join("search-parameters.json"))?;
        read.params =
            items(&bundle, "entry").filter_map(|entry| entry.get("resource")).map(parameter).collect();
        let compartment = json(&folder.join("compartmentdefinition-patient.json"))?;
        for resource in items(&compartment, "resource") {
            read.patient_compartment.insert(text(resource, "code"), texts(resource, "param"));
        }
        ensure!(read.types.len() == 146, "R4 has 146 resource types, found {}", read.types.len());
        Ok(read)
    }

    fn take_structure(&mut self, structure: &Value) {
        let kind = text(structure, "kind");
        if text(structure, "derivation") == "constraint" || !matches!(&*kind, "resource" | "complex-type") {
            return;
        }
        if kind == "resource" && structure.get("abstract") == Some(&Value::Bool(false)) {
            self.types.insert(text(structure, "type"));
        }
        let base = text(structure, "baseDefinition");
        self.bases.insert(text(structure, "type"), base.rsplit('/').next().unwrap_or_default().to_owned());
        let snapshot = structure.get("snapshot").unwrap_or(&Value::Null);
        for element in items(snapshot, "element") {
            // The first definition's own cardinality decides the JSON shape, as `base` records it.
            let max =
                element.pointer("/base/max").or(element.get("max")).and_then(Value::as_str).unwrap_or("1");
            let types = items(element, "type").map(|t| text(t, "code")).collect();
            let same_as = element.get("contentReference").and_then(Value::as_str);
            let same_as = same_as.map(|r| r.trim_start_matches('#').to_owned());
            let path = text(element, "path");
            let told = Element {
                list: max != "1",
                types,
                same_as,
                summary: element.get("isSummary") == Some(&Value::Bool(true)),
                required: element.get("min").and_then(Value::as_u64).is_some_and(|min| min > 0),
                targets: targets(element),
                binding: binding(element),
                rules: items(element, "constraint").filter_map(rule).collect(),
                simple_quantity: items(element, "type")
                    .flat_map(|t| texts(t, "profile"))
                    .any(|profile| profile == "http://hl7.org/fhir/StructureDefinition/SimpleQuantity"),
            };
            self.elements.insert(path, told);
        }
    }

    /// The direct children of a path, each as its last step and its element.
    pub(super) fn children<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a str, &'a Element)> {
        let prefix = format!("{path}.");
        let upto = format!("{path}/");
        self.elements
            .range(prefix.clone()..upto)
            .filter_map(move |(key, element)| Some((key.strip_prefix(&prefix)?, element)))
            .filter(|(step, _)| !step.contains('.'))
    }
}

/// The types whose resources a Reference may lead to, unless it may lead anywhere.
fn targets(element: &Value) -> BTreeSet<String> {
    let references = items(element, "type").filter(|t| text(t, "code") == "Reference");
    let profiles = references.flat_map(|t| texts(t, "targetProfile"));
    let names: BTreeSet<String> =
        profiles.filter_map(|profile| Some(profile.rsplit_once('/')?.1.to_owned())).collect();
    if names.contains("Resource") { BTreeSet::new() } else { names }
}

/// The value set of a required binding, without its version.
fn binding(element: &Value) -> Option<String> {
    let binding = element.get("binding").filter(|binding| text(binding, "strength") == "required")?;
    let url = text(binding, "valueSet");
    Some(url.split('|').next().unwrap_or_default().to_owned())
}

fn rule(constraint: &Value) -> Option<Rule> {
    let rule = Rule {
        key: text(constraint, "key"),
        expression: text(constraint, "expression"),
        human: text(constraint, "human"),
    };
    (text(constraint, "severity") == "error").then_some(rule)
}

/// Where the unpacked structure definitions are: beside the others, or unpacked into `scratch` now.
fn structure_folder(folder: &Path, scratch: &Path) -> anyhow::Result<PathBuf> {
    let ready = folder.join("StructureDefinition");
    if ready.is_dir() {
        return Ok(ready);
    }
    unpack(&folder.join("r4-structuredefinitions.tar.zst"), scratch)?;
    let inner = scratch.join("StructureDefinition");
    Ok(if inner.is_dir() { inner } else { scratch.to_owned() })
}

/// Unpacks an archive into `scratch`.
pub(super) fn unpack(archive: &Path, scratch: &Path) -> anyhow::Result<()> {
    let done = Command::new("tar").arg("--zstd").arg("-xf").arg(archive).arg("-C").arg(scratch).status();
    if !done.context("cannot run tar")?.success() {
        bail!("cannot unpack {}", archive.display());
    }
    Ok(())
}

pub(super) fn json(file: &Path) -> anyhow::Result<Value> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", file.display()))
}

fn parameter(resource: &Value) -> SearchParameter {
    SearchParameter {
        url: text(resource, "url"),
        code: text(resource, "code"),
        kind: text(resource, "type"),
        base: texts(resource, "base"),
        expression: text(resource, "expression"),
        targets: texts(resource, "target").into_iter().collect(),
        components: items(resource, "component").map(|one| text(one, "definition")).collect(),
    }
}

pub(super) fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn texts(value: &Value, key: &str) -> Vec<String> {
    items(value, key).filter_map(Value::as_str).map(str::to_owned).collect()
}
