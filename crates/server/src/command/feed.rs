//! What an import is fed: files in order, folders, standard input; one document or some lines at a time.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// How many lines of NDJSON go into one transaction.
const LINES: usize = 200;
/// How many bytes of NDJSON go into one transaction.
const LINES_BYTES: usize = 4 << 20;
/// How far into a file is looked for what it needs of others: a patient's first records refer to it already.
const PEEK_BYTES: u64 = 256 << 10;

/// One thing to take in.
#[derive(Clone)]
pub(super) enum Feed {
    /// A file that holds one resource or bundle.
    File(PathBuf),
    /// A text that holds one resource or bundle.
    Text {
        /// Where it came from.
        name: String,
        /// The text.
        text: Vec<u8>,
    },
    /// Lines that hold one resource or bundle each, with their numbers.
    Lines {
        /// Where they came from.
        name: String,
        /// The lines.
        lines: Vec<(u64, Vec<u8>)>,
    },
}

impl Feed {
    /// Where it came from.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Text { name, .. } | Self::Lines { name, .. } => name.clone(),
        }
    }
}

/// The files that paths name, folders walked, in the order in which groups of them are taken.
///
/// First infrastructure, which others refer to; then what refers by search, while each search still finds one; then
/// the rest, which may create the same organisation again and again.
///
/// # Errors
///
/// When a path cannot be read.
pub(super) fn files(paths: &[PathBuf]) -> io::Result<[Vec<PathBuf>; 3]> {
    let mut found = Vec::new();
    for path in paths {
        walk(path, &mut found)?;
    }
    found.sort();
    found.dedup();
    let [mut infrastructure, mut searching, mut rest] = [Vec::new(), Vec::new(), Vec::new()];
    for path in found {
        let start = start_of(&path);
        if is_batch(&start) {
            infrastructure.push(path);
        } else if start.contains("?identifier=") {
            searching.push(path);
        } else {
            rest.push(path);
        }
    }
    Ok([infrastructure, searching, rest])
}

fn walk(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.as_os_str() == "-" || !fs::metadata(path).map_err(|error| named(path, &error))?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?.path();
        let wanted = entry.extension().is_some_and(|ext| ext == "json" || ext == "ndjson" || ext == "jsonl");
        if entry.is_dir() || wanted {
            walk(&entry, found)?;
        }
    }
    Ok(())
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// How a file begins; nothing of standard input, and of what cannot be read.
fn start_of(path: &Path) -> String {
    let mut start = Vec::new();
    if path.as_os_str() != "-" {
        // A file that cannot be read says so when its turn comes.
        let _ = File::open(path).and_then(|file| file.take(PEEK_BYTES).read_to_end(&mut start));
    }
    String::from_utf8_lossy(&start).into_owned()
}

/// Whether a text begins like a bundle of type `batch`.
fn is_batch(start: &str) -> bool {
    let head: String = start.chars().take(2_000).filter(|c| !c.is_whitespace()).collect();
    head.contains("\"type\":\"batch\"")
}

/// The bytes a file has, for the bar; standard input has none known.
pub(super) fn bytes(path: &Path) -> u64 {
    if path.as_os_str() == "-" { 0 } else { fs::metadata(path).map_or(0, |meta| meta.len()) }
}

/// Hands the file's feeds to `take`, which says whether to go on.
///
/// # Errors
///
/// When it cannot be read.
pub(super) fn each(path: &Path, mut take: impl FnMut(Feed) -> bool) -> io::Result<()> {
    let lines = |extension: &std::ffi::OsStr| extension == "ndjson" || extension == "jsonl";
    if path.as_os_str() == "-" {
        return standard_input(io::stdin().lock(), take);
    }
    if path.extension().is_some_and(lines) {
        let file = File::open(path).map_err(|error| named(path, &error))?;
        return each_lines(&path.display().to_string(), BufReader::new(file), Vec::new(), 1, take);
    }
    take(Feed::File(path.to_owned()));
    Ok(())
}

/// NDJSON when the first line is a whole JSON value, else one document.
fn standard_input(mut input: impl BufRead, mut take: impl FnMut(Feed) -> bool) -> io::Result<()> {
    let mut first = Vec::new();
    input.read_until(b'\n', &mut first)?;
    if anamnesis_json::parse(&first).is_ok() {
        return each_lines("-", input, vec![(1, first)], 2, take);
    }
    let mut text = first;
    input.read_to_end(&mut text)?;
    take(Feed::Text { name: "-".to_owned(), text });
    Ok(())
}

fn each_lines(
    name: &str,
    mut input: impl BufRead,
    mut lines: Vec<(u64, Vec<u8>)>,
    first: u64,
    mut take: impl FnMut(Feed) -> bool,
) -> io::Result<()> {
    let mut bytes = 0;
    for number in first.. {
        let mut line = Vec::new();
        let read = input.read_until(b'\n', &mut line)?;
        if !line.trim_ascii().is_empty() {
            bytes += line.len();
            lines.push((number, line));
        }
        if read == 0 || lines.len() >= LINES || bytes >= LINES_BYTES {
            bytes = 0;
            let lines = std::mem::take(&mut lines);
            if !lines.is_empty() && !take(Feed::Lines { name: name.to_owned(), lines }) {
                return Ok(());
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        standard_input(text.as_bytes(), |feed| {
            out.push(match feed {
                Feed::Lines { lines, .. } => {
                    format!("lines {:?}", lines.iter().map(|(n, _)| *n).collect::<Vec<_>>())
                }
                Feed::Text { text, .. } => format!("text of {}", text.len()),
                Feed::File(_) => unreachable!("standard input is no file"),
            });
            true
        })
        .unwrap();
        out
    }

    #[test]
    fn standard_input_is_lines_or_one_document() {
        assert_eq!(fed("{}\n\n{}\n"), ["lines [1, 3]"]);
        assert_eq!(fed("{\n}\n"), ["text of 4"]);
        assert_eq!(fed("{}"), ["lines [1]"]);
        assert_eq!(fed(&"{}\n".repeat(250)).len(), 2);
    }
}
