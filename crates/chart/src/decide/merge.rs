//! Two records of one person: merged, and parted again.
//!
//! Invariant: nothing is rewritten. Each event holds what its own record held, and of the other only the name, so that
//! either can be erased alone and a merge be undone whatever happened since.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Cursor, StreamName};
use compact_str::CompactString;

use super::{NewEvent, State, absent};
use crate::catalogue::{MERGED, UNMERGED};
use crate::delta;
use crate::elements::Elements;
use crate::evolve::EventRef;
use crate::naming::Name;
use crate::refusal::{Cause, Refusal};

/// Which of the two a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It yields: inactive from then on, and `link` says by whom it was replaced.
    Yields,
    /// It stays: `link` says whom it replaces.
    Stays,
}

/// One side of a merge.
#[derive(Clone, Debug)]
pub struct Merge {
    /// Which side the record is.
    pub side: Side,
    /// The record of the other side.
    pub other: StreamName,
    /// The records about this patient, other than the patient's own.
    pub held: Vec<StreamName>,
    /// The point of the log up to which those are all.
    pub held_at: Cursor,
}

/// One side of a merge that is to be undone.
#[derive(Clone, Debug)]
pub struct Unmerge {
    /// Which side the record is.
    pub side: Side,
    /// The record of the other side.
    pub other: StreamName,
    /// The merge, as the record's stream tells of it.
    pub merged: Merged,
}

/// A merge that a stream tells of and that was not undone since.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    event_id: CompactString,
    /// Whether it was this merge that set the link; one that stood before stays.
    linked: bool,
    /// What `active` was.
    active: Option<Value>,
    /// Whether someone has said since whether the record is active.
    active_since: bool,
}

impl Side {
    /// What `link.type` says: <https://hl7.org/fhir/R4/valueset-link-type.html>.
    const fn link_type(self) -> &'static str {
        match self {
            Self::Yields => "replaced-by",
            Self::Stays => "replaces",
        }
    }

    /// The member of `merge` that names the other side.
    const fn other(self) -> &'static str {
        match self {
            Self::Yields => "into",
            Self::Stays => "from",
        }
    }
}

impl Merged {
    /// What stands of the merge with `other` after one more event of the stream, whose data is lifted.
    pub fn after(
        standing: Option<Self>,
        side: Side,
        other: &StreamName,
        event_id: &str,
        event: &EventRef<'_>,
    ) -> Option<Self> {
        let merge = event.data.get("merge");
        let named = merge.and_then(|merge| merge.get(side.other())?.as_str());
        let is_this = named.is_some_and(|named| named.parse().as_ref() == Ok(other));
        if event.kind == MERGED.kind && is_this {
            return Some(Self {
                event_id: event_id.into(),
                linked: event.data.contains_key("link"),
                active: merge.and_then(|merge| merge.get("active")).cloned(),
                active_since: false,
            });
        }
        if event.kind == UNMERGED.kind && is_this {
            return None;
        }
        standing.map(|merged| {
            let said = event.data.contains_key("active") || event.data.contains_key("_active");
            Self { active_since: merged.active_since || said, ..merged }
        })
    }
}

/// Whom a patient's record yielded to, where it says so: the text of the reference.
fn yielded(elements: &Elements) -> Option<&str> {
    links(elements).find(|link| is_of(link, Side::Yields)).map(|link| referred(link).unwrap_or_default())
}

/// Makes this side of a merge happen.
pub(super) fn merge(state: &State, stream: &StreamName, merge: Merge) -> Result<Vec<NewEvent>, Vec<Refusal>> {
    let Some(before) = &state.elements else { return Err(vec![absent(state)]) };
    if let Some(to) = yielded(before) {
        let to = local(to).map_or_else(|| "another record".to_owned(), |to| to.to_string());
        let text = match merge.side {
            Side::Yields => format!("it has yielded already, to {to}"),
            Side::Stays => format!("it has yielded itself, to {to}: merge into that"),
        };
        return Err(vec![Refusal::at(Cause::BusinessRule, stream.kind, "link", text)]);
    }
    let Merge { side, other, held, held_at } = merge;
    let mut after = before.clone();
    let mut told = Object::new().with(side.other(), other.to_string());
    if side == Side::Yields {
        if let Some(active) = before.get("active") {
            told.push("active", active.clone());
        }
        after.set("active", false);
    }
    if !links(before).any(|link| is_of(link, side) && leads_to(link, &other)) {
        let link = Object::new()
            .with("other", Object::new().with("reference", other.to_string()))
            .with("type", side.link_type());
        let all: Vec<Value> = links(before).cloned().chain([link.into()]).collect();
        after.set("link", all);
    }
    let held: Vec<Value> = held.iter().map(|name| name.to_string().into()).collect();
    let told = told.with("held", held).with("held_at", held_at.to_string());
    Ok(vec![event(&Name::Row(&MERGED), before, &after, told)])
}

/// Undoes this side of a merge: takes away the link it set, and gives back `active` unless someone has set it since.
pub(super) fn unmerge(state: &State, unmerge: Unmerge) -> Result<Vec<NewEvent>, Vec<Refusal>> {
    let Some(before) = &state.elements else { return Err(vec![absent(state)]) };
    let Unmerge { side, other, merged } = unmerge;
    let mut after = before.clone();
    if merged.linked {
        let rest: Vec<Value> =
            links(before).filter(|link| !(is_of(link, side) && leads_to(link, &other))).cloned().collect();
        if rest.is_empty() {
            after.remove("link");
        } else {
            after.set("link", rest);
        }
    }
    if side == Side::Yields && !merged.active_since {
        match merged.active {
            Some(active) => after.set("active", active),
            None => _ = after.remove("active"),
        }
    }
    let told = Object::new().with(side.other(), other.to_string()).with("undoes", merged.event_id);
    Ok(vec![event(&Name::Row(&UNMERGED), before, &after, told)])
}

/// A merge is a fact even where it changes no element of this record.
fn event(name: &Name, before: &Elements, after: &Elements, told: Object) -> NewEvent {
    let data = delta::carrying(delta::changed(before, after), after).with("merge", told);
    NewEvent::named(name, false, data)
}

fn links(elements: &Elements) -> impl Iterator<Item = &Value> {
    elements.get("link").into_iter().flat_map(Value::each)
}

fn is_of(link: &Value, side: Side) -> bool {
    link.get("type").and_then(Value::as_str) == Some(side.link_type())
}

fn leads_to(link: &Value, other: &StreamName) -> bool {
    referred(link).and_then(local).as_ref() == Some(other)
}

fn referred(link: &Value) -> Option<&str> {
    link.get("other")?.get("reference")?.as_str()
}

/// The record of this server that a reference leads to, whatever version of it.
fn local(reference: &str) -> Option<StreamName> {
    reference.split_once("/_history/").map_or(reference, |(name, _)| name).parse().ok()
}

#[cfg(test)]
mod tests;
