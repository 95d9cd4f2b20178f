//! FHIR R4's own definitions, read for the tests: a model, and the expressions that stand in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use anamnesis_fhirpath::{Element, Kind, Model, TypeRef};
use anamnesis_json::{Object, Value, parse};

/// The definitions, or nothing where the data is not.
pub(crate) static R4: LazyLock<Option<Definitions>> = LazyLock::new(Definitions::read);

/// What stands in every profile and in no type.
const PROFILE: &str = "\"derivation\":\"constraint\"";

/// FHIR's types with their elements, and the invariants of severity error.
#[derive(Default)]
pub(crate) struct Definitions {
    types: Vec<Type>,
    by_name: BTreeMap<String, TypeRef>,
    /// Key, path of the element, expression.
    pub(crate) invariants: Vec<(String, String, String)>,
}

#[derive(Default)]
struct Type {
    name: String,
    parent: Option<TypeRef>,
    elements: BTreeMap<String, (Element, bool)>,
}

impl Definitions {
    fn read() -> Option<Self> {
        let archive = data()?.join("definitions/r4-structuredefinitions.tar.zst");
        let folder = tempfile::tempdir().expect("a test may write where it unpacks");
        let mut tar = Command::new("tar");
        let unpacked = tar.arg("--zstd").arg("-xf").arg(archive).arg("-C").arg(folder.path()).status();
        assert!(unpacked.is_ok_and(|status| status.success()), "tar could not unpack the definitions");
        let mut structures = Vec::new();
        for file in files(&folder.path().join("StructureDefinition")) {
            let text = std::fs::read(file).expect("what was unpacked can be read");
            // Profiles are many and long, and say nothing new of types.
            if !String::from_utf8_lossy(&text).contains(PROFILE) {
                structures.push(parse(&text).expect("a definition is JSON"));
            }
        }
        let mut read = Self::default();
        let structures: Vec<&Object> = structures
            .iter()
            .filter_map(Value::as_object)
            .filter(|s| s.str("derivation") != Some("constraint") && s.str("kind") != Some("logical"))
            .collect();
        for structure in &structures {
            read.declare(structure);
        }
        for structure in &structures {
            read.describe(structure);
        }
        Some(read)
    }

    fn add(&mut self, path: &str, name: &str) {
        let number = u16::try_from(self.types.len()).expect("R4 has fewer types");
        self.types.push(Type { name: name.to_owned(), ..Type::default() });
        self.by_name.insert(path.to_owned(), TypeRef(number));
    }

    fn declare(&mut self, structure: &Object) {
        let name = structure.str("type").expect("a definition has a type");
        self.add(name, name);
        let elements = snapshot(structure);
        for element in elements {
            let path = element.str("path").expect("an element has a path");
            let below = format!("{path}.");
            let has_children =
                elements_of(structure).any(|e| e.str("path").is_some_and(|p| p.starts_with(&below)));
            if path.contains('.') && has_children {
                self.add(path, type_codes(element).next().unwrap_or("Element"));
            }
        }
    }

    fn describe(&mut self, structure: &Object) {
        let base = structure.str("baseDefinition").and_then(|url| url.rsplit('/').next());
        let name = structure.str("type").expect("a definition has a type");
        let parent = base.and_then(|base| self.type_named(base));
        if let Some(this) = self.get_mut(name) {
            this.parent = parent;
        }
        let primitive = structure.str("kind") == Some("primitive-type");
        for element in snapshot(structure) {
            let path = element.str("path").expect("an element has a path");
            for rule in element.get("constraint").map(Value::each).unwrap_or_default() {
                let text = |key| rule.get(key).and_then(Value::as_str);
                if let (Some("error"), Some(key), Some(expression)) =
                    (text("severity"), text("key"), text("expression"))
                {
                    self.invariants.push((key.to_owned(), path.to_owned(), expression.to_owned()));
                }
            }
            let Some((owner, step)) = path.rsplit_once('.') else { continue };
            if let Some(nested) = self.type_named(path) {
                let parent = type_codes(element).next().and_then(|code| self.type_named(code));
                self.types[usize::from(nested.0)].parent = parent;
            }
            if primitive && step == "value" {
                continue;
            }
            let list = element.get("base").and_then(|base| base.get("max")?.as_str()) != Some("1");
            for (json, element) in self.forms(element, path, step) {
                let owner = self.get_mut(owner).unwrap_or_else(|| panic!("{owner} was declared"));
                owner.elements.insert(json, (element, list));
            }
        }
    }

