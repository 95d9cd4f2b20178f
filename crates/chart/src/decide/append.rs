//! An event that a client says happened, taken if its name tells the truth about what it changes.
//!
//! Invariant: what is taken is stored as it was sent; its name, its elements and the rules of the record agree.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::StreamName;
use compact_str::CompactString;

use super::nearest::nearest;
use super::{
    Context, Door, NewEvent, State, absent, delete, lacks_reason, put, status, unexplained_correction,
};
use crate::catalogue::{Reach, Role, Row, any, find, is_correction};
use crate::change::Change;
use crate::delta;
use crate::elements::{is_element_name, strip_meta};
use crate::evolve::{EventRef, evolve};
use crate::naming::{parts, turn};
use crate::refusal::{Cause, Refusal};
use crate::upcast::{newest, upcast};

/// What a name stands for.
#[derive(Clone, Copy)]
enum Meaning {
    Row(&'static Row),
    Created,
    Revised,
    Deleted,
}

impl Meaning {
    fn role(self) -> Role {
        match self {
            Self::Row(row) => row.role,
            Self::Created => Role::Begins,
            Self::Revised => Role::Part,
            Self::Deleted => Role::Turns,
        }
    }

    fn row(self) -> Option<&'static Row> {
        match self {
            Self::Row(row) => Some(row),
            _ => None,
        }
    }

    fn is(self, row: &Row) -> bool {
        self.row().is_some_and(|own| own.kind == row.kind)
    }
}

pub(super) fn append(
    state: &State,
    context: &Context<'_>,
    name: &str,
    schema_version: Option<u16>,
    mut data: Object,
) -> Result<Vec<NewEvent>, Vec<Refusal>> {
    let meaning = meaning(context, name).map_err(|refusal| vec![refusal])?;
    let schema_version = schema_version.unwrap_or_else(|| newest(name));
    if schema_version == 0 {
        return Err(vec![Refusal::new(Cause::Invalid, "schema_version", "schema versions begin with 1")]);
    }

    let mut refusals = Vec::new();
    strip_names(&mut data, context.stream, &mut refusals);
    strip_meta(&mut data);
    let lifted = upcast(name, schema_version, data.clone())
        .map_err(|e| vec![Refusal::new(Cause::FutureSchema, "schema_version", e.to_string())])?;

    if matches!(meaning, Meaning::Deleted) {
        if !data.is_empty() {
            refusals.push(Refusal::new(Cause::Invalid, "data", "a deletion carries nothing"));
        }
        return if refusals.is_empty() { Ok(delete(state, context)) } else { Err(refusals) };
    }

    let begins = state.elements.is_none();
    let role = meaning.role();
    if begins && !role.may_begin() {
        refusals.push(absent(state));
        return Err(refusals);
    }
    if !begins && role == Role::Begins {
        refusals.push(Refusal::new(Cause::Exists, "stream", "the record is already there"));
        return Err(refusals);
    }
    let whole = begins || role == Role::Rewrites;
    check_keys(context, meaning, whole, &lifted, &mut refusals);

    let after = evolve(state.elements.clone(), &EventRef { kind: name, whole, data: &lifted });
    let Some(after) = after else { return Err(vec![absent(state)]) };
    let change = Change::new(context.stream.kind, state.elements.as_ref(), &after);
    let nothing_changes = change.before.is_some_and(|before| before.same(&after));
    // What stands beside elements is a fact even where it changes none.
    let fact_beside = meaning.row().is_some_and(|row| !row.beside.is_empty());
    if nothing_changes && !fact_beside && refusals.is_empty() {
        return Ok(Vec::new());
    }
    if !nothing_changes {
        if let Some(step) = status::backward(&change, context.door).filter(|_| !reopens(meaning)) {
            if context.door == Door::Feed && step.may_be_late && refusals.is_empty() {
                return Ok(vec![put::stale(delta::carrying(lifted.keys(), &lifted))]);
            }
            refusals.push(step.refusal(context.stream.kind));
        }
        check_truth(&change, meaning, &lifted, &mut refusals);
        if meaning.row().is_some_and(|row| lacks_reason(row, context)) {
            refusals.push(unexplained_correction());
        }
    }
    if refusals.is_empty() {
        Ok(vec![NewEvent { kind: CompactString::new(name), schema_version, whole, data }])
    } else {
        Err(refusals)
    }
}

