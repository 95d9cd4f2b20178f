//! What searches know of parameters, official or registered.
//!
//! Invariant: who reads a query string sees parameters only through [`Params`].

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Param;
use compact_str::CompactString;

use super::{Extract, ParamKind, SearchParam, param, params};
use crate::generated::search::LEFT_OUT;

/// What a search parameter of one type is, official or registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its code.
    pub code: CompactString,
    /// What kind of search it takes.
    pub kind: ParamKind,
    /// Under which its entries are kept; several where it is the union of others, whose rows are not written twice.
    pub params: Vec<Param>,
    /// The types it can refer to; empty for any.
    pub targets: Vec<ResourceType>,
    /// Whether it can refer by the URL of a definition, instead of by a name.
    pub canonical: bool,
    /// Of a composite, its components in order.
    pub components: Vec<Known>,
    /// Of a composite, whether components stand together in one repeated element; of a component, whether it is one of
    /// those. The others are the record's own.
    pub grouped: bool,
}

/// The parameters there are: the official ones and those registered.
pub trait Params {
    /// The parameter of a type that has this code.
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known>;
    /// Every parameter of a type, in the order of their codes.
    fn codes(&self, kind: ResourceType) -> Vec<Known>;
    /// Whether records are found by their words, as this parameter of a type asks: `_text` or `_content`.
    fn full_text(&self, kind: ResourceType, code: &str) -> bool;
}

/// The official parameters.
#[derive(Clone, Copy, Debug)]
pub struct Official;

impl Params for Official {
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known> {
        param(kind, code).map(|one| known(kind, one))
    }

    fn codes(&self, kind: ResourceType) -> Vec<Known> {
        params(kind).map(|one| known(kind, one)).collect()
    }

    fn full_text(&self, _: ResourceType, _: &str) -> bool {
        false
    }
}

/// Why an official parameter of R4 is not served, if it is none that is.
pub fn left_out(kind: ResourceType, code: &str) -> Option<&'static str> {
    let found = LEFT_OUT.iter().find(|(of, left, _)| *of == kind.name() && *left == code);
    found.map(|(.., why)| *why)
}

fn known(kind: ResourceType, one: &'static SearchParam) -> Known {
    let component = |code: &&str| {
        let one = param(kind, code)?;
        Some(Known { grouped: keepers(kind, one).any(|keeper| keeper.grouped), ..known(kind, one) })
    };
    Known {
        code: one.code.into(),
        kind: one.kind,
        params: one.under(kind).collect(),
        targets: one.targets.iter().filter_map(|n| ResourceType::from_number(u16::from(*n))).collect(),
        canonical: keepers(kind, one)
            .any(|keeper| keeper.ways.iter().any(|(_, extract)| is_canonical(*extract))),
        components: one.components.iter().filter_map(component).collect(),
        grouped: one.kind == ParamKind::Composite && one.grouped,
    }
}

/// The parameters among whose entries those of one are.
fn keepers(kind: ResourceType, one: &'static SearchParam) -> impl Iterator<Item = &'static SearchParam> {
    params(kind).filter(move |keeper| one.under(kind).any(|number| number == keeper.number(kind)))
}

fn is_canonical(extract: Extract) -> bool {
    match extract {
        Extract::Canonical => true,
        Extract::Where(_, _, (_, inner)) => is_canonical(*inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_parameters_are_known() {
        let shown = |known: &Known| {
            let targets: Vec<_> = known.targets.iter().map(|kind| kind.name()).collect();
            let components: Vec<_> =
                known.components.iter().map(|c| format!("{}:{}", c.code, c.params.len())).collect();
            let grouped = if known.grouped { " grouped" } else { "" };
            format!("{} {} {}{grouped}", known.kind.name(), targets.join("|"), components.join("$"))
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("Patient",     "_tag",                      Some("token  ")),
            ("Patient",     "general-practitioner",      Some("reference Organization|Practitioner|PractitionerRole ")),
            ("Observation", "patient",                   Some("reference Patient ")),
            ("Observation", "focus",                     Some("reference  ")),
            ("Observation", "code-value-quantity",       Some("composite  code:1$value-quantity:1")),
            ("Observation", "combo-code-value-quantity", Some("composite  combo-code:2$combo-value-quantity:2 grouped")),
            ("Bundle",      "composition",               Some("reference Composition ")),
            ("Location",    "near",                      None),
            ("Patient",     "_id",                       None),
            ("Patient",     "colour",                    None),
        ];
        for (kind, code, expected) in cases {
            let kind = ResourceType::parse(kind).unwrap();
            assert_eq!(Official.known(kind, code).as_ref().map(shown).as_deref(), expected, "{kind} {code}");
        }
        let near = ResourceType::parse("Location").unwrap();
        assert!(left_out(near, "near").is_some() && left_out(near, "name").is_none());
    }
}
