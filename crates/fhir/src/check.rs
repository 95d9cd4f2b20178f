//! Whether a resource is one of FHIR R4's: <https://hl7.org/fhir/R4/validation.html>.
//!
//! Everything wrong is told at once, each with its place; nothing told quotes what a patient's record holds.

mod beside;
mod coded;
mod contained;
mod element;
mod invariants;
pub mod mark;
mod reference;

use anamnesis_fhirpath::{Context, Node};
use anamnesis_json::Object;
use anamnesis_kernel::ResourceType;

use crate::outcome::{Issue, IssueCode};
use crate::path::Path;
use crate::shape::Shape;

/// How many issues are told at once; a file of the wrong kind would otherwise have one a line.
pub const ISSUES_MAX: usize = 100;

/// One thing wrong with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What and where.
    pub issue: Issue,
    /// Whether a record can be kept with it: nothing that is folded, indexed or served depends on it.
    pub bearable: bool,
}

/// How much of a resource is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// Some of its elements, each whole: what an event changed.
    Part,
    /// All of it, of which each element by itself was looked at before: what is asked is how they stand together.
    Together,
}

/// Everything wrong with a resource, at most [`ISSUES_MAX`] things.
///
/// `elements` are the properties of the resource; `resourceType` may be among them.
pub fn check(kind: ResourceType, elements: &Object, extent: Extent) -> Vec<Finding> {
    let path = Path::Root(kind.name());
    let mut check = Check::new(extent);
    if let Some(named) = elements.get("resourceType")
        && named.as_str() != Some(kind.name())
    {
        check.grave(&path, IssueCode::Invalid, format!("resourceType must be {kind}"));
    }
    check.resource(kind, elements, &path, None);
    check.findings
}

/// The issues of everything wrong with a whole resource, where all of it is refused alike.
pub fn issues(kind: ResourceType, elements: &Object) -> Vec<Issue> {
    check(kind, elements, Extent::Whole).into_iter().map(|finding| finding.issue).collect()
}

/// A check under way.
struct Check {
    findings: Vec<Finding>,
    extent: Extent,
    /// Whether FHIRPath is asked of what the walk checks itself, too.
    #[cfg(test)]
    twice: bool,
}

impl Check {
    const fn new(extent: Extent) -> Self {
        Self {
            findings: Vec::new(),
            extent,
            #[cfg(test)]
            twice: false,
        }
    }
}

/// The resource that is looked at, and the one it is contained in.
#[derive(Clone, Copy)]
struct Scope<'a> {
    /// The resource that contains, or the resource itself.
    root: &'a Object,
    root_shape: Shape,
    root_node: Node<'a>,
    /// What invariants are evaluated in.
    context: &'a Context<'a>,
}

impl Check {
    /// Says what no record can be kept with.
    fn grave(&mut self, path: &Path<'_>, code: IssueCode, what: impl Into<String>) {
        self.say(path, code, what.into(), false);
    }

    /// Says what a record can be kept with, if it must.
    fn bearable(&mut self, path: &Path<'_>, code: IssueCode, what: impl Into<String>) {
        self.say(path, code, what.into(), true);
    }

    fn say(&mut self, path: &Path<'_>, code: IssueCode, what: String, bearable: bool) {
        if self.findings.len() < ISSUES_MAX {
            self.findings.push(Finding { issue: Issue::error(code, what).at(path.to_string()), bearable });
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
