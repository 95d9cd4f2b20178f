//! Every element of R4 as rows of numbers: one sorted run for each type, datatype and backbone element.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, ensure};

use super::codes::ValueSets;
use super::definitions::{Definitions, Element};
use super::pieces::wrapped;
use super::rules::Rules;

/// The primitive types in the order of `Primitive` in `crates/fhir/src/shape.rs`; a whole resource follows them.
const PRIMITIVES: [&str; 20] = [
    "boolean",
    "integer",
    "unsignedInt",
    "positiveInt",
    "decimal",
    "string",
    "code",
    "id",
    "markdown",
    "base64Binary",
    "date",
    "dateTime",
    "instant",
    "time",
    "xhtml",
    "uri",
    "url",
    "canonical",
    "oid",
    "uuid",
];
const RESOURCE: usize = PRIMITIVES.len();
const FIRST_SHAPE: usize = RESOURCE + 1;

/// How many elements of a type must be there or choose among types, at most: a bit of a mask each.
const SLOTS_MAX: usize = 32;

/// One JSON property: its name, what one value is, list and slot, targets or value set, invariants.
struct Row {
    name: String,
    holds: usize,
    bits: usize,
    more: usize,
    rules: usize,
}

/// The sources of `generated/shapes.rs` and `generated/rules.rs`.
pub(super) fn sources(definitions: &Definitions, value_sets: &ValueSets) -> anyhow::Result<(String, String)> {
    let others: BTreeSet<&str> = definitions
        .elements
        .keys()
        .map(String::as_str)
        .filter(|path| !definitions.types.contains(*path) && definitions.children(path).next().is_some())
        .collect();
    // The resource types come first and in order, so that a type's number leads to its shape.
    let order: Vec<&str> = definitions.types.iter().map(String::as_str).chain(others).collect();
    let numbers: BTreeMap<&str, usize> = order.iter().enumerate().map(|(n, path)| (*path, n)).collect();
    let mut tables = Tables {
        definitions,
        value_sets,
        numbers: &numbers,
        rules: Rules::new(definitions),
        targets: vec![BTreeSet::new()],
    };
    let mut shapes = Vec::new();
    let mut rows = Vec::new();
    for path in &order {
        let first = rows.len();
        let required = tables.rows(path, &mut rows)?;
        let root = definitions.elements.get(*path).with_context(|| format!("no root of {path}"))?;
        let rules = tables.rules.of_shape(root);
        let kind = if path.contains('.') { root.types.first().map(String::as_str) } else { Some(*path) };
        let kind = tables.number(kind.unwrap_or("Element"))?;
        let base = definitions.bases.get(*path).map(String::as_str).filter(|base| !base.is_empty());
        let base = base.map_or(Ok(kind), |base| tables.number(base))?;
        shapes.push(format!("({first},{required},{rules},{kind},{base}),"));
    }
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let places: BTreeMap<&str, usize> = names.iter().enumerate().map(|(n, name)| (*name, n)).collect();

    let mut out = super::heading("Every element of R4, by type, datatype and backbone element.");
    list(&mut out, "PATHS", "&str", "The type or the path of each shape; the resource types come first.", {
        order.iter().map(|path| format!("\"{path}\","))
    })?;
    let known = [
        ("ELEMENT", "Element", "The shape of what stands beside a primitive: its id and extensions."),
        ("EXTENSION", "Extension", "The shape of an extension."),
        ("REFERENCE", "Reference", "The shape of a reference."),
        ("CODEABLE_CONCEPT", "CodeableConcept", "The shape of a concept in words and codes."),
        ("CODING", "Coding", "The shape of a code with its system."),
        ("QUANTITY", "Quantity", "The shape of a quantity."),
        ("RESOURCE", "Resource", "The shape of a resource of any type."),
        ("DOMAIN_RESOURCE", "DomainResource", "The shape of a resource of any type that has a narrative."),
        ("BUNDLE_ENTRY", "Bundle.entry", "The shape of an entry of a bundle."),
    ];
    for (name, path, what) in known {
        writeln!(out, "/// {what}\npub(crate) const {name}: u16 = {};\n", tables.number(path)?)?;
    }
    list(
        &mut out,
        "SHAPES",
        "(u16, u32, u8, u16, u16)",
        "By shape: its first element, a bit for each slot that must be filled, its invariants, its type and what that specialises.",
        shapes.into_iter(),
    )?;
    list(
        &mut out,
        "NAMES",
        "&str",
        "The JSON names of elements, sorted.",
        names.iter().map(|name| format!("\"{name}\",")),
    )?;
    list(
        &mut out,
        "ELEMENTS",
        "(u16, u16, u8, u8, u8)",
        "By shape, sorted: the name's place, what one value is, list and slot, the targets or the value set, invariants.",
        rows.iter().map(|row| {
            let place = places.get(row.name.as_str()).copied().unwrap_or_default();
            format!("({place},{},{},{},{}),", row.holds, row.bits, row.more, row.rules)
        }),
    )?;
    let kinds: Vec<&str> = definitions.types.iter().map(String::as_str).collect();
    let targets = tables.targets.iter().map(|set| {
        let places = set.iter().filter_map(|name| kinds.iter().position(|kind| kind == name));
        format!("&[{}],", places.map(|at| (at + 1).to_string()).collect::<Vec<_>>().join(","))
    });
    list(
        &mut out,
        "TARGETS",
        "&[u8]",
        "What a reference may lead to, as numbers of resource types; the first is anything.",
        targets,
    )?;
    Ok((out.trim_end().to_owned() + "\n", tables.rules.source()?))
}

