//! The event API for people: `docs/api.md`, from the same table as the OpenAPI document.

use std::collections::HashSet;
use std::fmt::Write;

use super::table::{OPERATIONS, PARAMETERS};
use crate::api::problem::Kind;
use crate::blessed::blessed;

const HEAD: &str = "# The event API

<!-- @generated from the tables in crates/server/src/api: change them there, then test with ANAMNESIS_BLESS=1. -->

Plain JSON for applications that do not want FHIR's REST: events in, events out, and three read models.
[How to append events, and follow them](how-to/append-events.md) shows it at work; [events](events.md) lists the types; `/api/openapi.json` says all of this for programs.

Every answer has the header `Anamnesis-Cursor`: the point of the log up to which it is complete. [Headers](headers.md) lists the others.

";

const COMMIT: &str = "## What a commit holds

One event, with `stream` and `expected` beside it; or `streams`, a list of `stream`, `expected` and `events`, each stream once, all taken together or not at all.

| member | what it is |
|---|---|
| `stream` | the record, such as `Patient/p1` |
| `expected` | the version the record must be at, `\"none\"` for no live record, or `\"any\"`, which is the default |
| `type` | what happened: one of [the events](events.md) |
| `schema_version` | the shape `data` is in; the newest where absent |
| `data` | FHIR elements: the whole resource first, later what changed, with `null` for what goes |
| `event_id` | a UUID of the caller's own: a known one with the same content is already appended |
| `occurred_at` | when it happened, where that is not when it is told |
| `reason` | why; a correction must have one |
| `correlation_id`, `causation_id` | what it belongs together with, and the event it follows from |
| `metadata` | the caller's own object, up to 8 KiB |

";

fn page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("## Routes\n\n| route | what it does | parameters | answers |\n|---|---|---|---|\n");
    for operation in OPERATIONS {
        let taken = PARAMETERS.iter().filter(|parameter| operation.parameters.contains(&parameter.key));
        let names: Vec<_> = taken.map(|parameter| format!("`{}`", parameter.name)).collect();
        let answers: Vec<_> = operation
            .answers
            .iter()
            .map(|answer| format!("{}: {}", answer.status, answer.description))
            .collect();
        let (method, path) = (operation.method.to_ascii_uppercase(), operation.path);
        let _ = writeln!(
            page,
            "| `{method} {path}` | {} | {} | {} |",
            operation.summary,
            names.join(", "),
            answers.join("; ")
        );
    }
    page.push_str("\n## Parameters\n\n| parameter | where | what it is |\n|---|---|---|\n");
    for parameter in PARAMETERS {
        let _ = writeln!(page, "| `{}` | {} | {} |", parameter.name, parameter.place, parameter.description);
    }
    page.push('\n');
    page.push_str(COMMIT);
    page.push_str(
        "## Problems\n\nEvery no is `application/problem+json`, as RFC 9457 has it: `type`, `title`, `status`, `detail`.\n\
         A `conflict` also has `stream`, `expected` and `actual`; a `refused` has `reasons`, each with `path`, `detail` and `cause`; \
         a `malformed` has `line` and `column`.\nNone repeats what was sent.\n\n| status | type | title |\n|---|---|---|\n",
    );
    for kind in Kind::ALL {
        let (status, name, title) = kind.row();
        let _ = writeln!(page, "| {} | `/problems/{name}` | {title} |", status.as_u16());
    }
    page
}

#[test]
fn every_kind_of_problem_is_listed() {
    let listed: HashSet<_> = Kind::ALL.iter().map(|kind| *kind as usize).collect();
    // The last of the enumeration: whoever adds one behind it says so here.
    assert_eq!(listed.len(), Kind::Full as usize + 1);
}

#[test]
fn what_is_committed_is_what_the_tables_give() {
    blessed("api.md", &page());
}
