//! `anamnesis verify --events`: whether this program can lift every event of the log, whoever wrote it.

use anamnesis_engine::{DryRun, Engine, Shape, Unlifted, dry_run};
use anamnesis_json::{Object, Value};

use super::super::progress;

/// Reads the whole log with today's code.
pub(super) async fn lift_all(engine: &Engine) -> anyhow::Result<DryRun> {
    let mut told = progress::Events::new("lifting", engine.head().offset(0));
    let found = dry_run(engine, |progress| told.at(progress)).await?;
    told.end();
    Ok(found)
}

/// What it found, beside what a check says.
pub(super) fn as_json(found: &DryRun, checked: Object) -> Object {
    let shapes: Vec<Value> = found.shapes.iter().map(|of| shape(of).into()).collect();
    let unlifted: Vec<Value> = found.unlifted.iter().map(|one| unlifted(one).into()).collect();
    checked.with("types", shapes).with("unlifted", unlifted)
}

fn shape(shape: &Shape) -> Object {
    Object::new()
        .with("type", shape.kind.as_str())
        .with("schema_version", u64::from(shape.schema_version))
        .with("events", shape.events)
}

fn unlifted(one: &Unlifted) -> Object {
    let first =
        Object::new().with("partition", u64::from(one.first.partition)).with("offset", one.first.offset);
    shape(&one.shape).with("reason", one.why.code()).with("first", first)
}

/// A line for all, and one for each of what could not be lifted.
pub(super) fn in_words(found: &DryRun) -> String {
    let of = found.shapes.len();
    if found.unlifted.is_empty() {
        return format!("all of them can be lifted: {of} types and schema versions");
    }
    let mut lines = vec![format!("of {of} types and schema versions some cannot be lifted by this program:")];
    lines.extend(found.unlifted.iter().map(|Unlifted { shape, why, first }| {
        let Shape { kind, schema_version, events } = shape;
        let (why, offset) = (why.code(), first.offset);
        format!("{events:>8}  {kind} schema version {schema_version} ({why}), first at offset {offset}")
    }));
    lines.join("\n")
}
