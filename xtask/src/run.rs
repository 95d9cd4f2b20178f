//! Running other programs: each is shown before it runs, and its end is an answer, not a guess.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

/// Which of a program's two streams is read as well as shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// A command at the top of the tree.
pub(crate) fn command(root: &Path, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).args(args);
    command
}

/// Runs a command in sight; true when it ended well.
///
/// # Errors
///
/// When it cannot be started.
pub(crate) fn shown(mut command: Command) -> anyhow::Result<bool> {
    println!("\n> {}", line(&command));
    let status = command.status().with_context(|| format!("cannot run {}", line(&command)))?;
    Ok(status.success())
}

/// Runs a command in sight and hands each line of one of its streams to `hear`; true when it ended well.
///
/// # Errors
///
/// When it cannot be started, or says what is not UTF-8.
pub(crate) fn heard(mut command: Command, stream: Heard, mut hear: impl FnMut(&str)) -> anyhow::Result<bool> {
    println!("\n> {}", line(&command));
    match stream {
        Heard::Out => command.stdout(Stdio::piped()),
        Heard::Err => command.stderr(Stdio::piped()),
    };
    let mut child = command.spawn().with_context(|| format!("cannot run {}", line(&command)))?;
    let source: Box<dyn std::io::Read> = match (child.stdout.take(), child.stderr.take()) {
        (Some(out), _) => Box::new(out),
        (None, Some(err)) => Box::new(err),
        (None, None) => Box::new(std::io::empty()),
    };
    for said in BufReader::new(source).lines() {
        let said = said.with_context(|| format!("cannot read what {} says", line(&command)))?;
        println!("{said}");
        hear(&said);
    }
    Ok(child.wait()?.success())
}

/// Whether a command can be run at all and ends well; nothing of it is shown.
pub(crate) fn succeeds(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
