//! The official definitions as the generator reads them: elements by path, search parameters, the patient compartment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

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
}

/// One element of a type.
pub(super) struct Element {
    /// Whether JSON has it as an array.
    pub(super) list: bool,
    /// The types it may have; more than one for `value[x]`.
    pub(super) types: Vec<String>,
    /// Whether it must be there.
    pub(super) required: bool,
    /// Whether a summary has it.
    pub(super) summary: bool,
    /// The path of the element whose content it shares.
    pub(super) same_as: Option<String>,
}

/// One search parameter.
pub(super) struct SearchParameter {
    pub(super) code: String,
    pub(super) kind: String,
    pub(super) base: Vec<String>,
    pub(super) expression: String,
}

impl Definitions {
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut read = Self {
            types: BTreeSet::new(),
            elements: BTreeMap::new(),
            params: Vec::new(),
            patient_compartment: BTreeMap::new(),
        };
        let unpacked = tempfile::tempdir()?;
        let structures = structure_folder(folder, unpacked.path())?;
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
        let snapshot = structure.get("snapshot").unwrap_or(&Value::Null);
        for element in items(snapshot, "element") {
            // The first definition's own cardinality decides the JSON shape, as `base` records it.
            let max =
                element.pointer("/base/max").or(element.get("max")).and_then(Value::as_str).unwrap_or("1");
            let types = items(element, "type").map(|t| text(t, "code")).collect();
            let same_as = element.get("contentReference").and_then(Value::as_str);
            let same_as = same_as.map(|r| r.trim_start_matches('#').to_owned());
            let required = element.get("min").and_then(Value::as_u64).unwrap_or_default() > 0;
            let summary = element.get("isSummary") == Some(&Value::Bool(true));
            let element_of = Element { list: max != "1", types, required, summary, same_as };
            self.elements.insert(text(element, "path"), element_of);
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

/// Where the unpacked structure definitions are: beside the others, or unpacked into `scratch` now.
fn structure_folder(folder: &Path, scratch: &Path) -> anyhow::Result<PathBuf> {
    let ready = folder.join("StructureDefinition");
    if ready.is_dir() {
        return Ok(ready);
    }
    let archive = folder.join("r4-structuredefinitions.tar.zst");
    let done = Command::new("tar").arg("--zstd").arg("-xf").arg(&archive).arg("-C").arg(scratch).status();
    if !done.context("cannot run tar")?.success() {
        bail!("cannot unpack {}", archive.display());
    }
    let inner = scratch.join("StructureDefinition");
    Ok(if inner.is_dir() { inner } else { scratch.to_owned() })
}

fn json(file: &Path) -> anyhow::Result<Value> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", file.display()))
}

fn parameter(resource: &Value) -> SearchParameter {
    SearchParameter {
        code: text(resource, "code"),
        kind: text(resource, "type"),
        base: texts(resource, "base"),
        expression: text(resource, "expression"),
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    items(value, key).filter_map(Value::as_str).map(str::to_owned).collect()
}
