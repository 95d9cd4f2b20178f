//! What the engine asks of the room that knows FHIR: what a record is found by, and whom it is about.

use std::any::Any;

use anamnesis_chart::Refusal;
use anamnesis_json::Object;
use anamnesis_kernel::search::Entry;
use anamnesis_kernel::{ResourceId, StreamName};

/// What one record is found by, and the date searches order it by.
pub struct Indexed {
    /// Rows, sorted, each once.
    pub entries: Vec<Entry>,
    /// The main clinical date, newest first: see [`anamnesis_kernel::search::newest_first`].
    pub date: i64,
}

/// Pure functions of a record's elements.
pub trait Indexing: Any + Send + Sync {
    /// Changes whenever an extractor does: views of another shape are made anew.
    fn shape(&self) -> &str;

    /// What the record is found by.
    fn index(&self, stream: &StreamName, elements: &Object) -> Indexed;

    /// Is told of each record that the serving views show anew, before those who wait for it are.
    fn shown(&self, _: &StreamName) {}

    /// Is told that other views serve, which may show any record anew.
    fn all_shown(&self) {}

    /// The patients the record is about.
    fn patients(&self, stream: &StreamName, elements: &Object) -> Vec<ResourceId>;

    /// What an event about this patient is found by, where events are to be found; the row has the event's place in the
    /// log for a date.
    fn happened(&self, _: &ResourceId) -> Option<Entry> {
        None
    }

    /// What is wrong with a record after events that a caller named, and was not before; nothing unless it is told.
    fn faults(&self, _: &StreamName, _before: Option<&Object>, _after: &Object) -> Vec<Refusal> {
        Vec::new()
    }

    /// Whose key seals the record: its patient's where there is exactly one, else its own.
    fn subject(&self, stream: &StreamName, elements: &Object) -> StreamName {
        match self.patients(stream, elements).as_slice() {
            [one] => StreamName::new(anamnesis_kernel::ResourceType::PATIENT, one.clone()),
            _ => stream.clone(),
        }
    }
}
