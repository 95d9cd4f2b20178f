//! The envelope every event has, opened.

use std::fmt;

use anamnesis_json::Object;
use compact_str::CompactString;
use uuid::Uuid;

use crate::{Instant, Position, StreamName, Version};

/// One fact, as it is recorded for ever: who said what about which record, when and why.
#[derive(Clone, PartialEq)]
pub struct Event {
    /// Its own id; a client may choose it.
    pub event_id: Uuid,
    /// The record it is a fact of.
    pub stream: StreamName,
    /// Its number within the stream, from 1.
    pub version: Version,
    /// Where it stands.
    pub position: Position,
    /// What it was appended together with.
    pub commit_id: Uuid,
    /// Its type, as the catalogue names it.
    pub kind: CompactString,
    /// The shape its data was written in.
    pub schema_version: u16,
    /// The moment of its commit.
    pub recorded_at: Instant,
    /// When it happened, where that differs.
    pub occurred_at: Option<Instant>,
    /// Whom it is about, where that is someone other than the record itself.
    pub subject: Option<StreamName>,
    /// Who did it.
    pub actor: Actor,
    /// Through which door it came.
    pub source: Source,
    /// What it belongs together with.
    pub correlation_id: Option<CompactString>,
    /// The event that led to it.
    pub causation_id: Option<Uuid>,
    /// Why.
    pub reason: Option<CompactString>,
    /// The caller's own.
    pub metadata: Option<Object>,
    /// Whether `data` is the whole resource, so that a fold may start here.
    pub whole: bool,
    /// The compact JSON text of the FHIR elements, as written.
    pub data: Vec<u8>,
}

/// Who did something.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// The user, where there is one.
    pub user: Option<CompactString>,
    /// The application.
    pub client: Option<CompactString>,
    /// For whom it was done.
    pub on_behalf_of: Option<CompactString>,
    /// The purpose of use.
    pub purpose: Option<CompactString>,
}

/// Through which door a fact came, and from where.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// `fhir`, `api`, `hl7v2`, `import`, `demo` …
    pub door: CompactString,
    /// The sending application, for messages.
    pub application: Option<CompactString>,
    /// The sending facility, for messages.
    pub facility: Option<CompactString>,
    /// The control id, for messages.
    pub control_id: Option<CompactString>,
}

/// Shows what a log line may: no data, no names.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("event_id", &self.event_id)
            .field("stream", &self.stream)
            .field("version", &self.version)
            .field("position", &self.position)
            .field("kind", &self.kind)
            .field("schema_version", &self.schema_version)
            .finish_non_exhaustive()
    }
}

/// A user's name is a person's: not shown.
impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Actor")
    }
}

/// Shows the door alone.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.door)
    }
}
