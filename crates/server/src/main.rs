//! The binary `anamnesis`: every door, and the commands of those who run it.

mod api;
mod app;
mod args;
mod command;
mod fhir;
mod headers;
mod health;
mod http;
mod master_key;
mod metrics;
mod validation;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    command::run(arguments)
}
