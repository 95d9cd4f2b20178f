//! The evaluator against what others wrote: R4's official FHIRPath tests, its invariants, its search parameters.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "what helps tests may fail as they do")]

mod definitions;
mod expressions;
mod invariants;
mod suite;
mod xml;
