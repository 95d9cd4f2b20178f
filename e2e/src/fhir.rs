//! The FHIR door from a client's side: requests with headers, bundles from entries, outcomes.

use anamnesis_json::Value;
use anamnesis_testkit::{Http, Reply};

use crate::{json, last_cursor, str, text};

const FHIR: (&str, &str) = ("content-type", "application/fhir+json");

/// Sends FHIR JSON, or nothing where the body is empty, with these headers.
#[track_caller]
pub fn send(http: &Http, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    if body.is_empty() {
        return http.send(method, path, headers, None);
    }
    let headers: Vec<_> = headers.iter().copied().chain([FHIR]).collect();
    http.send(method, path, &headers, Some(body.as_bytes().to_vec()))
}

/// The code of an answer's first issue, which must be an OperationOutcome's.
#[track_caller]
pub fn issue(reply: Reply, status: u16) -> String {
    let outcome = reply.expect(status).json();
    assert_eq!(str(&outcome, "resourceType"), "OperationOutcome");
    str(&outcome, "issue.0.code").to_owned()
}

/// Posts a bundle of this type with these entries to the base.
#[track_caller]
pub fn bundle(http: &Http, kind: &str, entries: &[String]) -> Reply {
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{}]}}"#, entries.join(","));
    http.post("/fhir", &json(bundle))
}

/// One entry: `more` are further members of its request, each with a comma in front; what is empty is left out.
pub fn entry(full_url: &str, method: &str, url: &str, more: &str, resource: &str) -> String {
    let full_url = if full_url.is_empty() { String::new() } else { format!(r#""fullUrl":"{full_url}","#) };
    let resource = if resource.is_empty() { String::new() } else { format!(r#","resource":{resource}"#) };
    format!(r#"{{{full_url}"request":{{"method":"{method}","url":"{url}"{more}}}{resource}}}"#)
}

/// The status of an entry of an answer, its number alone.
#[track_caller]
pub fn status(answer: &Value, entry: usize) -> u16 {
    let status = str(answer, &format!("entry.{entry}.response.status"));
    status.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// The answer to a transaction that is taken, and the status of each of its entries.
///
/// # Panics
///
/// When it is not.
#[track_caller]
pub fn taken(http: &Http, entries: &[String]) -> (Value, Vec<u16>) {
    let answer = bundle(http, "transaction", entries).expect(200).json();
    assert_eq!(str(&answer, "type"), "transaction-response");
    let statuses = (0..entries.len()).map(|n| status(&answer, n)).collect();
    (answer, statuses)
}

/// What is said of a transaction that is refused with this status, first at this place, with nothing kept.
///
/// # Panics
///
/// When it is not.
#[track_caller]
pub fn refused(http: &Http, entries: &[String], status: u16, place: &str) -> String {
    let before = last_cursor(http);
    let outcome = bundle(http, "transaction", entries).expect(status).json();
    assert_eq!(str(&outcome, "resourceType"), "OperationOutcome");
    assert_eq!(str(&outcome, "issue.0.expression.0"), place, "{}", text(&outcome));
    assert_eq!(last_cursor(http), before, "nothing was kept");
    str(&outcome, "issue.0.diagnostics").to_owned()
}
