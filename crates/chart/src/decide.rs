//! From a record's state and a command to the events that happen, or every reason why none does.
//!
//! Invariant: pure; folding the events of a Put onto the state gives what is the same as what was put.

mod append;
mod merge;
mod nearest;
mod put;
mod status;

pub use merge::{Merge, Merged, Side, Unmerge};
pub use nearest::nearest_of;

use anamnesis_json::{Object, Value};
use anamnesis_kernel::{StreamName, Version};
use compact_str::CompactString;

use crate::catalogue::{Row, find};
use crate::change::{Facts, IN_ERROR};
use crate::elements::Elements;
use crate::naming::Name;
use crate::refusal::{Cause, Refusal};

/// Where a record stands.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// How many events its stream has.
    pub version: Version,
    /// Its elements; `None` when it was never there, or was deleted (then the version is above 0).
    pub elements: Option<Elements>,
}

/// What someone wants to happen to a record.
#[derive(Clone, Debug)]
pub enum Command {
    /// The record shall have these elements.
    Put(Elements),
    /// The record shall be gone.
    Delete,
    /// The record shall never have been true.
    EnterInError,
    /// This event shall have happened.
    Append {
        /// Its type.
        kind: CompactString,
        /// The shape its data has; the newest if not said.
        schema_version: Option<u16>,
        /// Its data.
        data: Object,
    },
    /// This patient's record shall be merged with another.
    Merge(Merge),
    /// That shall be undone.
    Unmerge(Unmerge),
}

/// What a decision needs to know beside state and command.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The record.
    pub stream: &'a StreamName,
    /// Why, where someone said so.
    pub reason: Option<&'a str>,
    /// Through which door the command came.
    pub door: Door,
}

/// A reason is free text and may speak of the patient: not shown.
impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("stream", self.stream)
            .field("door", &self.door)
            .finish_non_exhaustive()
    }
}

/// The doors, as far as rules differ between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// FHIR, where a reason may be missing.
    Fhir,
    /// The event API and the console, where a correction must say why.
    Api,
    /// A feed, where late messages are common and are noted instead of refused.
    Feed,
    /// An import.
    Import,
}

/// An event that shall be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Its type.
    pub kind: CompactString,
    /// The version of the shape of its data.
    pub schema_version: u16,
    /// Whether its data is the whole resource.
    pub whole: bool,
    /// Its data, as it shall be stored.
    pub data: Object,
}

impl NewEvent {
    fn named(name: &Name, whole: bool, data: Object) -> Self {
        Self { kind: name.text(), schema_version: name.schema_version(), whole, data }
    }
}

/// Decides what happens; no events when nothing would change.
///
/// # Errors
///
/// Every [`Refusal`] there is reason for.
pub fn decide(state: &State, context: &Context<'_>, command: Command) -> Result<Vec<NewEvent>, Vec<Refusal>> {
    if is_reserved(context.stream) {
        let text = "ids that begin with log- or access- are the server's own here";
        return Err(vec![Refusal::at(Cause::BusinessRule, context.stream.kind, "id", text)]);
    }
    if state.version == 0 && matches!(context.stream.id.as_str(), "." | "..") {
        // RFC 3986, 5.2.4: who follows its URL takes it for a step up, and so would any proxy.
        let text = "no URL leads to a record of this id: it is a step in the path";
        return Err(vec![Refusal::at(Cause::Invalid, context.stream.kind, "id", text)]);
    }
    let events = match command {
        Command::Put(elements) => put::put(state, context, elements),
        Command::Delete => Ok(delete(state, context)),
        Command::EnterInError => put::put(state, context, in_error(state, context).map_err(|r| vec![r])?),
        Command::Append { kind, schema_version, data } => {
            append::append(state, context, &kind, schema_version, data)
        }
        Command::Merge(asked) => merge::merge(state, context.stream, asked),
        Command::Unmerge(asked) => merge::unmerge(state, asked),
    }?;
    let unexplained = |event: &NewEvent| find(&event.kind).is_some_and(|row| lacks_reason(row, context));
    if context.door == Door::Api && events.iter().any(unexplained) {
        return Err(vec![unexplained_correction()]);
    }
    Ok(events)
}

/// Whether a record tells of the log or of an access to it, which nobody but the server can.
fn is_reserved(stream: &StreamName) -> bool {
    let id = stream.id.as_str();
    matches!(stream.kind.name(), "AuditEvent" | "Provenance")
        && (id.starts_with("log-") || id.starts_with("access-"))
}

fn lacks_reason(row: &Row, context: &Context<'_>) -> bool {
    let given = context.reason.is_some_and(|reason| !reason.trim().is_empty());
    context.door == Door::Api && row.needs_reason && !given
}

fn unexplained_correction() -> Refusal {
    Refusal::new(Cause::Invalid, "reason", "a correction says why it is made")
}

/// Deleting what is not there changes nothing; whether that is an error is the caller's protocol's to say.
fn delete(state: &State, context: &Context<'_>) -> Vec<NewEvent> {
    let name = Name::Fallback(context.stream.kind, "Deleted");
    state.elements.iter().map(|_| NewEvent::named(&name, false, Object::new())).collect()
}

/// What the record would be if it said of itself that it was entered in error.
fn in_error(state: &State, context: &Context<'_>) -> Result<Elements, Refusal> {
    let kind = context.stream.kind;
    let Some(before) = &state.elements else { return Err(absent(state)) };
    let mut after = before.clone();
    if Facts::of(kind, before).in_error() {
        return Ok(after);
    }
    let verification = |system: &str| {
        let coding = Object::new().with("system", system).with("code", IN_ERROR);
        Object::new().with("coding", vec![Value::from(coding)])
    };
    match kind.name() {
        // con-5 and ait-2: what was entered in error has no clinical status.
        "Condition" => {
            after.remove("clinicalStatus");
            after.set(
                "verificationStatus",
                verification("http://terminology.hl7.org/CodeSystem/condition-ver-status"),
            );
        }
        "AllergyIntolerance" => {
            after.remove("clinicalStatus");
            let system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";
            after.set("verificationStatus", verification(system));
        }
        "Goal" => after.set("lifecycleStatus", IN_ERROR),
        name if status::CAN_BE_IN_ERROR.contains(&name) => after.set("status", IN_ERROR),
        _ => {
            let text = "a record of this type has no status that says entered-in-error";
            return Err(Refusal::new(Cause::BusinessRule, kind.name(), text));
        }
    }
    Ok(after)
}

/// The refusal of a change to a record that is not there.
fn absent(state: &State) -> Refusal {
    if state.version == 0 {
        Refusal::new(Cause::NotFound, "stream", "the record was never there")
    } else {
        Refusal::new(Cause::Deleted, "stream", "the record was deleted")
    }
}

#[cfg(test)]
mod tests;
