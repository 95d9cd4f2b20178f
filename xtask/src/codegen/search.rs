//! The search parameters and the patient compartment, as element paths taken from the official FHIRPath.
//!
//! The subset that is read: alternatives, dotted paths, `(x as Type)`, `.as(Type)`, `.where(resolve() is Patient)`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, bail, ensure};

use super::definitions::{Definitions, SearchParameter};

/// The parameters that are served; the numbers of all others are kept free for them.
const SERVED: [&str; 9] =
    ["birthdate", "category", "code", "date", "identifier", "name", "patient", "status", "subject"];
/// Those that are served of one type alone.
const SERVED_OF: [(&str, &str); 1] = [("Provenance", "target")];

/// The parameter of every type that finds records by their tags, and its number: no type has so many of its own.
const TAG: (&str, usize) = ("_tag", 254);

/// One way to a value: the JSON names on the way, and what is taken there.
type Way = (Vec<String>, &'static str);

/// The source of `generated/search.rs`.
pub(super) fn source(definitions: &Definitions) -> anyhow::Result<String> {
    let mut out =
        super::heading("The search parameters of R4 that are served, and the patient compartment, by type.");
    out += "use crate::param::ParamKind::{Date as D, Reference as R, String as S, Token as T};\n";
    out += "use crate::param::{Extract::*, SearchParam, Way, p, patient_under};\n\n";
    out += "/// By type, the parameters in the order of their codes; an index counts all official ones of the type.\n";
    writeln!(
        out,
        "#[rustfmt::skip]\npub(crate) static PARAMS: [&[SearchParam]; {}] = [",
        definitions.types.len()
    )?;
    for kind in &definitions.types {
        let all: BTreeMap<&str, &SearchParameter> = params_of(definitions, kind);
        ensure!(all.len() < 254, "{kind} has too many parameters");
        writeln!(out, "    // {kind}\n    &[")?;
        let (tag, number) = TAG;
        writeln!(out, "        p({tag:?}, {number}, T, &[(&[\"meta\", \"tag\"], Coding)]),")?;
        for (index, (code, param)) in all.iter().enumerate().filter(|(_, (code, _))| is_served(kind, code)) {
            let letter = match param.kind.as_str() {
                "token" => "T",
                "string" => "S",
                "date" => "D",
                "reference" => "R",
                other => bail!("{kind} {code}: kind {other} is not served"),
            };
            let found = ways(definitions, kind, param).with_context(|| format!("{kind} {code}"))?;
            // References to patients that stand where the subject's stand are kept once, under the subject.
            let subject = all.get_key_value("subject").filter(|_| *code == "patient");
            let shared = subject.filter(|(_, subject)| {
                let same = |a: &[Way], b: &[Way]| {
                    a.iter().map(|(steps, _)| steps).eq(b.iter().map(|(steps, _)| steps))
                };
                ways(definitions, kind, subject).is_ok_and(|theirs| same(&found, &theirs))
            });
            match shared.and_then(|(subject, _)| all.keys().position(|code| code == subject)) {
                Some(under) => writeln!(out, "        patient_under({index}, {under}),")?,
                None => writeln!(out, "        p(\"{code}\", {index}, {letter}, {}),", list(&found))?,
            }
        }
        out += "    ],\n";
    }
    out += "];\n\n/// By type, where the patients stand in whose compartment a record is.\n";
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
            let patients =
                ways(definitions, kind, param)?.into_iter().map(|(steps, _)| (steps, "PatientReference"));
            found.extend(patients);
        }
        writeln!(out, "    /* {kind} */ {},", list(&found.into_iter().collect::<Vec<_>>()))?;
    }
    out += "];\n";
    Ok(out)
}

fn is_served(kind: &str, code: &str) -> bool {
    SERVED.contains(&code) || SERVED_OF.contains(&(kind, code))
}

/// Every official parameter of a type, by code.
fn params_of<'a>(definitions: &'a Definitions, kind: &str) -> BTreeMap<&'a str, &'a SearchParameter> {
    let its = definitions.params.iter().filter(|p| p.base.iter().any(|base| base == kind));
    its.map(|p| (p.code.as_str(), p)).collect()
}

