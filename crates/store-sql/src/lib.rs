//! Storage in SQL: the statements both engines read, and a driver for each engine.
//!
//! Invariant: only this room knows a database driver; what leaves it are the words of the `store` room.

mod id;
mod sqlite;
mod statements;

pub use sqlite::{
    Difference, DifferenceKind, OpenError, SqliteBeside, SqliteKeys, SqliteLog, SqliteSnapshots, SqliteStore,
    SqliteViews,
};
