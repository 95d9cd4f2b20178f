//! The health record: which events there are, what a command makes happen, and what events add up to.
//!
//! Invariant: everything here is a pure function of what it is handed; it has no clock, no file and no wait.

mod catalogue;
mod change;
mod decide;
mod delta;
mod difference;
mod elements;
mod evolve;
mod folding;
mod naming;
pub mod publish;
pub mod read_model;
mod refusal;
mod upcast;

pub use catalogue::{Family, Reach, Role, Row, catalogue, find, is_correction, is_significant, rows_of};
pub use change::patient_of;
pub use decide::{Command, Context, Door, Merge, Merged, NewEvent, Side, State, Unmerge, decide, nearest_of};
pub use difference::{Difference, differences};
pub use elements::{Elements, take_apart, write_resource};
pub use evolve::{EventRef, evolve};
pub use folding::folding;
pub use refusal::{Cause, Refusal};
pub use upcast::{UpcastError, liftable, newest, upcast};
