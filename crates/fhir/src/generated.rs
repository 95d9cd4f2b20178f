//! The tables that `cargo xtask codegen` writes from the official definitions.

pub(crate) mod codes;
#[expect(dead_code, reason = "invariants are evaluated next")]
pub(crate) mod rules;
pub(crate) mod search;
pub(crate) mod shapes;