/// What `name` means for this type of record, through this door.
fn meaning(context: &Context<'_>, name: &str) -> Result<Meaning, Refusal> {
    let kind = context.stream.kind;
    let refused = |cause, text: String| Err(Refusal::new(cause, "type", text));
    match find(name).filter(|row| row.fits(kind)) {
        Some(row) if row.reach == Reach::Merge => refused(
            Cause::BusinessRule,
            "merging touches two records: it is done with $merge and $unmerge".into(),
        ),
        Some(row) if row.reach == Reach::Feed && context.door != Door::Feed => {
            refused(Cause::BusinessRule, "only a feed is late".into())
        }
        Some(row) => Ok(Meaning::Row(row)),
        None => match name.strip_prefix(kind.name()) {
            Some("Created") => Ok(Meaning::Created),
            Some("Revised") => Ok(Meaning::Revised),
            Some("Deleted") => Ok(Meaning::Deleted),
            _ => {
                let near = nearest(kind, name);
                let hint =
                    if near.is_empty() { String::new() } else { format!("; near: {}", near.join(", ")) };
                refused(Cause::UnknownEvent, format!("no event of {kind} has this name{hint}"))
            }
        },
    }
}

/// Takes out type and id, which the stream says, after making sure that they agree.
fn strip_names(data: &mut Object, stream: &StreamName, refusals: &mut Vec<Refusal>) {
    for (key, said) in [("resourceType", stream.kind.name()), ("id", stream.id.as_str())] {
        if data.remove(key).is_some_and(|value| value.as_str() != Some(said)) {
            refusals.push(Refusal::at(Cause::Invalid, stream.kind, key, "the stream says otherwise"));
        }
    }
}

/// Each key must be an element's, and one that an event of this name may carry.
fn check_keys(
    context: &Context<'_>,
    meaning: Meaning,
    whole: bool,
    lifted: &Object,
    refusals: &mut Vec<Refusal>,
) {
    let kind = context.stream.kind;
    let row = meaning.row();
    let beside = row.map_or(&[][..], |row| row.beside);
    for (key, value) in lifted.iter() {
        if !is_element_name(key) {
            // Not quoted: what is no element's name may be anything.
            refusals.push(Refusal::new(Cause::Invalid, "data", "a key is not an element's name"));
        } else if beside.contains(&key) {
            if value.as_object().is_none() {
                refusals.push(Refusal::new(Cause::Invalid, format!("data.{key}"), "not an object"));
            }
        } else if let Some(row) = row.filter(|row| restricted(row) && !row.owns(key)) {
            let text = format!("{} does not carry this element", row.kind);
            refusals.push(Refusal::at(Cause::Invalid, kind, key, text));
        } else if whole && *value == Value::Null {
            refusals.push(Refusal::at(Cause::Invalid, kind, key, "a whole resource has nothing to remove"));
        } else if key == "meta" && *value != Value::Null && value.as_object().is_none() {
            refusals.push(Refusal::at(Cause::Invalid, kind, key, "meta is an object"));
        }
    }
    for key in beside.iter().filter(|key| !lifted.contains_key(key)) {
        refusals.push(Refusal::new(Cause::Invalid, format!("data.{key}"), "missing"));
    }
    if lifted.is_empty() && beside.is_empty() {
        let text = match row {
            Some(row) if row.role == Role::Part => {
                format!("missing: at least one of {}", row.owned.join(", "))
            }
            _ if whole => "missing: the whole resource".into(),
            _ => "missing: what changed".into(),
        };
        refusals.push(Refusal::new(Cause::Invalid, "data", text));
    }
}

/// The name must hold of what changes, and no other name may be due.
fn check_truth(change: &Change<'_>, meaning: Meaning, lifted: &Object, refusals: &mut Vec<Refusal>) {
    let mut refuse = |cause, path: String, text: String| refusals.push(Refusal::new(cause, path, text));
    if let Some(row) = meaning.row().filter(|row| !(row.test)(change)) {
        let text = format!("what changes is not {}, which is chosen when {}", row.kind, row.chosen);
        refuse(Cause::BusinessRule, "type".into(), text);
    }
    if meaning.row().is_some_and(|row| is_correction(row.kind))
        && !change.was_final()
        && !change.from(&["unknown"])
    {
        refuse(
            Cause::BusinessRule,
            "type".into(),
            "no final result stands here that could be corrected".into(),
        );
    }
    let due =
        if change.begins() { change.is.in_error().then_some(&any::ENTERED_IN_ERROR) } else { turn(change) };
    let part = meaning.role() == Role::Part;
    // Of several names for a turn a client may choose, but not hide a move, an error or a correction behind another.
    let binding = |row: &&Row| part || row.role == Role::Rewrites || row.needs_reason || any::is_error(row);
    if let Some(row) = due.filter(binding).filter(|row| !meaning.is(row)) {
        refuse(Cause::BusinessRule, "type".into(), format!("what changes is told by {}", row.kind));
    }
    if matches!(meaning, Meaning::Revised) {
        for key in lifted.keys() {
            if let Some(row) = parts(change).find(|row| row.owns(key)) {
                refuse(Cause::Invalid, format!("{}.{key}", change.kind), format!("belongs to {}", row.kind));
            }
        }
    }
}

fn restricted(row: &Row) -> bool {
    !row.owned.is_empty() || !row.beside.is_empty()
}

fn reopens(meaning: Meaning) -> bool {
    meaning.row().is_some_and(|row| row.kind == crate::catalogue::REOPENED)
}
