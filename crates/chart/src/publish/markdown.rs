//! The catalogue as a page.

use std::fmt::Write;

use crate::catalogue::{Family, Reach, Role, Row, catalogue};

const HEAD: &str = "\
# Events

<!-- @generated from the catalogue in crates/chart: change it there, then test with ANAMNESIS_BLESS=1. -->

Every event says what happened to one record, in FHIR's elements.
The first event of a record carries the whole resource; a later one carries the top-level elements it changed, each with its whole new value, and `null` where one was removed.
`birthDate` and `_birthDate` travel together, as do all such pairs; `resourceType`, `id`, `meta.versionId` and `meta.lastUpdated` are never in an event.

What no row below names is told by `{Type}Created`, `{Type}Revised` and `{Type}Deleted`, for each of R4's types.
A deletion carries nothing, and the stream lives on.

A change of lifecycle takes all that changed with it into one event.
Otherwise what changed is divided among the rows that own it, one event each in the order of this page, and what no row owns goes to `{Type}Revised`.
The value of an Observation is `value[x]`, `dataAbsentReason` and `component`; the content of a DiagnosticReport is `result`, `conclusion`, `conclusionCode` and `presentedForm`.

The column *place*: *begins* a record, with the whole resource; *turns* its lifecycle; *part*, changes what it owns; *rewrites* it whole; *noted*, changes nothing.
The column *by*: a *write* of a resource (the event API too), *merge*, *feed*, or the event *API* alone.
";

/// The text of `docs/events.md`.
pub fn events_md() -> String {
    let mut out = HEAD.to_owned();
    let families = [
        (Family::Patient, "Patient"),
        (Family::Clinical, "Clinical records"),
        (Family::Lab, "Lab results"),
        (Family::Any, "Any record"),
    ];
    for (family, title) in families {
        let rows: Vec<&Row> = catalogue().iter().filter(|row| row.family == family).collect();
        let _ = write!(out, "\n## {title}\n\n");
        out.push_str("| event | of | place | chosen when | owns | by | snapshot | version |\n");
        out.push_str("|---|---|---|---|---|---|---|---|\n");
        for row in rows {
            push_row(row, &mut out);
        }
    }
    out
}

fn push_row(row: &Row, out: &mut String) {
    let of = if row.resource_types.is_empty() { "any".to_owned() } else { row.resource_types.join(", ") };
    let beside = row.beside.iter().map(|key| format!("`{key}` beside elements"));
    let mut owns: Vec<String> = row.owned.iter().map(|key| format!("`{key}`")).chain(beside).collect();
    if owns.is_empty() {
        owns.push(carries(row.role).into());
    }
    let by = match row.reach {
        Reach::Write => "write",
        Reach::Merge => "merge",
        Reach::Feed => "feed",
        Reach::Api => "API",
    };
    let reason = if row.needs_reason { "; asks for a reason" } else { "" };
    let _ = writeln!(
        out,
        "| `{}` | {of} | {} | {}{reason} | {} | {by} | {} | {} |",
        row.kind,
        place(row.role),
        chosen(row),
        owns.join(", "),
        if row.significant { "yes" } else { "" },
        row.schema_version,
    );
}

/// When the row is chosen; of a part, which has no words of its own for it, that what it owns changed.
pub(super) fn chosen(row: &Row) -> String {
    row.chosen.replace("what it owns", &row.owned.join(", "))
}

fn carries(role: Role) -> &'static str {
    match role {
        Role::Begins | Role::Rewrites => "the whole resource",
        Role::BeginsOrTurns => "the whole resource, or all that changed",
        Role::Turns | Role::Part => "all that changed",
        Role::Noted => "nothing",
    }
}

fn place(role: Role) -> &'static str {
    match role {
        Role::Begins => "begins",
        Role::Turns => "turns",
        Role::BeginsOrTurns => "begins or turns",
        Role::Part => "part",
        Role::Rewrites => "rewrites",
        Role::Noted => "noted",
    }
}