/// Where a parameter's values stand in a record of this type, and what to take there.
fn ways(definitions: &Definitions, kind: &str, param: &SearchParameter) -> anyhow::Result<Vec<Way>> {
    let mut found = BTreeSet::new();
    // The parameter says so by its name, though not every expression does.
    let all_patients = param.code == "patient";
    for alternative in param.expression.split('|').map(str::trim) {
        let (path, cast, patients_only) = alternative_parts(alternative)?;
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        // An expression without a type in front is about the type it is used for.
        let rest = if first.starts_with(char::is_lowercase) { path } else { rest };
        if first != kind && first.starts_with(char::is_uppercase) {
            continue;
        }
        let mut here = vec![(Vec::new(), kind.to_owned())];
        let steps: Vec<&str> = rest.split('.').collect();
        for (n, step) in steps.iter().enumerate() {
            let cast = cast.filter(|_| n + 1 == steps.len());
            let next: Vec<_> = here.iter().flat_map(|at| step_down(definitions, at, step, cast)).collect();
            ensure!(!next.is_empty(), "nothing is called {step} in {rest}");
            here = next;
        }
        for (names, datatype) in here {
            if let Some(extract) = extract(&param.kind, &datatype, patients_only || all_patients) {
                found.insert((names, extract));
            }
        }
    }
    ensure!(!found.is_empty(), "no element gives a value: {}", param.expression);
    Ok(found.into_iter().collect())
}

/// The dotted path of one alternative, the type it is cast to, whether only patients count.
fn alternative_parts(alternative: &str) -> anyhow::Result<(&str, Option<&str>, bool)> {
    let (text, patients_only) = match alternative.strip_suffix(".where(resolve() is Patient)") {
        Some(rest) => (rest, true),
        None => (alternative, false),
    };
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
    let (path, cast) = match (inner.and_then(|t| t.split_once(" as ")), text.strip_suffix(')')) {
        (Some((path, cast)), _) => (path, Some(cast)),
        (None, Some(called)) => {
            let (path, cast) = called.split_once(".as(").context("an expression beyond the subset")?;
            (path, Some(cast))
        }
        (None, None) => (text, None),
    };
    ensure!(
        path.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'),
        "an expression beyond the subset: {path}"
    );
    Ok((path, cast, patients_only))
}

/// One step further: each JSON name the step can have, with the type or path to look further in.
fn step_down(
    definitions: &Definitions,
    (names, at): &(Vec<String>, String),
    step: &str,
    cast: Option<&str>,
) -> Vec<(Vec<String>, String)> {
    let choice = format!("{step}[x]");
    let mut next = Vec::new();
    for (name, element) in definitions.children(at).filter(|(name, _)| *name == step || *name == choice) {
        let with = |json: String| names.iter().cloned().chain([json]).collect::<Vec<_>>();
        if let Some(other) = &element.same_as {
            next.push((with(step.to_owned()), other.clone()));
        }
        for datatype in element.types.iter().filter(|t| cast.is_none_or(|cast| cast == *t)) {
            let own = format!("{at}.{step}");
            let backbone = definitions.children(&own).next().is_some();
            next.push((with(json_name(name, datatype)), if backbone { own } else { datatype.clone() }));
        }
    }
    next
}

/// The JSON name of an element that has this type: `value[x]` and `Quantity` make `valueQuantity`.
pub(super) fn json_name(step: &str, datatype: &str) -> String {
    let Some(stem) = step.strip_suffix("[x]") else { return step.to_owned() };
    let (first, rest) = datatype.split_at(1);
    format!("{stem}{}{rest}", first.to_uppercase())
}

/// What is taken from a value of this datatype for a parameter of this kind, if anything.
fn extract(kind: &str, datatype: &str, patients_only: bool) -> Option<&'static str> {
    Some(match (kind, datatype) {
        ("token", "code" | "string" | "uri" | "id" | "boolean") => "Code",
        ("token", "Coding") => "Coding",
        ("token", "CodeableConcept") => "Concept",
        ("token", "Identifier") => "Identifier",
        ("string", "string" | "markdown") => "Text",
        ("string", "HumanName") => "HumanName",
        ("date", "date" | "dateTime" | "instant") => "Date",
        ("date", "Period") => "Period",
        ("date", "Timing") => "Timing",
        ("reference", "Reference") if patients_only => "PatientReference",
        ("reference", "Reference") => "Reference",
        _ => return None,
    })
}

fn list(ways: &[Way]) -> String {
    let each = ways.iter().map(|(steps, extract)| {
        let steps: Vec<_> = steps.iter().map(|s| format!("\"{s}\"")).collect();
        format!("(&[{}], {extract})", steps.join(", "))
    });
    format!("&[{}]", each.collect::<Vec<_>>().join(", "))
}
