//! Patches of one record, of both kinds.

use anamnesis_json::{Object, Value};

use super::{Maker, Shot, text};
use anamnesis_testkit::odd;

const PATHS: &[&str] = &[
    "Patient",
    "Patient.name",
    "Patient.name[0]",
    "Patient.name.given",
    "Patient.address.where(city.exists())",
    "Patient.birthDate",
    "Patient.gender",
    "Patient.identifier.where(system='urn:fuzz')",
    "Patient.name.first().family",
    "Patient.descendants()",
    "Patient.repeat(children())",
    "Patient.id",
    "Observation.value",
    "Observation.code.coding[0].display",
    "Observation.status",
    "Condition.note",
];
const POINTERS: &[&str] = &[
    "",
    "/",
    "/name",
    "/name/0",
    "/name/-",
    "/name/0/family",
    "/name/0/given/0",
    "/address/0/city",
    "/address/-",
    "/address",
    "/birthDate",
    "/gender",
    "/active",
    "/meta/versionId",
    "/id",
    "/resourceType",
    "/identifier/0/value",
    "/status",
    "/code/coding/0/display",
    "/valueQuantity/value",
    "/a~0b",
    "/name/01",
    "/name/99999999999999999999",
    "/extension",
];

impl Maker<'_> {
    /// A patch, by id or by criteria.
    pub(super) fn patch(&mut self) -> Shot {
        let target = if self.rng.chance(15) {
            format!("/fhir/Patient?{}", self.criteria())
        } else {
            format!("/fhir/{}", self.place())
        };
        let shot = Shot::new("PATCH", target);
        if self.rng.chance(55) {
            shot.body("application/json-patch+json", self.json_patch().to_text())
        } else {
            shot.body("application/fhir+json", text(self.path_patch()))
        }
    }

    /// By places in the JSON.
    pub(super) fn json_patch(&mut self) -> Value {
        let count = 1 + self.rng.below(4);
        Value::Array((0..count).map(|_| Value::from(self.operation())).collect())
    }

    fn operation(&mut self) -> Object {
        let kind = *self.rng.one_of(&["add", "replace", "replace", "remove", "move", "copy", "test"]);
        let operation = Object::new().with("op", kind).with("path", *self.rng.one_of(POINTERS));
        match kind {
            "move" | "copy" => operation.with("from", *self.rng.one_of(POINTERS)),
            "remove" => operation,
            _ => operation.with("value", self.new_value()),
        }
    }

    /// What fits somewhere, mostly.
    fn new_value(&mut self) -> Value {
        match self.rng.below(6) {
            0 => Value::from(Object::new().with("city", odd::SECRET)),
            1 => Value::Array(vec![Value::from(Object::new().with("family", odd::SECRET))]),
            2 => Value::from("1974-12-25"),
            3 => Value::from(*self.rng.one_of(&["female", "final", "amended", "entered-in-error"])),
            4 => Value::Bool(true),
            _ => odd::value(self.rng),
        }
    }

    /// By FHIRPaths, in Parameters.
    pub(super) fn path_patch(&mut self) -> Object {
        let count = 1 + self.rng.below(3);
        let operations: Vec<_> = (0..count).map(|_| Value::from(self.path_operation())).collect();
        Object::new().with("resourceType", "Parameters").with("parameter", operations)
    }

    fn path_operation(&mut self) -> Object {
        let part = |name: &str, key: &str, value: Value| {
            Value::from(Object::new().with("name", name).with(key, value))
        };
        let kind = *self.rng.one_of(&["add", "insert", "delete", "replace", "replace", "move"]);
        let mut parts = vec![
            part("type", "valueCode", kind.into()),
            part("path", "valueString", (*self.rng.one_of(PATHS)).into()),
        ];
        let number = |n: u64| Value::Number(n.to_string().into());
        if kind == "add" {
            let name =
                *self.rng.one_of(&["name", "birthDate", "gender", "active", "address", "note", "extension"]);
            parts.push(part("name", "valueString", name.into()));
        }
        if matches!(kind, "add" | "insert" | "replace") {
            parts.push(match self.rng.below(4) {
                0 => part("value", "valueDate", "1974-12-25".into()),
                1 => part("value", "valueCode", "female".into()),
                2 => part("value", "valueHumanName", Object::new().with("family", odd::SECRET).into()),
                _ => part("value", "valueString", odd::text(self.rng).into()),
            });
        }
        if kind == "insert" {
            parts.push(part("index", "valueInteger", number(self.rng.below(4))));
        }
        if kind == "move" {
            parts.push(part("source", "valueInteger", number(self.rng.below(3))));
            parts.push(part("destination", "valueInteger", number(self.rng.below(3))));
        }
        Object::new().with("name", "operation").with("part", parts)
    }
}
