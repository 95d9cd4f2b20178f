//! The loop: load, decide, append, project; and reading what came of it.
//!
//! Invariant: it knows no protocol and no database; one way in ([`Engine::commit`]) and one way views are made
//! ([`projector`]).

mod as_of;
mod cache;
mod codec;
mod commit;
mod dry_run;
mod engine;
mod erase;
mod fold;
mod generation;
mod held;
mod history;
mod index;
mod instruments;
mod keyring;
mod load;
mod past;
pub mod projector;
mod read;
mod rebuild;
mod recall;
mod scan;
mod shown;
mod snapshot;
mod stream;
mod texts;
mod verify;

pub use as_of::{AsOfError, When, WhenError};
pub use cache::{Caching, Current};
pub use commit::{Answer, CommitError, Expect, Idempotent, Item, ItemAnswer, Receipt, Request, Step, Wait};
pub use dry_run::{DryRun, Shape, Unlifted, dry_run};
pub use engine::{Engine, Parts};
pub use generation::Generation;
pub use held::{HeldSet, Retried};
pub use index::{Indexed, Indexing};
pub use instruments::{
    AppendFailure, CacheLevel, CacheResult, Instruments, Parked, Projected, Silent, SnapshotsKept, Stage,
};
pub use keyring::{Keyring, KeyringError};
pub use load::StateThen;
pub use read::{EventPage, Filter};
pub use rebuild::{Progress, build, rebuild};
pub use shown::{InClear, Shown, Unreadable, Why};
pub use snapshot::{SnapshotPolicy, Sweeper, Taker};
pub use stream::StreamPage;
pub use verify::{Damage, Verdict, verify};
