//! FHIRPath over the JSON tree of this house: an expression is parsed once and evaluated often.
//!
//! ```
//! use anamnesis_fhirpath::{Context, Expression, Node};
//!
//! let patient = anamnesis_json::parse(br#"{"resourceType": "Patient", "name": [{"given": ["Ann"]}]}"#)?;
//! let given = Expression::parse("Patient.name.given.first() = 'Ann'")?;
//! let node = Node::resource(patient.as_object().expect("an object"), None);
//! assert!(given.holds(&Context::untyped(), node)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is there
//!
//! All of the normative release N1, <http://hl7.org/fhirpath/N1>, but what is named below.
//!
//! Of what FHIR R4 adds, <https://hl7.org/fhir/R4/fhirpath.html>: `extension`, `hasValue`, `getValue`, `resolve`, `htmlChecks`, `conformsTo` with FHIR's own types, and the variables `%resource`, `%rootResource`, `%context`, `%ucum`, `%sct`, `%loinc`, `%vs-…`, `%ext-…`.
//!
//! Of what came after N1: `coalesce`, `comparable`, `encode`, `decode`, `escape`, `unescape`, `highBoundary`, `lowBoundary`, `precision`, `indexOf`, `lastIndexOf`, `join`, `split`, `trim`, `matchesFull`, `sort`.
//!
//! # What is not
//!
//! - `memberOf`, `subsumes`, `subsumedBy`, `conformsTo` with profiles, `elementDefinition` and `slice` parse, and answer [`EvalError::Unsupported`]: they need terminology or profiles.
//! - `defineVariable`, `repeatAll`, the aggregates `sum`, `min`, `max`, `avg`, and the parts of dates (`yearOf` …) are unknown functions.
//! - Regular expressions look neither ahead nor behind and refer to no group: none is slow.
//! - UCUM is known for common units alone; others are compared by their code.
//! - Integers have 64 bits, decimals 28 digits.
//!
//! # Without a model
//!
//! Paths, choices, conditions and sets work as they do with one. A type is what the JSON looks like, so `is` and `as` are guesses between types that look alike, and two dates are compared as the texts they are unless one of them is computed.
//!
//! # Where the standard leaves a choice
//!
//! - A name that begins an expression in upper case is the type of what is looked at: `Patient` in `Patient.name`.
//! - A type without a namespace is FHIR's for an element and `System`'s for a computed value, so an element is `boolean` and never `Boolean`.
//! - `as` and `ofType` take what is of the type from among many; `is` of many is an error.
//! - What is no boolean is true as a condition, if it is one item.
//! - `trace` says nothing to anybody: it could be of a patient.
//! - A dateTime with a zone and one without are compared where no zone would turn them round.
//! - Arguments are evaluated where the call stands; those of `iif` look at what it was called on.

mod collection;
mod context;
mod equal;
mod error;
mod eval;
mod expr;
mod function;
mod item;
mod lex;
mod model;
mod narrative;
mod node;
mod parse;
mod pattern;
mod quantity;
mod temporal;
mod ucum;

pub use collection::Collection;
pub use context::{Context, Resolver};
pub use error::{EvalError, Limit, ParseError, Reason};
pub use item::{Item, TypeName};
pub use model::{Element, Kind, Model, TypeRef};
pub use node::Node;
pub use quantity::Quantity;
pub use temporal::{Precision, Temporal, TemporalKind};

/// How deep an expression's tree may be.
pub const DEPTH_MAX: usize = 96;
/// How long an expression's text may be.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// How many steps an evaluation may take unless its context says otherwise: nodes visited, items compared.
pub const STEPS_MAX: u32 = 1_000_000;
/// How long a string may become.
pub const STRING_BYTES_MAX: usize = 1 << 20;

/// By what an amount in one unit of UCUM is multiplied to be one in another: whole digits, and how many of them are
/// decimals. `None` where the units do not measure the same, or one of them is not known here.
pub fn unit_ratio(from: &str, to: &str) -> Option<(i128, u32)> {
    ucum::ratio(from, to).map(|ratio| (ratio.mantissa(), ratio.scale()))
}

/// An expression, ready to be evaluated, by many threads at once.
pub struct Expression {
    root: expr::Expr,
}

/// Shows nothing of it: a patch may compare with what is a patient's.
impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an expression")
    }
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// A [`ParseError`] that says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::parse(text).map(|root| Self { root })
    }

    /// What the expression gives when it looks at `node`, which is its `%context`.
    ///
    /// # Errors
    ///
    /// An [`EvalError`] when it has no result.
    pub fn evaluate<'a>(
        &'a self,
        context: &Context<'a>,
        node: Node<'a>,
    ) -> Result<Collection<'a>, EvalError> {
        eval::evaluate(&self.root, context, node)
    }

    /// What the expression says as a condition: `None` when it gives nothing.
    ///
    /// # Errors
    ///
    /// An [`EvalError`] when it has no result, or several items.
    pub fn truth<'a>(&'a self, context: &Context<'a>, node: Node<'a>) -> Result<Option<bool>, EvalError> {
        eval::truth(&self.root, context, node)
    }

    /// Whether the expression does not say `false`: an invariant that gives nothing, since it cannot be decided, is not broken.
    ///
    /// # Errors
    ///
    /// An [`EvalError`] when it has no result, or several items.
    pub fn holds<'a>(&'a self, context: &Context<'a>, node: Node<'a>) -> Result<bool, EvalError> {
        Ok(self.truth(context, node)? != Some(false))
    }
}
