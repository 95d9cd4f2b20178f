//! Strict JSON (RFC 8259) that keeps what it was given: the text of numbers, the order of keys.
//!
//! Refused: a key twice in one object, nesting beyond a limit, `U+0000`, lone surrogates, anything after the value.
//! Two values are the [same](Value::same) when they differ in nothing but the order of keys.

mod parse;
mod plain;
mod pretty;
mod value;
mod write;

pub use parse::{ParseError, Reason, parse, parse_with_depth};
pub use pretty::pretty;
pub use value::{Object, Value};
pub use write::{write_object, write_string};

/// How deep arrays and objects may nest unless a caller says otherwise.
pub const DEPTH_MAX: usize = 64;
