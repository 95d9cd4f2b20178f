//! How a server is started, and why it was not.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use super::{Server, binary, give_up};

/// How to start a [`Server`].
#[derive(Clone, Debug, Default)]
pub struct Options {
    binary: Option<PathBuf>,
    pub(super) data: Option<PathBuf>,
    store: Option<String>,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
}

impl Options {
    /// An embedded store in a data directory that goes with the server.
    pub fn new() -> Self {
        Self::default()
    }

    /// In this data directory, which the caller keeps.
    #[must_use]
    pub fn data(mut self, dir: impl AsRef<Path>) -> Self {
        let dir = dir.as_ref();
        self.data = Some(std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()));
        self
    }

    /// On the store of this URL instead of a data directory.
    #[must_use]
    pub fn store(mut self, url: impl Into<String>) -> Self {
        self.store = Some(url.into());
        self
    }

    /// With one more argument after `serve`; a path must be absolute, as the server runs in a directory of its own.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// With this variable in its environment, which else has none of ours that begins with `ANAMNESIS_`.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// With this executable instead of [`binary`].
    #[must_use]
    pub fn binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.binary = Some(path.into());
        self
    }

    /// Starts it and waits until `/readyz` answers 200.
    ///
    /// # Panics
    ///
    /// When it ends or is not ready within 90 seconds, with the last it said on stderr.
    pub fn start(self) -> Server {
        self.try_start().unwrap_or_else(|failure| failure.give_up())
    }

    /// As [`start`](Self::start), for tests in which it may refuse to start.
    ///
    /// # Errors
    ///
    /// [`StartError`] when it does not get ready.
    pub fn try_start(self) -> Result<Server, StartError> {
        Server::launch(self)
    }

    pub(super) fn command(&self, data: &Path, address: &str) -> Command {
        let mut command = Command::new(self.binary.clone().unwrap_or_else(binary));
        command.arg("serve");
        match &self.store {
            Some(url) => command.arg("--store").arg(url),
            None => command.arg("--data").arg(data),
        };
        command.arg("--listen").arg(address).args(&self.args);
        let ours = std::env::vars_os().map(|(name, _)| name);
        for name in ours.filter(|name| name.to_string_lossy().starts_with("ANAMNESIS_")) {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Why a server did not get ready.
#[derive(Debug)]
pub enum StartError {
    /// It could not be started at all.
    Unstarted(io::Error),
    /// It ended by itself.
    Ended {
        /// As what.
        status: ExitStatus,
        /// The last it said.
        stderr: String,
    },
    /// It was not ready in time, and was killed.
    Unready {
        /// The last it said.
        stderr: String,
    },
}

impl StartError {
    /// Fails the test, with everything there is to say.
    #[track_caller]
    pub(super) fn give_up(&self) -> ! {
        match self {
            Self::Unstarted(cause) => give_up(&format!("{self}: {cause}")),
            Self::Ended { .. } | Self::Unready { .. } => give_up(&self.to_string()),
        }
    }

    /// Whether it ended because another process took its port first.
    pub(super) fn lost_its_port(&self) -> bool {
        matches!(self, Self::Ended { stderr, .. } if stderr.to_lowercase().contains("address already in use"))
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unstarted(_) => f.write_str("the server could not be started"),
            Self::Ended { status, stderr } => {
                write!(f, "the server ended before it was ready ({status}); stderr:\n{stderr}")
            }
            Self::Unready { stderr } => write!(f, "the server was not ready in time; stderr:\n{stderr}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unstarted(cause) => Some(cause),
            Self::Ended { .. } | Self::Unready { .. } => None,
        }
    }
}
