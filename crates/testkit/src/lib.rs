//! What tests, benches and the demo stand on: people who do not exist, clocks that stand still, servers that stop.
//!
//! Invariant: the same seed gives the same bytes, on every machine and for ever.

mod clock;
#[cfg(feature = "newer")]
mod newer;
pub mod odd;
pub mod people;
#[cfg(feature = "servers")]
pub mod servers;
mod skipped;

pub use clock::StandingClock;
#[cfg(feature = "newer")]
pub use newer::{NewerEvent, NewerProgram};
pub use people::{People, Person, Record, Rng, Step, StepKind, address_event, zipf};
#[cfg(feature = "servers")]
pub use servers::{
    Answer, Http, Options, Redis, Reply, Server, StartError, Unreached, binary, shared_data, unpack_synthea,
};
pub use skipped::skipped;
