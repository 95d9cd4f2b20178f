//! Keys, sealing, the log's leaves and its Merkle tree, ids: what keeps a fact secret, unchanged and erasable.
//!
//! Invariant: pure but for the randomness it is handed. What it writes is laid down byte by byte in
//! `docs/adr/0001-the-log-format.md` and held by `vectors/format-1.json`.

mod aead;
mod clear;
mod digest;
mod entry;
mod keys;
mod minter;
mod random;
mod sealer;
mod store_keys;
mod tree;

#[cfg(test)]
mod vectors;

pub use aead::OpenError;
pub use clear::{Clear, Opened, decode_clear, encode_clear};
pub use digest::{Hash, sha256};
pub use entry::{Entry, KIND_BYTES_MAX, SubjectNumber, Tag};
pub use keys::{EpochKey, MasterKey, SubjectKey};
pub use minter::Minter;
pub use random::{Random, SystemRandom};
pub use sealer::{Bound, CLEAR_BYTES_MAX, Sealer};
pub use store_keys::StoreKeys;
pub use tree::{Tree, TreeError};
