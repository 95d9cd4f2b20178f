//! The binary `anamnesis`: every door, and the commands of those who run it.

mod alerts;
mod api;
mod app;
mod args;
mod around;
mod arriving;
mod as_of;
#[cfg(test)]
mod blessed;
mod command;
mod cors;
mod encoding;
mod fhir;
mod generations;
mod headers;
mod health;
mod held;
mod http;
mod index;
mod listen;
mod master_key;
mod memory;
mod metrics;
mod outward;
mod pace;
mod parameters;
mod priority;
mod profiles;
mod races;
mod request_id;
mod same;
mod settings;
mod threshold;
mod traces;
mod turns;
mod validation;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    memory::in_small_pages();
    let (arguments, given) = args::read();
    command::run(arguments, &given)
}
