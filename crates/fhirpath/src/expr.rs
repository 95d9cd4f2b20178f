//! The tree of an expression.

use std::borrow::Cow;

use regex::Regex;
use rust_decimal::Decimal;

use crate::function::Function;
use crate::{Item, Quantity, Temporal};

/// The tree of an expression.
#[derive(Debug)]
pub(crate) enum Expr {
    /// What is looked at: `$this`, and what an expression begins with when it says nothing.
    This,
    /// `$index`
    Index,
    /// `$total`
    Total,
    /// `{}`
    Nothing,
    Literal(Literal),
    /// `%name`
    Variable(Variable),
    /// An element of what `base` gives.
    Child {
        base: Box<Expr>,
        name: Box<str>,
    },
    /// An element of `$this`, or its type: `Patient` in `Patient.name`.
    Head(Box<str>),
    /// `base[index]`
    At {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    /// `base.function(arguments)`
    Call(Box<Call>),
    /// `base is Type`, `base.is(Type)`
    Is {
        base: Box<Expr>,
        of: TypeSpecifier,
    },
    /// `base as Type`, `base.as(Type)`, `base.ofType(Type)`
    As {
        base: Box<Expr>,
        of: TypeSpecifier,
    },
    /// `-base`
    Negative(Box<Expr>),
    /// `+base`
    Positive(Box<Expr>),
    /// `left + right`
    Arithmetic {
        op: Arithmetic,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `left = right`, `left and right`
    Condition {
        op: Condition,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `a | b | c`
    Union(Vec<Expr>),
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) base: Expr,
    pub(crate) function: Function,
    pub(crate) arguments: Vec<Expr>,
    /// Made once, where the pattern is a literal.
    pub(crate) pattern: Option<Regex>,
}

#[derive(Debug)]
pub(crate) enum Literal {
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    String(Box<str>),
    Temporal(Temporal),
    Quantity { value: Decimal, unit: Box<str>, calendar: bool },
}

impl Literal {
    pub(crate) fn item(&self) -> Item<'_> {
        match self {
            Self::Boolean(flag) => Item::Boolean(*flag),
            Self::Integer(number) => Item::Integer(*number),
            Self::Decimal(number) => Item::Decimal(*number),
            Self::String(text) => Item::String(Cow::Borrowed(text)),
            Self::Temporal(temporal) => Item::Temporal(*temporal),
            Self::Quantity { value, unit, calendar } => {
                Item::from(Quantity { value: *value, unit: Cow::Borrowed(unit), calendar: *calendar })
            }
        }
    }
}

#[derive(Debug)]
pub(crate) enum Variable {
    Resource,
    RootResource,
    Context,
    /// One whose text is known from its name: `%ucum`, `%vs-languages`.
    Text(Box<str>),
    /// One the caller may give.
    Named(Box<str>),
}

/// A type by name.
#[derive(Debug)]
pub(crate) struct TypeSpecifier {
    pub(crate) namespace: Namespace,
    pub(crate) name: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    Either,
    Fhir,
    System,
    Unknown,
}

/// An operator between two expressions, by what it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// A value, or nothing.
    Arithmetic(Arithmetic),
    /// A boolean, or nothing.
    Condition(Condition),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Multiply,
    Divide,
    Div,
    Mod,
    Add,
    Subtract,
    Concatenate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    And,
    Or,
    Xor,
    Implies,
    Compare(Comparison),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Equivalent,
    NotEquivalent,
    In,
    Contains,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
