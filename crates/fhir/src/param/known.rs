//! What searches know of parameters, official or registered.
//!
//! Invariant: who reads a query string sees parameters only through [`Params`].

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Param;
use compact_str::CompactString;

use super::{ParamKind, SearchParam, param, params};

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
    /// Of a composite, its components in order.
    pub components: Vec<Known>,
    /// Whether the components stand together in one repeated element; else they are the record's own and all hold.
    pub grouped: bool,
}

/// The parameters there are: the official ones and those registered.
pub trait Params {
    /// The parameter of a type that has this code.
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known>;
    /// Every parameter of a type, in the order of their codes.
    fn codes(&self, kind: ResourceType) -> Vec<Known>;
}

/// The official parameters.
#[derive(Clone, Copy, Debug)]
pub struct Official;

impl Params for Official {
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known> {
        param(kind, code).map(|one| known(kind, one))
    }

    fn codes(&self, kind: ResourceType) -> Vec<Known> {
        params(kind).iter().map(|one| known(kind, one)).collect()
    }
}

fn known(kind: ResourceType, one: &SearchParam) -> Known {
    Known {
        code: one.code.into(),
        kind: one.kind,
        params: vec![one.number(kind)],
        targets: if one.patients_only() { vec![ResourceType::PATIENT] } else { Vec::new() },
        components: Vec::new(),
        grouped: false,
    }
}
