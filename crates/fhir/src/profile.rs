//! Profiles: what a StructureDefinition says beyond R4 of the resources that claim to follow it.
//!
//! <https://hl7.org/fhir/R4/profiling.html>. A profile is compiled once, to the constraints that the base does not have
//! already; what of it is not checked is part of what was compiled, and is told as information.

mod claims;
mod compile;
mod conform;
mod entries;
mod extensions;
mod findings;
mod hierarchy;
mod matching;
mod value_set;

use std::sync::Arc;

use anamnesis_fhirpath::Expression;
use anamnesis_json::Value;
use anamnesis_kernel::ResourceType;

use crate::check::Finding;
use crate::codes::ValueSet;
use crate::outcome::{Issue, IssueCode};
use crate::shape::Shape;

pub use claims::Claim;
pub use compile::Uncompiled;
pub use extensions::extensions;
pub use findings::{add, shown};
pub use hierarchy::{above, below};
pub use value_set::codes;

/// A profile, ready to be checked against.
#[derive(Debug)]
pub struct Profile {
    url: String,
    base: Option<String>,
    shape: Shape,
    root: Rules,
    notes: Vec<String>,
    /// Of an extension, where it may stand.
    usage: Option<Usage>,
}

/// Where an extension may stand: <https://hl7.org/fhir/R4/defining-extensions.html#context>.
#[derive(Debug)]
struct Usage {
    /// Whether it may change what its element means, and so stands among the `modifierExtension` alone.
    modifier: bool,
    /// The elements it may stand on; anywhere where there are none.
    contexts: Vec<Place>,
    /// Whether it may stand in places that are not found out here, too.
    elsewhere: bool,
}

/// What an extension may stand on.
#[derive(Debug)]
enum Place {
    /// A type, or an element by its path: `Element`, `HumanName`, `Patient.contact`.
    Element(String),
    /// The extension of this address.
    Extension(String),
}

/// How much is to be said of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// What is wrong with it.
    Faults,
    /// That, what is worth knowing, and everything that is not checked.
    All,
}

/// What else a profile speaks of: other profiles and value sets, by their address.
pub trait Definitions {
    /// The profile of this address.
    fn profile(&self, url: &str) -> Option<Arc<Profile>>;

    /// The codes of a value set, if they can be listed, each with its system.
    fn value_set(&self, url: &str) -> Option<Arc<Vec<(String, String)>>>;
}

/// What a profile says of one element.
#[derive(Debug, Default)]
struct Rules {
    /// The element's name: `code`, `value[x]`.
    name: String,
    min: usize,
    max: Option<usize>,
    /// The types it may have; nothing said where there are none.
    types: Vec<TypeRule>,
    fixed: Option<Value>,
    pattern: Option<Value>,
    limits: Vec<Limit>,
    length_max: Option<usize>,
    binding: Option<Binding>,
    /// An extensible binding: a code of it where one fits.
    advised: Option<Binding>,
    invariants: Vec<Invariant>,
    children: Vec<Rules>,
    slicing: Option<Slicing>,
    slices: Vec<Slice>,
}

#[derive(Debug)]
struct TypeRule {
    code: String,
    /// Profiles, one of which a value must follow.
    profiles: Vec<String>,
    /// What a reference may lead to.
    targets: Vec<String>,
}

#[derive(Debug)]
enum Binding {
    Known(ValueSet),
    Other(String),
}

#[derive(Debug)]
struct Invariant {
    key: String,
    human: String,
    expression: Expression,
}

/// The least or the greatest that a value may be, as FHIRPath.
#[derive(Debug)]
struct Limit {
    what: String,
    expression: Expression,
}

#[derive(Debug)]
struct Slicing {
    discriminators: Vec<Discriminator>,
    others: Others,
    ordered: bool,
}

/// Where a value may stand that is of no slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    Anywhere,
    AtEnd,
    Nowhere,
}

#[derive(Debug)]
struct Discriminator {
    by: By,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// A fixed value, a pattern, or a binding to a value set.
    Value,
    Exists,
    Type,
    Profile,
}

/// A step of a discriminator's path.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// To an element; of a choice, by its name without the mark of one.
    Element(String),
    /// `extension('url')`
    Extension(String),
    /// `ofType(Quantity)`
    OfType(String),
    /// `resolve()`
    Resolve,
}

#[derive(Debug)]
struct Slice {
    name: String,
    rules: Rules,
}

impl Profile {
    /// Compiles a StructureDefinition: its snapshot, or else its differential over the base it names.
    ///
    /// # Errors
    ///
    /// [`Uncompiled`] when it is no profile of a type of R4.
    pub fn compile(definition: &Value) -> Result<Self, Uncompiled> {
        compile::compile(definition)
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is a profile of this type.
    pub fn is_of(&self, kind: ResourceType) -> bool {
        self.shape == Shape::of(kind)
    }

    /// What it says that is not checked.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What is wrong with a resource by this profile, and where all is wanted, for information what was not checked.
    ///
    /// That the resource is one of R4's is not looked at again.
    pub fn check(&self, claim: &Claim<'_>, definitions: &dyn Definitions, wanted: Wanted) -> Vec<Finding> {
        if !self.is_of(claim.kind) {
            let what = format!("{} is a profile of {}", self.url, self.shape.path());
            let issue = Issue::error(IssueCode::Value, what).at(claim.place.clone());
            return vec![Finding { issue, bearable: true }];
        }
        conform::resource(self, claim, definitions, wanted)
    }
}

impl Rules {
    /// Whether nothing is said, of the element or below it.
    fn is_silent(&self) -> bool {
        self.min == 0
            && self.max.is_none()
            && self.types.is_empty()
            && self.fixed.is_none()
            && self.pattern.is_none()
            && self.limits.is_empty()
            && self.length_max.is_none()
            && self.binding.is_none()
            && self.advised.is_none()
            && self.invariants.is_empty()
            && self.children.is_empty()
            && self.slicing.is_none()
            && self.slices.is_empty()
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn slice(&self, name: &str) -> Option<&Self> {
        self.slices.iter().find(|slice| slice.name == name).map(|slice| &slice.rules)
    }
}

#[cfg(test)]
mod tests;
