//! FHIRPath Patch: <https://hl7.org/fhir/R4/fhirpatch.html>.

use anamnesis_fhirpath::Expression;
use anamnesis_json::{Object, Value};
use compact_str::CompactString;

use super::edit::{self, Slot};
use super::given::Given;
use super::locate::{Target, parent_of, shape_at, target};
use super::{Bounds, Failure, OPERATIONS_MAX, inapplicable};
use crate::outcome::{Issue, IssueCode};

/// A FHIRPath Patch that was understood; its operations are done in order.
pub struct PathPatch(Vec<Operation>);

struct Operation {
    path: Expression,
    does: Does,
}

enum Does {
    Add { name: CompactString, value: Given },
    Insert { name: CompactString, at: usize, value: Given },
    Delete,
    Replace { value: Given },
    Move { name: CompactString, from: usize, to: usize },
}

/// Shows how many operations there are and nothing of them.
impl std::fmt::Debug for PathPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PathPatch({} operations)", self.0.len())
    }
}

impl PathPatch {
    /// Reads a Parameters of operations.
    ///
    /// # Errors
    ///
    /// [`Failure::Malformed`] with everything wrong with it.
    pub fn read(parameters: Value) -> Result<Self, Failure> {
        let malformed =
            |code, what: String, at: &str| Err(Failure::Malformed(vec![Issue::error(code, what).at(at)]));
        let Value::Object(mut parameters) = parameters else {
            return malformed(IssueCode::Structure, "must be an object".into(), "Parameters");
        };
        if parameters.str("resourceType") != Some("Parameters") {
            return malformed(IssueCode::Invalid, "must be a Parameters".into(), "Parameters");
        }
        let items = match parameters.remove("parameter") {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                return malformed(IssueCode::Structure, "must be an array".into(), "Parameters.parameter");
            }
        };
        if items.len() > OPERATIONS_MAX {
            let what = format!("has {} operations; at most {OPERATIONS_MAX} are taken", items.len());
            return malformed(IssueCode::TooLong, what, "Parameters.parameter");
        }
        let mut operations = Vec::with_capacity(items.len());
        let mut issues = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            match operation(item) {
                Ok(operation) => operations.push(operation),
                Err((part, what)) => {
                    let place = format!("Parameters.parameter[{at}]");
                    let place =
                        if part.is_empty() { place } else { format!("{place}.part.where(name='{part}')") };
                    issues.push(Issue::error(IssueCode::Value, what).at(place));
                }
            }
        }
        issues.truncate(crate::check::ISSUES_MAX);
        if issues.is_empty() { Ok(Self(operations)) } else { Err(Failure::Malformed(issues)) }
    }

    /// The resource after all operations; the first that fails ends it.
    ///
    /// # Errors
    ///
    /// [`Failure::Inapplicable`] with the operation that failed.
    pub fn apply(&self, mut resource: Object, bounds: &Bounds) -> Result<Object, Failure> {
        for (at, operation) in self.0.iter().enumerate() {
            operation
                .apply(&mut resource, bounds)
                .map_err(|what| inapplicable(&format!("Parameters.parameter[{at}]"), what))?;
        }
        Ok(resource)
    }
}

impl Operation {
    fn apply(&self, resource: &mut Object, bounds: &Bounds) -> Result<(), &'static str> {
        let found = target(&self.path, resource)?;
        let value = match &self.does {
            Does::Add { value, .. } | Does::Insert { value, .. } | Does::Replace { value } => Some(value),
            Does::Delete | Does::Move { .. } => None,
        };
        let steps = found.as_ref().map_or(0, |found| found.0.len());
        if value.is_some_and(|value| steps + 2 + value.depth() > bounds.nesting_max) {
            return Err("nests too deep");
        }
        match (&self.does, found) {
            // What is not there need not be deleted.
            (Does::Delete, None) => Ok(()),
            (Does::Delete, Some(Target(steps))) => match Slot::split(&steps) {
                None => Err("the resource itself is not deleted by a patch"),
                Some(slot) => edit::delete(resource, &slot),
            },
            (_, None) => Err("path: there is nothing"),
            (Does::Replace { value }, Some(Target(steps))) => match Slot::split(&steps) {
                None => Err("the resource itself is not replaced by a patch"),
                Some(slot) => {
                    let shape = shape_at(resource, slot.above());
                    edit::replace(resource, &slot, shape, value)
                }
            },
            (Does::Add { name, value }, Some(Target(steps))) => {
                let shape = shape_at(resource, &steps).ok_or("path: has no elements")?;
                edit::add(resource, &steps, shape, name, value)
            }
            (Does::Insert { name, at, value }, Some(Target(steps))) => {
                edit::insert(resource, &steps, name, *at, value)
            }
            (Does::Move { name, from, to }, Some(Target(steps))) => {
                edit::shift(resource, &steps, name, *from, *to)
            }
        }
    }
}

type Wrong = (&'static str, &'static str);

fn operation(parameter: Value) -> Result<Operation, Wrong> {
    let Value::Object(mut parameter) = parameter else { return Err(("", "must be an object")) };
    if parameter.str("name") != Some("operation") {
        return Err(("", "must have the name operation"));
    }
    let Some(Value::Array(parts)) = parameter.remove("part") else {
        return Err(("", "must have parts"));
    };
    let mut parts = Parts(parts);
    let kind = parts.text("type")?;
    let path = parts.text("path")?;
    // A list is its element's parent and name: what is no list yet has a parent all the same.
    let (path, list) = match kind.as_str() {
        "insert" | "move" => {
            let (parent, name) = parent_of(&path).ok_or(("path", "must end in the name of a list"))?;
            (parent.to_owned(), CompactString::new(name))
        }
        _ => (path, CompactString::default()),
    };
    let does = match kind.as_str() {
        "add" => Does::Add { name: parts.text("name")?.into(), value: parts.value()? },
        "insert" => Does::Insert { name: list, at: parts.index("index")?, value: parts.value()? },
        "delete" => Does::Delete,
        "replace" => Does::Replace { value: parts.value()? },
        "move" => Does::Move { name: list, from: parts.index("source")?, to: parts.index("destination")? },
        _ => return Err(("type", "must be add, insert, delete, replace or move")),
    };
    let path = Expression::parse(&path).map_err(|_| ("path", "no FHIRPath that is understood here"))?;
    Ok(Operation { path, does })
}

/// The parts of an operation, of which each has a name and a value.
struct Parts(Vec<Value>);

impl Parts {
    fn find(&self, name: &str) -> Option<&Object> {
        self.0.iter().filter_map(Value::as_object).find(|part| part.str("name") == Some(name))
    }

    /// The string of a part, whichever of FHIR's string types it has.
    fn text(&self, name: &'static str) -> Result<String, Wrong> {
        let part = self.find(name).ok_or((name, "must be there"))?;
        let value = part.iter().find(|(key, _)| key.starts_with("value"));
        value.and_then(|(_, value)| value.as_str()).map(str::to_owned).ok_or((name, "must be a string"))
    }

    fn index(&self, name: &'static str) -> Result<usize, Wrong> {
        let part = self.find(name).ok_or((name, "must be there"))?;
        let value = part.iter().find(|(key, _)| key.starts_with("value"));
        let number =
            value.and_then(|(_, value)| value.as_u64()).and_then(|number| usize::try_from(number).ok());
        number.ok_or((name, "must be a whole number from 0"))
    }

    fn value(&mut self) -> Result<Given, Wrong> {
        let part = self.find("value").ok_or(("value", "must be there"))?;
        Given::read(part).ok_or(("value", "must have one value, a resource, or parts"))
    }
}
