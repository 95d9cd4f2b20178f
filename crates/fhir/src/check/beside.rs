//! What stands beside a primitive, `_birthDate`: <https://hl7.org/fhir/R4/json.html#primitive>.

use anamnesis_json::Value;

use super::element::nothing_in;
use super::{Check, Scope};
use crate::outcome::IssueCode;
use crate::path::Path;
use crate::shape::{Element, Shape};

impl Check {
    /// The id and extensions of a primitive, or of each in an array of them.
    pub(super) fn beside<'a>(
        &mut self,
        element: Element,
        value: &'a Value,
        primitive: Option<&Value>,
        path: &Path<'_>,
        scope: Scope<'a>,
    ) {
        match (element.list, value) {
            (false, value) => self.beside_one(value, primitive, path, scope),
            (true, Value::Array(items)) => {
                let primitives = primitive.and_then(Value::as_array);
                if primitives.is_some_and(|primitives| primitives.len() != items.len()) {
                    let what = "the array with _ in front must be as long as the one it stands beside";
                    self.bearable(path, IssueCode::Structure, what);
                }
                for (at, item) in items.iter().enumerate() {
                    let primitive = primitives.and_then(|primitives| primitives.get(at));
                    let path = Path::Item(path, at);
                    match item {
                        // Where both are null the array of the primitives says so.
                        Value::Null if primitives.is_some() => {}
                        Value::Null => {
                            self.bearable(
                                &path,
                                IssueCode::Structure,
                                "is null, and no value stands in its place",
                            );
                        }
                        other => {
                            let primitive = primitive.filter(|primitive| **primitive != Value::Null);
                            self.beside_one(other, primitive, &path, scope);
                        }
                    }
                }
            }
            (true, other) => self.beside_must_be(path, "an array", other),
        }
    }

    fn beside_one<'a>(
        &mut self,
        value: &'a Value,
        primitive: Option<&Value>,
        path: &Path<'_>,
        scope: Scope<'a>,
    ) {
        let Value::Object(object) = value else {
            return self.beside_must_be(path, "an object", value);
        };
        if object.is_empty() || (primitive.is_none() && nothing_in(object)) {
            return self.bearable(path, IssueCode::Structure, "must have a value or an extension");
        }
        self.object(Shape::BESIDE_PRIMITIVE, object, path, scope);
    }

    fn beside_must_be(&mut self, path: &Path<'_>, expected: &str, found: &Value) {
        let what = format!("the property with _ in front must be {expected}, is {}", found.kind());
        self.grave(path, IssueCode::Structure, what);
    }
}
