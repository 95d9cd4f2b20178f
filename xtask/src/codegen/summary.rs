//! What a summary has of every type, and what must be there whatever is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::definitions::{Definitions, Element};

/// As `crates/fhir/src/subset.rs` reads the number of an element.
const SUMMARY: usize = 1;
const REQUIRED: usize = 2;
const PLACES: usize = 4;
/// What every element may have, and what is left alone inside of others.
const EVERYWHERE: [&str; 3] = ["id", "extension", "modifierExtension"];

/// The source of `generated/summary.rs`.
pub(super) fn source(definitions: &Definitions) -> anyhow::Result<String> {
    // Beside the resource types there are only those that a summary has a part of.
    let mut order: Vec<String> = definitions.types.iter().cloned().collect();
    let mut known: BTreeMap<String, usize> = order.iter().cloned().zip(0..).collect();
    let mut rows = Vec::new();
    let mut at = 0;
    while let Some(path) = order.get(at).cloned() {
        let mut row = BTreeMap::new();
        for (step, element) in definitions.children(&path) {
            let flags = usize::from(element.summary) * SUMMARY + usize::from(element.required) * REQUIRED;
            if flags == 0 {
                continue;
            }
            for (name, content) in names(definitions, &path, step, element) {
                let inside = content.filter(|inside| is_divided(definitions, inside, &mut BTreeSet::new()));
                let place = inside.map_or(0, |inside| {
                    *known.entry(inside.clone()).or_insert_with(|| {
                        order.push(inside);
                        order.len() - 1
                    })
                });
                row.insert(name, place * PLACES + flags);
            }
        }
        rows.push((path, row));
        at += 1;
    }

    let mut out = super::heading("What a summary has of every type, and what must be there.");
    out += "/// Sorted element names, each with a number: 1 in a summary, 2 must be there, 4 times the row of what it holds.\n";
    out += "///\n/// The first rows are the resource types, in order; a type of which a summary has all has no row.\n";
    writeln!(out, "#[rustfmt::skip]\npub(crate) static SUMMARY: [&[(&str, u16)]; {}] = [", rows.len())?;
    for (path, row) in &rows {
        writeln!(out, "    // {path}\n    &[")?;
        super::pieces::wrapped(&mut out, row.iter().map(|(name, code)| format!("(\"{name}\",{code}),")));
        out += "    ],\n";
    }
    out += "];\n";
    Ok(out)
}

/// The JSON names of an element, each with the path that says what it holds, where it holds elements.
fn names(
    definitions: &Definitions,
    path: &str,
    step: &str,
    element: &Element,
) -> Vec<(String, Option<String>)> {
    if let Some(other) = &element.same_as {
        return vec![(step.to_owned(), Some(other.clone()))];
    }
    if EVERYWHERE.contains(&step) {
        return vec![(step.to_owned(), None)];
    }
    let own = format!("{path}.{step}");
    let content = |kind: &String| {
        let holder = if definitions.children(&own).next().is_some() { &own } else { kind };
        definitions.children(holder).next().map(|_| holder.clone())
    };
    element.types.iter().map(|kind| (super::search::json_name(step, kind), content(kind))).collect()
}

/// Whether a summary has a part of what stands here, and not all.
fn is_divided(definitions: &Definitions, path: &str, seen: &mut BTreeSet<String>) -> bool {
    if !seen.insert(path.to_owned()) {
        return false;
    }
    definitions.children(path).filter(|(step, _)| !EVERYWHERE.contains(step)).any(|(step, element)| {
        (!element.summary && !element.required)
            || names(definitions, path, step, element)
                .into_iter()
                .filter_map(|(_, content)| content)
                .any(|content| is_divided(definitions, &content, seen))
    })
}
