//! The table for people: `docs/settings.md`.
//!
//! Invariant: what is committed is what the table gives; a test compares them.

use std::fmt::Write;

use super::Settings;
use super::table::SETTINGS;
use crate::blessed::blessed;

const HEAD: &str = "# Settings

<!-- @generated from the table in crates/server/src/settings/table.rs: change it there, then test with ANAMNESIS_BLESS=1. -->

Each can stand in `anamnesis.toml`, in the environment, or behind `--set NAME=VALUE`; [configuring](configuring.md) says how.

| setting | flag | variable | default | what it is for | what is taken |
|---|---|---|---|---|---|
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for setting in SETTINGS {
        let default = (setting.field)(&mut Settings::default()).shown().words();
        let flag = setting.flag.as_ref().map(|flag| format!("`--{}`", flag.long)).unwrap_or_default();
        let variables: Vec<_> = setting.variables().iter().map(|name| format!("`{name}`")).collect();
        let variables = variables.join(" or ");
        let _ = writeln!(
            page,
            "| `{}` | {flag} | {variables} | {default} | {} | {} |",
            setting.name,
            setting.what,
            setting.expected()
        );
    }
    page
}

#[test]
fn what_is_committed_is_what_the_table_gives() {
    blessed("settings.md", &page());
}