struct Tables<'a> {
    definitions: &'a Definitions,
    value_sets: &'a ValueSets,
    numbers: &'a BTreeMap<&'a str, usize>,
    rules: Rules,
    targets: Vec<BTreeSet<String>>,
}

impl Tables<'_> {
    fn number(&self, path: &str) -> anyhow::Result<usize> {
        self.numbers.get(path).copied().with_context(|| format!("no shape for {path}"))
    }

    /// Adds the rows of one shape; the mask of the slots that must be filled.
    fn rows(&mut self, path: &str, rows: &mut Vec<Row>) -> anyhow::Result<u32> {
        let (mut slots, mut required) = (0, 0_u32);
        let mut its = Vec::new();
        let definitions = self.definitions;
        for (step, element) in definitions.children(path) {
            let slot = if element.required || step.ends_with("[x]") {
                ensure!(slots < SLOTS_MAX, "{path} has more than {SLOTS_MAX} slots");
                slots += 1;
                required |= u32::from(element.required) << (slots - 1);
                slots
            } else {
                0
            };
            let choice = usize::from(step.ends_with("[x]"));
            let bits = usize::from(element.list) | choice << 1 | slot << 2;
            let rules = self.rules.of_element(definitions, element);
            for (name, holds, more) in self.values(path, step, element)? {
                // A backbone's invariants are those of its shape.
                let own = self.definitions.children(&format!("{path}.{step}")).next().is_some();
                its.push(Row { name, holds, bits, more, rules: if own { 0 } else { rules } });
            }
        }
        its.sort_by(|a, b| a.name.cmp(&b.name));
        rows.extend(its);
        Ok(required)
    }

    /// The JSON names of an element, each with what its value is: `value[x]` has one for each type.
    fn values(
        &mut self,
        path: &str,
        step: &str,
        element: &Element,
    ) -> anyhow::Result<Vec<(String, usize, usize)>> {
        if let Some(other) = &element.same_as {
            return Ok(vec![(step.to_owned(), FIRST_SHAPE + self.number(other)?, 0)]);
        }
        let own = format!("{path}.{step}");
        let backbone = self.numbers.contains_key(&*own);
        let mut names = Vec::new();
        for kind in &element.types {
            let kind = match kind.as_str() {
                // The definitions say only that it is text; the page of each says which.
                "http://hl7.org/fhirpath/System.String" => match (path, step) {
                    ("Extension", "url") => "uri",
                    (_, "id") if self.definitions.types.contains(path) || path.ends_with("Resource") => "id",
                    _ => "string",
                },
                kind => kind,
            };
            let holds = match PRIMITIVES.iter().position(|primitive| *primitive == kind) {
                Some(primitive) => primitive,
                None if kind == "Resource" => RESOURCE,
                None if backbone => FIRST_SHAPE + self.number(&own)?,
                None => FIRST_SHAPE + self.number(kind)?,
            };
            let more = match (kind, &element.binding) {
                ("Reference", _) => self.target(&element.targets),
                ("code" | "Coding" | "CodeableConcept" | "string" | "uri", Some(url)) => {
                    self.value_sets.number(url)
                }
                _ => 0,
            };
            names.push((super::search::json_name(step, kind), holds, more));
        }
        Ok(names)
    }

    /// The number of a set of types; 0 is anything.
    fn target(&mut self, targets: &BTreeSet<String>) -> usize {
        self.targets.iter().position(|known| known == targets).unwrap_or_else(|| {
            self.targets.push(targets.clone());
            self.targets.len() - 1
        })
    }
}

fn list(
    out: &mut String,
    name: &str,
    of: &str,
    what: &str,
    pieces: impl ExactSizeIterator<Item = String>,
) -> anyhow::Result<()> {
    writeln!(out, "/// {what}\n#[rustfmt::skip]\npub(crate) static {name}: [{of}; {}] = [", pieces.len())?;
    wrapped(out, pieces);
    *out += "];\n\n";
    Ok(())
}
