//! A whole new state of a record, told as the events that lead to it.

use anamnesis_json::{Object, Value};

use super::{Context, Door, NewEvent, State, status};
use crate::catalogue::any;
use crate::change::Change;
use crate::delta;
use crate::elements::{Elements, strip_meta};
use crate::naming::{Name, Telling, parts, tell};
use crate::refusal::Refusal;

pub(super) fn put(
    state: &State,
    context: &Context<'_>,
    mut after: Elements,
) -> Result<Vec<NewEvent>, Vec<Refusal>> {
    let kind = context.stream.kind;
    // A top-level null says that nothing is there, which saying nothing says too.
    after.retain(|key, value| *value != Value::Null && !matches!(key, "resourceType" | "id"));
    strip_meta(&mut after);

    let change = Change::new(kind, state.elements.as_ref(), &after);
    let keys = match change.before {
        Some(before) => delta::changed(before, &after),
        None => Vec::new(),
    };
    if change.before.is_some() {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(step) = status::backward(&change, context.door) {
            return match context.door {
                Door::Feed if step.may_be_late => Ok(vec![stale(delta::carrying(keys, &after))]),
                _ => Err(vec![step.refusal(kind)]),
            };
        }
    }
    match tell(&change) {
        Telling::Whole(name) => Ok(vec![NewEvent::named(&name, true, after)]),
        Telling::Together(name) => Ok(vec![NewEvent::named(&name, false, delta::carrying(keys, &after))]),
        Telling::Divided => Ok(divided(&change, keys)),
    }
}

/// A late message, noted with what it would have changed.
pub(super) fn stale(ignored: Object) -> NewEvent {
    NewEvent::named(&Name::Row(&any::STALE), false, Object::new().with("ignored", ignored))
}

/// One event for each row that owns some of `keys`; what no row owns is revised.
fn divided(change: &Change<'_>, mut keys: Vec<&str>) -> Vec<NewEvent> {
    let mut events = Vec::with_capacity(1);
    for row in parts(change) {
        let (owned, rest): (Vec<&str>, Vec<&str>) = keys.iter().partition(|key| row.owns(key));
        if !owned.is_empty() {
            events.push(NewEvent::named(&Name::Row(row), false, delta::carrying(owned, change.after)));
            keys = rest;
        }
    }
    if !keys.is_empty() {
        let name = Name::Fallback(change.kind, "Revised");
        events.push(NewEvent::named(&name, false, delta::carrying(keys, change.after)));
    }
    events
}
