//! The command line: what each command is told; the flags of settings come from their table.

use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::settings::{self, Given};

/// A health record kept as the facts that made it.
#[derive(Parser)]
#[command(
    name = "anamnesis",
    version,
    about,
    after_help = "Begin with:\n  anamnesis serve --demo      a server with people who do not exist\n  \
                  anamnesis import bundles/   FHIR bundles into the store\n  \
                  anamnesis config            every setting, what it is and where that came from\n\n\
                  Settings come from anamnesis.toml, then ANAMNESIS_… variables, then flags; the later wins.\n\
                  Exit codes: 0 all went well, 1 something was refused or is damaged, 2 it could not run."
)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    #[command(
        after_help = "Examples:\n  anamnesis serve\n  anamnesis serve --demo --listen 127.0.0.1:9000\n  \
                            anamnesis serve --data /var/lib/anamnesis --set limits.connections_max=5000"
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
    /// Show the events that the views could not apply, and try them again.
    #[command(after_help = "Examples:\n  anamnesis parked --data /var/lib/anamnesis\n  \
                            anamnesis parked --url http://127.0.0.1:8080 --json\n  \
                            anamnesis parked retry --url http://127.0.0.1:8080\n  \
                            anamnesis parked retry Patient/p1\n\n\
                            Exit codes: 0 nothing is parked, or all that was tried could be applied; \
                            1 something is parked; 2 could not run.")]
    Parked(Parked),
    /// Read the whole log back and check it.
    #[command(after_help = "Examples:\n  anamnesis verify --data /var/lib/anamnesis\n  \
                            anamnesis verify --views --json\n  \
                            anamnesis verify --events      before a program is replaced by an older or a newer one\n\n\
                            Exit codes: 0 good, 1 damage or an event that cannot be lifted, 2 could not run.")]
    Verify(Verify),
    /// Make the views anew from the log, beside the serving ones, and swap.
    #[command(after_help = "Examples:\n  anamnesis rebuild --data /var/lib/anamnesis\n  \
                            anamnesis rebuild --beside      by a newer program, while the older one serves\n\n\
                            Begun again, it goes on where it was stopped or killed.")]
    Rebuild(Rebuild),
    /// Load people who do not exist, or write them to a folder as bundles.
    #[command(
        after_help = "Examples:\n  anamnesis demo --people 100\n  anamnesis demo --people 10 --out people/"
    )]
    Demo(Demo),
    /// Print every setting: what holds, and where that came from.
    #[command(
        after_help = "Examples:\n  anamnesis config\n  anamnesis config --config /etc/anamnesis.toml --json\n  \
                            anamnesis config --set limits.count_max=500\n\n\
                            It reads what `serve` would read, and ends with 2 where that cannot be taken."
    )]
    Config(Config),
    /// Print what a shell needs to complete commands and flags.
    #[command(after_help = "Examples:\n  anamnesis completions bash > /etc/bash_completion.d/anamnesis\n  \
                            anamnesis completions zsh > ~/.zfunc/_anamnesis\n  \
                            anamnesis completions fish > ~/.config/fish/completions/anamnesis.fish")]
    Completions(Completions),
    /// Print the manual page, or write one for each command to a folder.
    #[command(
        after_help = "Examples:\n  anamnesis man | man -l -\n  anamnesis man /usr/local/share/man/man1"
    )]
    Man(Man),
}

/// Arguments of `serve`.
#[derive(Args)]
pub(crate) struct Serve {
    /// Load a few dozen people who do not exist, if the store is empty.
    #[arg(long)]
    pub(crate) demo: bool,
}

/// Arguments of `import`.
#[derive(Args)]
pub(crate) struct Import {
    /// Stop at the first refusal.
    #[arg(long)]
    pub(crate) stop: bool,
    /// Say at the end, as JSON: {taken, refused: [{file, line, entry, path, reason}]}.
    #[arg(long)]
    pub(crate) json: bool,
    /// Files and folders; `-` is standard input.
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
}

/// Arguments of `log`.
#[derive(Args)]
pub(crate) struct Log {
    /// Go on as the log grows; needs a running server.
    #[arg(long)]
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

/// Arguments of `parked`.
#[derive(Args)]
pub(crate) struct Parked {
    /// What to do; to show them where nothing is said.
    #[command(subcommand)]
    pub(crate) command: Option<ParkedCommand>,
    /// As JSON: each event as `GET /api/parked` has it, one a line; of a retry {tried, released, applied, parked}.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What `parked` does beside showing.
#[derive(Subcommand)]
pub(crate) enum ParkedCommand {
    /// Fold the records that are held from their beginnings, and show what can be applied now.
    Retry {
        /// Of this record alone, such as Patient/p1.
        #[arg(value_name = "STREAM")]
        stream: Option<String>,
    },
}

/// Arguments of `verify`.
#[derive(Args)]
pub(crate) struct Verify {
    /// Also lift every event to today's shape, and say of which types and schema versions that cannot be done.
    #[arg(long)]
    pub(crate) events: bool,
    /// Also fold the log afresh and compare that with what is served.
    #[arg(long)]
    pub(crate) views: bool,
    /// Say it as JSON: {ok, events, first_bad}; with --events also {types, unlifted}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `rebuild`.
#[derive(Args)]
pub(crate) struct Rebuild {
    /// Prepare the views for the next start of this program, while another process serves the directory.
    #[arg(long)]
    pub(crate) beside: bool,
    /// Say at the end, as JSON: {events, seconds}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `demo`.
#[derive(Args)]
pub(crate) struct Demo {
    /// How many people.
    #[arg(long, default_value_t = 36)]
    pub(crate) people: u64,
    /// Which people: the same number gives the same people.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Write bundles to this folder instead.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
}

/// Arguments of `config`.
#[derive(Args)]
pub(crate) struct Config {
    /// Say it as JSON: {file, settings: [{name, value, from, place}]}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `completions`.
#[derive(Args)]
pub(crate) struct Completions {
    /// Which shell.
    pub(crate) shell: Shell,
}

/// Arguments of `man`.
#[derive(Args)]
pub(crate) struct Man {
    /// The folder to write to.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
}

/// The whole command line, flags of settings included.
pub(crate) fn command() -> clap::Command {
    settings::add_to(Arguments::command())
}

/// Reads the command line of this process; what cannot be read, or asks for help, ends it.
pub(crate) fn read() -> (Arguments, Given) {
    let matches = command().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    (arguments, settings::given(&matches))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_sound() {
        command().debug_assert();
    }

    #[test]
    fn flags_stand_where_they_mean_something() {
        let taken = |line: &str| command().try_get_matches_from(line.split(' ')).is_ok();
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("anamnesis serve --data d --listen 127.0.0.1:1 --body-bytes-max 5", true),
            ("anamnesis --log debug serve --log-json",                         true),
            ("anamnesis serve --log debug --log-json=false --set a=b",         true),
            ("anamnesis verify --listen 127.0.0.1:1",                          false),
            ("anamnesis import --url http://here x",                           true),
            ("anamnesis serve --url http://here",                              false),
            ("anamnesis parked --json --url http://here",                      true),
            ("anamnesis parked retry --json --data d",                         true),
            ("anamnesis parked --data d retry Patient/p1 --log debug",         true),
            ("anamnesis parked again",                                         false),
            ("anamnesis serve --store postgres://here",                        false),
        ];
        for (line, expected) in cases {
            assert_eq!(taken(line), expected, "{line}");
        }
    }
}
