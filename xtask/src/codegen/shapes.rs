//! The JSON shape of every element of R4: one sorted list of names for each type, datatype and backbone element.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::Context;

use super::definitions::{Definitions, Element};

/// What a single value of an element is, as `crates/fhir/src/shape.rs` reads it from the number.
const BOOLEAN: usize = 0;
const NUMBER: usize = 1;
const TEXT: usize = 2;
const URI: usize = 3;
const RESOURCE: usize = 4;
const FIRST_SHAPE: usize = 5;

/// The source of `generated/shapes.rs`.
pub(super) fn source(definitions: &Definitions) -> anyhow::Result<String> {
    let others: BTreeSet<&str> = definitions
        .elements
        .keys()
        .map(String::as_str)
        .filter(|path| !definitions.types.contains(*path) && definitions.children(path).next().is_some())
        .collect();
    // The resource types come first and in order, so that a type's number leads to its shape.
    let order: Vec<&str> = definitions.types.iter().map(String::as_str).chain(others).collect();
    let numbers: BTreeMap<&str, usize> = order.iter().enumerate().map(|(n, path)| (*path, n)).collect();

    let mut out =
        super::heading("The JSON shape of every element of R4, by type, datatype and backbone element.");
    out += "/// The resource types the first shapes belong to.\n#[cfg(test)]\n#[rustfmt::skip]\n";
    writeln!(out, "pub(crate) static TYPES: [&str; {}] = [", definitions.types.len())?;
    wrapped(&mut out, definitions.types.iter().map(|t| format!("\"{t}\",")));
    let element = numbers.get("Element").context("no shape for Element")?;
    writeln!(out, "];\n\n/// The shape of what stands beside a primitive: its id and extensions.")?;
    writeln!(out, "pub(crate) const ELEMENT: u16 = {element};")?;
    out += "\n/// Sorted element names, each with its shape: the low bit says list, the rest what one value is.\n";
    writeln!(out, "#[rustfmt::skip]\npub(crate) static SHAPES: [&[(&str, u16)]; {}] = [", order.len())?;
    for path in &order {
        let mut elements = BTreeMap::new();
        for (step, element) in definitions.children(path) {
            for (name, value) in values(&numbers, path, step, element)? {
                elements.insert(name, value * 2 + usize::from(element.list));
            }
        }
        writeln!(out, "    // {path}\n    &[")?;
        wrapped(&mut out, elements.iter().map(|(name, shape)| format!("(\"{name}\",{shape}),")));
        out += "    ],\n";
    }
    out += "];\n";
    Ok(out)
}

/// The JSON names of an element, each with the number of its value: `value[x]` has one for each type.
fn values(
    numbers: &BTreeMap<&str, usize>,
    path: &str,
    step: &str,
    element: &Element,
) -> anyhow::Result<Vec<(String, usize)>> {
    let shape =
        |of: &str| numbers.get(of).map(|n| FIRST_SHAPE + n).with_context(|| format!("no shape for {of}"));
    if let Some(other) = &element.same_as {
        return Ok(vec![(step.to_owned(), shape(other)?)]);
    }
    let own = format!("{path}.{step}");
    let mut names = Vec::new();
    for kind in &element.types {
        let value = match kind.as_str() {
            "boolean" => BOOLEAN,
            "integer" | "decimal" | "positiveInt" | "unsignedInt" => NUMBER,
            "uri" | "url" | "canonical" | "oid" | "uuid" => URI,
            "string"
            | "code"
            | "id"
            | "markdown"
            | "base64Binary"
            | "date"
            | "dateTime"
            | "instant"
            | "time"
            | "xhtml"
            | "http://hl7.org/fhirpath/System.String" => TEXT,
            "Resource" => RESOURCE,
            _ if numbers.contains_key(&*own) => shape(&own)?,
            other => shape(other)?,
        };
        names.push((super::search::json_name(step, kind), value));
    }
    Ok(names)
}

/// Writes the pieces in lines of at most 110 columns.
pub(super) fn wrapped(out: &mut String, pieces: impl Iterator<Item = String>) {
    let mut width = 0;
    for piece in pieces {
        if width == 0 || width + piece.len() + 1 > 110 {
            *out += if width == 0 { "        " } else { "\n        " };
            width = 8;
        } else {
            *out += " ";
            width += 1;
        }
        *out += &piece;
        width += piece.len();
    }
    if width > 0 {
        *out += "\n";
    }
}
