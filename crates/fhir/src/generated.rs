//! The tables that `cargo xtask codegen` writes from the official definitions.

pub(crate) mod codes;
pub(crate) mod compartments;
pub(crate) mod rules;
pub(crate) mod search;
pub(crate) mod shapes;
pub(crate) mod summary;
