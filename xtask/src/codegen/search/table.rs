//! The rows of the table of search parameters of one type.
//!
//! Invariant: a parameter is a row or is left out with a reason, and its number counts every official one of its type.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;

use super::share::{Kept, share};
use super::ways::{Found, Way, ways};
use crate::codegen::definitions::{Definitions, SearchParameter};

/// One parameter of one type.
pub(super) struct Row {
    pub(super) code: String,
    /// Its place among the parameters of the type.
    pub(super) number: u32,
    pub(super) kind: String,
    /// Under which numbers it is found.
    pub(super) under: Vec<u32>,
    pub(super) own: BTreeSet<Way>,
    /// The numbers of the types it can refer to; none for any.
    pub(super) targets: Vec<u8>,
    /// Of a composite, the codes of the parameters it is made of.
    pub(super) components: Vec<String>,
    /// Whether its values stand in elements that a composite keeps apart.
    pub(super) grouped: bool,
    /// What of its expression gives nothing.
    pub(super) without: BTreeSet<String>,
}

/// The parameters of one type.
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    /// Codes and reasons.
    pub(super) left_out: Vec<(String, String)>,
}

/// Every official parameter of a type, by code.
pub(super) fn params_of<'a>(
    definitions: &'a Definitions,
    kind: &str,
) -> BTreeMap<&'a str, &'a SearchParameter> {
    let its = definitions.params.iter().filter(|p| p.base.iter().any(|base| base == kind));
    its.map(|p| (p.code.as_str(), p)).collect()
}

/// The table of one type.
pub(super) fn rows(definitions: &Definitions, kind: &str) -> anyhow::Result<Table> {
    let official = params_of(definitions, kind);
    ensure!(official.len() < 254, "{kind} has too many parameters");
    let numbers: BTreeMap<&str, u32> = (0..).zip(official.keys()).map(|(n, code)| (*code, n)).collect();
    let mut left_out = Vec::new();
    let mut found: BTreeMap<String, (Found, &SearchParameter)> = BTreeMap::new();
    let mut composites = Vec::new();
    for param in official.values().copied() {
        match param.kind.as_str() {
            "composite" => composites.push(param),
            "special" => {
                left_out.push((param.code.clone(), "it asks for a distance on the earth".to_owned()))
            }
            _ => match ways(definitions, kind, param) {
                Ok(these) => {
                    found.insert(param.code.clone(), (these, param));
                }
                Err(why) => left_out.push((param.code.clone(), format!("{why:#}"))),
            },
        }
    }
    let of_code = |(code, (found, _)): (&String, &(Found, _))| (code.clone(), found.ways.clone());
    let shared = share(&found.iter().map(of_code).collect());
    let elements: BTreeSet<String> =
        composites.iter().flat_map(|composite| repeated(definitions, kind, composite)).collect();
    let mut rows: Vec<Row> = Vec::new();
    for (code, (found, param)) in found {
        let Some(Kept { under, own }) = shared.get(&code) else { continue };
        let inside = |way: &Way| way.steps.first().is_some_and(|first| elements.contains(first));
        let grouped = own.iter().any(inside);
        ensure!(!grouped || own.iter().all(inside), "{kind} {code} stands in an element and outside");
        rows.push(Row {
            number: numbers.get(&*code).copied().unwrap_or_default(),
            kind: param.kind.clone(),
            under: under.iter().filter_map(|code| numbers.get(&**code).copied()).collect(),
            own: own.clone(),
            targets: targets(definitions, param, &found),
            components: Vec::new(),
            grouped,
            without: found.without.into_iter().collect(),
            code,
        });
    }
    for param in composites {
        match composite(
            definitions,
            kind,
            param,
            &rows,
            numbers.get(&*param.code).copied().unwrap_or_default(),
        ) {
            Ok(row) => rows.push(row),
            Err(why) => left_out.push((param.code.clone(), why.to_string())),
        }
    }
    rows.sort_by(|a, b| a.code.cmp(&b.code));
    left_out.sort();
    Ok(Table { rows, left_out })
}

/// The repeated elements of a type that a composite is about.
fn repeated(definitions: &Definitions, kind: &str, composite: &SearchParameter) -> Vec<String> {
    let about = composite.expression.split('|').map(str::trim);
    let elements = about.filter_map(|path| path.strip_prefix(kind)?.strip_prefix('.'));
    let many =
        elements.filter(|step| definitions.elements.get(&format!("{kind}.{step}")).is_some_and(|e| e.list));
    many.map(str::to_owned).collect()
}

fn composite(
    definitions: &Definitions,
    kind: &str,
    param: &SearchParameter,
    rows: &[Row],
    number: u32,
) -> anyhow::Result<Row> {
    let elements = repeated(definitions, kind, param);
    let grouped = !elements.is_empty();
    let (mut components, mut together) = (Vec::new(), !grouped);
    for url in &param.components {
        let of = definitions.params.iter().find(|p| p.url == *url);
        let row = of.and_then(|of| rows.iter().find(|row| row.code == of.code));
        let Some(row) = row else { anyhow::bail!("no parameter is its component {url}") };
        let mut keepers = rows.iter().filter(|keeper| row.under.contains(&keeper.number));
        // Those of another element, such as the sequence that all variants are of, are the record's own.
        together |= keepers.any(|keeper| keeper.grouped);
        components.push(row.code.clone());
    }
    ensure!(together, "none of its components stands in its element");
    Ok(Row {
        code: param.code.clone(),
        number,
        kind: param.kind.clone(),
        under: Vec::new(),
        own: BTreeSet::new(),
        targets: Vec::new(),
        components,
        grouped,
        without: BTreeSet::new(),
    })
}

/// What a parameter can refer to: as its elements say, and itself where they say less.
fn targets(definitions: &Definitions, param: &SearchParameter, found: &Found) -> Vec<u8> {
    if param.kind != "reference" {
        return Vec::new();
    }
    let said: BTreeSet<&String> = match (found.targets.is_empty(), param.targets.is_empty()) {
        (true, _) => param.targets.iter().collect(),
        (false, true) => found.targets.iter().collect(),
        (false, false) => {
            let both: BTreeSet<_> = found.targets.intersection(&param.targets).collect();
            if both.is_empty() { found.targets.iter().collect() } else { both }
        }
    };
    // Parameters are never stored, so that few say "any" with them.
    if said.len() + 1 >= definitions.types.len() {
        return Vec::new();
    }
    let numbered = (1..).zip(&definitions.types).filter(|(_, kind)| said.contains(kind));
    numbered.map(|(number, _)| number).collect()
}
