//! Snapshots: states of records that were folded already, kept beside the log so that long streams load fast.
//!
//! Invariant: a snapshot is a hint. It is used only where the log has its event, this code folded it and its subject's
//! key opens it; in any other case the record is folded as if it were not there.

pub(crate) mod form;
mod shape;
