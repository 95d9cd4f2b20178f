//! The search parameters and the patient compartment, as element paths taken from the official FHIRPath.

mod page;
mod path;
mod share;
mod table;
mod ways;

pub(super) use page::page;

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::Context;

use super::definitions::Definitions;
use table::{Row, params_of, rows};
use ways::{Way, ways};

/// The source of `generated/search.rs`.
pub(super) fn source(definitions: &Definitions) -> anyhow::Result<String> {
    let mut out = super::heading("The search parameters of R4, and the patient compartment, by type.");
    out += "use crate::param::Extract::*;\n";
    out += "use crate::param::ParamKind::{\n    Date as D, Number as N, Quantity as Q, Reference as R, String as S, Token as T, Uri as U,\n};\n";
    out += "use crate::param::{SearchParam, Way, composite, p};\n\n";
    out += "/// By type, the parameters in the order of their codes; the numbers count all official ones of the type.\n";
    writeln!(
        out,
        "#[rustfmt::skip]\npub(crate) static PARAMS: [&[SearchParam]; {}] = [",
        definitions.types.len()
    )?;
    let mut left_out = String::new();
    for kind in &definitions.types {
        writeln!(out, "    // {kind}\n    &[")?;
        let table = rows(definitions, kind)?;
        for row in &table.rows {
            writeln!(out, "        {},", written(row))?;
        }
        for (code, why) in &table.left_out {
            writeln!(left_out, "    ({kind:?}, {code:?}, {why:?}),")?;
        }
        out += "    ],\n";
    }
    out += "];\n\n/// What official parameters are not served, by type and code, and why.\n";
    writeln!(out, "#[rustfmt::skip]\npub(crate) static LEFT_OUT: &[(&str, &str, &str)] = &[\n{left_out}];")?;
    out += "\n/// By type, where the patients stand in whose compartment a record is.\n";
    writeln!(
        out,
        "#[rustfmt::skip]\npub(crate) static COMPARTMENT: [&[Way]; {}] = [",
        definitions.types.len()
    )?;
    for kind in &definitions.types {
        let all = params_of(definitions, kind);
        let mut found = BTreeSet::new();
        for code in definitions.patient_compartment.get(kind).into_iter().flatten() {
            let param = all.get(&**code).with_context(|| format!("{kind} has no parameter {code}"))?;
            let patients = ways(definitions, kind, param)?.ways.into_iter();
            found.extend(patients.map(|way| Way { extract: "To(\"Patient\")".to_owned(), ..way }));
        }
        writeln!(out, "    /* {kind} */ {},", list(&found))?;
    }
    out += "];\n";
    Ok(out)
}

/// A parameter as the table has it.
fn written(row: &Row) -> String {
    let Row { code, number, kind, .. } = row;
    let strings = |all: &[String]| {
        let all: Vec<_> = all.iter().map(|one| format!("{one:?}")).collect();
        format!("&[{}]", all.join(", "))
    };
    if kind == "composite" {
        return format!("composite({code:?}, {number}, {}, {})", strings(&row.components), row.grouped);
    }
    let under: Vec<_> = row.under.iter().map(u32::to_string).collect();
    let targets: Vec<_> = row.targets.iter().map(u8::to_string).collect();
    format!(
        "p({code:?}, {number}, {}, &[{}], {}, &[{}], {})",
        letter(kind),
        under.join(", "),
        list(&row.own),
        targets.join(", "),
        row.grouped
    )
}

fn letter(kind: &str) -> char {
    kind.chars().next().map_or('S', |first| first.to_ascii_uppercase())
}

/// The JSON name of an element that has this type: `value[x]` and `Quantity` make `valueQuantity`.
pub(super) fn json_name(step: &str, datatype: &str) -> String {
    let Some(stem) = step.strip_suffix("[x]") else { return step.to_owned() };
    let (first, rest) = datatype.split_at(1);
    format!("{stem}{}{rest}", first.to_uppercase())
}

fn list(ways: &BTreeSet<Way>) -> String {
    let each = ways.iter().map(|way| format!("({}, {})", names(&way.steps), way.extract));
    format!("&[{}]", each.collect::<Vec<_>>().join(", "))
}

fn names(steps: &[String]) -> String {
    let steps: Vec<_> = steps.iter().map(|step| format!("{step:?}")).collect();
    format!("&[{}]", steps.join(", "))
}
