//! STUB
#![allow(missing_docs)]
use crate::ParamKind;
use crate::outcome::Issue;
use anamnesis_json::Object;
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Param;
use compact_str::CompactString;
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub code: CompactString,
    pub kind: ParamKind,
    pub params: Vec<Param>,
    pub targets: Vec<ResourceType>,
    pub components: Vec<Known>,
    pub grouped: bool,
}
pub trait Params {
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known>;
    fn codes(&self, kind: ResourceType) -> Vec<Known>;
}
pub struct Registered(String);
impl Registered {
    pub fn read(_: &Object) -> Result<Self, Vec<Issue>> {
        Ok(Self(String::new()))
    }
    pub fn clashes(&self, _: &Self) -> bool {
        false
    }
    pub fn url(&self) -> &str {
        &self.0
    }
}
pub struct Catalogue(Vec<Registered>);
impl Catalogue {
    pub const fn new(r: Vec<Registered>) -> Self {
        Self(r)
    }
    pub fn registered(&self) -> &[Registered] {
        &self.0
    }
    pub fn shape(&self) -> String {
        if self.0.is_empty() {
            crate::index::SHAPE.into()
        } else {
            format!("{}+{}", crate::index::SHAPE, self.0.len())
        }
    }
}
impl Params for Catalogue {
    fn known(&self, _: ResourceType, _: &str) -> Option<Known> {
        None
    }
    fn codes(&self, _: ResourceType) -> Vec<Known> {
        Vec::new()
    }
}
