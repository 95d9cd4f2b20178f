//! The FHIR door from a client's side: requests with headers, bundles from entries, outcomes.

use anamnesis_json::Value;
use anamnesis_testkit::{Http, Reply};

use crate::{json, str};

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
