//! What every answer must be, whatever was asked.

use anamnesis_json::Value;

use super::shot::Shot;
use super::wire::Answer;
use anamnesis_testkit::odd::SECRET;

/// Bundles of records that nest as deep as they may.
const DEPTH: usize = 200;

/// What is wrong with the answer, if something is; none came where the connection ended first.
pub fn complaint(shot: &Shot, answer: Option<&Answer>) -> Option<String> {
    let Some(answer) = answer else {
        return shot.flaws.is_empty().then(|| "the connection ended without an answer".to_owned());
    };
    if answer.status >= 500 {
        return Some(format!("it is answered {}: {}", answer.status, answer.text()));
    }
    // Nobody knows at which door a broken head stands, or whether it is HTTP at all.
    if !shot.flaws.is_empty() {
        return repeats(answer);
    }
    // That a head is too large is said before anyone looks where it was to go.
    if answer.status == 431 || answer.status == 414 {
        return None;
    }
    let path = shot.path();
    let wrong = if path == "/fhir" || path.starts_with("/fhir/") {
        fhir(shot, answer)
    } else if path == "/api" || path.starts_with("/api/") {
        api(answer)
    } else {
        None
    };
    wrong.or_else(|| repeats(answer))
}

fn fhir(shot: &Shot, answer: &Answer) -> Option<String> {
    if shot.method == "HEAD" || answer.body.is_empty() {
        let may = shot.method == "HEAD" || answer.status < 400;
        return (!may).then(|| format!("{} without an outcome", answer.status));
    }
    let kind = answer.header("content-type").unwrap_or_default();
    // A Binary is whatever bytes it is, under whatever name.
    if answer.status < 400 && shot.path().contains("/Binary/") {
        return None;
    }
    if !kind.starts_with("application/fhir+json") && !is_asked_for(shot, kind) {
        return Some(format!("{} as {kind}", answer.status));
    }
    let value = match anamnesis_json::parse_with_depth(&answer.body, DEPTH) {
        Ok(value) => value,
        Err(error) => return Some(format!("the body of a {} is no JSON: {error}", answer.status)),
    };
    let what = value.get("resourceType").and_then(Value::as_str);
    if answer.status < 400 {
        return what.is_none().then(|| format!("{} without a resource", answer.status));
    }
    let told = value.get("issue").and_then(Value::as_array).unwrap_or_default();
    let is_told = |issue: &Value| {
        let has = |key| issue.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        has("severity") && has("code") && has("diagnostics")
    };
    let good = what == Some("OperationOutcome") && !told.is_empty() && told.iter().all(is_told);
    (!good).then(|| format!("{} with an outcome that says nothing: {}", answer.status, answer.text()))
}

/// Whether a client that knows no FHIR asked for JSON by one of its older names.
fn is_asked_for(shot: &Shot, kind: &str) -> bool {
    let name = kind.split(';').next().unwrap_or_default();
    let accepts = |(header, value): &(String, String)| {
        header.eq_ignore_ascii_case("accept") && value.to_ascii_lowercase().contains(name)
    };
    ["application/json", "text/json"].contains(&name)
        && (shot.headers.iter().any(accepts) || shot.target.contains("_format"))
}

fn api(answer: &Answer) -> Option<String> {
    if answer.status < 400 || answer.body.is_empty() {
        return None;
    }
    let kind = answer.header("content-type").unwrap_or_default();
    let value = anamnesis_json::parse(&answer.body).unwrap_or_default();
    let status = value.get("status").and_then(Value::as_u64);
    let named = value.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("/problems/"));
    let good = kind.starts_with("application/problem+json") && named && status == Some(answer.status.into());
    (!good).then(|| format!("{} that is no problem: {kind}: {}", answer.status, answer.text()))
}

/// Whether a no repeats what is a person's own, the nos within a batch's answer too.
fn repeats(answer: &Answer) -> Option<String> {
    let tells = |text: &str| text.contains(SECRET);
    if answer.status >= 400 {
        let text = answer.text();
        return tells(&text).then(|| format!("{} repeats what was sent: {text}", answer.status));
    }
    let value = anamnesis_json::parse_with_depth(&answer.body, DEPTH).ok()?;
    let entries = value.get("entry").and_then(Value::as_array).unwrap_or_default();
    let outcomes = entries.iter().filter_map(|entry| entry.get("response")?.get("outcome"));
    let mut refusals = outcomes
        .filter(|outcome| outcome.get("resourceType").and_then(Value::as_str) == Some("OperationOutcome"));
    let told = refusals.find_map(|outcome| {
        Some(String::from_utf8_lossy(&outcome.to_text()).into_owned()).filter(|text| tells(text))
    });
    told.map(|text| format!("an outcome of a batch repeats what was sent: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged() {
        let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value","diagnostics":"no"}]}"#;
        let problem = r#"{"type":"/problems/refused","title":"no","status":422}"#;
        const FHIR: &str = "application/fhir+json; charset=utf-8";
        const JSON: &str = "application/json; charset=utf-8";
        const PROBLEM: &str = "application/problem+json";
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // name                        target              status  kind     body                           good
            ("a resource",              "/fhir/Patient/a",  200,    FHIR,    r#"{"resourceType":"Patient"}"#, true),
            ("a name nobody asked for", "/fhir/Patient/a",  200,    JSON,    r#"{"resourceType":"Patient"}"#, false),
            ("a name asked for",        "/fhir/Patient/a?_format=json", 200, JSON, r#"{"resourceType":"Patient"}"#, true),
            ("nothing at all",          "/fhir/Patient/a",  204,    "",      "",                            true),
            ("a refusal",               "/fhir/Patient/a",  400,    FHIR,    outcome,                       true),
            ("a bug",                   "/fhir/Patient/a",  500,    FHIR,    outcome,                       false),
            ("busy",                    "/fhir/Patient/a",  503,    FHIR,    outcome,                       false),
            ("another door's refusal",  "/fhir/Patient/a",  422,    PROBLEM, problem,                       false),
            ("a silent refusal",        "/fhir/Patient/a",  400,    "",      "",                            false),
            ("half a resource",         "/fhir/Patient/a",  200,    FHIR,    r#"{"resourceType":"#,         false),
            ("a problem",               "/api/commits",     422,    PROBLEM, problem,                       true),
            ("of another status",       "/api/commits",     400,    PROBLEM, problem,                       false),
            ("an outcome at the API",   "/api/commits",     422,    FHIR,    outcome,                       false),
            ("a secret",                "/api/commits",     422,    PROBLEM, &problem.replace("no", SECRET), false),
        ];
        for (name, target, status, kind, body, good) in cases {
            let headers = vec![("content-type".to_owned(), kind.to_owned())];
            let answer = Answer { status, headers, body: body.as_bytes().to_vec() };
            let said = complaint(&Shot::new("GET", target), Some(&answer));
            assert_eq!(said.is_none(), good, "{name}: {said:?}");
        }
        assert!(complaint(&Shot::new("GET", "/"), None).is_some());
    }
}
