//! Writes of one record at the FHIR door.

use anamnesis_json::{Object, Value};

use super::{Maker, Shot, escaped, text};
use anamnesis_testkit::odd::SECRET;

const FHIR: &str = "application/fhir+json";
/// How many extensions are defined, now so and now otherwise.
pub(super) const EXTENSIONS: u64 = 3;
const KINDS: &[&str] = &["Patient", "Observation", "Condition", "Encounter", "Basic"];

impl Maker<'_> {
    /// An update, by id or by criteria.
    pub(super) fn update(&mut self) -> Shot {
        if self.rng.chance(15) {
            let patient = self.small(None);
            return Shot::new("PUT", format!("/fhir/Patient?{}", self.criteria())).body(FHIR, text(patient));
        }
        if self.rng.chance(50) {
            let id = self.small_id();
            let patient = self.small(Some(&id));
            return Shot::new("PUT", format!("/fhir/Patient/{id}")).body(FHIR, text(patient));
        }
        let record = self.record();
        Shot::new("PUT", format!("/fhir/{}", record.stream())).body(FHIR, text(record.resource))
    }

    /// A creation, with or without a condition.
    pub(super) fn create(&mut self) -> Shot {
        if self.rng.chance(50) {
            let record = self.record();
            return Shot::new("POST", format!("/fhir/{}", record.kind)).body(FHIR, text(record.resource));
        }
        let patient = self.small(None);
        let shot = Shot::new("POST", "/fhir/Patient").body(FHIR, text(patient));
        if self.rng.chance(70) { shot.header("if-none-exist", self.criteria()) } else { shot }
    }

    /// A deletion, by id or by criteria.
    pub(super) fn delete(&mut self) -> Shot {
        match self.rng.below(3) {
            0 => Shot::new("DELETE", format!("/fhir/Patient?{}", self.criteria())),
            1 => Shot::new("DELETE", format!("/fhir/Patient/{}", self.small_id())),
            _ => Shot::new("DELETE", format!("/fhir/{}", self.place())),
        }
    }

    /// Labels added to a record, or taken from it.
    pub(super) fn labels(&mut self) -> Shot {
        let code = self.rng.below(4).to_string();
        let tag = Object::new().with("system", "urn:fuzz").with("code", code.as_str());
        let meta = Object::new().with("tag", vec![Value::from(tag)]);
        let meta = Object::new().with("name", "meta").with("valueMeta", meta);
        let body =
            Object::new().with("resourceType", "Parameters").with("parameter", vec![Value::from(meta)]);
        let what = self.rng.one_of(&["$meta-add", "$meta-delete"]);
        Shot::new("POST", format!("/fhir/{}/{what}", self.place())).body(FHIR, text(body))
    }

    /// Two small patients taken for one, or for two again; sometimes only looked at.
    pub(super) fn merge(&mut self) -> Shot {
        let side = |name: &str, id: String| {
            let reference = Object::new().with("reference", format!("Patient/{id}"));
            Value::from(Object::new().with("name", name).with("valueReference", reference))
        };
        let mut parameters =
            vec![side("source-patient", self.small_id()), side("target-patient", self.small_id())];
        let what = *self.rng.one_of(&["$merge", "$merge", "$unmerge"]);
        if self.rng.chance(30) {
            parameters.push(Object::new().with("name", "preview").with("valueBoolean", true).into());
        }
        let body = Object::new().with("resourceType", "Parameters").with("parameter", parameters);
        Shot::new("POST", format!("/fhir/Patient/{what}")).body(FHIR, text(body))
    }

    /// Bytes, sent and asked for.
    pub(super) fn binary(&mut self) -> Shot {
        let id = format!("b{}", self.rng.below(3));
        let accept = *self.rng.one_of(&["*/*", "image/png", "text/*;q=0.1", FHIR, "application/xml"]);
        let bytes: Vec<u8> =
            (0..self.rng.below(300)).map(|_| u8::try_from(self.rng.below(256)).unwrap_or_default()).collect();
        let kind =
            *self.rng.one_of(&["image/png", "text/plain; charset=utf-8", "application/octet-stream", FHIR]);
        match self.rng.below(6) {
            0 | 1 => Shot::new("PUT", format!("/fhir/Binary/{id}")).body(kind, bytes),
            2 => Shot::new("POST", "/fhir/Binary").body(kind, bytes),
            3 => {
                let binary = Object::new().with("resourceType", "Binary").with("id", id.as_str());
                let binary = binary.with("contentType", kind).with("data", "QUJDRA==");
                Shot::new("PUT", format!("/fhir/Binary/{id}")).body(FHIR, text(binary))
            }
            4 => Shot::new("GET", format!("/fhir/Binary/{id}/_history/{}", self.version()))
                .header("accept", accept),
            _ => Shot::new("GET", format!("/fhir/Binary/{id}")).header("accept", accept),
        }
    }

    /// What an extension must be from then on, of which small patients have some; or that they must follow a profile.
    pub(super) fn definition(&mut self) -> Shot {
        let id = format!("e{}", self.rng.below(EXTENSIONS));
        let value = Object::new().with("id", "Extension.value[x]").with("path", "Extension.value[x]").with(
            "type",
            vec![Value::from(Object::new().with("code", *self.rng.one_of(&["string", "string", "Coding"])))],
        );
        let on = *self.rng.one_of(&["Patient", "Patient", "Element", "HumanName"]);
        let context = Object::new().with("type", "element").with("expression", on);
        let body = Object::new()
            .with("resourceType", "StructureDefinition")
            .with("id", id.as_str())
            .with("url", format!("http://fuzz.example/{id}"))
            .with("name", "Fuzz")
            .with("status", "active")
            .with("kind", "complex-type")
            .with("abstract", false)
            .with("context", vec![Value::from(context)])
            .with("type", "Extension")
            .with("baseDefinition", "http://hl7.org/fhir/StructureDefinition/Extension")
            .with("derivation", "constraint")
            .with("differential", Object::new().with("element", vec![Value::from(value)]));
        Shot::new("PUT", format!("/fhir/StructureDefinition/{id}")).body(FHIR, text(body))
    }

    /// A question what would be said of a record.
    pub(super) fn validate(&mut self) -> Shot {
        let patient = self.small(None);
        let profile = self.rng.below(2 * EXTENSIONS);
        let path =
            *self.rng.one_of(&["/fhir/$validate", "/fhir/Patient/$validate", "/fhir/Observation/$validate"]);
        let query = if self.rng.chance(30) {
            format!("?profile=http://fuzz.example/e{profile}")
        } else {
            String::new()
        };
        Shot::new("POST", format!("{path}{query}")).body(FHIR, text(patient))
    }

    /// Criteria that one, several or no record may meet.
    pub(super) fn criteria(&mut self) -> String {
        let n = self.rng.below(7).to_string();
        match self.rng.below(8) {
            0 => format!("family={SECRET}"),
            1 => format!("_id={}", self.small_id()),
            2 => format!("identifier=urn:fuzz|{n}&gender=female"),
            3 => "gender=male,female".to_owned(),
            4 => format!("identifier={}", escaped(&format!("urn:fuzz|{n}"))),
            _ => format!("identifier=urn:fuzz|{n}"),
        }
    }

    /// The name of a type.
    pub(super) fn kind(&mut self) -> &'static str {
        let kind: &&str = self.rng.one_of(KINDS);
        kind
    }
}
