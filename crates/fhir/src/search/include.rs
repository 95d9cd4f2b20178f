//! Records that come along: <https://hl7.org/fhir/R4/search.html#include>.

use anamnesis_kernel::ResourceType;

use super::referred::can_be;
use super::wrong::Wrong;
use crate::param::{Known, ParamKind, Params};

/// Other records wanted in the answer, by how they refer or are referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// Whether those that refer to what is found are wanted, instead of those it refers to.
    pub reverse: bool,
    /// Whether what came along brings others along in turn.
    pub iterate: bool,
    /// The type of the records that refer; any where there is none.
    pub from: Option<ResourceType>,
    /// By which parameter they refer; any where there is none.
    pub param: Option<Known>,
    /// The type of the records referred to; any where there is none.
    pub target: Option<ResourceType>,
}

impl Include {
    /// The name without its modifier, when it asks for records to come along.
    pub(super) fn is_asked(key: &str) -> bool {
        matches!(key.split(':').next(), Some("_include" | "_revinclude"))
    }

    /// Reads `_include:iterate=Observation:subject:Patient`.
    pub(super) fn read(key: &str, value: &str, params: &dyn Params) -> Result<Self, Wrong> {
        let (name, modifier) = key.split_once(':').map_or((key, None), |(name, how)| (name, Some(how)));
        let iterate = match modifier {
            None => false,
            // Before R4 it was called so.
            Some("iterate" | "recurse") => true,
            Some(_) => return Err(Wrong::unsupported("this modifier is not supported; :iterate is")),
        };
        let any = Self { reverse: name == "_revinclude", iterate, from: None, param: None, target: None };
        if value == "*" {
            return Ok(any);
        }
        let mut parts = value.split(':');
        let (from, code, target) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let (Some(code), None) = (code, parts.next()) else {
            return Err("not a type and a parameter that refers, such as Observation:subject or Observation:subject:Patient".into());
        };
        let from = ResourceType::parse(from).ok_or("names no type of resource to begin with")?;
        let target = match target {
            None | Some("") => None,
            Some(name) => Some(ResourceType::parse(name).ok_or("names no type of resource at its end")?),
        };
        let param = match code {
            "*" => None,
            _ => {
                let known = params.known(from, code).filter(|known| known.kind == ParamKind::Reference);
                Some(known.ok_or_else(|| format!("{from} does not refer by a parameter of that name"))?)
            }
        };
        if let (Some(known), Some(target)) = (&param, target)
            && !can_be(known, target)
        {
            return Err(format!("{from} does not refer to a {target} there").into());
        }
        Ok(Self { from: Some(from), param, target, ..any })
    }
}
