//! The search as data: what a record is found by, and what is asked; the store turns it into statements.

mod filter;
mod key;
mod query;

pub use filter::{Filter, Find, Link, Test};
pub use key::{Entry, Kept, Key, Param, Real};
pub use query::{After, By, Order, Place, Query, SortKey, newest_first};
