//! FHIRPath over the JSON tree of this house: an expression is parsed once and evaluated often.
//!
//! Supported is the normative release N1, <http://hl7.org/fhirpath/N1>, with what FHIR R4 adds to it, <https://hl7.org/fhir/R4/fhirpath.html>, and those later functions R4's official tests use.
//! `memberOf`, `subsumes`, `subsumedBy`, `conformsTo`, `elementDefinition` and `slice` parse, and answer [`EvalError::Unsupported`].
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
pub const STEPS_MAX: u32 = 4_000_000;
/// How long a string may become.
pub const STRING_BYTES_MAX: usize = 1 << 20;

/// An expression, ready to be evaluated, by many threads at once.
#[derive(Debug)]
pub struct Expression {
    root: expr::Expr,
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
