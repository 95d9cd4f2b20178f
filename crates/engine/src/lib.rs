//! The loop: load, decide, append, project; and reading what came of it.
//!
//! Invariant: it knows no protocol and no database; one way in ([`Engine::commit`]) and one way views are made
//! ([`projector`]).

mod codec;
mod commit;
mod current;
mod engine;
mod heads;
mod index;
mod instruments;
mod keyring;
mod load;
pub mod projector;
mod read;
mod rebuild;
mod verify;

pub use commit::{Answer, CommitError, Expect, Idempotent, Item, ItemAnswer, Receipt, Request, Step, Wait};
pub use current::Current;
pub use engine::{Engine, Parts};
pub use index::{Indexed, Indexing};
pub use instruments::{Instruments, Silent, Stage};
pub use keyring::{Keyring, KeyringError};
pub use read::{EventPage, Filter};
pub use rebuild::{Progress, rebuild};
pub use verify::{Damage, Verdict, verify};
