//! Changes to a part of a resource: JSON Patch (RFC 6902) and FHIRPath Patch
//! (<https://hl7.org/fhir/R4/fhirpatch.html>).
//!
//! Invariant: pure, and all or nothing: a patch that fails leaves nothing behind, and its texts name operations and
//! never a patient's values.

mod edit;
mod given;
mod json_patch;
mod locate;
mod narrative;
mod number;
mod path_patch;
mod pointer;

use anamnesis_json::Value;

pub use json_patch::JsonPatch;
pub use path_patch::PathPatch;

use crate::outcome::{Issue, IssueCode};
use crate::prune::prune;

/// How many operations one patch may have.
pub const OPERATIONS_MAX: usize = 1_000;

/// What bounds a patch, so that a small one never makes a large resource.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How many bytes its operations may copy, all together.
    pub copied_bytes_max: usize,
    /// How deep what it makes may nest.
    pub nesting_max: usize,
}

/// Why a patch was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It is no patch, whatever it is applied to: everything wrong with it.
    Malformed(Vec<Issue>),
    /// It cannot be applied to what the resource is now.
    Inapplicable(Issue),
}

/// A patch that was understood.
#[derive(Debug)]
pub enum Patch {
    /// By places in the JSON.
    Json(JsonPatch),
    /// By FHIRPaths.
    Path(PathPatch),
}

impl Patch {
    /// The resource as the patch makes it, without what the patch left empty.
    ///
    /// # Errors
    ///
    /// [`Failure::Inapplicable`] where an operation fails, or where it is another resource then.
    pub fn apply(&self, resource: Value, bounds: &Bounds) -> Result<Value, Failure> {
        let names = |resource: &Value| ["resourceType", "id"].map(|key| resource.get(key).cloned());
        let before = names(&resource);
        let mut after = match self {
            Self::Json(patch) => patch.apply(resource, bounds)?,
            Self::Path(patch) => match resource {
                Value::Object(resource) => patch.apply(resource, bounds)?.into(),
                other => other,
            },
        };
        if names(&after) != before {
            return Err(inapplicable("patch", "a patch changes neither resourceType nor id"));
        }
        if let Some(resource) = after.as_object_mut() {
            prune(resource);
        }
        Ok(after)
    }
}

/// Leaves no narrative that a patch made stale: what was made from the elements goes where they changed.
///
/// # Errors
///
/// [`Failure::Inapplicable`] where the patch must say what becomes of it.
pub fn settle_narrative(before: &Value, after: &mut Value) -> Result<(), Failure> {
    match (before.as_object(), after.as_object_mut()) {
        (Some(before), Some(after)) => narrative::settle(before, after),
        _ => Ok(()),
    }
}

/// An operation of a patch that cannot be applied to what the resource is now.
fn inapplicable(at: &str, what: &str) -> Failure {
    Failure::Inapplicable(Issue::error(IssueCode::Processing, what).at(at))
}

#[cfg(test)]
mod tests;
