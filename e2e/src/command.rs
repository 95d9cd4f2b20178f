//! The commands of the binary, run to their end.

use std::path::Path;
use std::process::{Command, Stdio};

use anamnesis_json::Value;
use anamnesis_testkit::binary;

/// How a command ended and what it said.
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// The last line of its output as JSON.
    ///
    /// # Panics
    ///
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        let line = self.out.lines().last().unwrap_or_default();
        anamnesis_json::parse(line.as_bytes())
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The same, if it ended with this code.
    ///
    /// # Panics
    ///
    /// When it ended with another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

/// Runs `anamnesis` with these arguments, and none of the variables of whoever runs the tests.
///
/// # Panics
///
/// When it cannot be started.
#[track_caller]
pub fn run<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Run {
    run_with(args, &[], None)
}

/// The same with these variables, in this working directory.
///
/// # Panics
///
/// When it cannot be started.
#[track_caller]
pub fn run_with<S: AsRef<std::ffi::OsStr>>(
    args: &[S],
    variables: &[(&str, &str)],
    directory: Option<&Path>,
) -> Run {
    let mut command = Command::new(binary());
    command.current_dir(directory.unwrap_or_else(|| Path::new(".")));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ANAMNESIS_"))
    {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).args(args).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("the binary cannot be started: {error}"));
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// How many events `verify --views` finds in a data directory where all is well.
///
/// # Panics
///
/// When something is not.
#[track_caller]
pub fn verified(data: &Path) -> u64 {
    let data = data.to_string_lossy();
    let verdict = run(&["verify", "--json", "--views", "--data", &data]).expect(0).json();
    assert_eq!(crate::at(&verdict, "ok").as_bool(), Some(true));
    crate::int(&verdict, "events")
}
