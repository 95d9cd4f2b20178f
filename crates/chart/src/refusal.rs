//! A rule's no: what it is about, where, and why; its text holds paths and codes and never a patient's values.

use anamnesis_kernel::ResourceType;

/// One reason why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// What kind of no it is, which decides what the caller answers.
    pub cause: Cause,
    /// Where: an element as FHIRPath names it (`Patient.address`), or a field of the envelope (`reason`).
    pub path: String,
    /// Why, in one clause.
    pub text: String,
}

/// The kinds of no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// What was sent is not well formed.
    Invalid,
    /// A rule of the record forbids it.
    BusinessRule,
    /// No event has this name, or none of this type of record.
    UnknownEvent,
    /// The data has a shape newer than this program.
    FutureSchema,
    /// The record was never there.
    NotFound,
    /// The record was deleted.
    Deleted,
    /// The record is already there.
    Exists,
}

impl Refusal {
    pub(crate) fn new(cause: Cause, path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { cause, path: path.into(), text: text.into() }
    }

    /// About one element of a resource.
    pub(crate) fn at(cause: Cause, kind: ResourceType, key: &str, text: impl Into<String>) -> Self {
        Self::new(cause, format!("{kind}.{key}"), text)
    }
}
