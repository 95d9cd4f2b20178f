//! Sentences of a page of the standard, as rows: what is asked of the server, and what its answer must show.
//!
//! Rows are asked in order of one server, so that a row may rest on those above it. What an answer shows is written
//! `etag: W/"1"` of a header and `.meta.versionId = 1` of the body; `*` is anything, `-` nothing, `~x` what holds x.

use anamnesis_json::Value;
use anamnesis_testkit::{Http, Reply};

use crate::{at, json, text};

/// The sentence in a few words, the method, the path below `/fhir`, headers, the body, the status, what must be shown.
pub type Row<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a [&'a str]);

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");

/// Asks each row in order.
///
/// # Panics
///
/// When an answer is not as its row says; each no must be said as an OperationOutcome.
#[track_caller]
pub fn sentences(http: &Http, rows: &[Row<'_>]) {
    for (sentence, method, path, headers, body, status, shows) in rows {
        let mut headers = headers.to_vec();
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            headers.push(FHIR);
        }
        let sent = (!body.is_empty()).then(|| body.as_bytes().to_vec());
        let reply = http.send(method, &format!("/fhir{path}"), &headers, sent);
        let said = format!("{sentence}: {method} {path}: {}", reply.text());
        assert_eq!(reply.status, *status, "{said}");
        if *status >= 400 && *method != "HEAD" {
            assert_eq!(shown(&reply, ".resourceType"), "OperationOutcome", "{said}");
            assert_eq!(shown(&reply, ".issue.0.severity"), "error", "{said}");
        }
        for show in *shows {
            let apart = if show.starts_with('.') { " = " } else { ": " };
            let (place, wanted) = show.split_once(apart).unwrap_or((show, "*"));
            let found = shown(&reply, place);
            let good = match (wanted, wanted.strip_prefix('~')) {
                ("*", _) => found != "-",
                (_, Some(part)) => found.contains(part),
                _ => found == wanted,
            };
            assert!(good, "{said}: {place} is {found}, not {wanted}");
        }
    }
}

/// What stands at a place of an answer; a dash where there is nothing.
fn shown(reply: &Reply, place: &str) -> String {
    let Some(path) = place.strip_prefix('.') else {
        return reply.header(place).unwrap_or("-").to_owned();
    };
    if reply.body.is_empty() {
        return "-".to_owned();
    }
    if path.is_empty() {
        return reply.text();
    }
    match at(&json(reply.text()), path) {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.to_string(),
        other => text(other),
    }
}
