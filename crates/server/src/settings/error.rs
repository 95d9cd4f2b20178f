//! Why settings cannot be taken, and where each came from.
//!
//! Invariant: a value is never quoted, as it may be a secret; its name and its place are.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Where a setting's value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// From nowhere: it was not set.
    Default,
    /// From a line of a file.
    File(PathBuf, usize),
    /// From this variable of the environment.
    Environment(String),
    /// From this flag of the command line.
    Flag(String),
}

impl Place {
    /// Its kind, in one word.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File(..) => "file",
            Self::Environment(_) => "environment",
            Self::Flag(_) => "flag",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Why the settings cannot be taken: whoever runs the program changes them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingError {
    /// A name nobody knows.
    #[error("there is no setting {name} ({place}){}", meant(nearest))]
    Unknown {
        /// The name.
        name: String,
        /// Where it stands.
        place: Place,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A value of another kind, or too small or large.
    #[error("{name} ({place}): expected {expected}")]
    Wrong {
        /// The setting.
        name: &'static str,
        /// Where it stands.
        place: Place,
        /// What can be given.
        expected: String,
    },
    /// Both names of one variable.
    #[error("{one} and {other} are the same setting: leave one out")]
    Twice {
        /// One name.
        one: String,
        /// The other.
        other: String,
    },
    /// The file that was named, or that is there.
    #[error("the settings in {path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{path}:{line} is not TOML: {what}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// `--set` without a name or a value.
    #[error("--set takes NAME=VALUE")]
    Set,
}

fn meant(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; perhaps {name} is meant")).unwrap_or_default()
}
