//! The flags of settings, made from the table: those that have their own, and `--set` for all.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::Settings;
use super::table::{SETTINGS, Setting};

const CONFIG: &str = "config";
const SET: &str = "set";
const HEADING: &str = "Settings";

/// What a command line gives of settings.
#[derive(Default)]
pub(crate) struct Given {
    /// The file to read, instead of the one that may be there.
    pub(super) file: Option<PathBuf>,
    /// Settings with their own flags: name, flag, words.
    pub(super) flags: Vec<(&'static str, String, String)>,
    /// What `--set` was given.
    pub(super) sets: Vec<String>,
}

/// Adds the flags to the commands that have them.
pub(crate) fn add_to(command: Command) -> Command {
    let file = Arg::new(CONFIG)
        .long("config")
        .global(true)
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help_heading(HEADING)
        .help("The file of settings [env: ANAMNESIS_CONFIG] [default: anamnesis.toml, if it is there]");
    let set = Arg::new(SET)
        .long("set")
        .global(true)
        .action(ArgAction::Append)
        .value_name("NAME=VALUE")
        .help_heading(HEADING)
        .help("Any setting by its name, such as limits.count_max=500; `anamnesis config` lists them");
    let everywhere = SETTINGS.iter().filter(|setting| has_flag(setting, |commands| commands.is_empty()));
    let mut command =
        command.args(everywhere.map(|setting| argument(setting).global(true))).args([file, set]);
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let own =
            SETTINGS.iter().filter(|setting| has_flag(setting, |commands| commands.contains(&name.as_str())));
        command = command.mut_subcommand(&name, |sub| {
            // What a command does in several ways has its flags behind each of them too.
            let several = sub.has_subcommands();
            sub.args(own.map(|setting| argument(setting).global(several)))
        });
    }
    command
}

fn has_flag(setting: &Setting, of: impl Fn(&[&str]) -> bool) -> bool {
    setting.flag.as_ref().is_some_and(|flag| of(flag.commands))
}

fn argument(setting: &'static Setting) -> Arg {
    let (long, value) = setting.flag.as_ref().map_or((setting.name, "VALUE"), |flag| (flag.long, flag.value));
    let mut defaults = Settings::default();
    let field = (setting.field)(&mut defaults);
    let variable = setting.short.map_or_else(|| setting.variable(), str::to_owned);
    let mut what: String = setting.what.to_owned();
    if let Some(first) = what.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let default = match field.shown().words().as_str() {
        "-" | "false" => String::new(),
        default => format!(" [default: {default}]"),
    };
    let argument = Arg::new(setting.name)
        .long(long)
        .value_name(value)
        .help_heading(HEADING)
        .help(format!("{what} [env: {variable}]{default}"));
    if field.is_truth() {
        argument.num_args(0..=1).require_equals(true).default_missing_value("true")
    } else {
        argument
    }
}

/// What a command line gave; `matches` are of the whole program.
pub(crate) fn given(matches: &ArgMatches) -> Given {
    let Some((_, mut matches)) = matches.subcommand() else { return Given::default() };
    while let Some((_, deeper)) = matches.subcommand() {
        matches = deeper;
    }
    let typed = |id: &str| {
        let known = matches.try_contains_id(id).unwrap_or(false);
        known && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    let flags = SETTINGS.iter().filter(|setting| setting.flag.is_some() && typed(setting.name));
    let flags = flags.filter_map(|setting| {
        let words = matches.get_one::<String>(setting.name)?.clone();
        Some((setting.name, format!("--{}", setting.flag.as_ref()?.long), words))
    });
    Given {
        file: matches.get_one::<PathBuf>(CONFIG).cloned(),
        flags: flags.collect(),
        sets: matches.get_many::<String>(SET).into_iter().flatten().cloned().collect(),
    }
}
