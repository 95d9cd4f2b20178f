//! The FHIR door for people: `docs/fhir-interactions.md`, from what the server says of itself.
//!
//! Invariant: an interaction that the statement has and this table has not, or the reverse, fails the test.

use std::collections::BTreeMap;
use std::fmt::Write;

use anamnesis_engine::CommitError;
use anamnesis_fhir::outcome::{Issue, IssueCode};
use anamnesis_json::Value;

use super::metadata::said_at;
use super::outcome::Outcome;
use crate::app::ConditionalDelete;
use crate::blessed::blessed;

const HEAD: &str = "# FHIR interactions

<!-- @generated from the CapabilityStatement and crates/server/src/fhir/reference.rs: change them there, then test with ANAMNESIS_BLESS=1. -->

FHIR R4, 4.0.1, in JSON, at `/fhir`. `/fhir/metadata` says all of this for programs, and [the FHIR door](fhir-door.md) how it works where R4 leaves that to a server.
[Headers](headers.md) lists what requests and answers carry, [validation](validation.md) what is checked of a write, [settings](settings.md) each limit.

";

/// By code: the request, and what is to be said of it.
#[rustfmt::skip] // A table reads by column.
const INTERACTIONS: &[(&str, &str, &str)] = &[
    ("read",               "GET /fhir/{type}/{id}",                    "`HEAD` too; 410 when it was deleted; 304 by `If-None-Match` or `If-Modified-Since`"),
    ("vread",              "GET /fhir/{type}/{id}/_history/{version}", "a version of the past, as it stood"),
    ("create",             "POST /fhir/{type}",                        "the server gives the id; conditional by `If-None-Exist`"),
    ("update",             "PUT /fhir/{type}/{id}",                    "makes the record where there is none; `If-Match`, `If-None-Match: *`; `PUT /fhir/{type}?criteria` updates the one that meets them"),
    ("patch",              "PATCH /fhir/{type}/{id}",                  "JSON Patch as `application/json-patch+json`, FHIRPath Patch as Parameters; `PATCH /fhir/{type}?criteria`; `If-Match`"),
    ("delete",             "DELETE /fhir/{type}/{id}",                 "its history stays; `DELETE /fhir/{type}?criteria` deletes the one that meets them"),
    ("history-instance",   "GET /fhir/{type}/{id}/_history",           "newest first, deletions as entries; `_count`, `_since`, `_at`, `_list`"),
    ("history-type",       "GET /fhir/{type}/_history",                "the same, of all records of a type"),
    ("history-system",     "GET /fhir/_history",                       "the same, of all records"),
    ("search-type",        "GET /fhir/{type}?…",                       "or `POST /fhir/{type}/_search` with a form; newest main date first; pages by links that stay good while others write; in a compartment `GET /fhir/Patient/{id}/{type}?…`, and `*` for every type"),
    ("search-system",      "GET /fhir?…",                              "or `POST /fhir/_search` with a form; `_type` says of which types, and a parameter must be one of each"),
    ("transaction",        "POST /fhir",                               "a Bundle, all or nothing, in the standard's order"),
    ("batch",              "POST /fhir",                               "a Bundle, each entry by itself"),
];

const PARAMETERS: &str = "## Parameters of every read

| parameter | what it does |
|---|---|
| `_format` | `json`, or a media type of FHIR in JSON; else 406 |
| `_pretty` | `true` lays the JSON out for people |
| `_summary` | `true`, `text`, `data`, `count` or `false` |
| `_elements` | only these elements, and those that must be there |
| `_count` | how many at most, up to `limits.count_max` |
| `_asOf` | as of when: an instant with a zone, or a cursor from `Anamnesis-Cursor`: [ask about the past](how-to/as-of.md) |

## Parameters of every search

| parameter | what it does |
|---|---|
| `_sort` | by parameters, `-` in front of one that descends; records without a value come last |
| `_total` | `none` spares the count |
| `_include`, `_revinclude` | brings along what the records refer to, or what refers to them: `Type:parameter`, `Type:parameter:Target`, `Type:*`, `*`; `:iterate` goes on from what came along |
| `_type` | of a search of all types, which |

Records come newest main date first unless `_sort` says otherwise.
All pages of a search are answered as of the cursor of the first.

";

/// What the server says of itself, where nothing is set.
fn statement() -> Value {
    said_at("http://127.0.0.1:8080/fhir", ConditionalDelete::Single, &anamnesis_fhir::Official).into()
}

