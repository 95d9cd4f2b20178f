//! What was acknowledged, held against the log: nothing is missing there, nothing half done, nothing that nobody was told of.

use std::collections::{BTreeMap, BTreeSet};

use anamnesis_json::Value;

use super::shot::Shot;
use super::wire::Answer;
use crate::{int, str};

/// The versions that clients were told of as written.
#[derive(Default)]
pub struct Ledger {
    told: BTreeSet<(String, u64)>,
    /// How many writes by criteria were acknowledged that do not say of which record.
    unnamed: usize,
}

impl Ledger {
    /// Writes down what an answer to a write says was written.
    pub fn hear(&mut self, shot: &Shot, answer: &Answer) {
        if !shot.writes() || answer.status >= 300 {
            return;
        }
        let body = anamnesis_json::parse_with_depth(&answer.body, 200).unwrap_or_default();
        for event in body.get("events").and_then(Value::as_array).unwrap_or_default() {
            if event.get("event_id").is_some() {
                self.told.insert((str(event, "stream").to_owned(), int(event, "version")));
            }
        }
        if shot.path().contains("merge") {
            self.said(&body);
        }
        let place = answer.header("location").or(answer.header("content-location"));
        self.version(place, shot.path(), answer.header("etag"));
        let asked = anamnesis_json::parse(&shot.plain_body()).unwrap_or_default();
        let entries =
            |bundle: &Value| bundle.get("entry").and_then(Value::as_array).unwrap_or_default().to_vec();
        for (asked, entry) in entries(&asked).iter().zip(&entries(&body)) {
            let Some(response) = entry.get("response") else { continue };
            let word = |key: &str| response.get(key).and_then(Value::as_str);
            let url = asked.get("request").and_then(|request| request.get("url")?.as_str());
            self.version(word("location"), url.unwrap_or_default(), word("etag"));
        }
    }

    /// The versions that an outcome in Parameters names.
    fn said(&mut self, parameters: &Value) {
        let parts = parameters.get("parameter").into_iter().flat_map(Value::each);
        let outcomes = parts.filter_map(|part| part.get("resource")?.get("issue"));
        let texts = outcomes.flat_map(Value::each).filter_map(|issue| issue.get("diagnostics")?.as_str());
        for word in texts.flat_map(|text| text.split([' ', ','])) {
            if word.contains("/_history/") {
                self.version(Some(word), "", None);
            }
        }
    }

    /// A version by where it is, or by the URL of its record and its tag.
    fn version(&mut self, place: Option<&str>, url: &str, tag: Option<&str>) {
        let below_base = |url: &str| url.split_once("/fhir/").map_or(url, |(_, record)| record).to_owned();
        if let Some((record, version)) = place.and_then(|place| place.split_once("/_history/")) {
            if let Ok(version) = version.parse() {
                self.told.insert((below_base(record), version));
            }
            return;
        }
        let tag = tag.and_then(|tag| tag.strip_prefix("W/\"")?.strip_suffix('"')?.parse().ok());
        let Some(version) = tag else { return };
        let url = below_base(url);
        let (path, _) = url.split_once('?').unwrap_or((&url, ""));
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match *parts.as_slice() {
            [kind, id, ..] => drop(self.told.insert((format!("{kind}/{}", unescaped(id)), version))),
            _ => self.unnamed += 1,
        }
    }

    /// How many versions were told of.
    pub fn len(&self) -> usize {
        self.told.len() + self.unnamed
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in what another client was told.
    pub fn merge(&mut self, other: Self) {
        self.told.extend(other.told);
        self.unnamed += other.unnamed;
    }

    /// Everything that is wrong with the log; empty when nothing is.
    pub fn against(&self, events: &[Value]) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut there = BTreeSet::new();
        // The version that each commit left a record at, and how the last event of it is called.
        let mut commits: BTreeMap<&str, BTreeMap<&str, (u64, &str)>> = BTreeMap::new();
        for event in events {
            let (stream, version) = (str(event, "stream"), int(event, "version"));
            if !there.insert((stream.to_owned(), version)) {
                wrong.push(format!("{stream} has version {version} twice"));
            }
            let ends = commits.entry(str(event, "commit_id")).or_default();
            let end = ends.entry(stream).or_insert((version, str(event, "type")));
            if end.0 <= version {
                *end = (version, str(event, "type"));
            }
        }
        for (stream, version) in self.told.difference(&there) {
            wrong.push(format!("{stream} was acknowledged at version {version} and is not there"));
        }
        let mut untold = Vec::new();
        for (commit, ends) in &commits {
            for (stream, (version, kind)) in ends {
                if self.told.contains(&((*stream).to_owned(), *version)) || stream.starts_with("Provenance/")
                {
                    continue;
                }
                let alone = ends.keys().filter(|stream| !stream.starts_with("Provenance/")).count() == 1;
                if alone || kind.ends_with("Deleted") {
                    untold.push(format!("{stream} at version {version} ({kind}) by commit {commit}"));
                    continue;
                }
                wrong.push(format!(
                    "{stream} is at version {version} ({kind}) by commit {commit}, of which nobody was told"
                ));
            }
        }
        // A key may have been used again, and its answer heard twice.
        if untold.len() > self.unnamed {
            wrong.push(format!(
                "{} records were written by criteria, and {} acknowledged: {}",
                untold.len(),
                self.unnamed,
                untold.join("; ")
            ));
        }
        wrong
    }
}

/// A segment of a path as it is meant.
fn unescaped(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn the_log_is_held_against_what_was_told() {
        let event = |stream: &str, version: u64, commit: u64, kind: &str| {
            json(format!(
                r#"{{"stream":"{stream}","version":{version},"commit_id":"{commit}","type":"{kind}"}}"#
            ))
        };
        let told = |versions: &[(&str, u64)], unnamed: usize| Ledger {
            told: versions.iter().map(|(stream, version)| ((*stream).to_owned(), *version)).collect(),
            unnamed,
        };
        let two = || {
            vec![event("Patient/a", 1, 1, "X"), event("Patient/a", 2, 1, "X"), event("Patient/b", 1, 1, "X")]
        };
        let gone = || vec![event("Patient/a", 1, 1, "PatientDeleted")];
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // name                      told                                              log     good
            ("told and there",        told(&[("Patient/a", 2), ("Patient/b", 1)], 0),   two(),  true),
            ("half of it told",       told(&[("Patient/a", 2)], 0),                     two(),  false),
            ("told and not there",    told(&[("Patient/a", 3), ("Patient/b", 1)], 0),   two(),  false),
            ("there and not told",    told(&[], 0),                                     two(),  false),
            ("deleted by criteria",   told(&[], 1),                                     gone(), true),
            ("deleted by nobody",     told(&[], 0),                                     gone(), false),
            ("twice the same",        told(&[("Patient/a", 1)], 1),                     [gone(), gone()].concat(), false),
        ];
        for (name, ledger, log, good) in cases {
            let wrong = ledger.against(&log);
            assert_eq!(wrong.is_empty(), good, "{name}: {wrong:?}");
        }
    }
}
