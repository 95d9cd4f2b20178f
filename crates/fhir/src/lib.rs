//! What FHIR R4 says: shapes, search parameters, bundles, outcomes.
//!
//! Invariant: pure; whatever it is given, it answers with values or with issues that say where, and never panics.

pub mod bundle;
pub mod canonical;
pub mod capability;
pub mod check;
mod codes;
pub mod compartment;
mod compartments;
pub mod date;
mod fold;
mod generated;
pub mod index;
mod key;
mod meets;
pub mod merged;
pub mod meta;
mod model;
pub mod outcome;
mod param;
pub mod patch;
mod path;
mod primitive;
pub mod profile;
mod prune;
mod reference;
pub mod search;
mod shape;
pub mod subset;

pub use compartments::{has_compartment, in_compartment};
pub use meets::meets;
pub use param::{Catalogue, Known, Official, ParamKind, Params, Registered, left_out};