    /// The JSON names an element may have, with what each holds.
    fn forms(&self, element: &Object, path: &str, step: &str) -> Vec<(String, Element)> {
        let of = |name: &str, choice| {
            let of = self.type_named(name).unwrap_or_else(|| panic!("{name} at {path} was declared"));
            Element { of, kind: Kind::of(&self.types[usize::from(of.0)].name), choice }
        };
        if let Some(reference) = element.str("contentReference") {
            return vec![(step.to_owned(), of(reference.trim_start_matches('#'), false))];
        }
        if self.by_name.contains_key(path) {
            return vec![(step.to_owned(), of(path, false))];
        }
        // The definitions call it a string, FHIR's pages and the suite an id.
        let depth = path.split('.').count();
        if step == "id" && depth == 2 && self.is_resource(path) {
            return vec![(step.to_owned(), of("id", false))];
        }
        match step.strip_suffix("[x]") {
            Some(stem) => type_codes(element)
                .map(|code| (format!("{stem}{}", upper_first(code)), of(code, true)))
                .collect(),
            None => type_codes(element).take(1).map(|code| (step.to_owned(), of(code, false))).collect(),
        }
    }

    fn is_resource(&self, path: &str) -> bool {
        let name = path.split('.').next().unwrap_or_default();
        self.type_named(name).is_some_and(|of| self.is(of, "Resource"))
    }

    fn get_mut(&mut self, name: &str) -> Option<&mut Type> {
        let at = self.by_name.get(name)?;
        self.types.get_mut(usize::from(at.0))
    }

    /// Whether JSON has an element as an array.
    pub(crate) fn is_list(&self, of: TypeRef, json_name: &str) -> bool {
        self.types[usize::from(of.0)].elements.get(json_name).is_some_and(|(_, list)| *list)
    }
}

impl Model for Definitions {
    fn type_named(&self, name: &str) -> Option<TypeRef> {
        self.by_name.get(name).copied()
    }

    fn name(&self, of: TypeRef) -> &str {
        &self.types[usize::from(of.0)].name
    }

    fn parent(&self, of: TypeRef) -> Option<TypeRef> {
        self.types[usize::from(of.0)].parent
    }

    fn element(&self, of: TypeRef, json_name: &str) -> Option<Element> {
        self.types[usize::from(of.0)].elements.get(json_name).map(|(element, _)| *element)
    }

    fn has_choice(&self, of: TypeRef, name: &str) -> bool {
        let elements = &self.types[usize::from(of.0)].elements;
        elements.iter().any(|(json, (element, _))| {
            element.choice
                && json.strip_prefix(name).is_some_and(|rest| rest == upper_first(self.name(element.of)))
        })
    }
}

fn upper_first(name: &str) -> String {
    let mut name = name.to_owned();
    name[..1].make_ascii_uppercase();
    name
}

fn snapshot(structure: &Object) -> Vec<&Object> {
    elements_of(structure).collect()
}

fn elements_of(structure: &Object) -> impl Iterator<Item = &Object> {
    let elements = structure.get("snapshot").and_then(|snapshot| snapshot.get("element"));
    elements.map(Value::each).unwrap_or_default().filter_map(Value::as_object)
}

/// The types of an element; FHIRPath's own string stands for FHIR's.
fn type_codes(element: &Object) -> impl Iterator<Item = &str> {
    let types = element.get("type").map(Value::each).unwrap_or_default();
    types
        .filter_map(|of| of.get("code")?.as_str())
        .map(|code| if code.starts_with("http://hl7.org/fhirpath/System.") { "string" } else { code })
}

/// The folder of outside test data; without it the test says that it is skipped.
pub(crate) fn data() -> Option<PathBuf> {
    let found = anamnesis_testkit::shared_data();
    if found.is_none() {
        anamnesis_testkit::skipped("../shared/data is not here");
    }
    found
}

/// Resources that are valid, with the names of their files: R4's examples, US Core's, and loose Synthea records.
pub(crate) fn examples(data: &Path) -> Vec<(String, Object)> {
    let mut examples = Vec::new();
    for folder in ["fhir-examples/valid", "us-core/examples", "synthea/loose"] {
        for file in
            files(&data.join(folder)).iter().filter(|path| path.is_dir()).flat_map(|inner| files(inner))
        {
            let text = std::fs::read(&file).expect("an example is there");
            let Ok(Value::Object(resource)) = parse(&text) else { continue };
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if resource.contains_key("resourceType") {
                examples.push((name, resource));
            }
        }
    }
    assert!(examples.len() > 409, "only {} examples were found", examples.len());
    examples
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files
}
