//! The members of one object of the body, taken one by one; what is wrong or left over becomes a reason.

use std::str::FromStr;

use anamnesis_engine::Expect;
use anamnesis_json::{Object, Value};
use anamnesis_kernel::{Instant, StreamName};
use uuid::Uuid;

use super::super::problem::Reason;
use super::locate::{Place, join};

/// How many reasons are told at once.
const REASONS_MAX: usize = 100;
/// How long a member's name may be to be told back.
const NAME_BYTES_MAX: usize = 64;

/// Everything that is wrong with a body.
#[derive(Default)]
pub(super) struct Reasons(pub(super) Vec<Reason>);

impl Reasons {
    pub(super) fn say(&mut self, path: impl Into<String>, detail: impl Into<String>) {
        if self.0.len() < REASONS_MAX {
            self.0.push(Reason::invalid(path, detail));
        }
    }
}

/// The members of an object that were not taken yet.
pub(super) struct Members<'r> {
    object: Object,
    place: Place,
    reasons: &'r mut Reasons,
}

impl<'r> Members<'r> {
    /// The members of `value`, if it is an object.
    pub(super) fn of(value: Value, place: Place, reasons: &'r mut Reasons) -> Option<Self> {
        match value {
            Value::Object(object) => Some(Self { object, place, reasons }),
            other => {
                reasons.say(place.path(), format!("must be an object, is {}", other.kind()));
                None
            }
        }
    }

    pub(super) fn say(&mut self, name: &str, detail: impl Into<String>) {
        self.reasons.say(join(&self.place.path(), name), detail);
    }

    /// Takes a member; null is the same as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.object.remove(name).filter(|value| *value != Value::Null)
    }

    /// Takes a member that must be there.
    pub(super) fn need(&mut self, name: &str) -> Option<Value> {
        let value = self.take(name);
        if value.is_none() {
            self.say(name, "missing");
        }
        value
    }

    /// The string, or a reason.
    pub(super) fn string<'v>(&mut self, name: &str, value: &'v Value) -> Option<&'v str> {
        if value.as_str().is_none() {
            self.say(name, format!("must be a string, is {}", value.kind()));
        }
        value.as_str()
    }

    /// The object, or a reason.
    pub(super) fn object(&mut self, name: &str, value: Value) -> Option<Object> {
        match value {
            Value::Object(object) => Some(object),
            other => {
                self.say(name, format!("must be an object, is {}", other.kind()));
                None
            }
        }
    }

    /// The elements, or a reason when there are none.
    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.need(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                if items.is_empty() {
                    self.say(name, "must not be empty");
                }
                items
            }
            Some(other) => {
                self.say(name, format!("must be an array, is {}", other.kind()));
                Vec::new()
            }
        }
    }

    /// The record.
    pub(super) fn stream(&mut self) -> Option<StreamName> {
        let value = self.need("stream")?;
        let text = self.string("stream", &value)?;
        let name = StreamName::from_str(text);
        if let Err(error) = &name {
            self.say("stream", error.to_string());
        }
        name.ok()
    }

    /// Where the record must stand.
    pub(super) fn expected(&mut self) -> Expect {
        match self.take("expected") {
            None => Expect::Any,
            Some(Value::String(text)) if text == "any" => Expect::Any,
            Some(Value::String(text)) if text == "none" => Expect::None,
            Some(value) => match value.as_u64().filter(|version| i64::try_from(*version).is_ok()) {
                Some(version) => Expect::Version(version),
                None => {
                    self.say("expected", "must be a version, \"none\" or \"any\"");
                    Expect::Any
                }
            },
        }
    }

    /// A UUID in its hyphenated form.
    pub(super) fn uuid(&mut self, name: &str) -> Option<Uuid> {
        let value = self.take(name)?;
        let text = self.string(name, &value)?;
        let uuid = Uuid::parse_str(text)
            .ok()
            .filter(|uuid| text.len() == uuid::fmt::Hyphenated::LENGTH && !uuid.is_nil());
        if uuid.is_none() {
            self.say(name, "must be a UUID in its hyphenated form, and not nil");
        }
        uuid
    }

    /// An instant with a zone.
    pub(super) fn instant(&mut self, name: &str) -> Option<Instant> {
        let value = self.take(name)?;
        let text = self.string(name, &value)?;
        let instant = text.parse::<Instant>();
        if let Err(error) = &instant {
            self.say(name, error.to_string());
        }
        instant.ok()
    }

    /// A text of 1 to `bytes_max` bytes.
    pub(super) fn text(&mut self, name: &str, bytes_max: usize) -> Option<String> {
        let value = self.take(name)?;
        let text = self.string(name, &value)?;
        let text = text.trim();
        if (1..=bytes_max).contains(&text.len()) {
            return Some(text.to_owned());
        }
        self.say(name, format!("must have 1 to {bytes_max} bytes"));
        None
    }

    /// Refuses whatever was not taken.
    pub(super) fn end(self) {
        if self.object.is_empty() {
            return;
        }
        let whole = self.place.path();
        for name in self.object.keys() {
            let plain = name.len() <= NAME_BYTES_MAX
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
            let path = if plain { join(&whole, name) } else { whole.clone() };
            self.reasons.say(path, "not a member that is known here");
        }
    }
}
