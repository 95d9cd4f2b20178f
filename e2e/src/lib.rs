//! The binary from outside, over the wire, as its users meet it: here is what the tests share.
//!
//! Invariant: nothing here knows how the binary works; it starts it, asks it, and reads what it answers.

#![expect(clippy::panic, reason = "a test that cannot go on has failed, and says why")]

mod clients;
mod command;
mod document;
mod fhir;
pub mod fuzz;
mod generations;
mod json;
mod log;
mod page;
pub mod plain;
mod raw;
mod receiver;
mod search;

pub use clients::{SCRIPTS, ends_well, node, python};
pub use command::{Run, run, run_with, verified};
pub use document::follow;
pub use fhir::{bundle, entry, issue, refused, send, status, taken};
pub use generations::{generations, indexed};
pub use json::{at, int, json, list, str, text};
pub use log::{Events, commit, events, events_after, last_cursor, stream};
pub use page::{Row, sentences};
pub use raw::{Raw, Said, patient, put_head};
pub use receiver::{Answer, Received, Receiver};
pub use search::{count, entries, links, pages};
