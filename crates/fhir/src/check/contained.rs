//! Contained resources: with an id, referred to, and without a life of their own.
//!
//! <https://hl7.org/fhir/R4/references.html#contained>, R4's dom-2 to dom-5.

use anamnesis_json::{Object, Value};

use super::{Check, Scope};
use crate::outcome::IssueCode;
use crate::path::Path;

impl Check {
    /// A resource that is contained in the root of its scope.
    pub(super) fn contained(&mut self, object: &Object, path: &Path<'_>, scope: Scope<'_>) {
        if object.contains_key("contained") {
            let path = &Path::Element(path, "contained");
            self.bearable(path, IssueCode::Invariant, "dom-2: a contained resource must not contain others");
        }
        if let Some(meta) = object.get("meta") {
            for (name, key) in [("versionId", "dom-4"), ("lastUpdated", "dom-4"), ("security", "dom-5")] {
                if meta.get(name).is_some() {
                    let (above, what) =
                        (Path::Element(path, "meta"), "must not be there: the resource is contained");
                    self.bearable(
                        &Path::Element(&above, name),
                        IssueCode::Invariant,
                        format!("{key}: {what}"),
                    );
                }
            }
        }
        let Some(id) = object.str("id") else {
            let path = &Path::Element(path, "id");
            return self.bearable(path, IssueCode::Required, "must be there, to refer to it");
        };
        let said = |text: &str| text.strip_prefix('#').is_some_and(|named| named == id);
        let referred = scope.root.iter().any(|(_, value)| any_text(value, &said));
        let refers = object.iter().any(|(_, value)| any_text(value, &|text| text == "#"));
        if !referred && !refers {
            self.bearable(path, IssueCode::Invariant, "dom-3: nothing in the resource refers to it");
        }
    }
}

/// Whether some text in `value` is as asked.
fn any_text(value: &Value, is: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, is)),
        Value::Object(object) => object.iter().any(|(_, value)| any_text(value, is)),
        _ => false,
    }
}
