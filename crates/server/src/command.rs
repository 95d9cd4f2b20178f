//! The commands: each its own file; here what they share.

mod config;
mod demo;
mod feed;
mod help;
mod import;
mod log;
mod parked;
mod progress;
mod rebuild;
mod serve;
mod verify;
mod web;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::args::{Arguments, Command};
use crate::request_id;
use crate::settings::{self, Given, Settings};

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All went well.
    Good,
    /// Something was refused, or is damaged.
    Bad,
}

/// Runs a command to its end.
pub(crate) fn run(arguments: Arguments, given: &Given) -> ExitCode {
    match start(arguments, given) {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::Bad) => ExitCode::from(1),
        Err(error) => {
            say_error(&error);
            ExitCode::from(2)
        }
    }
}

fn start(arguments: Arguments, given: &Given) -> anyhow::Result<Outcome> {
    // These tell of the program, whatever is set.
    match &arguments.command {
        Command::Completions(completions) => return help::completions(completions),
        Command::Man(man) => return help::man(man),
        _ => {}
    }
    let loaded = settings::load(given, std::env::vars_os())?;
    if let Command::Config(config) = &arguments.command {
        return Ok(config::run(config, &loaded));
    }
    let settings = loaded.settings;
    log_to_stderr(&settings)?;
    log_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        match arguments.command {
            Command::Serve(serve) => serve::run(serve, settings).await,
            Command::Import(import) => import::run(import, settings).await,
            Command::Log(log) => log::run(log, &settings).await,
            Command::Parked(parked) => parked::run(parked, &settings).await,
            Command::Verify(verify) => verify::run(verify, &settings).await,
            Command::Rebuild(rebuild) => rebuild::run(rebuild, &settings).await,
            Command::Demo(demo) => demo::run(demo, &settings).await,
            Command::Config(_) | Command::Completions(_) | Command::Man(_) => Ok(Outcome::Good),
        }
    })
}

fn log_to_stderr(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.log_level.0).context("the log level is none")?;
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if settings.log_json {
        log.json().flatten_event(true).init();
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).init();
    }
    Ok(())
}

/// Has bugs told as lines of the log, with their place: what is formatted into a panic may be a patient's.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let what =
            panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("its words are not told");
        tracing::error!(request_id = request_id::current(), place, "the program met a bug: {what}");
    }));
}

/// Says why a command could not run: the whole chain, one line.
fn say_error(error: &anyhow::Error) {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let _ = writeln!(std::io::stderr(), "anamnesis: {}", chain.join(": "));
}

/// Prints a line of the command's result; a reader that went away ends nothing.
pub(crate) fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints bytes and a line's end.
pub(crate) fn print_bytes(line: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(line)?;
    out.write_all(b"\n")
}
