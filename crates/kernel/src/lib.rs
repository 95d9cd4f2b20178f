//! The words everyone here uses: names and numbers of records, instants, positions, the event, the search as data.
//!
//! Invariant: it knows no other room but the JSON tree, has no clock, no file and no wait.

mod clock;
mod cursor;
mod event;
mod instant;
mod name;
mod resource_type;
pub mod search;

pub use clock::Clock;
pub use cursor::{Cursor, CursorError, Position};
pub use event::{Actor, Event, Source};
pub use instant::{Instant, InstantError};
pub use name::{NameError, ResourceId, StreamName, slot_of};
pub use resource_type::ResourceType;

/// The version of a record: how many events its stream has at the end of a commit.
pub type Version = u64;

/// Which ordered log an event stands in; an embedded store has one, number 0.
pub type Partition = u32;