fn each<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).map(Value::each).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Every code of an interaction that the statement has.
fn codes(rest: &Value) -> Vec<&str> {
    let mut codes: Vec<&str> = each(rest, "resource")
        .flat_map(|resource| each(resource, "interaction"))
        .chain(each(rest, "interaction"))
        .map(|interaction| text(interaction, "code"))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// Each operation with its definition, and where it is asked.
fn operations(rest: &Value) -> BTreeMap<(&str, &str), String> {
    let types = each(rest, "resource").count();
    let mut of: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for resource in each(rest, "resource") {
        for operation in each(resource, "operation") {
            let key = (text(operation, "name"), text(operation, "definition"));
            of.entry(key).or_default().push(text(resource, "type"));
        }
    }
    let mut told: BTreeMap<_, _> = of
        .into_iter()
        .map(|(key, of)| (key, if of.len() == types { "every type".to_owned() } else { of.join(", ") }))
        .collect();
    for operation in each(rest, "operation") {
        let key = (text(operation, "name"), text(operation, "definition"));
        let told: &mut String = told.entry(key).or_default();
        told.push_str(if told.is_empty() { "the base" } else { " and the base" });
    }
    told
}

fn page() -> String {
    let statement = statement();
    let mut page = HEAD.to_owned();
    let rest = statement.get("rest").and_then(|rest| rest.each().next()).unwrap();
    page.push_str("## Interactions\n\nOf every resource type of R4.\n\n| interaction | request | what is to be said |\n|---|---|---|\n");
    for (code, request, what) in INTERACTIONS {
        let _ = writeln!(page, "| {code} | `{request}` | {what} |");
    }
    page.push_str("\n`OPTIONS` says which methods a URL takes.\n\n## Operations\n\n| operation | of | definition |\n|---|---|---|\n");
    for ((name, definition), of) in operations(rest) {
        let _ = writeln!(page, "| `${name}` | {of} | <{definition}> |");
    }
    page.push('\n');
    page.push_str(PARAMETERS);
    page.push_str(
        "## What a no looks like\n\nAn OperationOutcome with everything that is wrong, each with its place where it has one. None repeats what was sent.\n\n\
         | status | code | when |\n|---|---|---|\n",
    );
    for outcome in nos() {
        for issue in outcome.issues() {
            let _ = writeln!(
                page,
                "| {} | `{}` | {} |",
                outcome.status().as_u16(),
                issue.code.code(),
                issue.diagnostics
            );
        }
    }
    page.push_str(
        "\n## Search parameters\n\nWhat is not listed is passed over, named in an OperationOutcome among the entries and missing from the self link; with `Prefer: handling=strict` it is refused.\n\
         Several values with commas mean any of them, a parameter that stands twice means both. A modifier that is not supported is refused.\n\
         Dates take all prefixes of R4.\n\n\
         | type | parameters |\n|---|---|\n",
    );
    for resource in each(rest, "resource") {
        let named: Vec<_> =
            each(resource, "searchParam").map(|param| format!("`{}`", text(param, "name"))).collect();
        let _ = writeln!(page, "| {} | {} |", text(resource, "type"), named.join(", "));
    }
    page
}

/// One of each kind of no.
fn nos() -> Vec<Outcome> {
    let cause = || "the machine's own words".into();
    let issue = |code, what: &str| vec![Issue::error(code, what)];
    vec![
        Outcome::Invalid(issue(
            IssueCode::Invalid,
            "it cannot be read, or breaks the standard; the code says how",
        )),
        Outcome::UnknownType,
        Outcome::NoInteraction,
        Outcome::NotFound,
        Outcome::Method,
        Outcome::NotAcceptable,
        Outcome::TooSlow,
        Outcome::Conflict(Issue::error(
            IssueCode::Conflict,
            "someone else wrote first, or the record is there already",
        )),
        Outcome::Gone(None),
        Outcome::Precondition(issue(IssueCode::Conflict, "what the request made a condition does not hold")),
        Outcome::TooLong { bytes_max: crate::app::Limits::default().body_bytes_max },
        Outcome::MediaType(super::request::JSON),
        Outcome::Refused(issue(
            IssueCode::BusinessRule,
            "the rules of the record say no, or a patch does not fit",
        )),
        Outcome::Busy,
        CommitError::Clock { behind_s: 61 }.into(),
        CommitError::Unavailable(cause()).into(),
        CommitError::Unanswered(cause()).into(),
        CommitError::Full(cause()).into(),
    ]
}

#[test]
fn every_interaction_is_told_of() {
    let statement = statement();
    let rest = statement.get("rest").and_then(|rest| rest.each().next()).unwrap();
    let mut told: Vec<&str> = INTERACTIONS.iter().map(|(code, ..)| *code).collect();
    told.sort_unstable();
    assert_eq!(codes(rest), told);
}

#[test]
fn what_is_committed_is_what_the_server_says() {
    blessed("fhir-interactions.md", &page());
}
