//! Bundles: transactions and batches as they come in, and what is answered.
//!
//! <https://hl7.org/fhir/R4/http.html#transaction>, <https://hl7.org/fhir/R4/bundle.html>.
//! Invariant: everything wrong with a transaction is told at once, each with its place in the bundle.

mod answered;
mod incoming;
mod plan;
mod references;
mod write;

pub use answered::{Answered, Response};
pub use incoming::{EntryIn, Incoming, Kind, Method, Target, read};
pub use plan::{Plan, collisions, plan, same_record};
pub use references::{ConditionalReference, Resolution, conditional_references, interdependencies, rewrite};
pub use write::{Found, Happened, Head, Mode, Said, history, searchset};
