//! The embedded store: five files in one data directory, held by one process; another may prepare views beside it.

mod connection;
mod directory;
mod error;
mod generations;
mod keys;
mod log;
mod prepared;
mod readers;
mod snapshots;
mod views;

pub use directory::{OpenError, SqliteStore};
pub use keys::SqliteKeys;
pub use log::SqliteLog;
pub use prepared::SqliteBeside;
pub use snapshots::SqliteSnapshots;
pub use views::{Difference, DifferenceKind, SqliteViews};
