//! Where in the caller's own body a reason lies.

use anamnesis_chart::{Cause, Refusal};
use anamnesis_kernel::ResourceType;

use super::super::problem::Reason;

/// How the body was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One event, with its stream beside it.
    Single,
    /// A list of streams, each with its events.
    Streams,
}

impl Form {
    /// The path of a stream's entry.
    pub(super) fn item(self, item: usize) -> String {
        match self {
            Self::Single => String::new(),
            Self::Streams => format!("streams[{item}]"),
        }
    }

    /// The path of an event.
    pub(super) fn event(self, item: usize, step: usize) -> String {
        match self {
            Self::Single => String::new(),
            Self::Streams => format!("streams[{item}].events[{step}]"),
        }
    }
}

/// What a member is of; its path is only written where there is something to say of it.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// The body.
    Body,
    /// A stream's entry.
    Item(usize),
    /// An event of a stream's entry.
    Event(usize, usize),
}

impl Place {
    /// Its path; that of the body is empty.
    pub(super) fn path(self) -> String {
        match self {
            Self::Body => String::new(),
            Self::Item(item) => Form::Streams.item(item),
            Self::Event(item, step) => Form::Streams.event(item, step),
        }
    }
}

/// The path of a member.
pub(super) fn join(path: &str, member: &str) -> String {
    if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") }
}

/// What an element's FHIRPath is called in the body: `Patient.name[0]` lies at `data.name[0]`.
pub(super) fn in_data(expression: &str) -> Option<String> {
    let (kind, rest) = expression.split_once('.').unwrap_or((expression, ""));
    ResourceType::parse(kind)?;
    Some(if rest.is_empty() { "data".to_owned() } else { format!("data.{rest}") })
}

/// A rule's no, told where it lies in the body.
pub(super) fn reason(form: Form, item: usize, step: usize, refusal: Refusal) -> Reason {
    let Refusal { cause, path, text } = refusal;
    let path = match in_data(&path) {
        Some(path) => join(&form.event(item, step), &path),
        None if path == "stream" => join(&form.item(item), &path),
        None => join(&form.event(item, step), &path),
    };
    Reason { path, detail: text, cause: code(cause) }
}

const fn code(cause: Cause) -> &'static str {
    match cause {
        Cause::Invalid => "invalid",
        Cause::BusinessRule => "business-rule",
        Cause::UnknownEvent => "unknown-event",
        Cause::FutureSchema => "future-schema",
        Cause::NotFound => "not-found",
        Cause::Deleted => "deleted",
        Cause::Exists => "exists",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // form           said of                  path in the body
            (Form::Single,  "type",                 "type"),
            (Form::Single,  "stream",               "stream"),
            (Form::Single,  "Patient.name[0].use",  "data.name[0].use"),
            (Form::Single,  "Patient",              "data"),
            (Form::Streams, "stream",               "streams[1].stream"),
            (Form::Streams, "reason",               "streams[1].events[2].reason"),
            (Form::Streams, "Observation.status",   "streams[1].events[2].data.status"),
            (Form::Streams, "data.merged",          "streams[1].events[2].data.merged"),
        ];
        for (form, path, expected) in cases {
            let refusal = Refusal { cause: Cause::BusinessRule, path: path.into(), text: "no".into() };
            let found = reason(form, 1, 2, refusal);
            assert_eq!((found.path.as_str(), found.cause), (expected, "business-rule"), "{path}");
        }
    }
}
