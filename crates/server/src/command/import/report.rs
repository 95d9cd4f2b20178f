//! What an import did: how much was taken, what was refused, where and why.

use std::time::Instant as Stopwatch;

use anamnesis_json::{Object, Value};
use indicatif::ProgressBar;

use super::sink::Taken;

/// One refusal.
#[derive(Clone)]
pub(crate) struct Refused {
    /// The file.
    pub(super) file: String,
    /// The line, in NDJSON.
    pub(super) line: Option<u64>,
    /// The entry of a bundle, from 0.
    pub(super) entry: Option<u64>,
    /// The element.
    pub(super) path: Option<String>,
    /// Why.
    pub(super) reason: String,
    /// Whether it may be taken once the rest is in.
    pub(super) again: bool,
}

impl Refused {
    /// The refusal of a whole file, or of a line of it.
    pub(super) fn whole(file: &str, line: Option<u64>, reason: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, entry: None, path: None, reason: reason.into(), again: false }
    }
}

/// What an import did so far.
#[derive(Default)]
pub(super) struct Report {
    /// Resources taken.
    pub(super) taken: u64,
    /// Of them, those that an earlier run had taken already.
    pub(super) known: u64,
    /// What was refused.
    pub(super) refused: Vec<Refused>,
    /// How long it took.
    pub(super) seconds: f64,
}

impl Report {
    /// Adds what became of one feed, and moves the bar.
    pub(super) fn add(&mut self, taken: Taken, bar: &ProgressBar, started: Stopwatch) {
        self.taken += taken.resources;
        self.known += taken.known;
        self.refused.extend(taken.refused);
        bar.inc(taken.bytes);
        let rate = self.taken as f64 / started.elapsed().as_secs_f64().max(0.001);
        bar.set_message(format!("{} resources {rate:.0}/s", self.taken));
    }

    /// As other programs read it.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let refused = |refused: &Refused| {
            let number = |number: Option<u64>| number.map_or(Value::Null, Value::from);
            let object = Object::new()
                .with("file", refused.file.as_str())
                .with("line", number(refused.line))
                .with("entry", number(refused.entry))
                .with("path", refused.path.as_deref().map_or(Value::Null, Value::from))
                .with("reason", refused.reason.as_str());
            Value::from(object)
        };
        let refused: Vec<Value> = self.refused.iter().map(refused).collect();
        Object::new().with("taken", self.taken).with("refused", refused).to_text()
    }

    /// As people read it.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let line = |refused: &Refused| {
            let mut text = format!("refused {}", refused.file);
            if let Some(line) = refused.line {
                text.push_str(&format!(", line {line}"));
            }
            if let Some(entry) = refused.entry {
                text.push_str(&format!(", entry {entry}"));
            }
            if let Some(path) = &refused.path {
                text.push_str(&format!(", {path}"));
            }
            format!("{text}: {}", refused.reason)
        };
        let rate = self.taken as f64 / self.seconds.max(0.001);
        let resources = if self.taken == 1 { "resource" } else { "resources" };
        let mut last = format!("took {} {resources} in {:.1} s ({rate:.0}/s)", self.taken, self.seconds);
        if self.known > 0 {
            last.push_str(&format!(", {} of them taken before", self.known));
        }
        if !self.refused.is_empty() {
            last.push_str(&format!("; refused {}", self.refused.len()));
        }
        self.refused.iter().map(line).chain([last]).collect::<Vec<_>>().into_iter()
    }
}
