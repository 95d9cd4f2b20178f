//! The compartments of R4 but the patient's: by type, the parameters that lead to the record whose compartment it is.

use std::fmt::Write;
use std::path::Path;

use anyhow::ensure;

use super::definitions::{Definitions, items, json, text, texts};

/// The definitions, as their files are called. What is in a patient's compartment is indexed, and is written elsewhere.
const FILES: [&str; 4] = ["device", "encounter", "practitioner", "relatedperson"];

/// What a definition calls the record itself.
const ITSELF: &str = "{def}";

/// The source of `generated/compartments.rs`.
pub(super) fn source(folder: &Path, definitions: &Definitions) -> anyhow::Result<String> {
    let mut out =
        super::heading("The compartments of R4 but the patient's, each with the parameters that lead to it.");
    out += "/// The type whose records have a compartment; by type, in order, the codes of parameters that lead there.\n";
    out += "pub(crate) type Compartment = (&'static str, &'static [(&'static str, &'static [&'static str])]);\n\n";
    out += "/// In the order of their types.\n#[rustfmt::skip]\n";
    writeln!(out, "pub(crate) static COMPARTMENTS: [Compartment; {}] = [", FILES.len())?;
    for file in FILES {
        let compartment = json(&folder.join(format!("compartmentdefinition-{file}.json")))?;
        let owner = text(&compartment, "code");
        ensure!(definitions.types.contains(&owner), "{owner} is no type");
        writeln!(out, "    ({owner:?}, &[")?;
        let mut rows: Vec<_> = items(&compartment, "resource")
            .map(|resource| (text(resource, "code"), texts(resource, "param")))
            .collect();
        rows.sort();
        for (kind, mut codes) in rows {
            codes.retain(|code| code != ITSELF);
            codes.sort();
            if !codes.is_empty() {
                writeln!(out, "        ({kind:?}, &{codes:?}),")?;
            }
        }
        out += "    ]),\n";
    }
    out += "];\n";
    Ok(out)
}
