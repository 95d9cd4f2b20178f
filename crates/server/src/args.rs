//! The command line: every flag also as an environment variable.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::validation::Validation;

/// A health record kept as the facts that made it.
#[derive(Parser)]
#[command(
    name = "anamnesis",
    version,
    about,
    after_help = "Begin with:\n  anamnesis serve --demo      a server with people who do not exist\n  \
                  anamnesis import bundles/   FHIR bundles into the store\n\n\
                  Exit codes: 0 all went well, 1 something was refused or is damaged, 2 it could not run."
)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How much to log: error, warn, info, debug, or a filter such as `anamnesis=debug`.
    #[arg(long, global = true, env = "ANAMNESIS_LOG", default_value = "info", value_name = "LEVEL")]
    pub(crate) log: String,
    /// Log as JSON, one object a line.
    #[arg(long, global = true, env = "ANAMNESIS_LOG_JSON")]
    pub(crate) log_json: bool,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    #[command(
        after_help = "Examples:\n  anamnesis serve\n  anamnesis serve --demo --listen 127.0.0.1:9000\n  \
                            anamnesis serve --data /var/lib/anamnesis"
    )]
    Serve(Serve),
    /// Take in FHIR: bundles, single resources, NDJSON, folders, or standard input as `-`.
    #[command(after_help = "Examples:\n  anamnesis import synthea/output/fhir\n  \
                            anamnesis import --url http://127.0.0.1:8080/fhir patient.json\n  \
                            zcat export.ndjson.gz | anamnesis import -\n\n\
                            Begun again, it goes on where it stopped: what was taken is known by its hash.\n\
                            Exit codes: 0 all taken, 1 some refused (the rest kept), 2 could not run.")]
    Import(Import),
    /// Print the log, or follow it on a running server.
    #[command(after_help = "Examples:\n  anamnesis log --record Patient/p1\n  \
                            anamnesis log --url http://127.0.0.1:8080 --follow")]
    Log(Log),
    /// Read the whole log back and check it.
    #[command(after_help = "Exit codes: 0 good, 1 damage, 2 could not run.")]
    Verify(Verify),
    /// Make the views anew from the log, beside the serving ones, and swap.
    Rebuild(Rebuild),
    /// Load people who do not exist, or write them to a folder as bundles.
    #[command(
        after_help = "Examples:\n  anamnesis demo --people 100\n  anamnesis demo --people 10 --out people/"
    )]
    Demo(Demo),
}

/// Where the store is.
#[derive(Args, Clone)]
pub(crate) struct Store {
    /// The data directory.
    #[arg(long, env = "ANAMNESIS_DATA", default_value = "anamnesis-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
}

/// What resources must be.
#[derive(Args, Clone)]
pub(crate) struct Rules {
    /// What becomes of a resource that breaks FHIR's rules: refused, or, where it can be kept, kept with a tag.
    #[arg(long, env = "ANAMNESIS_VALIDATION", value_enum, default_value_t, value_name = "HOW")]
    pub(crate) validation: Validation,
}

/// Arguments of `serve`.
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) store: Store,
    /// The address to listen on.
    #[arg(long, env = "ANAMNESIS_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Load a few dozen people who do not exist, if the store is empty.
    #[arg(long)]
    pub(crate) demo: bool,
    /// The largest request body taken, in bytes.
    #[arg(long, env = "ANAMNESIS_BODY_BYTES_MAX", default_value_t = 64 << 20, value_name = "BYTES")]
    pub(crate) body_bytes_max: usize,
    #[command(flatten)]
    pub(crate) rules: Rules,
    /// The FHIR base as clients see it, where that is not the address listened on.
    #[arg(long, env = "ANAMNESIS_BASE_URL", value_name = "URL")]
    pub(crate) base_url: Option<String>,
}

/// Arguments of `import`.
#[derive(Args)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) store: Store,
    /// Into a running server, by its FHIR base, instead of a data directory.
    #[arg(long, env = "ANAMNESIS_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) rules: Rules,
    /// Stop at the first refusal.
    #[arg(long)]
    pub(crate) stop: bool,
    /// Say at the end, as JSON: {taken, refused: [{file, line, entry, path, reason}]}.
    #[arg(long)]
    pub(crate) json: bool,
    /// Files and folders; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

/// Arguments of `log`.
#[derive(Args)]
pub(crate) struct Log {
    #[command(flatten)]
    pub(crate) store: Store,
    /// Of a running server, by its address, instead of a data directory.
    #[arg(long, env = "ANAMNESIS_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Go on as the log grows; needs a running server.
    #[arg(long, requires = "url")]
    pub(crate) follow: bool,
    /// What follows this cursor.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) from: Option<String>,
    /// Of these event types.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kinds: Vec<String>,
    /// Of these resource types or records.
    #[arg(long, value_name = "TYPE[/ID]")]
    pub(crate) record: Vec<String>,
    /// About this patient.
    #[arg(long, value_name = "ID")]
    pub(crate) patient: Option<String>,
    /// Each event whole, as JSON, one a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `verify`.
#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) store: Store,
    /// Also fold the log afresh and compare that with what is served.
    #[arg(long)]
    pub(crate) views: bool,
    /// Say it as JSON: {ok, events, first_bad}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `rebuild`.
#[derive(Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    pub(crate) store: Store,
    /// Say at the end, as JSON: {events, seconds}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `demo`.
#[derive(Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) store: Store,
    /// How many people.
    #[arg(long, default_value_t = 36)]
    pub(crate) people: u64,
    /// Which people: the same number gives the same people.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write bundles to this folder instead.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_sound() {
        super::Arguments::command().debug_assert();
    }
}
