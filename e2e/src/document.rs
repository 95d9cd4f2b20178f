//! A document for users, as the steps that its reader takes: what is run, what is said, when a server starts and stops.
//!
//! Blocks fenced as `sh` are run in order, in one folder. A paragraph behind a block that begins with "It says" names in
//! backticks what must stand in the output; one that says "it ends with 1" names the exit code. A block that is nothing
//! but `anamnesis serve …` starts a server, and prose that says Ctrl-C stops it.

use std::path::Path;
use std::process::{Command, Stdio};

use anamnesis_testkit::{Options, Server, binary};

/// Where documents have their server listen.
const THERE: &str = "http://127.0.0.1:8080";
/// How a document of the tree starts the binary without installing it.
const FROM_THE_TREE: &str = "cargo run --release --bin anamnesis -- ";

/// Something a reader does.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Starts a server with these arguments.
    Serve(Vec<String>),
    /// Runs a script.
    Run {
        /// What is run.
        script: String,
        /// What its output must hold.
        says: Vec<String>,
        /// How it must end.
        code: i32,
    },
    /// Stops the server.
    Stop,
}

/// The steps of a document, in order.
///
/// # Errors
///
/// A block that is said to do nothing, which could not fail.
fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(fence) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            if fence == "sh" {
                steps.push(block_step(&block.join("\n")));
            }
            continue;
        }
        if let Some(Step::Run { says, code, .. }) = steps.last_mut().filter(|_| tells(line)) {
            let ends = line.split_once("t ends with ").and_then(|(_, rest)| rest.chars().next());
            *code =
                ends.and_then(|digit| digit.to_digit(10)).and_then(|n| n.try_into().ok()).unwrap_or(*code);
            says.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
        if line.contains("Ctrl-C") {
            steps.push(Step::Stop);
        }
    }
    for step in &steps {
        if let Step::Run { script, says, .. } = step
            && says.is_empty()
        {
            return Err(format!("nothing says what this says:\n{script}"));
        }
    }
    Ok(steps)
}

/// Whether a line says what the block before it does.
fn tells(line: &str) -> bool {
    ["It says ", "It ends with "].iter().any(|words| line.starts_with(words))
}

fn block_step(block: &str) -> Step {
    let block = block.replace(FROM_THE_TREE, "anamnesis ");
    let lone = block.trim().strip_prefix("anamnesis serve").filter(|rest| !rest.contains(['\n', '|', '&']));
    match lone {
        Some(rest) => Step::Serve(rest.split_whitespace().map(str::to_owned).collect()),
        None => Step::Run { script: block, says: Vec::new(), code: 0 },
    }
}

/// Takes all steps of a document in this folder, from its first line to its last.
///
/// # Errors
///
/// The first step that does not do what the document says.
///
/// # Panics
///
/// When a server does not start or stop, or there is no shell.
pub fn follow(text: &str, folder: &Path) -> Result<usize, String> {
    let mut server: Option<Server> = None;
    let steps = steps(text)?;
    for step in &steps {
        match step {
            Step::Serve(args) => server = Some(serve(args, folder)),
            Step::Stop => {
                if let Some(mut server) = server.take() {
                    server.terminate();
                }
            }
            Step::Run { script, says, code } => {
                let script = match &server {
                    Some(server) => script.replace(THERE, &server.url()),
                    None if script.contains(THERE) => {
                        return Err(format!("nothing started a server:\n{script}"));
                    }
                    None => script.clone(),
                };
                run(&script, says, *code, folder)?;
            }
        }
    }
    Ok(steps.len())
}

/// Starts a server in the folder's data directory, at an address of its own.
fn serve(args: &[String], folder: &Path) -> Server {
    let mut options = Options::new();
    let mut data = folder.join("anamnesis-data");
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--data" => data = folder.join(args.next().map_or("", String::as_str)),
            _ => options = options.arg(arg),
        }
    }
    options.data(data).start()
}

fn run(script: &str, says: &[String], code: i32, folder: &Path) -> Result<(), String> {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("set -e\nexec 2>&1\n{script}")]).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ANAMNESIS_"))
    {
        command.env_remove(name);
    }
    // The binary as if it were installed.
    let binary = binary();
    let installed = binary.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let path = std::env::var("PATH").unwrap_or_default();
    // Searches are asked strictly, so that no document shows a parameter that is passed over.
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join(".curlrc"), "header = \"Prefer: handling=strict\"\nmax-time = 60\n")
        .expect("a file");
    command.env("CURL_HOME", home.path()).env("PATH", format!("{installed}:{path}"));
    let output = command.output().expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = |what: String| Err(format!("{script}\n{what}, and said:\n{said}"));
    if output.status.code() != Some(code) {
        return failed(format!("ended with {}", output.status));
    }
    match says.iter().find(|wanted| !said.contains(wanted.as_str())) {
        Some(missing) => failed(format!("did not say {missing}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(script: &str, says: &[&str], code: i32) -> Step {
        Step::Run { script: script.into(), says: says.iter().map(|&text| text.to_owned()).collect(), code }
    }

    #[test]
    fn what_a_document_asks_for() {
        let serve = |args: &[&str]| Step::Serve(args.iter().map(|&arg| arg.to_owned()).collect());
        #[rustfmt::skip] // A table reads by column.
        let cases: [(&str, Vec<Step>); 7] = [
            ("`prose` alone",                                                  vec![]),
            ("```\nnot run\n```\n```json\n{}\n```",                            vec![]),
            ("```sh\necho a\n```\n\nIt says `a`.",                             vec![ran("echo a", &["a"], 0)]),
            ("```sh\nfalse\n```\nIt says `x` and `y`; it ends with 1.\nA `z`.", vec![ran("false", &["x", "y"], 1)]),
            ("```sh\necho a\n```\nIt is `b`.\n\nIt says `a`.",                   vec![ran("echo a", &["a"], 0)]),
            ("```sh\nanamnesis serve --demo\n```\nStop it with Ctrl-C.",       vec![serve(&["--demo"]), Step::Stop]),
            ("```sh\ncargo run --release --bin anamnesis -- serve\n```",       vec![serve(&[])]),
        ];
        for (text, expected) in cases {
            assert_eq!(steps(text), Ok(expected), "{text}");
        }
        assert!(steps("```sh\necho a\n```\nA sentence.").is_err());
    }

    #[test]
    fn what_is_not_as_it_is_said_is_told() {
        let folder = std::env::temp_dir();
        let cases = [
            ("```sh\necho a\n```\nIt says `a`.", true),
            ("```sh\necho a\n```\nIt says `b`.", false),
            ("```sh\necho a; false\n```\nIt says `a`.", false),
            ("```sh\necho http://127.0.0.1:8080\n```\nIt says `http`.", false),
            ("```sh\necho a >&2; exit 3\n```\nIt says `a`, and it ends with 3.", true),
        ];
        for (text, good) in cases {
            assert_eq!(follow(text, &folder).is_ok(), good, "{text}");
        }
    }
}
