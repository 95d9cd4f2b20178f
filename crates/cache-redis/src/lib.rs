//! The cache outside the process, in Redis 7 or later, or Valkey.
//!
//! Invariant: a Redis that is slow, away, full or spoilt costs a bounded time, and never an answer. Only sealed bytes go
//! there, under keys that name nobody.

mod cache;
mod circuit;
mod fault;
mod keeper;
mod keys;
mod link;

pub use cache::{Options, RedisCache};
pub use link::OpenError;
