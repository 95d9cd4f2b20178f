//! References: of a form that can be followed, and to a type that may stand there.
//!
//! <https://hl7.org/fhir/R4/references.html>. Whether the target exists is for the server to say.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;

use super::{Check, Scope};
use crate::outcome::IssueCode;
use crate::path::Path;
use crate::reference;
use crate::shape::targets;

impl Check {
    /// A reference that may lead to the targets of this number.
    pub(super) fn reference(&mut self, allowed: u8, object: &Object, path: &Path<'_>, scope: Scope<'_>) {
        let literal = object.str("reference");
        let kind = literal.and_then(|text| self.literal(text, &Path::Element(path, "reference"), scope));
        if let Some(kind) = kind {
            self.target(allowed, kind, &Path::Element(path, "reference"));
        }
        let Some(named) = object.str("type") else { return };
        let place = Path::Element(path, "type");
        match ResourceType::parse(named) {
            Some(named) if kind.is_some_and(|kind| kind != named) => {
                self.bearable(&place, IssueCode::Value, "must be the type that the reference leads to");
            }
            Some(named) if kind.is_none() => self.target(allowed, named, &place),
            None if !reference::is_absolute(named) => {
                self.bearable(
                    &place,
                    IssueCode::Value,
                    "must be a type of FHIR R4, or an absolute address of one",
                );
            }
            _ => {}
        }
    }

    /// The type a literal reference leads to, where it says so.
    fn literal(&mut self, text: &str, path: &Path<'_>, scope: Scope<'_>) -> Option<ResourceType> {
        if let Some(id) = text.strip_prefix('#') {
            // A bare # is the resource that contains.
            if id.is_empty() {
                return None;
            }
            let contained = scope.root.get("contained").and_then(Value::as_array).unwrap_or_default();
            let found = contained.iter().find(|one| one.get("id").and_then(Value::as_str) == Some(id));
            if found.is_none() {
                self.bearable(path, IssueCode::Invariant, "ref-1: no contained resource has this id");
            }
            return found?.get("resourceType").and_then(Value::as_str).and_then(ResourceType::parse);
        }
        if let Some((kind, _, _)) = reference::local(text) {
            return Some(kind);
        }
        if reference::is_absolute(text) {
            return reference::tail(text).map(|(kind, _)| kind);
        }
        if let Some((kind, query)) = reference::conditional(text) {
            if query.split('&').any(|part| !is_criterion(part)) {
                self.bearable(path, IssueCode::Value, "the criteria must be name=value, with & between");
            }
            return Some(kind);
        }
        None
    }

    fn target(&mut self, allowed: u8, kind: ResourceType, path: &Path<'_>) {
        let allowed = targets(allowed);
        if allowed.is_empty() || allowed.iter().any(|number| u16::from(*number) == kind.number()) {
            return;
        }
        let names = allowed.iter().filter_map(|n| ResourceType::from_number(u16::from(*n)));
        let names = names.map(ResourceType::name).collect::<Vec<_>>().join(", ");
        self.bearable(path, IssueCode::Value, format!("must lead to {names}"));
    }
}

/// `name=value`, both there; the name of a parameter, perhaps with a modifier or a chain.
fn is_criterion(part: &str) -> bool {
    part.split_once('=').is_some_and(|(name, value)| {
        let named =
            name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.' | b'%'));
        named && !name.is_empty() && !value.is_empty()
    })
}
