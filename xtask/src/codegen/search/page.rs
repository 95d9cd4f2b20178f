//! The page of the documentation that lists every search parameter.

use std::fmt::Write;

use super::table::{params_of, rows};
use crate::codegen::definitions::Definitions;

const HEADING: &str = "# Search parameters

Every official search parameter of R4 (4.0.1), by type; this page is written by `cargo xtask codegen`.
Beside these every type has `_id`, `_lastUpdated`, `_tag`, `_security`, `_profile` and `_source`.

Found under says whose entries answer, where a parameter keeps none of its own: nothing is kept twice.
A reference to one type alone is then found among the references to any.

## What is taken

- `token`: codes with their systems; of a ContactPoint the value; of a boolean `true` or `false`; the words of concepts, codings and types of identifiers for `:text`; identifiers with their types for `:of-type`.
- `string`: the text with case and accents folded, and as it was written for `:exact`; of names and addresses each part.
- `date`: the first and last microsecond; a date without a zone is in UTC; the open end of a Period is the end of time; a Timing is from its first event to its last, or else its bounds.
- `number` and `quantity`: the nearest binary number; a comparator or a missing side of a Range opens the span; money has its currency as unit.
- `reference`: the record, or the text of what is none of ours; the identifier of a Reference for `:identifier`; a canonical with and without its version.
- `uri`: as it is written.

";

/// The source of `docs/search-parameters.md`.
pub(in crate::codegen) fn page(definitions: &Definitions) -> anyhow::Result<String> {
    let mut out = HEADING.to_owned();
    let mut left_out = String::new();
    for kind in &definitions.types {
        let table = rows(definitions, kind)?;
        let official = params_of(definitions, kind);
        for (code, why) in &table.left_out {
            writeln!(left_out, "| {kind} | `{code}` | {why} |")?;
        }
        if table.rows.is_empty() {
            continue;
        }
        writeln!(out, "## {kind}\n\n| code | kind | expression | found under |\n|---|---|---|---|")?;
        for row in &table.rows {
            let param = official.get(&*row.code);
            let expression = param.map_or("", |param| &param.expression);
            let alternatives: Vec<_> =
                expression.split('|').map(str::trim).filter(|one| one.contains(kind.as_str())).collect();
            let others = table.rows.iter().filter(|o| row.under.contains(&o.number) && o.code != row.code);
            let others: Vec<_> = others.map(|other| format!("`{}`", other.code)).collect();
            let under = if row.kind == "composite" {
                row.components.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(" with ")
            } else {
                others.join(", ")
            };
            let shown = alternatives.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
            writeln!(out, "| `{}` | {} | {shown} | {under} |", row.code, row.kind)?;
            for wrong in &row.without {
                writeln!(left_out, "| {kind} | `{}`, in part | {wrong} |", row.code)?;
            }
        }
        out += "\n";
    }
    writeln!(out, "## What is left out\n\n| type | code | why |\n|---|---|---|\n{left_out}")?;
    Ok(out.trim_end().to_owned() + "\n")
}
