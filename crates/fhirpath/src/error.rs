//! What can go wrong with an expression: while it is read, and while it is evaluated.
//!
//! Invariant: an error names functions, operators and kinds of value, and never quotes a value.

/// Why a text is not an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at character {column}")]
pub struct ParseError {
    /// What was wrong.
    pub reason: Reason,
    /// Where in the text, in bytes.
    pub offset: usize,
    /// Where in the text, in characters from 1.
    pub column: usize,
}

/// What was wrong with the text of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The text ends inside an expression.
    #[error("the expression ends too early")]
    Truncated,
    /// Something that cannot stand there.
    #[error("unexpected character or word")]
    Unexpected,
    /// A string, name or comment without its end.
    #[error("an opened string, name or comment is not closed")]
    Unclosed,
    /// An escape in a string or name that FHIRPath does not know.
    #[error("a broken escape")]
    Escape,
    /// A date, time or number that does not exist or does not fit.
    #[error("a literal out of range")]
    Literal,
    /// A function nobody defined.
    #[error("an unknown function")]
    Function,
    /// Too few or too many arguments for the function.
    #[error("the wrong number of arguments")]
    Arguments,
    /// A regular expression that cannot be used.
    #[error("a broken regular expression")]
    Pattern,
    /// Nested beyond [`DEPTH_MAX`](crate::DEPTH_MAX), or longer than [`TEXT_BYTES_MAX`](crate::TEXT_BYTES_MAX).
    #[error("the expression is too large")]
    TooLarge,
}

/// Why an expression has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The expression may be right, but this evaluator cannot answer it: whoever asked must do without.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// The expression does not fit what it was applied to: it is to be corrected.
    #[error("{0}")]
    Wrong(&'static str),
    /// The expression was stopped at a limit.
    #[error("evaluation takes more than {0}")]
    TooCostly(Limit),
}

/// A limit of evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// [`STEPS_MAX`](crate::STEPS_MAX), unless the context says otherwise.
    #[error("the steps allowed")]
    Steps,
    /// [`STRING_BYTES_MAX`](crate::STRING_BYTES_MAX).
    #[error("the bytes allowed for one string")]
    StringBytes,
}
